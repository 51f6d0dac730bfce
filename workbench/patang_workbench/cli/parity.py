"""`patang parity`: a day of a deployed desk, live or paper, replayed through the backtest."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from patang.errors import PatangError
from patang_workbench.cli.days import as_day
from patang_workbench.cli.deployed import add_stage_arguments, deployed_desk
from patang_workbench.cli.past import MODELS
from patang_workbench.cli.running import CommandError

if TYPE_CHECKING:
    from patang.backtest.parity.told import DayParity, TradeParity

__all__ = ["add_arguments", "run"]

_NOTES = """Every cycle is decided again on the minutes that the desk recorded, then the account is taken
through the day by the backtest. A difference with a cause (OWNER, FILL, HELD_OVERNIGHT, SETTINGS) is
explained; the outcome is noted for graduation. Use the models that were deployed on that day. Exit code:
0 no unexplained difference, 1 there are some, or the day was not recorded, 2 not understood."""
_SHOWN = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the day, and which desk."""
    parser.epilog = _NOTES
    parser.add_argument("--day", type=as_day, required=True, metavar="DAY", help="the day, YYYY-MM-DD")
    parser.add_argument("--account", help="one account (all of the desk's; then nothing is noted)")
    parser.add_argument(
        "--models", type=Path, default=MODELS, metavar="DIR", help="those of that day (the shipped)"
    )
    add_stage_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Replay the day and print what differs; 1 if anything does for no known reason."""
    # The live code brings XGBoost, which takes seconds to import: not for every command's --help.
    from patang_workbench.research.parity import keep_parity, parity_of

    desk = deployed_desk(options.stage)
    known = [account.account for account in desk.accounts().list()]
    if options.account is not None and options.account not in known:
        raise CommandError(f"there is no account {options.account!r}; there are: {', '.join(known)}")
    accounts = known if options.account is None else [options.account]
    try:
        mode = desk.standing_settings().mode
        found = [
            parity_of(desk.store, desk.objects, account, options.day, mode, options.models)
            for account in accounts
        ]
        if options.account is None:
            keep_parity(desk.store, desk.objects, options.day, found)
    except PatangError as error:
        raise CommandError(str(error)) from error
    if options.json:
        print(json.dumps([_flat(one) for one in found]))
    else:
        for one in found:
            _print(one)
    return 1 if any(one.unexplained for one in found) else 0


def _flat(found: "DayParity") -> dict[str, object]:
    return {
        **found.model_dump(mode="json"),
        "compared": found.compared,
        "unexplained": found.unexplained,
    }


def _print(found: "DayParity") -> None:
    print(
        f"{found.account}, {found.day}: {found.cycles} cycles decided again, {found.compared} trades, "
        f"{found.unexplained} unexplained"
    )
    if found.not_replayed:
        print(f"not decided again: {found.not_replayed} cycles without a whole minute on record")
    if found.carried:
        print(f"held from earlier days, not replayed: {', '.join(found.carried)}")
    for difference in found.signals[:_SHOWN]:
        field = f" {difference.field}" if difference.field else ""
        print(
            f"{difference.as_of:%H:%M} {difference.what}{field}: {difference.recorded or 'not there'}, "
            f"replayed {difference.replayed or 'not there'}"
        )
    for trade in found.trades:
        print(f"{trade.order_id} {trade.symbol}: {trade.outcome}{_told(trade)}")


def _told(trade: "TradeParity") -> str:
    if not trade.differences:
        return ", the same"
    return f", {trade.cause}: {'; '.join(trade.differences)}"
