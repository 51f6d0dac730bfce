"""`patang report daily|monthly|tax`: what a deployed desk has traded in a day, a month, a financial year."""

import argparse
from collections.abc import Iterator, Sequence
from typing import Final

from patang.app import Desk
from patang.desk_view.money import rupees
from patang.errors import BadInput, PatangError
from patang.reports.desk_report import DeskReport
from patang.reports.desk_reports import month_of
from patang.reports.table import trades_csv
from patang.reports.taxes.rules import FinancialYear
from patang.reports.taxes.statement import Statement
from patang.reports.taxes.table import statement_csv
from patang_workbench.cli.days import as_day
from patang_workbench.cli.deployed import deployed_desk
from patang_workbench.cli.running import CommandError

__all__ = ["PERIODS", "print_report"]

PERIODS: Final = ("daily", "monthly", "tax")


def print_report(options: argparse.Namespace) -> int:
    """Prints the report that `run` and `period` name: sums, the table with --csv, all of it with --json."""
    desk = deployed_desk(options.stage)
    try:
        told = _told(desk, str(options.run), options.period, _accounts(desk, options.account))
    except (PatangError, argparse.ArgumentTypeError) as error:
        raise CommandError(str(error)) from error
    if options.json:
        print(told.model_dump_json())
    elif options.csv:
        # The table ends its lines itself, as RFC 4180 wants them ended.
        print(trades_csv(told) if isinstance(told, DeskReport) else statement_csv(told), end="")
    else:
        for line in _of_period(told) if isinstance(told, DeskReport) else _of_year(told):
            print(line)
    return 0


def _told(desk: Desk, kind: str, period: str, accounts: Sequence[str]) -> DeskReport | Statement:
    match kind:
        case "daily":
            return desk.desk_reports().daily(accounts, as_day(period))
        case "monthly":
            return desk.desk_reports().monthly(accounts, month_of(period))
        case _:
            return desk.tax_books().year(accounts, FinancialYear.parse(period))


def _accounts(desk: Desk, account: str | None) -> list[str]:
    known = [each.account for each in desk.accounts().list()]
    if account is None:
        return known
    if account not in known:
        raise BadInput(f"there is no account {account!r}; there are: {', '.join(known)}")
    return [account]


def _of_period(told: DeskReport) -> Iterator[str]:
    yield f"{told.first} to {told.last}, {told.mode}, {', '.join(told.accounts)}"
    for each in (told.total, *told.by_strategy):
        yield (
            f"{each.name}: {each.trades} trades, {each.wins} won, {rupees(each.net, signed=True)} after "
            f"{rupees(each.charges)} of charges; slippage {rupees(each.slippage)}"
        )
    yield f"charges of all that was traded: {rupees(told.charges_total)}"
    for one in told.expectation[:1]:
        yield (
            f"expected: {one.expected_wins:.1f} of {one.trades} won, "
            f"{rupees(one.expected_net, signed=True)}; realised: {one.wins}, {rupees(one.net, signed=True)}"
        )
    if told.calibration.brier is not None:
        yield f"p_win over {told.calibration.trades} trades: Brier's score {told.calibration.brier:.3f}"
    if told.days_without_note:
        yield f"not compared with the broker: {', '.join(map(str, told.days_without_note))}"


def _of_year(told: Statement) -> Iterator[str]:
    yield f"{told.year}, {told.mode}, {', '.join(told.accounts)}"
    for name, found in (
        ("futures and options", told.futures_and_options),
        ("intraday shares", told.intraday),
    ):
        yield (
            f"{name}: {found.trades} trades, turnover {rupees(found.turnover)}, "
            f"{rupees(found.net, signed=True)} after {rupees(found.charges_total)} of charges"
        )
    yield f"short-term gains: {rupees(told.short_term, signed=True)}"
    yield f"long-term gains: {rupees(told.long_term, signed=True)}; {rupees(told.exemption)} are free"
    for sentence in told.to_settle:
        yield f"to settle: {sentence}"
    yield told.disclaimer
