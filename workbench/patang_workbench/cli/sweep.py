"""`patang sweep`: the rules of shares under many choices of their parameters, on the fast path."""

import argparse
import json
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from patang.errors import PatangError
from patang.settings import Settings
from patang_workbench.cli.distributed import add_distributed_arguments
from patang_workbench.cli.past import add_past_arguments
from patang_workbench.cli.progress import progress_bar
from patang_workbench.cli.running import CommandError
from patang_workbench.cli.seeds import as_seed
from patang_workbench.cli.settings_file import read_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from patang.backtest.history import History
    from patang.backtest.sweep import Cell, CellResult
    from patang_workbench.research.sweeps import ChoiceResult, SweepRun

__all__ = ["add_arguments", "run"]

_NOTES = """Values to try are of the equity strategy's settings: --grid stop_atr=4,6,8 or
--grid stop_atr=4:8:2, once for each setting. No model is asked and no account is kept: every wish of the
rules is followed that comes while nothing of its share is held. docs/concepts/fast-path.md says the rest.
Exit code: 0 done, 1 the candles cannot be read or a setting is not known, 2 not understood."""
_SHOWN = 10
_MOST_VALUES = 1_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the candles, the choices, and where the result goes."""
    parser.epilog = _NOTES
    add_past_arguments(parser, symbols="all shares there are")
    parser.add_argument(
        "--grid", type=_choice, action="append", default=[], metavar="SETTING=VALUES", help="values to try"
    )
    parser.add_argument(
        "--windows", type=_count, default=1, metavar="N", help="cut the days into N stretches"
    )
    parser.add_argument(
        "--sample", type=_count, metavar="N", help="try N of the combinations, drawn by --seed"
    )
    parser.add_argument("--seed", type=as_seed, default=0, metavar="N", help="of the draw (0)")
    parser.add_argument(
        "--capital", type=_rupees, default=Decimal(50_000), metavar="RUPEES", help="of a position (50000)"
    )
    parser.add_argument("--slippage", type=_percent, metavar="PERCENT", help="a side (the desk's assumption)")
    parser.add_argument(
        "--latency-bars", type=_minutes, default=1, metavar="N", help="minutes from decision to order (1)"
    )
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="where it is kept (.patang/research/)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_distributed_arguments(parser).add_argument(
        "--cells-a-job", type=_count, default=1, metavar="N", help="cells of a share and window together (1)"
    )


def run(options: argparse.Namespace) -> int:
    """Try every choice, keep what came of it, show the best."""
    # numba takes seconds to import: not for every command's --help.
    from patang_workbench.research.sources import load_history
    from patang_workbench.research.sweeps import (
        SweepRun,
        SweepWish,
        by_choice,
        cells_of,
        keep_sweep,
        overfitting_of,
        run_here,
    )

    wish = SweepWish(
        choices=dict(options.grid),
        settings=Settings() if options.settings is None else read_settings(options.settings),
        capital=options.capital,
        windows=options.windows,
        slippage_pct=options.slippage,
        latency_bars=options.latency_bars,
        sample=options.sample,
        seed=options.seed,
    )
    try:
        history = load_history(options.data, options.first, options.last, options.symbols)
        cells = cells_of(history, wish)
        if options.distributed:
            results = _elsewhere(cells, history, options)
        else:
            results = []
            with progress_bar(len(cells)) as step:
                for result in run_here(cells, history):
                    results.append(result)
                    step(f"{result.cell.symbol} {result.cell.first}")
        sessions = history.sessions
        kept = SweepRun(
            source=history.source, first=sessions[0], last=sessions[-1], seed=options.seed, cells=results
        )
        folder = keep_sweep(f"{sessions[0]}-{sessions[-1]}", kept, options.out)
        best = by_choice(results)
        found = overfitting_of(results, sessions)
        chance = None if found is None else found.probability
    except PatangError as error:
        raise CommandError(str(error)) from error
    if options.json:
        print(json.dumps(_as_json(kept, best, chance, folder)))
    else:
        _print(kept, best, chance, folder)
    return 0


def _elsewhere(
    cells: "Sequence[Cell]", history: "History", options: argparse.Namespace
) -> "list[CellResult]":
    """The same cells, each job some of them, on the workers of a stage."""
    from patang_workbench.cli.distributed_run import worked_through
    from patang_workbench.research.job_plans import cell_results, sweep_plan

    plan = sweep_plan(cells, history, options.seed, cells_a_job=options.cells_a_job)
    return cell_results(worked_through(plan, options))


def _as_json(
    kept: "SweepRun", best: list["ChoiceResult"], chance: float | None, folder: Path
) -> dict[str, Any]:
    return {
        "out": str(folder),
        "source": kept.source,
        "first": kept.first.isoformat(),
        "last": kept.last.isoformat(),
        "seed": kept.seed,
        "cells": len(kept.cells),
        "bars": sum(result.bars for result in kept.cells),
        "trades": sum(result.trades for result in kept.cells),
        "overfitting_probability": chance,
        "choices": [
            choice.model_dump(mode="json")
            | {name: float(getattr(choice, name)) for name in ("gross_pnl", "charges", "net_pnl")}
            for choice in best
        ],
    }


def _print(kept: "SweepRun", best: list["ChoiceResult"], chance: float | None, folder: Path) -> None:
    names = list(best[0].parameters)
    table = Table(box=None, pad_edge=False)
    for name in (*names, "trades", "won", "before costs", "charges", "net", "cells in profit"):
        table.add_column(name, justify="right", no_wrap=True)
    for choice in best[:_SHOWN]:
        table.add_row(
            *(str(choice.parameters[name]) for name in names),
            str(choice.trades),
            f"{choice.won / choice.trades:.0%}" if choice.trades else "",
            *(f"{getattr(choice, name):,.0f}" for name in ("gross_pnl", "charges", "net_pnl")),
            f"{choice.profitable} of {choice.cells}",
        )
    print(
        f"{kept.source}, {kept.first} to {kept.last}: {len(kept.cells)} cells, {len(best)} choices, in rupees"
    )
    Console(width=160, markup=False, highlight=False).print(table)
    if len(best) > _SHOWN:
        print(f"{len(best) - _SHOWN} more are in the folder")
    if len(best) > 1:
        print(
            f"The best of {len(best)} looks good by chance alone: "
            + (
                "there are too few days to say how likely."
                if chance is None
                else f"{chance:.0%} likely that it is not above the middle on other days."
            )
        )
    print(f"kept in {folder}")


def _choice(text: str) -> tuple[str, tuple[float | int | str, ...]]:
    name, equals, values = text.partition("=")
    if not equals or not name or not values:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no SETTING=VALUES, as stop_atr=4,6,8 or stop_atr=4:8:2"
        )
    found = [value for part in values.split(",") for value in _values(part.strip())]
    return name.strip(), tuple(dict.fromkeys(found))


def _values(text: str) -> list[float | int | str]:
    """One value, or those of a range, both ends included."""
    parts = text.split(":")
    try:
        numbers = [Decimal(part) for part in parts]
    except InvalidOperation:
        # A clock time (15:00) or a word.
        return [text]
    if len(parts) != 3:
        return [text] if len(parts) == 2 else [_number(numbers[0])]
    first, last, step = numbers
    count = int((last - first) / step) + 1 if step > 0 else 0
    if not 1 <= count <= _MOST_VALUES:
        raise argparse.ArgumentTypeError(f"{text!r} is no range FIRST:LAST:STEP that goes up")
    return [_number(first + place * step) for place in range(count)]


def _number(exact: Decimal) -> float | int:
    return int(exact) if exact == exact.to_integral_value() else float(exact)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 on")
    return int(text)


def _minutes(text: str) -> int:
    if not text.isdecimal() or int(text) > 60:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of minutes from 0 to 60")
    return int(text)


def _rupees(text: str) -> Decimal:
    amount = _decimal(text)
    if amount <= 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no amount above zero")
    return amount


def _percent(text: str) -> Decimal:
    amount = _decimal(text)
    if not 0 <= amount <= 5:
        raise argparse.ArgumentTypeError(f"{text!r} is no percentage from 0 to 5")
    return amount


def _decimal(text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no number") from error
    if not amount.is_finite():
        raise argparse.ArgumentTypeError(f"{text!r} is no number")
    return amount
