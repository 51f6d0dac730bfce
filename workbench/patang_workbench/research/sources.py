"""Where a history is read from: a store of candles, a folder of recorded minutes, or a synthetic market."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from patang.backtest.featured import MinuteBars, featured
from patang.backtest.history import History
from patang.backtest.share_book import widest_tick
from patang.errors import BadInput, StopTrading
from patang.market.bar_hours import day_hours, expected_starts
from patang.market.findings import CandleColumns, day_of, days_of
from patang.market.quality import check_candles, condemned
from patang.market.sessions import IST
from patang_workbench.history.candle_files import columns_as, columns_of, segment_named
from patang_workbench.history.store import CandleStore, store_at
from patang_workbench.history.symbols import symbol_of
from patang_workbench.research.synthetic import SYMBOLS, edge_history, noise_history, research_instrument

__all__ = ["load_history"]

# Nine sessions warm the indicators of fifteen minutes up, as on a live morning; holidays lie between.
_WARM_UP = timedelta(days=21)
# A session that lacks more of its bars than this is left out: entries and exits would fall into holes.
_MOST_MISSING = 0.1
_NAMED = 5
_RECORDED = (
    "index_1m/*_1m.parquet",
    "index_1m/*_1m_*.parquet",
    "stocks_intraday/*.parquet",
    "ticks/bars_1m*.parquet",
)


def load_history(place: str, first: date, last: date, symbols: Sequence[str] = ()) -> History:
    """The minutes of `first` to `last`, both included, of these indices and shares, or of all there are.

    `place` is a folder or s3://BUCKET in the project's layout, `recorded:FOLDER` for a folder of recorded
    minutes as the simulator replays them, `synthetic:SEED` for a market without an edge and
    `synthetic:SEED:STRENGTH` for one with. Bars that the quality checks condemn are left out, and so are a
    symbol's sessions with too few bars; `skipped` says which and why. The indicators are warmed up with the
    three weeks before `first` where those are there. Raises BadInput where nothing is left.
    """
    if first > last:
        raise BadInput(f"a history from {first} to {last} runs backwards: give the earlier day first")
    wanted = tuple(dict.fromkeys(map(symbol_of, symbols)))
    kind, _, rest = place.partition(":")
    if kind == "synthetic":
        return _synthetic(rest, first, last, wanted)
    if kind == "recorded":
        candles = _recorded(Path(rest), first - _WARM_UP, last, wanted)
    else:
        candles = _stored(store_at(place), first - _WARM_UP, last, wanted)
    sifted = _Sifted(first, last)
    bars = [kept for some in candles if len(kept := sifted.take(some))]
    told = History(place, featured(bars), sifted.told(), dict(sorted(sifted.findings.items())))
    history = told.between(first, last)
    missing = sorted(set(wanted) - {s.symbol for s in history.symbols})
    if missing or not history.symbols:
        raise BadInput(
            f"{place} has no minutes of {', '.join(missing) or 'anything'} that can be used from {first} to "
            f"{last}: pull them, or choose other days"
        )
    return history


def _synthetic(text: str, first: date, last: date, symbols: tuple[str, ...]) -> History:
    seed, _, strength = text.partition(":")
    days = _sessions_between(first, last)
    if not days:
        raise BadInput(f"no session lies between {first} and {last}: choose other days")
    try:
        if strength:
            return edge_history(int(seed), float(strength), symbols or SYMBOLS, len(days), days[-1])
        return noise_history(int(seed), symbols or SYMBOLS, len(days), days[-1])
    except ValueError as error:
        raise BadInput(f"synthetic:{text} is none: write synthetic:7, or synthetic:7:0.3") from error


def _sessions_between(first: date, last: date) -> list[date]:
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return [day for day in days if day_hours(day, "index") is not None]


def _stored(store: CandleStore, first: date, last: date, wanted: tuple[str, ...]) -> Iterator[CandleColumns]:
    symbols = wanted or dict.fromkeys(part.symbol for part in store.parts("minute"))
    for symbol in symbols:
        pulled = store.pulled(symbol, "minute")
        segment = segment_named(symbol) if pulled is None else pulled.segment
        table = None if segment == "derivatives" else store.read(symbol, "minute", first, last)
        if table is not None and table.num_rows:
            yield columns_as(table, symbol, "minute", segment, f"the candles of {symbol}")


def _recorded(folder: Path, first: date, last: date, wanted: tuple[str, ...]) -> Iterator[CandleColumns]:
    files = sorted({path for pattern in _RECORDED for path in folder.glob(pattern)})
    if not files:
        raise BadInput(f"{folder} has none of {', '.join(_RECORDED)}: name the folder of recorded minutes")
    begin = datetime.combine(first, time(), IST)
    end = datetime.combine(last + timedelta(days=1), time(), IST)
    found: dict[str, list[CandleColumns]] = {}
    for path in files:
        table = pq.read_table(path, filters=[("ts", ">=", begin), ("ts", "<", end)])
        for some in columns_of(table, path.stem.partition("_")[0], str(path)) if table.num_rows else ():
            symbol = symbol_of(some.symbol)
            if some.interval == "minute" and (not wanted or symbol in wanted):
                found.setdefault(symbol, []).append(some)
    for symbol, parts in sorted(found.items()):
        starts = np.concatenate([part.start for part in parts])
        # Single precision does not hold the printed paisa.
        prices = (
            np.round(np.concatenate([getattr(part, name) for part in parts]), 2)
            for name in ("open", "high", "low", "close")
        )
        volume = np.concatenate([part.volume for part in parts])
        yield CandleColumns(symbol, "minute", segment_named(symbol), starts, *prices, volume)


@dataclass(slots=True)
class _Sifted:
    """What the checks leave of candles, and what they took from the days that are asked for."""

    first: date
    last: date
    findings: Counter[str] = field(default_factory=Counter)
    left_out: dict[date, dict[str, list[str]]] = field(default_factory=dict)

    def take(self, candles: CandleColumns) -> MinuteBars:
        """The bars that can be used, in the order of time."""
        found = check_candles(candles)
        for finding in found:
            if self.first <= finding.day <= self.last:
                self.findings[finding.kind] += 1
                if finding.kind == "missing_day":
                    self._leave_out(finding.day, "no bar", candles.symbol)
        rows = np.flatnonzero(~condemned(found, len(candles)))
        rows = rows[np.argsort(candles.start[rows], kind="stable")]
        days = days_of(candles.start[rows])
        kept = np.zeros(len(rows), np.bool_)
        for number in np.unique(days).tolist():
            of_day = days == number
            kept[of_day] = self._inside(candles, day_of(number), candles.start[rows[of_day]])
        rows = rows[kept]
        columns = (getattr(candles, name)[rows] for name in ("open", "high", "low", "close", "volume"))
        last_price = float(candles.close[rows[-1]]) if len(rows) else 1.0
        instrument = research_instrument(candles.symbol, candles.segment, self.last, last_price)
        if len(rows) and candles.segment != "index":
            tick = widest_tick(candles.start[rows], candles.open[rows])
            instrument = instrument.model_copy(update={"tick_size": tick})
        return MinuteBars(instrument, candles.start[rows], *columns)

    def _inside(self, candles: CandleColumns, day: date, starts: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which of a day's bars are of its continuous trading; none of a day that lacks too many."""
        try:
            hours = day_hours(day, candles.segment)
        except StopTrading as unknown:
            self._leave_out(day, str(unknown), candles.symbol)
            return np.zeros(len(starts), np.bool_)
        if hours is None:
            self._leave_out(day, "no session", candles.symbol)
            return np.zeros(len(starts), np.bool_)
        expected = expected_starts(day, hours, candles.step)
        inside = np.isin(starts, expected)
        missing = len(expected) - np.count_nonzero(inside)
        if missing > _MOST_MISSING * len(expected):
            self._leave_out(day, f"{missing} of {len(expected)} bars are missing", candles.symbol)
            inside[:] = False
        return inside

    def _leave_out(self, day: date, reason: str, symbol: str) -> None:
        if self.first <= day <= self.last:
            self.left_out.setdefault(day, {}).setdefault(reason, []).append(symbol)

    def told(self) -> Mapping[date, str]:
        """Why sessions were left out, and of which symbols."""
        return {
            day: "; ".join(f"{_named(symbols)}: {reason}" for reason, symbols in reasons.items())
            for day, reasons in sorted(self.left_out.items())
        }


def _named(symbols: Sequence[str]) -> str:
    more = len(symbols) - _NAMED
    return ", ".join(symbols[:_NAMED]) + (f" and {more} more" if more > 0 else "")
