"""`patang report`: draw the page of a run that was kept, show it, put it into a store; what a desk traded."""

import argparse
import json
import webbrowser
from pathlib import Path
from typing import Any

from patang.backtest.trade import BacktestResult
from patang.errors import PatangError
from patang.training.run import TrainingRun
from patang_workbench.cli.deployed import add_stage_arguments
from patang_workbench.cli.desk_report import PERIODS, print_report
from patang_workbench.cli.running import CommandError
from patang_workbench.history.store import store_at
from patang_workbench.research.run_files import read_run, store_run, write_report

__all__ = ["add_arguments", "run"]

_NOTES = """RUN is the folder that backtest, train or walk-forward printed, with its run.json. The page is one
file that needs no other and asks for none: send it as it is. With --store the run goes under reports/ there.
With a PERIOD it is the report of a deployed desk: `daily 2026-08-18`, `monthly 2026-08`, `tax 2026-27`.
Exit code: 0 drawn or told, 1 there is no run or desk, or the store cannot be written, 2 not understood."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the run, and what happens to its page."""
    parser.epilog = _NOTES
    parser.add_argument("run", type=Path, metavar="RUN", help="folder of the run; or daily, monthly, tax")
    parser.add_argument("period", nargs="?", metavar="PERIOD", help="a day, a month, a financial year")
    parser.add_argument("--open", action="store_true", help="show the page in this machine's browser")
    # Without the default that other commands have: nothing leaves for a store that was not asked for.
    parser.add_argument("--store", metavar="DIR", help="put the run there too: a folder, or s3://BUCKET")
    parser.add_argument("--account", help="of a period: one account (all of the desk's)")
    parser.add_argument("--csv", action="store_true", help="of a period: every trade of it as a table")
    add_stage_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Draw the report again and say where it is; or tell a desk's report of a period."""
    if options.period is not None:
        if str(options.run) not in PERIODS:
            raise CommandError(f"{options.run} is none of {', '.join(PERIODS)}: a run has no period")
        return print_report(options)
    try:
        kept = read_run(options.run)
        page = write_report(options.run, kept)
        stored = store_run(options.run, store_at(options.store).objects) if options.store else None
    except PatangError as error:
        raise CommandError(str(error)) from error
    if options.open and not webbrowser.open(page.resolve().as_uri()):
        raise CommandError(f"no browser could be started: open {page} yourself")
    if options.json:
        place = {"report": str(page)} | ({"stored": f"{options.store}/{stored}"} if stored else {})
        print(json.dumps({**_told(kept), **place}))
    else:
        print(page)
        if stored:
            print(f"{options.store}/{stored}")
    return 0


def _told(kept: BacktestResult | TrainingRun) -> dict[str, Any]:
    """What a run is and the one thing to know of it."""
    if isinstance(kept, BacktestResult):
        net = float(sum(trade.net_pnl for trade in kept.trades))
        return {
            "kind": "backtest",
            "first": kept.first.isoformat(),
            "last": kept.last.isoformat(),
            "trades": len(kept.trades),
            "net_pnl": round(net, 2),
            "modelled_share": kept.modelled_share,
        }
    return {
        "kind": "training",
        "strategy": kept.evidence.strategy,
        "model_version": kept.evidence.model_version,
        "promoted": kept.verdict.promoted,
        "failed_gates": [gate.name for gate in kept.verdict.failed],
    }
