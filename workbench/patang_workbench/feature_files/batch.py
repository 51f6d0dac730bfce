"""The features of candles in files, a group of symbols at a time so that memory stays bounded."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from patang.errors import BadInput
from patang.features.indicator_formulas import BARS_NEEDED, usable
from patang.features.indicator_history import candle_features
from patang.features.indicators import MINUTES_A_YEAR, BarColumns
from patang.features.undefined import Undefined
from patang.features.vector import CANDLE_FEATURES
from patang.market.findings import INTERVAL_MINUTES, Interval
from patang.market.sessions import IST
from patang_workbench.feature_files.sources import Rows, Survey, read_rows

__all__ = ["Summary", "write_features"]

type Floats = NDArray[np.float64]

# Bars of a group, its symbols being as long as the longest of them: about a hundred bytes each.
_BARS_AT_ONCE = 1_000_000
_DAYS_A_YEAR = 252
_DAY = 86_400
_IST_AHEAD = 5 * 3600 + 1800
_NAMED = 6
# So many steps from bar to bar tell the length of a symbol's bars.
_TELLING = 20
_INTERVALS = {minutes: name for name, minutes in INTERVAL_MINUTES.items()}
_PRICES = ("high", "low", "close")


@dataclass(slots=True)
class Summary:
    """What was written.

    `undefined` counts values by the reason why they are missing; `without_price` counts rows whose prices are
    not numbers above zero.
    """

    features: tuple[str, ...]
    interval: Interval | None
    rows: int = 0
    symbols: int = 0
    without_price: int = 0
    undefined: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True, eq=False)
class _Series:
    """One symbol's bars in the order of time, as epoch seconds and rupees."""

    symbol: str
    start: NDArray[np.int64]
    high: Floats
    low: Floats
    close: Floats


def write_features(
    found: Survey,
    out: Path,
    features: tuple[str, ...],
    interval: Interval | None,
    written: Callable[[int], None],
) -> Summary:
    """Write symbol, timestamp and `features` of every candle, in this order; nothing at all if it fails.

    `interval` None: the candles tell it. `written` is told how many rows each step wrote. Raises BadInput for
    candles that cannot be trusted, with their rows.
    """
    summary = Summary(features, interval)
    wanted = _wanted_interval(found, interval)
    schema = pa.schema([
        ("symbol", pa.string()),
        ("timestamp", pa.timestamp("us", tz=str(IST))),
        *((name, pa.float64()) for name in features),
    ])  # fmt: skip
    unfinished = out.with_name(f".{out.name}.unfinished")
    try:
        with pq.ParquetWriter(unfinished, schema, compression="zstd", compression_level=1) as writer:
            for group in _groups(found.rows):
                series = _read(found, group, wanted)
                if not series:
                    continue
                summary.interval = summary.interval or _most_common_interval(series)
                _check_interval(series, summary.interval, is_found=interval is None)
                values = _values(series, summary.interval)
                for one, table in zip(series, values, strict=True):
                    _tell(summary, one, table)
                    writer.write_table(_table(schema, one, table, features))
                    written(len(one.start))
        if not summary.rows:
            raise BadInput(f"there are no bars of {interval}")
        unfinished.replace(out)
    finally:
        unfinished.unlink(missing_ok=True)
    return summary


def _wanted_interval(found: Survey, interval: Interval | None) -> str | None:
    """Which rows of files with several intervals are meant. Raises BadInput if that is not clear."""
    if interval is None and len(found.intervals) > 1:
        raise BadInput(f"the candles are of {', '.join(sorted(found.intervals))}: choose one by --interval")
    return None if interval is None or not found.intervals else interval


def _groups(rows: dict[str, int]) -> Iterator[list[str]]:
    group: list[str] = []
    longest = 0
    for symbol, count in rows.items():
        longest = max(longest, count)
        if group and longest * (len(group) + 1) > _BARS_AT_ONCE:
            yield group
            group, longest = [], count
        group.append(symbol)
    if group:
        yield group


def _read(found: Survey, symbols: Sequence[str], interval: str | None) -> list[_Series]:
    parts: dict[str, list[Rows]] = {symbol: [] for symbol in symbols}
    for file in dict.fromkeys(file for symbol in symbols for file in found.files[symbol]):
        for symbol, rows in read_rows(file, parts.keys(), interval):
            parts[symbol].append(rows)
    return [_series(symbol, some) for symbol, some in parts.items() if some]


def _series(symbol: str, parts: list[Rows]) -> _Series:
    """Sorted by time. Raises BadInput for two bars of one time and for bars whose high is below their low."""
    start = np.concatenate([part.start for part in parts])
    order = np.argsort(start, kind="stable")
    start = start[order]
    high, low, close = (
        np.concatenate([getattr(part, name) for part in parts])[order] for name in ("high", "low", "close")
    )
    repeated = np.flatnonzero(start[1:] == start[:-1])
    if len(repeated):
        text = f"{symbol} has {len(repeated)} times more than once"
        both = np.stack((repeated, repeated + 1), axis=1).ravel()
        raise BadInput(f"{text}: {_where(parts, order, start, both)}")
    crossed = np.flatnonzero(high < low)
    if len(crossed):
        text = f"{symbol} has {len(crossed)} bars with high < low"
        raise BadInput(f"{text}: {_where(parts, order, start, crossed)}. `patang data check` finds such bars")
    return _Series(symbol, start, high, low, close)


def _where(
    parts: list[Rows], order: NDArray[np.intp], start: NDArray[np.int64], places: NDArray[np.intp]
) -> str:
    """The first of some bars: their times, files and rows."""
    lengths = np.cumsum([len(part.start) for part in parts])
    named = []
    for place in places[:_NAMED].tolist():
        part = int(np.searchsorted(lengths, order[place], side="right"))
        row = parts[part].at[order[place] - (lengths[part] - len(parts[part].start))]
        time = datetime.fromtimestamp(int(start[place]), IST)
        named.append(f"{time:%Y-%m-%d %H:%M} in row {row} of {parts[part].file.path}")
    return "; ".join(named) + (" ..." if len(places) > len(named) else "")


def _most_common_interval(series: list[_Series]) -> Interval:
    """What most bars of a day are apart; a day where no day has two bars.

    Raises BadInput for a length that no candles of the broker have.
    """
    steps, counts = np.unique(np.concatenate([_apart(one) for one in series]), return_counts=True)
    seconds = int(steps[np.argmax(counts)]) if len(steps) else _DAY
    if seconds % 60 or seconds // 60 not in _INTERVALS:
        raise BadInput(f"most bars are {seconds} s apart: none of {', '.join(INTERVAL_MINUTES)}")
    return _INTERVALS[seconds // 60]


def _check_interval(series: list[_Series], interval: Interval, is_found: bool) -> None:
    """Raise BadInput for bars of another length: closer to one another, or, where the length was found from
    other symbols, never as close."""
    length = INTERVAL_MINUTES[interval] * 60
    for one in series:
        steps = _apart(one)
        closest = int(steps.min(initial=_DAY))
        if closest < length or (is_found and len(steps) >= _TELLING and closest > length):
            raise BadInput(
                f"{one.symbol} has bars {closest / 60:g} minutes apart where others are of {interval}: put "
                f"candles of one length together, or say it by --interval"
            )


def _apart(one: _Series) -> NDArray[np.int64]:
    """Seconds between neighbouring bars of the same day."""
    day = (one.start + _IST_AHEAD) // _DAY
    steps: NDArray[np.int64] = np.diff(one.start)[np.diff(day) == 0]
    return steps


def _values(series: list[_Series], interval: Interval) -> Iterator[Floats]:
    """Bars x CANDLE_FEATURES of each."""
    minutes = INTERVAL_MINUTES[interval]
    a_year = _DAYS_A_YEAR if interval == "day" else MINUTES_A_YEAR / minutes
    columns = {name: np.full((len(series), max(len(s.start) for s in series)), np.nan) for name in _PRICES}
    for row, one in enumerate(series):
        for name, column in columns.items():
            column[row, : len(one.start)] = getattr(one, name)
    close = columns["close"]
    found = candle_features(BarColumns(open=close, volume=close, **columns), a_year)
    for one, table in zip(series, found, strict=True):
        yield table[: len(one.start)]


def _tell(summary: Summary, one: _Series, table: Floats) -> None:
    """Count what has no value and why; what a row without a price would have kept is taken out of it."""
    has = usable(one.high, one.low, one.close)
    table[~has] = np.nan
    count = np.cumsum(has)
    rows = len(one.start)
    summary.rows += rows
    summary.symbols += 1
    summary.without_price += int(np.count_nonzero(~has))
    for name in summary.features:
        if name not in CANDLE_FEATURES:
            summary.undefined[Undefined.NOT_IN_CANDLES] += rows
            continue
        column = CANDLE_FEATURES.index(name)
        missing = np.isnan(table[:, column]) & has
        early = int(np.count_nonzero(missing & (count < BARS_NEEDED[column])))
        summary.undefined[Undefined.NO_PRICE] += int(np.count_nonzero(~has))
        summary.undefined[Undefined.WARMING_UP] += early
        summary.undefined[Undefined.NO_MOVEMENT] += int(np.count_nonzero(missing)) - early


def _table(schema: pa.Schema, one: _Series, table: Floats, features: tuple[str, ...]) -> pa.Table:
    nothing = pa.array(np.full(len(one.start), np.nan))
    at = {name: column for column, name in enumerate(CANDLE_FEATURES)}
    columns = [
        pa.array([one.symbol]).take(pa.array(np.zeros(len(one.start), np.int32))),
        pa.array(one.start * 1_000_000).cast(schema.field("timestamp").type),
        *(pa.array(table[:, at[name]]) if name in at else nothing for name in features),
    ]
    return pa.table(columns, schema=schema)
