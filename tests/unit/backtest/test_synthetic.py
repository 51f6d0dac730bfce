"""Synthetic histories: nothing to be known in the one, an edge in the strategies' own setups in the other."""

from datetime import date

import numpy as np
import pytest

from patang.backtest.history import History
from patang.errors import BadInput
from patang.features.vector import CANDLE_FEATURES
from patang_workbench.research.synthetic import edge_history, noise_history

_AHEAD = 30


def _momentum_pays(history: History, fractions: tuple[float, float]) -> np.ndarray:
    """What half an hour brings after a bar at which EMA, MACD, RSI and ADX agree, in its direction and in
    standard deviations of that time; one number a day and symbol, of bars in this part of the session."""
    place = {name: n for n, name in enumerate(CANDLE_FEATURES)}
    found = []
    for symbol in history.symbols:
        f, logs = symbol.features, np.log(symbol.close)
        column = {name: f[:, n] for name, n in place.items()}
        up = (column["ema_12"] > column["ema_26"]) & (column["macd"] > column["macd_signal"])
        down = (column["ema_12"] < column["ema_26"]) & (column["macd"] < column["macd_signal"])
        side = np.where(column["adx_14"] >= 20, up.astype(int) - down.astype(int), 0)
        deviation = np.diff(logs).std() * np.sqrt(_AHEAD)
        for day in np.unique(symbol.days):
            rows = np.flatnonzero(symbol.days == day)
            first, last = (int(part * len(rows)) for part in fractions)
            at = rows[first : min(last, len(rows) - _AHEAD)]
            at = at[side[at] != 0]
            if len(at):
                found.append(float(np.mean(side[at] * (logs[at + _AHEAD] - logs[at]) / deviation)))
    return np.array(found)


def _t(values: np.ndarray) -> float:
    return float(values.mean() / values.std() * np.sqrt(len(values)))


def test_nothing_follows_from_momentum_in_noise() -> None:
    assert abs(_t(_momentum_pays(noise_history(11, days=40), (0.05, 0.9)))) < 2.5


def test_momentum_pays_in_the_mornings_of_a_planted_edge_and_in_no_afternoon() -> None:
    edge = edge_history(11, 0.3, days=40)
    assert _t(_momentum_pays(edge, (0.05, 0.45))) > 8
    assert abs(_t(_momentum_pays(edge, (0.65, 0.9)))) < 2.5


def test_a_history_is_its_seeds_whatever_else_is_asked() -> None:
    alone, among = noise_history(3, ("SBIN",), 3), noise_history(3, ("NIFTY", "SBIN"), 3)
    np.testing.assert_array_equal(alone.symbols[0].features, among.symbols[1].features)
    assert not np.array_equal(noise_history(4, ("SBIN",), 3).symbols[0].close, alone.symbols[0].close)


def test_histories_keep_the_exchanges_hours_and_ticks() -> None:
    history = noise_history(3, ("NIFTY", "SBIN"), 3, date(2026, 8, 4))
    index, share = history.symbols
    assert history.sessions == (date(2026, 7, 31), date(2026, 8, 3), date(2026, 8, 4))
    # Since 2026-08-03 a share with derivatives trades until 15:15.
    assert np.bincount(share.days - share.days[0]).tolist() == [375, 0, 0, 360, 360]
    assert (index.instrument.instrument_type, share.instrument.instrument_type) == ("INDEX", "EQ")
    assert np.isfinite(share.features_15m).all()
    for symbol in history.symbols:
        assert (symbol.low <= np.minimum(symbol.open, symbol.close)).all()
        assert (symbol.high >= np.maximum(symbol.open, symbol.close)).all()
        np.testing.assert_allclose(symbol.close * 20, np.rint(symbol.close * 20), atol=1e-6)
    assert index.volume.sum() == 0 < share.volume.min()


def test_no_edge_is_called_noise() -> None:
    with pytest.raises(BadInput, match="strength 0"):
        edge_history(1, 0.0)
