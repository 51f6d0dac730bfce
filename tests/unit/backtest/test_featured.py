"""The features of a history are those of the live desk, bar by bar and to the last bit."""

from datetime import date, datetime

import numpy as np
import pytest

from patang.backtest.featured import MinuteBars, day_volume, featured
from patang.errors import BadInput
from patang.features.timeframe import TIMEFRAMES, Timeframe
from patang.market.bar_hours import day_hours
from patang.market.bars import BAR
from patang.market.instrument_hours import segment_of
from patang.market.sessions import IST
from patang_workbench.research.synthetic import noise_history

# An ordinary day, a drill with a break, one whose closing auction ends the shares' bars at 15:15.
_DAYS = (date(2024, 3, 1), date(2024, 3, 2), date(2026, 8, 3))


def _bars(days: tuple[date, ...] = _DAYS) -> list[MinuteBars]:
    """An index and two shares over the sessions, some minutes of each without a bar."""
    rng = np.random.default_rng(5)
    whole = noise_history(5, ("NIFTY", "SBIN", "INFY"), 6)
    found = []
    for symbol in whole.symbols:
        starts = []
        for day in days:
            hours = day_hours(day, segment_of(symbol.instrument))
            assert hours is not None
            minutes = np.arange(hours.open, hours.close, 60)
            for begin, end in hours.breaks:
                minutes = minutes[(minutes < begin) | (minutes >= end)]
            starts.append(minutes)
        every = np.concatenate(starts)
        every = every[rng.random(len(every)) > 0.05]
        at = slice(0, len(every))
        prices = (getattr(symbol, name)[at] for name in ("open", "high", "low", "close", "volume"))
        found.append(MinuteBars(symbol.instrument, every, *prices))
    return found


def _live(bars: list[MinuteBars], minutes: int) -> list[np.ndarray]:
    """What a live state shows of each symbol at the close of each of its bars."""
    frame = Timeframe(minutes, len(bars))
    seen: list[list[np.ndarray]] = [[] for _ in bars]
    rows = [dict(zip(b.starts.tolist(), range(len(b)), strict=True)) for b in bars]
    values = frame.values()
    for day in _DAYS:
        hours = [day_hours(day, segment_of(b.instrument)) for b in bars]
        closing = np.array([h.close for h in hours if h is not None])
        opening = min(h.open for h in hours if h is not None)
        for minute in range(opening, int(closing.max()), 60):
            closed = np.zeros(len(bars), BAR)
            here = [(n, rows[n][minute]) for n in range(len(bars)) if minute in rows[n]]
            for n, row in here:
                closed[n]["ticks"] = 1
                for name in ("open", "high", "low", "close", "volume"):
                    closed[n][name] = getattr(bars[n], name)[row]
            if frame.close(minute, closed, closing)["ticks"].any():
                values = frame.values()
            for n, _ in here:
                seen[n].append(values[n].copy())
    return [np.array(of_symbol) for of_symbol in seen]


@pytest.mark.parametrize("minutes", TIMEFRAMES)
def test_features_are_those_of_the_live_desk(minutes: int) -> None:
    bars = _bars()
    histories = featured(bars)
    name = {1: "features", 5: "features_5m", 15: "features_15m"}[minutes]
    for history, live in zip(histories, _live(bars, minutes), strict=True):
        told = getattr(history, name)
        assert np.isfinite(told[-1]).all()
        np.testing.assert_array_equal(told, live)


def test_cutting_off_the_future_changes_no_feature_of_the_past() -> None:
    bars = _bars()
    whole = featured(bars)
    for cut in (40, 391, 700):
        moment = int(bars[0].starts[cut])
        for before, after in zip(featured([b.rows(b.starts < moment) for b in bars]), whole, strict=True):
            rows = len(before)
            for name in ("features", "features_5m", "features_15m"):
                np.testing.assert_array_equal(getattr(before, name), getattr(after, name)[:rows])


def test_a_days_volume_starts_anew_each_day() -> None:
    share = featured(_bars())[1]
    total = day_volume(share)
    for day in np.unique(share.days):
        of_day = share.days == day
        np.testing.assert_allclose(total[of_day], np.cumsum(share.volume[of_day]))


def test_bars_of_a_day_without_a_session_are_refused() -> None:
    (index, *_) = _bars()
    sunday = int(datetime(2024, 3, 10, 10, tzinfo=IST).timestamp())
    lost = MinuteBars(index.instrument, np.array([sunday]), *(np.ones(1) for _ in range(5)))
    with pytest.raises(BadInput, match="a day without a session"):
        featured([lost])
