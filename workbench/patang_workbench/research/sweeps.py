"""A sweep over shares, windows of time and choices of parameters: which cells, what came of them, on disk.

.patang/research/sweep-<name>/run.json        every cell with its result
                             /cells.parquet   a row a cell
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise, product
from pathlib import Path
from random import Random
from typing import Any, Final, Literal

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, JsonValue

from patang.adapters.folder import FolderObjects
from patang.adapters.parquet import parquet_bytes
from patang.backtest.history import History
from patang.backtest.sweep import Cell, CellResult, Parameter, grid, run_cells
from patang.errors import BadInput
from patang.settings import Settings
from patang.training.gates.overfitting import Overfitting, overfitting
from patang_workbench.research.run_files import RESEARCH

__all__ = [
    "ChoiceResult",
    "SweepRun",
    "SweepWish",
    "by_choice",
    "cells_of",
    "keep_sweep",
    "overfitting_of",
    "run_here",
]

_EXTRA: Final = ("cell", "day_pnl", "reasons")


@dataclass(frozen=True, slots=True)
class SweepWish:
    """What is to be tried. `choices` are values by the equity strategy's setting, `windows` how many equal
    stretches the sessions are cut into; with `sample`, so many of the combinations, drawn by `seed`."""

    choices: Mapping[str, Sequence[Parameter]]
    settings: Settings
    capital: Decimal
    windows: int = 1
    slippage_pct: Decimal | None = None
    latency_bars: int = 1
    sample: int | None = None
    seed: int = 0


class SweepRun(BaseModel):
    """A whole sweep, cell by cell. `source` names the history."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    source: str
    first: date
    last: date
    seed: int
    cells: tuple[CellResult, ...]


class ChoiceResult(BaseModel):
    """One choice of parameters over all shares and windows, rupees. `profitable` counts the cells that earned
    something after costs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    parameters: Mapping[str, JsonValue]
    cells: int
    profitable: int
    trades: int
    won: int
    gross_pnl: Decimal
    charges: Decimal
    net_pnl: Decimal


def cells_of(history: History, wish: SweepWish) -> list[Cell]:
    """Share by share and window by window, neighbours sharing what they can.

    Indices are left out: what a sweep buys is what it has the bars of. Raises BadInput where nothing is left,
    or for more windows than sessions.
    """
    shares = [bars.symbol for bars in history.symbols if bars.instrument.instrument_type == "EQ"]
    if not shares:
        raise BadInput(f"{history.source} has no share: a sweep buys shares, whose bars it has")
    choices = list(grid(wish.choices))
    if wish.sample is not None and wish.sample < len(choices):
        drawn = sorted(Random(wish.seed).sample(range(len(choices)), wish.sample))  # noqa: S311 - no secret
        choices = [choices[place] for place in drawn]
    differing = wish.settings.model_dump(mode="json", exclude_defaults=True)
    return [
        Cell(
            symbol=symbol,
            first=first,
            last=last,
            parameters=parameters,
            settings=differing,
            capital=wish.capital,
            slippage_pct=wish.slippage_pct,
            latency_bars=wish.latency_bars,
        )
        for symbol, (first, last), parameters in product(shares, _windows(history, wish.windows), choices)
    ]


def run_here(cells: Sequence[Cell], history: History) -> Iterator[CellResult]:
    """The cells one after the other in this process."""
    by_symbol = {bars.symbol: bars for bars in history.symbols}
    for symbol in dict.fromkeys(cell.symbol for cell in cells):
        yield from run_cells([cell for cell in cells if cell.symbol == symbol], by_symbol[symbol])


def by_choice(results: Sequence[CellResult]) -> list[ChoiceResult]:
    """Each choice over all its cells, the best net result first."""
    told = []
    for some in _by_choice(results).values():
        sums = {name: sum(getattr(r, name) for r in some) for name in ("trades", "won")}
        money = {
            n: sum((getattr(r, n) for r in some), Decimal(0)) for n in ("gross_pnl", "charges", "net_pnl")
        }
        won = sum(result.net_pnl > 0 for result in some)
        parameters = dict(some[0].cell.parameters)
        told.append(ChoiceResult(parameters=parameters, cells=len(some), profitable=won, **sums, **money))
    return sorted(told, key=lambda choice: -choice.net_pnl)


def overfitting_of(results: Sequence[CellResult], sessions: Sequence[date]) -> Overfitting | None:
    """How the best choice of half of the days does in the other half; None for too few choices or days."""
    days = [
        [float(sum((r.day_pnl.get(day, Decimal(0)) for r in some), Decimal(0))) for day in sessions]
        for some in _by_choice(results).values()
    ]
    return overfitting(days)


def keep_sweep(name: str, run: SweepRun, out: Path | None = None) -> Path:
    """Write the sweep's folder, in the place of what it held, and return it."""
    folder = out or RESEARCH / f"sweep-{name}"
    files = FolderObjects(folder)
    rows = [_row(result) for result in run.cells]
    files.put("cells.parquet", parquet_bytes(pa.Table.from_pylist(rows)))
    files.put("run.json", run.model_dump_json(indent=1).encode())
    return folder


def _by_choice(results: Sequence[CellResult]) -> dict[str, list[CellResult]]:
    found: dict[str, list[CellResult]] = {}
    for result in results:
        found.setdefault(repr(sorted(result.cell.parameters.items())), []).append(result)
    return found


def _row(result: CellResult) -> dict[str, Any]:
    cell, told = result.cell, result.model_dump(exclude=set(_EXTRA))
    numbers = {name: float(value) for name, value in told.items()}
    named = {
        name: str(value) if isinstance(value, tuple) else value for name, value in cell.parameters.items()
    }
    return {"symbol": cell.symbol, "first": cell.first, "last": cell.last, **named, **numbers}


def _windows(history: History, count: int) -> list[tuple[date, date]]:
    days = history.sessions
    if not 1 <= count <= len(days):
        raise BadInput(f"{count} windows of {len(days)} sessions: give one to {len(days)}")
    cuts = [round(place * len(days) / count) for place in range(count + 1)]
    return [(days[begin], days[end - 1]) for begin, end in pairwise(cuts)]
