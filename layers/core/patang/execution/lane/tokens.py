"""Waiting for the broker's limits at the lane: exits wait longer than entries, and none waits for ever."""

from collections.abc import Callable
from datetime import timedelta
from typing import Literal, NamedTuple

from patang.execution.amendments import remind
from patang.execution.intent import OrderIntent
from patang.execution.lane.rate_tokens import RateTokens
from patang.ports import Clock, IntentQueue, Metrics

__all__ = ["LaneTokens", "Turn"]

# Wall time the lane keeps an intent waiting: longer, and an entry is too late; an exit lets the next one have
# the lane, which has other limits or meets the same, and comes again.
_PATIENCE = {"exit": timedelta(seconds=10), "entry": timedelta(seconds=3)}
# A limit that lasts longer than this is the day's: nothing comes of waiting for it.
_HOPELESS = timedelta(minutes=2)

_NO_ORDERS = frozenset(
    {"GTT_PLACE", "GTT_MODIFY", "GTT_DELETE", "CONVERT", "ALERT_PLACE", "ALERT_MODIFY", "ALERT_DELETE"}
)
# The broker cuts an order into ten at most: https://kite.trade/docs/connect/v3/orders/
_MOST_SLICES = 10


class Turn(NamedTuple):
    """Whether the intent may leave now, has been put off, or must not leave at all, and why."""

    comes: Literal["now", "later", "never"]
    why: str = ""


class LaneTokens:
    """Takes the tokens that an intent's call needs; `pause` lets that many seconds pass."""

    def __init__(
        self,
        tokens: RateTokens,
        queue: IntentQueue,
        clock: Clock,
        pause: Callable[[float], None],
        metrics: Metrics,
    ) -> None:
        self._tokens = tokens
        self._queue = queue
        self._clock = clock
        self._pause = pause
        self._metrics = metrics

    def take(self, intent: OrderIntent) -> Turn:
        """Waits as long as the intent has patience. Raises BrokerRefused beyond the 25 modifications that the
        broker takes of an order, and what the state store raises: nothing has been sent then.
        """
        now = self._clock.now()
        patience = now + _PATIENCE[intent.lane]
        while True:
            wait = self._tokens.take(
                intent.account,
                "other" if intent.kind in _NO_ORDERS else "order",
                intent.lane,
                now,
                orders=_orders(intent),
                modifies=intent.target_order_id if intent.kind == "MODIFY" else None,
            )
            if wait is None:
                return Turn("now")
            self._metrics.count("lane_waited", kind=intent.kind, lane=intent.lane, why=wait.why)
            if wait.until > patience:
                break
            self._pause(max((wait.until - now).total_seconds(), 0.01))
            now = self._clock.now()
        if intent.lane == "entry" or wait.until - now > _HOPELESS:
            return Turn("never", wait.why)
        self._pause(max((patience - now).total_seconds(), 0.01))
        remind(self._queue, intent, self._clock.now())
        return Turn("later", wait.why)


def _orders(intent: OrderIntent) -> int:
    """How many orders the call makes; the broker's own cut is not known beforehand."""
    if not intent.terms.autoslice:
        return 1
    return _MOST_SLICES if intent.lane == "exit" else _MOST_SLICES // 2
