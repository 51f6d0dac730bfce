"""A run of research as a folder: `patang.backtest.reports.run_content` says what is in it.

.patang/research/<command>-<name>/
"""

import json
import re
from pathlib import Path

from pydantic import ValidationError

from patang.adapters.folder import FolderObjects
from patang.adapters.run_tables import ParquetRuns, read_prices
from patang.backtest.history import History
from patang.backtest.reports.pages import Run, report_page
from patang.backtest.reports.prices import ChartBars, chart_bars
from patang.backtest.reports.run_content import (
    CONTENT_TYPES,
    PRICES,
    REPORT,
    RUN,
    SUMMARY,
    run_content,
    summary_of,
)
from patang.backtest.trade import BacktestResult
from patang.errors import BadInput
from patang.ports import ObjectStore
from patang.training.run import TrainingRun

__all__ = ["RESEARCH", "keep_run", "read_run", "store_run", "write_report"]

RESEARCH = Path(".patang/research")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


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
    bars = None
    if history is not None and isinstance(run, BacktestResult):
        bars = chart_bars(history, run.trades)
    else:
        (folder / PRICES).unlink(missing_ok=True)
    for file, content in run_content(run, bars, ParquetRuns()).items():
        files.put(file, content)
    return folder


def read_run(folder: Path) -> Run:
    """The run of a folder. Raises BadInput where there is none, or none that this version can read."""
    place = folder / RUN
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
    known = run or read_run(folder)
    files = FolderObjects(folder)
    files.put(SUMMARY, summary_of(known).model_dump_json(indent=1).encode())
    files.put(REPORT, report_page(known, _read_prices(folder)).encode())
    return folder / REPORT


def store_run(folder: Path, objects: ObjectStore) -> str:
    """Put a kept run under reports/ of a store; the path of its report there."""
    prefix = f"reports/{folder.resolve().name}"
    for name, kind in CONTENT_TYPES.items():
        if (folder / name).exists():
            objects.put(f"{prefix}/{name}", (folder / name).read_bytes(), content_type=kind)
    return f"{prefix}/{REPORT}"


def _read_prices(folder: Path) -> tuple[ChartBars, ...]:
    place = folder / PRICES
    return read_prices(place.read_bytes(), str(place)) if place.exists() else ()
