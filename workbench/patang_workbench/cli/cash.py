"""`patang cash`: tell the desk of money paid into or out of an account, which is neither gain nor loss."""

import argparse
import json
from decimal import Decimal, InvalidOperation

from patang.errors import BadInput
from patang_workbench.cli.deployed import add_stage_arguments, caller, deployed_desk
from patang_workbench.cli.running import CommandError

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("account", help="the account")
    parser.add_argument("amount", type=_rupees, help="rupees paid in; below zero: paid out (-- -5000)")
    parser.epilog = "What the broker tells of the running day is booked by itself: give the rest."
    add_stage_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Book it and print the account's total of such money."""
    desk = deployed_desk(options.stage)
    known = [account.account for account in desk.accounts().list()]
    if options.account not in known:
        raise CommandError(f"there is no account {options.account!r}; there are: {', '.join(known)}")
    mode, as_of = desk.standing_settings().mode, desk.desk_view().market_now()
    try:
        total = desk.cash_movements().by_owner(options.account, options.amount, mode, caller(), as_of)
    except BadInput as error:
        raise CommandError(str(error)) from error
    if options.json:
        print(json.dumps({"account": options.account, "mode": mode, "net_paid_in": float(total)}))
    else:
        print(f"{options.account}: {total:.2f} rupees paid in, less what was paid out")
    return 0


def _rupees(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no amount of rupees") from error
