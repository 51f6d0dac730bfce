"""One-minute bars of the sessions before a day: asked of the broker once, kept for a second morning."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from patang.errors import BadInput, PatangError
from patang.features.indicators import WARM_UP_BARS
from patang.features.packing import pack_arrays, unpack_arrays
from patang.features.warm_up import MINUTE_BAR, minute_bars
from patang.market.instrument_hours import segment_of
from patang.market.instruments import Instrument
from patang.market.session_override import SessionOverride
from patang.market.sessions import Session, previous_session, session_on
from patang.ports import Clock, MarketData, ObjectStore

__all__ = ["Histories", "MinuteHistory"]

_SLOWEST_MINUTES = 15
_SECONDS = 60
_QUARTER = _SLOWEST_MINUTES * _SECONDS
# Nine full sessions have 225 bars of fifteen minutes, more than the slowest indicator needs.
_SESSIONS = 9
_MOST_TOLD = 5
_LEAST_LENGTH = timedelta(minutes=_SLOWEST_MINUTES * WARM_UP_BARS)


@dataclass(slots=True)
class Histories:
    """Bars (dtype MINUTE_BAR, oldest first) by symbol, those that are missing or short in `problems`.

    `asked`: how many symbols the broker was asked about; the others' bars had been kept.
    """

    bars: dict[str, NDArray[np.void]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    asked: int = 0


class MinuteHistory:
    """What the indicators of a day are warmed up with.

    Nine sessions, more where some were short, in one request a symbol: the broker gives sixty days of minutes
    at a time and takes three requests a second, so that five hundred symbols take three minutes. What was
    read is kept, a symbol an object: a morning that was cut off or is run again goes on where it stood.
    """

    def __init__(self, objects: ObjectStore, data: MarketData, clock: Clock) -> None:
        self._objects = objects
        self._data = data
        self._clock = clock

    def read(
        self,
        instruments: Iterable[Instrument],
        session: Session,
        overrides: Sequence[SessionOverride] = (),
        until: datetime | None = None,
    ) -> Histories:
        """The bars of these indices and shares before `session`; no request begins at `until` (wall time)."""
        before = _sessions_before(session.day, overrides)
        folder = f"features/history/{session.day.isoformat()}"
        kept = set(self._objects.list(f"{folder}/"))
        found = Histories()
        late: list[str] = []
        for instrument in instruments:
            path = f"{folder}/{instrument.tradingsymbol.replace(' ', '_')}.bin"
            bars = self._kept(path, found.problems) if path in kept else None
            if bars is None and until is not None and self._clock.now() >= until:
                late.append(instrument.symbol)
                continue
            if bars is None:
                found.asked += 1
                bars = self._ask(instrument, before, session, overrides, found.problems)
            if bars is not None:
                found.bars[instrument.symbol] = bars
                if path not in kept and len(bars) and bars["start"][-1] >= before[-1].open.timestamp():
                    self._objects.put(path, pack_arrays({}, {"bars": bars}))
                found.problems += _shortage(instrument.symbol, bars)
        if late:
            told = ", ".join(late[:_MOST_TOLD]) + (", ..." if len(late) > _MOST_TOLD else "")
            found.problems.append(
                f"no time was left for the history of {len(late)} symbols ({told}): "
                "run the morning again, it goes on there"
            )
        return found

    def _kept(self, path: str, problems: list[str]) -> NDArray[np.void] | None:
        content = self._objects.get(path)
        try:
            bars = None if content is None else unpack_arrays(content)[1].get("bars")
        except BadInput as error:
            problems.append(f"{path} is asked for again: {error}")
            return None
        return bars if bars is not None and bars.dtype == MINUTE_BAR else None

    def _ask(
        self,
        instrument: Instrument,
        before: Sequence[Session],
        session: Session,
        overrides: Sequence[SessionOverride],
        problems: list[str],
    ) -> NDArray[np.void] | None:
        try:
            rows = self._data.candles(
                instrument.instrument_token, before[0].open, session.open - timedelta(minutes=1), "minute"
            )
            return _within_hours(minute_bars(rows), instrument, [b.day for b in before], overrides)
        except PatangError as error:
            problems.append(f"no history of {instrument.symbol}: {error}")
            return None


def _sessions_before(day: date, overrides: Sequence[SessionOverride]) -> list[Session]:
    """Oldest first."""
    sessions: list[Session] = []
    length = timedelta()
    while len(sessions) < _SESSIONS or length < _LEAST_LENGTH:
        sessions.append(previous_session(sessions[-1].day if sessions else day, overrides))
        length += sessions[-1].close - sessions[-1].open
    return sessions[::-1]


def _within_hours(
    bars: NDArray[np.void], instrument: Instrument, days: Iterable[date], overrides: Sequence[SessionOverride]
) -> NDArray[np.void]:
    """Those of continuous trading, as live bars are: the broker's also hold prints of the closing auction."""
    inside = np.zeros(len(bars), np.bool_)
    for day in days:
        hours = session_on(day, segment_of(instrument), overrides)
        if hours is not None:
            opening, closing = hours.open.timestamp(), hours.close.timestamp()
            inside |= (bars["start"] >= opening) & (bars["start"] < closing)
    return bars[inside]


def _shortage(symbol: str, bars: NDArray[np.void]) -> list[str]:
    known = len(np.unique(bars["start"] // _QUARTER))
    if known >= WARM_UP_BARS:
        return []
    return [f"{symbol} has {known} of the {WARM_UP_BARS} bars of fifteen minutes of its warm-up"]
