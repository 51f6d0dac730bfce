"""`python -m patang_workbench.research.calibrate_surface --data FOLDER`: fit the surface to recorded chains.

Every part is fitted on the earlier of its data and measured on the later: what is shipped has not seen what
its errors are of. Nothing of the data goes into the file but the fitted numbers.
"""

import argparse
import logging
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from patang.backtest.premiums.clock import VarianceClock
from patang.backtest.premiums.surface import Liquidity, Surface
from patang.market.sessions import IST
from patang_workbench.research.fit_clock import fitted_clock
from patang_workbench.research.option_observations import ChainSlice, chain_slices, one_file, read_columns
from patang_workbench.research.surface_errors import premium_errors, rms, sessions_of, smile_error

__all__ = ["calibrated", "main"]

type Floats = NDArray[np.float64]

_DECAY, _WIDEST = 0.94, 2.5
_USUAL_SESSIONS = 5.0
_SESSIONS_SETTLED = 40
# Fitted before, measured from then on.
_LEVELS_UNTIL, _CHAINS_UNTIL = date(2019, 1, 1), date(2024, 1, 1)
_VIX_DAYS = 30
_FEWEST = 6
_PLACES = 3

log = logging.getLogger("patang.research")


def main(arguments: list[str] | None = None) -> int:
    """Fits the surface and writes it; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m patang_workbench.research.calibrate_surface",
        description="Fit the surface of implied volatility to recorded option chains, index minutes and VIX.",
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of the recorded chains")
    parser.add_argument("--out", type=Path, required=True, help="the file to write, surface.json")
    chosen = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    surface = calibrated(chosen.data)
    chosen.out.write_text(surface.model_dump_json(indent=1) + "\n", "utf-8")
    for name, value in surface.errors.items():
        log.info("%-44s %8.3f", name, value)
    return 0


def calibrated(folder: Path) -> Surface:
    """The surface that fits what is recorded below a folder. Raises BadInput where a file is absent."""
    clock, clock_errors = fitted_clock(folder, _LEVELS_UNTIL)
    level, usual, level_errors = _fit_level(folder, clock)
    slices = [(s, fit) for s in chain_slices(folder, clock) if (fit := _fit_slice(s)) is not None]
    early = [(s, fit) for s, fit in slices if s.source == "book" and _day(s.moment) < _CHAINS_UNTIL]
    late = {
        "BANKNIFTY book 2024": [
            pair for pair in slices if pair[0].source == "book" and _day(pair[0].moment) >= _CHAINS_UNTIL
        ],
        "index snapshots 2026-01": [pair for pair in slices if pair[0].source == "snapshots"],
        "index end of day 2025-26": [pair for pair in slices if pair[0].source == "end_of_day"],
        "NIFTY candles 2023-07": [pair for pair in slices if pair[0].source == "candles"],
    }
    term, last_day = _fit_term(early)
    skew, skew_by_term, curve = _fit_smile(early)
    surface = Surface(
        clock=clock,
        level_constant=round(float(level[0]) - _above_the_money(skew, curve), 4),
        level_slope=round(float(level[1]), 4),
        decay=_DECAY,
        usual=round(usual, 4),
        usual_sessions=_USUAL_SESSIONS,
        spot_slope=round(float(level[2]), 3),
        term=round(term, 4),
        last_day=round(last_day, 4),
        skew=round(skew, 4),
        skew_by_term=round(skew_by_term, 4),
        curve=round(curve, 4),
        widest=_WIDEST,
        liquidity=_fit_liquidity([pair for pair in slices if pair[0].source == "book"]),
        provenance={
            "clock": f"minutes of NIFTY and BANKNIFTY, before {_LEVELS_UNTIL}",
            "level": f"India VIX on realised volatility of NIFTY's minutes, before {_LEVELS_UNTIL}; "
            "less what the smile has VIX above the money",
            "smile and term": f"BANKNIFTY chains with their book, before {_CHAINS_UNTIL}",
            "liquidity": "BANKNIFTY chains with their book, all; medians",
        },
    )
    errors = {**clock_errors, **level_errors} | {
        f"smile, {name}: rms of ln volatility": smile_error(surface, pairs) for name, pairs in late.items()
    }
    errors |= premium_errors(surface, folder, [s for s, _ in late["NIFTY candles 2023-07"]])
    return surface.model_copy(update={"errors": {name: round(value, 4) for name, value in errors.items()}})


def _day(epoch: int) -> date:
    return datetime.fromtimestamp(epoch, IST).date()


def _faded(variances: Floats) -> Floats:
    """Realised volatility known before each session, without anything that is usual."""
    total, weight = 0.0, 0.0
    found = []
    for variance in variances.tolist():
        found.append(np.sqrt(total / weight) if weight else np.nan)
        total, weight = total * _DECAY, weight * _DECAY
        if np.isfinite(variance):
            total, weight = total + variance, weight + 1
    return np.array(found)


def _vix(folder: Path, clock: VarianceClock) -> Mapping[int, float]:
    """VIX at a day's close, by the clock: it is quoted for the thirty days of the calendar that follow."""
    columns = read_columns(
        one_file(folder, "daily/indices_daily_2015_2025_yfinance.parquet"), ("symbol", "=", "INDIAVIX")
    )
    closes = zip(columns["date"].tolist(), columns["close"].tolist(), strict=True)
    return {day: close / 100 * _by_clock(day, clock) for day, close in closes if close > 0}


def _by_clock(number: int, clock: VarianceClock) -> float:
    closed = datetime.combine(date.fromordinal(number + date(1970, 1, 1).toordinal()), time(15, 30), IST)
    left = float(clock.left(closed + timedelta(days=_VIX_DAYS), closed.timestamp()))
    return float(np.sqrt(_VIX_DAYS / left))


def _fit_level(folder: Path, clock: VarianceClock) -> tuple[Floats, float, dict[str, float]]:
    """Constant, slope and spot slope; the usual realised volatility; the errors of later years."""
    vix = _vix(folder, clock)
    found = {
        "2019-20": _level_rows(one_file(folder, "index_1m/NIFTY_1m.parquet"), vix),
        "2021-23": _level_rows(one_file(folder, "index_1m/NIFTY_15m_2021_2026.parquet"), vix),
    }
    rows = found["2019-20"]
    early = rows[:, 0] < (_LEVELS_UNTIL - date(1970, 1, 1)).days
    columns = np.column_stack([np.ones(len(rows)), rows[:, 1], rows[:, 2]])
    fitted = np.linalg.lstsq(columns[early], rows[early, 3], rcond=None)[0]
    # How volatility answers a move within a session: from change to change, not from level to level.
    changes = np.diff(rows[early], axis=0)
    fitted[2] = np.polyfit(rows[early][1:, 2], changes[:, 3], 1)[0]
    errors = {}
    for name, some in found.items():
        late = some[some[:, 0] >= (_LEVELS_UNTIL - date(1970, 1, 1)).days]
        told = np.column_stack([np.ones(len(late)), late[:, 1], late[:, 2]]) @ fitted
        errors[f"level, VIX {name}: rms of ln volatility"] = rms(told - late[:, 3])
        errors[f"level, VIX {name}: mean of ln volatility"] = float(np.mean(told - late[:, 3]))
    return fitted, float(np.exp(np.median(rows[early, 1]))), errors


def _level_rows(path: Path, vix: Mapping[int, float]) -> Floats:
    """A row a session: day, ln realised volatility before it, the session's return, ln VIX at its close."""
    days, variances, closes = sessions_of(path)
    realised = _faded(variances)
    moved = np.append(np.nan, np.diff(np.log(closes)))
    told = np.log([vix.get(day, np.nan) for day in days.tolist()])
    rows = np.column_stack([days, np.log(realised), moved, told])[_SESSIONS_SETTLED:]
    whole: Floats = rows[np.isfinite(rows).all(axis=1) & (np.abs(rows[:, 2]) < 0.1)]
    return whole


def _fit_slice(chain: ChainSlice) -> Floats | None:
    """ln of the volatility at the money, slope and curve in z, weighted to the money; None of too few."""
    telling = chain.telling
    if telling.sum() < _FEWEST or chain.days > 70:
        return None
    moneyness, logs = chain.moneyness[telling], np.log(chain.volatility[telling])
    fitted = np.array([np.median(logs[np.argsort(np.abs(moneyness))[:4]]), 0.0, 0.0])
    for _ in range(3):
        z = moneyness / (np.exp(fitted[0]) * np.sqrt(chain.left / 365))
        near = np.abs(z) <= _WIDEST
        if near.sum() < _FEWEST or np.min(np.abs(z)) > 0.5:
            return None
        fitted = _least_squares(
            [np.ones(near.sum()), z[near], z[near] ** 2], logs[near], np.exp(-(z[near] ** 2) / 4)
        )
    return fitted


def _least_squares(columns: Sequence[Floats], target: Floats, weight: Floats) -> Floats:
    root = np.sqrt(weight)
    fitted: Floats = np.linalg.lstsq(np.column_stack(columns) * root[:, None], target * root, rcond=None)[0]
    return fitted


def _fit_term(pairs: Sequence[tuple[ChainSlice, Floats]]) -> tuple[float, float]:
    """How volatility at the money differs between expiries of the same moment; most moments' are heard."""
    moments: dict[tuple[str, int], list[tuple[float, float]]] = {}
    for chain, fit in pairs:
        moments.setdefault((chain.underlying, chain.moment), []).append((chain.left, float(fit[0])))
    columns, target = [], []
    for some in moments.values():
        days, logs = (np.array(column) for column in zip(*some, strict=True))
        both = np.column_stack([np.log(days / 30), np.exp(-days)])
        columns.append(both - both.mean(axis=0))
        target.append(logs - logs.mean())
    term, last_day = _robust(np.concatenate(columns), np.concatenate(target))
    return float(term), float(last_day)


def _fit_smile(pairs: Sequence[tuple[ChainSlice, Floats]]) -> tuple[float, float, float]:
    """Skew at thirty days, its change with the log of the term, and curve; slices within two days are left
    out: their smile is that of the last hours."""
    kept = [(chain, fit) for chain, fit in pairs if chain.days > 2]
    logs = np.log(np.array([chain.left for chain, _ in kept]) / 30)
    skew, by_term = _robust(
        np.column_stack([np.ones(len(logs)), logs]), np.array([fit[1] for _, fit in kept])
    )
    return float(skew), float(by_term), float(np.median([fit[2] for _, fit in kept]))


def _above_the_money(skew: float, curve: float) -> float:
    """How far VIX is above volatility at the money, as a logarithm. VIX is the fair volatility over all
    strikes, whose square is the mean of the smile's squares over a normal z (J. Gatheral, The Volatility
    Surface, 2006, chapter 11)."""
    z, weight = np.polynomial.hermite_e.hermegauss(31)
    z = np.clip(z, -_WIDEST, _WIDEST)
    return float(np.log(weight @ np.exp(2 * (skew * z + curve * z * z)) / weight.sum()) / 2)


def _robust(columns: Floats, target: Floats) -> Floats:
    """Least absolute errors, by weights made anew: a broken quote in a chain must not bend the surface."""
    weight = np.ones(len(target))
    fitted = np.zeros(columns.shape[1])
    for _ in range(30):
        fitted = _least_squares(list(columns.T), target, weight)
        weight = 1 / np.maximum(np.abs(target - columns @ fitted), 1e-4)
    return fitted


def _fit_liquidity(pairs: Sequence[tuple[ChainSlice, Floats]]) -> tuple[Liquidity, ...]:
    found = []
    for place in range(_PLACES):
        last = place == _PLACES - 1
        some = [(c, fit) for c, fit in pairs if (c.place >= place if last else c.place == place)]
        gathered = [_book_rows(chain, fit) for chain, fit in some]
        z, spread, interest, volume = np.concatenate(gathered).T
        money, wing = np.abs(z) < 0.5, (np.abs(z) >= 0.75) & (np.abs(z) < 1.25)
        at_money = float(np.median(spread[money]))
        growth = max(float(np.median(spread[wing])) / at_money - 1, 0.0)
        held = float(np.median(interest[money]))
        falls = max(-np.log(max(float(np.median(interest[wing])), 1.0) / max(held, 1.0)), 0.0)
        found.append(
            Liquidity(
                spread_pct=round(at_money, 3),
                spread_by_z2=round(growth, 3),
                open_interest_lots=round(held),
                volume_lots=round(float(np.median(volume[money]))),
                fall_by_z=round(float(falls), 3),
            )
        )
    return tuple(found)


def _book_rows(chain: ChainSlice, fit: Floats) -> Floats:
    """z, spread in percent of the middle, open interest and volume of the contracts out of the money."""
    z = chain.moneyness / (np.exp(fit[0]) * np.sqrt(chain.left / 365))
    spread = 100 * (chain.ask - chain.bid) / chain.premium
    rows = np.column_stack([z, spread, chain.interest, chain.volume])
    kept: Floats = rows[chain.telling & (np.abs(z) < 2)]
    return kept


if __name__ == "__main__":
    raise SystemExit(main())
