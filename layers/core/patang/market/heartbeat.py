"""The desk's heartbeat: that it lives, whether its silence would be wrong now, and a word to the outside."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from patang.errors import StopTrading, TryAgain
from patang.market.session_override import SessionOverride
from patang.market.sessions import IST, session_on
from patang.ports import Metrics

__all__ = ["Heartbeat"]

# After an open, or a break, what flows has this long to begin with.
_SETTLED = timedelta(minutes=5)


class Heartbeat:
    """`outside` is the address of somebody who is called when these calls stop: he notices also that this
    region, or the account, is away. `call` asks an address and raises TryAgain."""

    def __init__(self, metrics: Metrics, call: Callable[[str], str], outside: str | None) -> None:
        self._metrics = metrics
        self._call = call
        self._outside = outside

    def beat(self, moment: datetime, sessions: Iterable[SessionOverride]) -> dict[str, object]:
        """Counts `heartbeat`, and `market_closed` as 1 where nothing need flow at `moment` (market time), as
        0 where it must. What nobody knows is not counted as closed. `sessions` are the owner's own hours."""
        told: dict[str, object] = {"market_closed": self._closed(moment, tuple(sessions))}
        self._metrics.count("heartbeat")
        if self._outside is not None:
            try:
                self._call(self._outside)
            except TryAgain as error:
                # He will call the owner by himself if it stays so.
                self._metrics.count("heartbeat_unheard", error=str(error))
                told["unheard"] = str(error)
        return told

    def _closed(self, moment: datetime, sessions: tuple[SessionOverride, ...]) -> bool | None:
        try:
            session = session_on(moment.astimezone(IST).date(), overrides=sessions)
        except StopTrading as error:
            self._metrics.count("calendar_unknown", reason=str(error))
            return None
        flowing = session is not None and session.holds(moment) and session.holds(moment - _SETTLED)
        self._metrics.count("market_closed", 0 if flowing else 1)
        return not flowing
