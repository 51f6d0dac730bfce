"""The way of order frames and postbacks to the client, with what may happen to them."""

from collections.abc import Callable
from typing import Any, NamedTuple

from patang_workbench.exchange.agenda import Work
from patang_workbench.exchange.faults import Faults

__all__ = ["Deliveries", "Outlet"]


After = Callable[[float, str, Work], None]
"""Runs work after seconds of a clock, wall or market."""


class Outlet(NamedTuple):
    """Where updates leave: a frame by (user id, data), a postback by (address, data)."""

    frame: Callable[[str, dict[str, Any]], None]
    postback: Callable[[str, dict[str, Any]], None]


class Deliveries:
    """Sends updates on, each by its channel, frames or postbacks, in order but for the armed faults.

    An update that is re-ordered waits for the next of its channel, or for the fault's delay.
    """

    def __init__(self, faults: Faults, after: After, outlet: Outlet) -> None:
        self._faults = faults
        self._after = after
        self._outlet = outlet
        self._held: dict[str, list[Work]] = {}

    def frame(self, user_id: str, data: dict[str, Any]) -> None:
        """Send an order frame to all connections of a user."""
        self._send("frames", lambda: self._outlet.frame(user_id, data))

    def postback(self, url: str, data: dict[str, Any]) -> None:
        """Send a postback to the address of an app."""
        self._send("postbacks", lambda: self._outlet.postback(url, data))

    def _send(self, channel: str, deliver: Work) -> None:
        fault = self._faults.delivery(channel)
        if fault is None:
            self._deliver(channel, deliver)
        elif fault.kind == "duplicate_update":
            self._deliver(channel, deliver)
            self._after(self._faults.draw(fault.delay), fault.clock, deliver)
        elif fault.kind == "delayed_update":
            self._after(fault.delay, fault.clock, deliver)
        elif fault.kind == "reordered_update":
            self._held.setdefault(channel, []).append(deliver)
            self._after(fault.delay, fault.clock, lambda: self._release(channel, deliver))

    def _deliver(self, channel: str, deliver: Work) -> None:
        deliver()
        for held in self._held.pop(channel, ()):
            held()

    def _release(self, channel: str, deliver: Work) -> None:
        held = self._held.get(channel, [])
        if deliver in held:
            held.remove(deliver)
            deliver()
