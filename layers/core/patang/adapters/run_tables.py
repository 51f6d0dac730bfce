"""The tables of a run of research as Parquet: its trades, and the bars that they are drawn on."""

import io
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from patang.adapters.parquet import ParquetTables, parquet_bytes
from patang.backtest.reports.pages import Run
from patang.backtest.reports.prices import ChartBars
from patang.backtest.trade import BacktestResult, Trade
from patang.errors import BadInput
from patang.training.evidence import Outcomes

__all__ = ["ParquetRuns", "read_prices"]

_PRICE_COLUMNS = ("open", "high", "low", "close")


class ParquetRuns:
    """RunTables: Parquet compressed with zstd."""

    def trades(self, run: Run) -> bytes:
        return _trades(run)

    def prices(self, bars: Sequence[ChartBars]) -> bytes:
        return parquet_bytes(_price_table(bars))


def read_prices(content: bytes, name: str) -> tuple[ChartBars, ...]:
    """What `ParquetRuns.prices` wrote. Raises BadInput that names the file for anything else."""
    try:
        table = pq.read_table(io.BytesIO(content))
        symbol = np.asarray(table["symbol"].to_pylist(), object)
        minutes = table["minutes"].to_numpy()
        # Parquet has no seconds: they come back as milliseconds.
        moments = table["timestamp"].cast(pa.timestamp("s", tz="Asia/Kolkata"))
        starts = moments.cast(pa.int64()).to_numpy()
        prices = [table[name].to_numpy() for name in _PRICE_COLUMNS]
    except (pa.ArrowInvalid, KeyError, OSError) as error:
        raise BadInput(f"{name} is no table of bars that can be read: {error}; run again") from error
    found = []
    for symbol_, length in dict.fromkeys(zip(symbol.tolist(), minutes.tolist(), strict=True)):
        rows = (symbol == symbol_) & (minutes == length)
        found.append(ChartBars(symbol_, length, starts[rows], *(price[rows] for price in prices)))
    return tuple(found)


def _trades(run: Run) -> bytes:
    if isinstance(run, BacktestResult):
        table = pq.read_table(io.BytesIO(ParquetTables().records(Trade, run.trades)))
        for name in ("gross_pnl", "net_pnl", "net_return_pct"):
            values = [float(getattr(trade, name)) for trade in run.trades]
            table = table.append_column(name, pa.array(values, pa.float64()))
        return parquet_bytes(table)
    parts = (("walk-forward", run.evidence.outcomes), ("final", run.evidence.final_outcomes))
    return parquet_bytes(pa.concat_tables([_outcome_table(window, outcomes) for window, outcomes in parts]))


def _outcome_table(window: str, outcomes: Outcomes) -> pa.Table:
    moment = pa.timestamp("us", tz="Asia/Kolkata")
    kinds = {"entered": moment, "left": moment, "taken": pa.bool_(), "modelled": pa.bool_()}
    columns = {
        name: pa.array(getattr(outcomes, name), kinds.get(name, pa.float64()))
        for name in Outcomes.model_fields
    }
    rows = len(outcomes.entered)
    return pa.table({"window": pa.array([window] * rows, pa.string()), **columns})


def _price_table(bars: Sequence[ChartBars]) -> pa.Table:
    schema = pa.schema(
        [
            ("symbol", pa.string()),
            ("minutes", pa.int32()),
            ("timestamp", pa.timestamp("s", tz="Asia/Kolkata")),
            *((name, pa.float64()) for name in _PRICE_COLUMNS),
        ]
    )
    tables = [schema.empty_table()]
    for each in bars:
        rows = len(each.starts)
        columns = [
            pa.array([each.symbol] * rows, pa.string()),
            pa.array([each.minutes] * rows, pa.int32()),
            pa.array(each.starts, pa.int64()).cast(schema.field("timestamp").type),
            *(pa.array(getattr(each, name)) for name in _PRICE_COLUMNS),
        ]
        tables.append(pa.Table.from_arrays(columns, schema=schema))
    return pa.concat_tables(tables)
