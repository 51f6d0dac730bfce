"""Indicators of another day: the same bars, hours and directions, and no knowledge of what happens."""

from datetime import date

import numpy as np
import pytest

from patang.backtest.history import History
from patang.backtest.shuffled import shuffled_days
from patang.errors import BadInput
from patang.features.vector import CANDLE_FEATURES
from patang_workbench.research.synthetic import noise_history

RSI, ATR, EMA = (CANDLE_FEATURES.index(name) for name in ("rsi_14", "atr_14", "ema_12"))


@pytest.fixture(scope="module")
def history() -> History:
    return noise_history(3, ("SBIN",), 5, date(2026, 6, 30))


def test_every_day_has_another_days_indicators_at_the_same_minutes(history: History) -> None:
    (own,), (found,) = history.symbols, shuffled_days(history, 1).symbols
    days = np.unique(own.days)
    rsi = {day: own.features[own.days == day, RSI] for day in days}

    donors = []
    for day in days:
        drawn = found.features[found.days == day, RSI]
        donors += [other for other in days if np.array_equal(rsi[other], drawn, equal_nan=True)]

    assert sorted(donors) == days.tolist()
    assert all(donor != day for donor, day in zip(donors, days, strict=True))
    assert np.array_equal(found.close, own.close)


def test_what_is_told_in_rupees_is_stretched_to_the_days_prices(history: History) -> None:
    (own,), (found,) = history.symbols, shuffled_days(history, 1).symbols
    # By pairs of days: ATR and averages in percent of the price are the other day's.
    known = np.sort(own.features[:, ATR] / own.close)
    assert np.allclose(np.sort(found.features[:, ATR] / found.close), known, equal_nan=True)
    over = np.sort(own.features[:, EMA] / own.close)
    assert np.allclose(np.sort(found.features[:, EMA] / found.close), over, equal_nan=True)


def test_a_minute_that_the_other_day_lacks_has_no_indicators(history: History) -> None:
    (whole,) = history.symbols
    first = whole.days == whole.days[0]
    short = whole.rows(~(first & (np.cumsum(first) > 100)))
    cut = History(history.source, [short], {})

    (found,) = shuffled_days(cut, 1).symbols

    unknown = np.isnan(found.features[:, RSI]).reshape(-1)
    assert unknown.sum() == len(whole.starts[first]) - 100


def test_the_same_for_a_seed_and_two_sessions_at_least(history: History) -> None:
    one, same, other = (shuffled_days(history, seed).symbols[0].features for seed in (1, 1, 2))
    assert np.array_equal(one, same, equal_nan=True)
    assert not np.array_equal(one, other, equal_nan=True)
    with pytest.raises(BadInput, match="two are the least"):
        shuffled_days(history.between(history.sessions[0], history.sessions[0]), 1)
