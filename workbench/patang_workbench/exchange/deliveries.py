"""The way of order frames and postbacks to the client, with what may happen to them."""

from collections.abc import Callable

from patang_workbench.exchange.agenda import Agenda, Work
from patang_workbench.exchange.faults import Faults

__all__ = ["Deliveries"]


class Deliveries:
    """Sends updates on, each by its channel ("frames" or "postbacks"), in order but for the armed faults.

    An update that is re-ordered waits for the next of its channel, or for the fault's delay.
    """

    def __init__(self, faults: Faults, agenda: Agenda) -> None:
        self._faults = faults
        self._agenda = agenda
        self._held: dict[str, list[Work]] = {}

    def send(self, channel: str, deliver: Callable[[], None]) -> None:
        """Deliver one update, or do to it what a fault says."""
        fault = self._faults.delivery(channel)
        if fault is None:
            self._deliver(channel, deliver)
        elif fault.kind == "duplicate_update":
            self._deliver(channel, deliver)
            self._agenda.after(self._faults.draw(fault.delay), deliver)
        elif fault.kind == "delayed_update":
            self._agenda.after(fault.delay, deliver)
        elif fault.kind == "reordered_update":
            self._held.setdefault(channel, []).append(deliver)
            self._agenda.after(fault.delay, lambda: self._release(channel, deliver))

    def _deliver(self, channel: str, deliver: Work) -> None:
        deliver()
        for held in self._held.pop(channel, ()):
            held()

    def _release(self, channel: str, deliver: Work) -> None:
        held = self._held.get(channel, [])
        if deliver in held:
            held.remove(deliver)
            deliver()
