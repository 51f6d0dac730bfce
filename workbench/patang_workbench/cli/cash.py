"""`patang cash`: tell the desk of money paid into or out of an account, which is neither gain nor loss."""

import argparse
import json
from datetime import date
from decimal import Decimal, InvalidOperation

from patang.errors import BadInput
from patang_workbench.cli.deployed import add_stage_arguments, caller, deployed_desk
from patang_workbench.cli.running import CommandError

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("account", help="the account")
    parser.add_argument("amount", type=_rupees, help="rupees paid in; below zero: paid out (-- -5000)")
    parser.add_argument("--day", type=_day, help="the day it was paid, YYYY-MM-DD (else the market's today)")
    parser.epilog = (
        "What the broker tells of a day is booked by itself, and what you tell of the same day is taken for "
        "the same money: the larger of the two counts."
    )
    add_stage_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Book it and print the account's total of such money."""
    desk = deployed_desk(options.stage)
    known = [account.account for account in desk.accounts().list()]
    if options.account not in known:
        raise CommandError(f"there is no account {options.account!r}; there are: {', '.join(known)}")
    mode, as_of = desk.standing_settings().mode, desk.desk_view().moment()
    try:
        booked = desk.cash_movements().by_owner(
            options.account, options.amount, mode, caller(), as_of, options.day
        )
    except BadInput as error:
        raise CommandError(str(error)) from error
    if options.json:
        told = {"account": options.account, "mode": mode}
        print(json.dumps(told | {name: float(rupees) for name, rupees in booked._asdict().items()}))
        return 0
    print(f"{options.account}, {mode}: {booked.net_paid_in:.2f} rupees paid in, less what was paid out")
    if booked.moved != options.amount:
        print(f"The broker had told of it: {booked.moved:.2f} of the {options.amount:.2f} were news")
    return 0


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no day: give YYYY-MM-DD") from error


def _rupees(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no amount of rupees") from error
