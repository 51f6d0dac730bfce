"""Recorded option chains as observations of implied volatility, to fit a surface to.

Layout of the folder: `options_intraday/BANKNIFTY_nse_chain_snapshots*.parquet` (a row a contract, with the
book), `options_intraday/index_chain_snapshots*.parquet` (a row a strike), `options_intraday/option_candles*`
(bars with the index beside them) and `options_daily/*udiff*.parquet` (the exchange's end of a day).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from patang.backtest.premiums.clock import VarianceClock
from patang.errors import BadInput
from patang.market.contract_terms import UNDERLYINGS
from patang.market.greeks import RISK_FREE_RATE, implied_volatility
from patang.market.option_chain import parity_spot
from patang.market.sessions import IST, expiry_moment

__all__ = ["SOURCES", "ChainSlice", "chain_slices", "one_file", "read_columns"]

type Floats = NDArray[np.float64]
type Columns = Mapping[str, NDArray[np.generic]]

_DAY = 86_400.0
_LEAST_PREMIUM = 2.0
_LEAST_TRADES = 50
_NEAR_THE_MONEY = 0.06


@dataclass(frozen=True, slots=True, eq=False)
class ChainSlice:
    """The options of one expiry at one moment. `on` is the spot that calls and puts agree on; the arrays have
    a row a contract: strike, premium, bid and ask in rupees (NaN without a book), volume and open interest as
    the source counts them. `place`: how many of the expiries of its moment are nearer. `days` are the
    calendar's, `left` those of the clock of variance, in whose years `volatility` is."""

    source: str
    underlying: str
    moment: int
    expiry: date
    place: int
    days: float
    left: float
    on: float
    is_call: NDArray[np.bool_]
    strike: Floats
    premium: Floats
    bid: Floats
    ask: Floats
    volume: Floats
    interest: Floats
    volatility: Floats

    @property
    def moneyness(self) -> Floats:
        """The log of strike over forward."""
        found: Floats = np.log(self.strike / self.on) - RISK_FREE_RATE * self.days / 365
        return found

    @property
    def telling(self) -> NDArray[np.bool_]:
        """Contracts out of the money, whose price has no intrinsic part to drown its volatility."""
        out = np.where(self.is_call, self.moneyness >= -0.003, self.moneyness <= 0.003)
        return np.isfinite(self.volatility) & (self.premium >= _LEAST_PREMIUM) & out


def chain_slices(folder: Path, clock: VarianceClock) -> list[ChainSlice]:
    """All recorded chains below a folder, by source and time. Raises BadInput where a file is absent."""
    return [found for source, read in SOURCES.items() for found in _slices(source, read(folder), clock)]


def read_columns(path: Path, *filters: tuple[str, str, object]) -> Columns:
    """A Parquet file's columns by name: prices to the paisa, times as epoch seconds, dates as days."""
    table = pq.read_table(path, filters=list(filters) or None)
    found: dict[str, NDArray[np.generic]] = {}
    for name in table.column_names:
        column = table[name].combine_chunks()
        if pa.types.is_timestamp(column.type):
            column = pc.cast(column, pa.timestamp("s", column.type.tz), safe=False).cast(pa.int64())
        elif pa.types.is_date(column.type):
            column = column.cast(pa.date32()).cast(pa.int32())
        values = column.to_numpy(zero_copy_only=False)
        found[name] = np.round(values.astype(np.float64), 2) if values.dtype == np.float32 else values
    return found


def one_file(folder: Path, pattern: str) -> Path:
    """The file below a folder that a pattern names. Raises BadInput where there is none."""
    files = sorted(folder.glob(pattern))
    if not files:
        raise BadInput(f"{folder} has no {pattern}: name the folder of recorded data with --data")
    return files[0]


def _with_book(folder: Path) -> Columns:
    raw = read_columns(one_file(folder, "options_intraday/BANKNIFTY_nse_chain_snapshots*.parquet"))
    kept = (raw["bid"] > 0) & (raw["ask"] >= raw["bid"])
    columns = {name: column[kept] for name, column in raw.items()}
    return {
        **_same(columns, "underlying", "expiry", "strike", "bid", "ask", "volume", "oi", "spot"),
        "moment": columns["ts"],
        "is_call": columns["opt"] == "CE",
        "premium": (columns["bid"] + columns["ask"]) / 2,
    }


def _by_strike(folder: Path) -> Columns:
    raw = read_columns(one_file(folder, "options_intraday/index_chain_snapshots*.parquet"))
    sides = []
    for side in ("ce", "pe"):
        shared = _same(raw, "underlying", "expiry", "strike", "spot")
        told = {"premium": f"{side}_ltp", "volume": f"{side}_vol", "oi": f"{side}_oi"}
        is_call = np.full(len(raw["ts"]), side == "ce")
        sides.append(
            shared
            | {name: raw[column] for name, column in told.items()}
            | {"moment": raw["ts"], "is_call": is_call}
        )
    return {name: np.concatenate([side[name] for side in sides]) for name in sides[0]}


def _candles(folder: Path) -> Columns:
    """Three-minute bars, at their closes; the index's own bars beside them are the spot."""
    raw = read_columns(one_file(folder, "options_intraday/option_candles*.parquet"))
    index = raw["underlying"] == "NIFTY50-INDEX"
    spots = dict(zip(raw["ts"][index].tolist(), raw["close"][index].tolist(), strict=True))
    kept = (raw["underlying"] == "NIFTY") & (raw["interval"] == "3minute") & (raw["volume"] > 0)
    columns = {name: column[kept] for name, column in raw.items()}
    spot = np.array([spots.get(start, np.nan) for start in columns["ts"].tolist()])
    near = np.abs(columns["strike"] / spot - 1) < _NEAR_THE_MONEY
    columns, spot = {name: column[near] for name, column in columns.items()}, spot[near]
    return {
        **_same(columns, "underlying", "expiry", "strike", "volume"),
        "moment": columns["ts"] + 180,
        "is_call": columns["opt"] == "CE",
        "premium": columns["close"],
        "oi": np.full(len(spot), np.nan),
        "spot": spot,
    }


def _end_of_day(folder: Path) -> Columns:
    raw = read_columns(one_file(folder, "options_daily/*udiff*.parquet"), ("type", "=", "IDO"))
    kept = (raw["trades"] > _LEAST_TRADES) & np.isin(raw["underlying"], UNDERLYINGS)
    columns = {name: column[kept] for name, column in raw.items()}
    closes = {number: _close_of(number) for number in np.unique(columns["date"]).tolist()}
    return {
        **_same(columns, "underlying", "expiry", "strike", "volume", "oi"),
        "moment": np.array([closes[number] for number in columns["date"].tolist()], np.int64),
        "is_call": columns["opt"] == "CE",
        "premium": columns["close"],
        "spot": columns["underlying_price"],
    }


SOURCES: Mapping[str, Callable[[Path], Columns]] = {
    "book": _with_book,
    "snapshots": _by_strike,
    "candles": _candles,
    "end_of_day": _end_of_day,
}
"""What is read, by the name that slices carry."""


def _same(columns: Columns, *names: str) -> dict[str, NDArray[np.generic]]:
    return {name: columns[name] for name in names}


def _close_of(number: int) -> int:
    day = date.fromordinal(number + date(1970, 1, 1).toordinal())
    return int(datetime.combine(day, time(15, 30), IST).timestamp())


def _slices(source: str, columns: Columns, clock: VarianceClock) -> Iterator[ChainSlice]:
    good = (columns["premium"] > 0) & (columns["spot"] > 0)
    columns = {name: column[good] for name, column in columns.items()}
    underlyings, code = np.unique(columns["underlying"].astype(str), return_inverse=True)
    keys = np.stack([columns["moment"], code, columns["expiry"]]).astype(np.int64)
    order = np.lexsort(keys[::-1])
    begins = np.flatnonzero(np.any(np.diff(keys[:, order], axis=1, prepend=-1) != 0, axis=0))
    before, place = (-1, -1), 0
    for rows in np.split(order, begins[1:]) if len(order) else ():
        moment, underlying, number = keys[:, rows[0]].tolist()
        place = place + 1 if (moment, underlying) == before else 0
        before = moment, underlying
        expiry = date.fromordinal(number + date(1970, 1, 1).toordinal())
        found = _slice(source, str(underlyings[underlying]), moment, expiry, place, columns, rows, clock)
        if found is not None:
            yield found


def _slice(
    source: str,
    underlying: str,
    moment: int,
    expiry: date,
    place: int,
    columns: Columns,
    rows: Sequence[int] | NDArray[np.intp],
    clock: VarianceClock,
) -> ChainSlice | None:
    days = (expiry_moment(expiry).timestamp() - moment) / _DAY
    left = float(clock.left(expiry_moment(expiry), moment))
    if days < 0.02:
        return None
    floats = {
        name: columns[name][rows].astype(np.float64) if name in columns else np.full(len(rows), np.nan)
        for name in ("strike", "premium", "bid", "ask", "volume", "oi", "spot")
    }
    is_call = columns["is_call"][rows].astype(np.bool_)
    spot = float(np.median(floats["spot"]))
    on = parity_spot(is_call, floats["strike"], days / 365, floats["premium"], spot)
    volatility = implied_volatility(is_call, on, floats["strike"], days / 365, floats["premium"])
    told = (floats[name] for name in ("strike", "premium", "bid", "ask", "volume", "oi"))
    volatility *= np.sqrt(days / left)
    return ChainSlice(source, underlying, moment, expiry, place, days, left, on, is_call, *told, volatility)
