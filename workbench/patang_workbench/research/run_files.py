"""A run of research as files: what it found, its trades, the bars they are drawn on, and its report.

.patang/research/<command>-<name>/run.json         BacktestResult, or TrainingRun
                                 /trades.parquet   a row a trade, or an entry that no model had seen
                                 /prices.parquet   bars for the charts, where the history was given
                                 /report.html      opens anywhere, needs nothing
"""

import io
import json
import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import ValidationError

from patang.adapters.folder import FolderObjects
from patang.adapters.parquet import ParquetTables
from patang.backtest.history import History
from patang.backtest.reports.pages import Run, report_page
from patang.backtest.reports.prices import ChartBars, chart_bars
from patang.backtest.trade import BacktestResult, Trade
from patang.errors import BadInput
from patang.ports import ObjectStore
from patang.training.evidence import Outcomes
from patang.training.run import TrainingRun
from patang_workbench.history.store import parquet_bytes

__all__ = ["RESEARCH", "keep_run", "read_run", "store_run", "write_report"]

RESEARCH = Path(".patang/research")
_RUN, _TRADES, _PRICES, _REPORT = "run.json", "trades.parquet", "prices.parquet", "report.html"
_KINDS = {_RUN: "application/json", _REPORT: "text/html; charset=utf-8"}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_PRICE_COLUMNS = ("open", "high", "low", "close")


def keep_run(
    command: str, name: str, run: Run, *, history: History | None = None, out: Path | None = None
) -> Path:
    """Write a run's folder, in the place of what it held, and return it.

    The folder is `out`, or .patang/research/<command>-<name>. `history` is what a backtest ran on: without
    it the report has no chart of prices. Raises BadInput for a name that is no name of a folder.
    """
    if not (_NAME.fullmatch(command) and _NAME.fullmatch(name)):
        raise BadInput(f"{command}-{name} cannot name a folder: use letters, digits, dots, dashes")
    folder = out or RESEARCH / f"{command}-{name}"
    files = FolderObjects(folder)
    bars: tuple[ChartBars, ...] = ()
    if history is not None and isinstance(run, BacktestResult):
        bars = chart_bars(history, run.trades)
        files.put(_PRICES, parquet_bytes(_price_table(bars)))
    else:
        (folder / _PRICES).unlink(missing_ok=True)
    files.put(_TRADES, _trades(run))
    files.put(_RUN, run.model_dump_json(indent=1).encode())
    files.put(_REPORT, report_page(run, bars).encode())
    return folder


def read_run(folder: Path) -> Run:
    """The run of a folder. Raises BadInput where there is none, or none that this version can read."""
    place = folder / _RUN
    try:
        content = place.read_bytes()
    except OSError as error:
        raise BadInput(
            f"{folder} holds no run ({error.strerror}): give the folder that the command printed"
        ) from error
    try:
        known = json.loads(content)
        if isinstance(known, dict) and {"cells", "seed"} <= set(known):
            raise BadInput(f"{folder} is a sweep, which has no page: its figures are in its cells.parquet")
        kind = TrainingRun if isinstance(known, dict) and "evidence" in known else BacktestResult
        return kind.model_validate_json(content)
    except (ValueError, ValidationError) as error:
        raise BadInput(f"{place} is no run of this version: {error}; make it again") from error


def write_report(folder: Path, run: Run | None = None) -> Path:
    """Draw the report of a kept run again, and return its file. Raises BadInput as `read_run` does."""
    page = report_page(run or read_run(folder), _read_prices(folder))
    FolderObjects(folder).put(_REPORT, page.encode())
    return folder / _REPORT


def store_run(folder: Path, objects: ObjectStore) -> str:
    """Put a kept run under reports/ of a store; the path of its report there."""
    prefix = f"reports/{folder.resolve().name}"
    for name in (_RUN, _TRADES, _PRICES, _REPORT):
        if (folder / name).exists():
            kind = _KINDS.get(name, "application/vnd.apache.parquet")
            objects.put(f"{prefix}/{name}", (folder / name).read_bytes(), content_type=kind)
    return f"{prefix}/{_REPORT}"


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


def _price_table(bars: tuple[ChartBars, ...]) -> pa.Table:
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


def _read_prices(folder: Path) -> tuple[ChartBars, ...]:
    place = folder / _PRICES
    if not place.exists():
        return ()
    try:
        table = pq.read_table(place)
        symbol = np.asarray(table["symbol"].to_pylist(), object)
        minutes = table["minutes"].to_numpy()
        # Parquet has no seconds: they come back as milliseconds.
        moments = table["timestamp"].cast(pa.timestamp("s", tz="Asia/Kolkata"))
        starts = moments.cast(pa.int64()).to_numpy()
        prices = [table[name].to_numpy() for name in _PRICE_COLUMNS]
    except (pa.ArrowInvalid, KeyError, OSError) as error:
        raise BadInput(f"{place} is no table of bars that can be read: {error}; run again") from error
    found = []
    for name, length in dict.fromkeys(zip(symbol.tolist(), minutes.tolist(), strict=True)):
        rows = (symbol == name) & (minutes == length)
        found.append(ChartBars(name, length, starts[rows], *(price[rows] for price in prices)))
    return tuple(found)
