"""How far the surface is off what was recorded."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from patang.backtest.earlier import session_variance
from patang.backtest.premiums.surface import Surface
from patang.market.findings import days_of
from patang.market.greeks import greeks
from patang_workbench.research.option_observations import ChainSlice, one_file, read_columns

__all__ = ["premium_errors", "rms", "sessions_of", "smile_error"]

type Floats = NDArray[np.float64]

_TRADED_DELTA = (0.2, 0.6)
# About as long as positions are held.
_HELD = (30, 120)


def smile_error(surface: Surface, pairs: Sequence[tuple[ChainSlice, Floats]]) -> float:
    """How far volatilities are off where that at the money is known, over z up to two."""
    off = []
    for chain, fit in pairs:
        telling = chain.telling
        money = float(np.exp(fit[0]))
        level = money / float(surface.at_the_money(1.0, chain.left))
        told = surface.volatility(level, chain.left, chain.moneyness[telling])
        near = np.abs(surface.standardised(chain.moneyness[telling], money, chain.left)) <= 2
        off.append(np.log(told / chain.volatility[telling])[near])
    return rms(np.concatenate(off))


def premium_errors(surface: Surface, folder: Path, chains: Sequence[ChainSlice]) -> dict[str, float]:
    """The whole surface against recorded premiums: the level is the model's own, from NIFTY's bars before."""
    days, variances, closes = sessions_of(one_file(folder, "index_1m/NIFTY_15m_2021_2026.parquet"))
    realised, before = (
        surface.realised(variances),
        dict(zip(days[1:].tolist(), closes.tolist(), strict=False)),
    )
    known = dict(zip(days.tolist(), realised.tolist(), strict=False))
    off: list[Floats] = []
    paths: dict[tuple[bool, float], dict[int, tuple[float, float]]] = {}
    for chain in chains:
        number = int(days_of(np.array([chain.moment]))[0])
        if number not in before:
            continue
        level = surface.level(known[number], np.log(chain.on / before[number]))
        told = greeks(
            chain.is_call,
            chain.on,
            chain.strike,
            chain.days / 365,
            surface.volatility(level, chain.left, chain.moneyness) * np.sqrt(chain.left / chain.days),
        )
        delta = np.abs(told.delta)
        kept = chain.telling & (delta >= _TRADED_DELTA[0]) & (delta <= _TRADED_DELTA[1])
        off.append(told.price[kept] / chain.premium[kept] - 1)
        rows = zip(
            chain.is_call[kept].tolist(),
            chain.strike[kept].tolist(),
            told.price[kept].tolist(),
            chain.premium[kept].tolist(),
            strict=True,
        )
        for is_call, strike, model, market in rows:
            paths.setdefault((is_call, strike), {})[chain.moment] = model, market
    errors = np.concatenate(off)
    name = "premium, NIFTY candles 2023-07, delta 0.2 to 0.6"
    found = {
        f"{name}: median of |model / market - 1|": float(np.median(np.abs(errors))),
        f"{name}: median of model / market - 1": float(np.median(errors)),
    }
    for minutes in _HELD:
        model, market = _changes(paths, minutes * 60)
        change = f"{name}: change over {minutes} minutes"
        found[f"{change}, median of |market|"] = float(np.median(np.abs(market)))
        found[f"{change}, median of |model - market|"] = float(np.median(np.abs(model - market)))
        found[f"{change}, mean of market"] = float(np.mean(market))
        found[f"{change}, mean of model - market"] = float(np.mean(model - market))
        found[f"{change}, correlation"] = float(np.corrcoef(model, market)[0, 1])
    return found


def _changes(
    paths: Mapping[tuple[bool, float], Mapping[int, tuple[float, float]]], seconds: int
) -> tuple[Floats, Floats]:
    """Relative changes of the model's and the market's premium of the same contract over so many seconds."""
    pairs = [
        (path[moment + seconds][0] / model - 1, path[moment + seconds][1] / market - 1)
        for path in paths.values()
        for moment, (model, market) in path.items()
        if moment + seconds in path
    ]
    model, market = np.array(pairs).T
    return model, market


def sessions_of(path: Path) -> tuple[NDArray[np.int64], Floats, Floats]:
    """Days, variances a year of the returns within each, and closes."""
    columns = read_columns(path)
    order = np.argsort(columns["ts"], kind="stable")
    starts, closes = columns["ts"][order].astype(np.int64), columns["close"][order].astype(np.float64)
    numbers, begins = np.unique(days_of(starts), return_index=True)
    spans = np.split(closes, begins[1:])
    minutes = float(np.median(np.diff(starts))) / 60
    variances = [session_variance(span) if minutes <= 1 else _coarse(span, minutes) for span in spans]
    return numbers, np.array(variances), np.array([span[-1] for span in spans])


def _coarse(closes: Floats, minutes: float) -> float:
    """The same of longer bars, of which a session has few."""
    returns = np.diff(np.log(closes))
    return float(np.mean(returns * returns) * 252 * 375 / minutes) if len(returns) >= 20 else float("nan")


def rms(values: Floats) -> float:
    """The root of the mean of squares."""
    return float(np.sqrt(np.mean(values * values)))
