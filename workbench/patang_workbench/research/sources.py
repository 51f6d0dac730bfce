"""Where a history is read from: a store of candles, a folder of recorded minutes, or a synthetic market."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from patang.backtest.history import History
from patang.backtest.sifted import WARM_UP, history_of, kept_minutes
from patang.errors import BadInput
from patang.market.bar_hours import day_hours
from patang.market.findings import CandleColumns
from patang.market.named_hours import segment_named, symbol_of
from patang.market.sessions import IST
from patang_workbench.history.candle_files import columns_of
from patang_workbench.history.store import store_at
from patang_workbench.research.synthetic import SYMBOLS, edge_history, noise_history

__all__ = ["load_history"]

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
        candles = _recorded(Path(rest), first - WARM_UP, last, wanted)
    else:
        candles = kept_minutes(store_at(place), first, last, wanted)
    return history_of(place, candles, first, last, wanted)


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
