"""Faults to order: what goes wrong, with which calls, how often. Drawn from a seed, so that a run repeats."""

import random
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from patang_workbench.exchange.checks import Refusal
from patang_workbench.exchange.errors import InputError
from patang_workbench.exchange.orders import Order

__all__ = ["ANSWERS", "DELIVERIES", "FAULTS", "Fault", "Faults"]

ANSWERS = (
    "http_429",
    "http_500",
    "http_502",
    "http_503",
    "http_504",
    "timeout",
    "timed_out_400",
    "late_accept",
    "half_open",
    "disconnect",
    "stale_book",
)
"""How a call may be answered."""
DELIVERIES = ("duplicate_update", "reordered_update", "delayed_update", "missing_update")
"""What may happen to order frames and postbacks."""
FAULTS = (*ANSWERS, *DELIVERIES, "reject", "partial_fills", "fill_race", "drop_connections")

REASONS: Mapping[str, Refusal] = {
    "price_band": Refusal(
        "Price exceeds circuit limits: it is outside the current execution range. "
        "Place an order within the daily range.",
        raw="17070 : The Price is out of the current execution range",
    ),
    "tick": Refusal(
        "Tick size for this script is 0.10. Kindly enter price in the multiple of tick size for this script.",
        "InputException",
    ),
    "freeze": Refusal(
        "Quantity is above the freeze quantity. Split the order.",
        raw="RMS:Rule: Check freeze quantity for entity account across exchange",
    ),
    "margin": Refusal(
        "Insufficient funds. Required margin is 99999999.00 but available margin is 0.00. "
        "Check the orderbook for open orders.",
        "MarginException",
        "RMS:Margin Exceeds,Required:99999999.00, Available:0.00 for entity account",
    ),
}
"""Rejections to order: the first three can be cured by other terms, the last cannot."""

_PLACING = ("POST", r"/orders/\w+")
_READING = ("GET", r"/orders(/.*)?|/trades")
_CHOICES: Mapping[str, tuple[str, ...]] = {
    "clock": ("wall", "market"),
    "reply": ("timed_out_400", "http_502", "http_504", "half_open"),
    "race": ("filled", "partly", "refused"),
    "change": ("cancel", "modify"),
    "channel": ("both", "frames", "postbacks"),
    "reason": ("", *REASONS),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of fault. It strikes the next `count` times, or each time with `probability`, or both.

    Answers strike calls of `method` whose path is all of the pattern `path` (the placing of orders where
    nothing else is said; reading the order book for stale_book). `taken`: whether the call takes effect all
    the same; what ends without a reply is taken unless told otherwise, an error of HTTP is not. `html`: an
    error of HTTP comes as a gateway's page instead of the broker's envelope. `delay`: wall seconds
    until a timeout is answered; seconds of `clock` until a late order is accepted or an update sent, and by
    which a stale book lags.
    `reply` is what the client of a late order hears. `pieces`: the least number of fills an order needs.
    `race`: what a `change` (a cancel or a modification) meets: a fill, half a fill, or its refusal because
    the order has filled; a modification that meets a whole fill is always refused.
    """

    kind: str
    count: int | None = 1
    probability: float | None = None
    method: str = _PLACING[0]
    path: str = _PLACING[1]
    delay: float = 10.0
    clock: str = "wall"
    taken: bool = False
    html: bool = False
    reply: str = "timed_out_400"
    message: str = ""
    reason: str = ""
    pieces: int = 5
    race: str = "filled"
    change: str = "cancel"
    channel: str = "both"

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> "Fault":
        """A fault as a control request describes it. Raises InputError for a field that cannot be."""
        kind = body.get("kind")
        if kind not in FAULTS:
            raise InputError(f"`kind` is {kind!r}; use one of {', '.join(FAULTS)}.")
        unknown = body.keys() - set(cls.__slots__)
        if unknown:
            raise InputError(f"A fault has no {sorted(unknown)}; use {', '.join(cls.__slots__)}.")
        words = dict(body)
        if "probability" in words and "count" not in words:
            words["count"] = None
        if kind == "stale_book":
            words = {"method": _READING[0], "path": _READING[1], **words}
        if kind in ("timeout", "half_open", "disconnect"):
            words = {"taken": True, **words}
        if kind == "disconnect":
            words = {**words, "delay": 0.0}
        fault = cls(**words)
        fault.check()
        return fault

    def check(self) -> None:
        """Raises InputError for a value that cannot be."""
        if self.count is not None and (type(self.count) is not int or not 1 <= self.count <= 1_000_000):
            raise InputError(f"`count` is {self.count!r}; use 1 to 1000000 times.")
        if self.probability is not None and not 0 < self.probability <= 1:
            raise InputError(f"`probability` is {self.probability!r}; use a number above 0 up to 1.")
        if not isinstance(self.delay, int | float) or not 0 <= self.delay <= 86_400:
            raise InputError(f"`delay` is {self.delay!r}; use 0 to 86400 seconds.")
        if not isinstance(self.pieces, int) or self.pieces < 1:
            raise InputError(f"`pieces` is {self.pieces!r}; use a whole number above 0.")
        for name, values in _CHOICES.items():
            if getattr(self, name) not in values:
                raise InputError(f"`{name}` is {getattr(self, name)!r}; use one of {', '.join(values)}.")
        try:
            re.compile(self.path)
        except re.error as problem:
            raise InputError(
                f"`path` is {self.path!r}, no pattern: {problem}; use one like /orders/.*"
            ) from None


@dataclass(slots=True)
class _Armed:
    fault: Fault
    left: int | None


class Faults:
    """Faults that are armed. The first that fits strikes; the draws come from `seed`."""

    def __init__(self, seed: int) -> None:
        self.fired: Counter[str] = Counter()
        self._random = random.Random(seed)  # noqa: S311 - draws faults, guards nothing
        self._armed: list[_Armed] = []

    def add(self, fault: Fault) -> None:
        """Arm a fault behind those there are."""
        self._armed.append(_Armed(fault, fault.count))

    def clear(self) -> None:
        """Disarm all."""
        self._armed.clear()

    @property
    def armed(self) -> list[Fault]:
        """What is armed, in the order in which it strikes."""
        return [row.fault for row in self._armed]

    def answer(self, method: str, path: str) -> Fault | None:
        """The fault that strikes a call."""
        return self._strike(
            lambda fault: (
                fault.kind in ANSWERS and fault.method == method and bool(re.fullmatch(fault.path, path))
            )
        )

    def delivery(self, channel: str) -> Fault | None:
        """The fault that strikes an update on its way: by frames or postbacks."""
        return self._strike(lambda fault: fault.kind in DELIVERIES and fault.channel in ("both", channel))

    def rejection(self) -> Refusal | None:
        """Why a new order is rejected, if a fault strikes it."""
        fault = self._strike(lambda fault: fault.kind == "reject")
        if fault is None:
            return None
        if fault.reason:
            return REASONS[fault.reason]
        return Refusal(fault.message or "RMS: order blocked by the simulator.")

    def piece(self, order: Order) -> int | None:
        """The most units of one fill of an order, if a fault strikes it."""
        fault = self._strike(lambda fault: fault.kind == "partial_fills")
        if fault is None:
            return None
        lot = order.line.instrument.lot
        return max(order.terms.quantity // fault.pieces // lot, 1) * lot

    def race(self, change: str) -> str | None:
        """What a cancel or a modification meets, if a fault strikes it."""
        fault = self._strike(lambda fault: fault.kind == "fill_race" and fault.change == change)
        return fault.race if fault else None

    def draw(self, most: float) -> float:
        """A number from 0 to `most`."""
        return self._random.uniform(0, most)

    def _strike(self, fits: Callable[[Fault], bool]) -> Fault | None:
        for row in self._armed:
            if not fits(row.fault):
                continue
            if row.fault.probability is not None and self._random.random() >= row.fault.probability:
                continue
            if row.left is not None:
                row.left -= 1
                if not row.left:
                    self._armed.remove(row)
            self.fired[row.fault.kind] += 1
            return row.fault
        return None
