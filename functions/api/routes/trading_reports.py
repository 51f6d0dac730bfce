"""Reports of a day, a month and a financial year, as documents and as tables; notes on trades."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from functions.api.gate import Reader, TheDesk, Trader, own_account, own_accounts
from functions.api.questions import Day, OneAccount
from patang.app import Desk
from patang.identity.principal import Principal
from patang.reports.desk_report import DeskReport, NoteLine
from patang.reports.desk_reports import month_of
from patang.reports.notes import TradeNote
from patang.reports.table import trades_csv
from patang.reports.taxes.comparison import BrokerComparison
from patang.reports.taxes.mailed_notes import NoteComparison
from patang.reports.taxes.rules import FinancialYear
from patang.reports.taxes.statement import Statement
from patang.reports.taxes.table import statement_csv
from patang.settings import Mode

__all__ = ["OneMode", "Table", "router"]

router = APIRouter(prefix="/api")

Month = Annotated[str, Path(max_length=7, examples=["2026-08"], description="a month, as 2026-08")]
Year = Annotated[
    str, Path(max_length=7, examples=["2026-27"], description="April to March, as 2026-27; 2018-19 and later")
]
OneMode = Annotated[Mode | None, Query(description="the mode in force without")]
PositionId = Annotated[str, Path(max_length=80)]


class Table(Response):
    """A table for a spreadsheet."""

    media_type = "text/csv; charset=utf-8"


class NoteRequest(BaseModel):
    """What is to be remembered of a trade."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"text": "sold into the news"}]}
    )

    text: Annotated[str, Field(min_length=1, max_length=1000)]


class NoteView(BaseModel):
    """A note as it is kept; nobody changes it."""

    account: str
    position_id: str
    note_id: str
    text: str
    actor: str
    as_of: datetime
    written_at: datetime


@router.get("/reports/daily/{day}")
def daily(
    day: Day, principal: Reader, desk: TheDesk, account: OneAccount = None, mode: OneMode = None
) -> DeskReport:
    """A day's trades, charges, slippage, and expected against realised profit."""
    return desk.desk_reports().daily(own_accounts(principal, account), day, mode)


@router.get("/reports/daily/{day}/trades.csv", response_class=Table)
def daily_table(
    day: Day, principal: Reader, desk: TheDesk, account: OneAccount = None, mode: OneMode = None
) -> Table:
    """The day's trades as a table, a line each."""
    told = desk.desk_reports().daily(own_accounts(principal, account), day, mode)
    return _file(trades_csv(told), f"trades-{day}.csv")


@router.get("/reports/monthly/{month}")
def monthly(
    month: Month, principal: Reader, desk: TheDesk, account: OneAccount = None, mode: OneMode = None
) -> DeskReport:
    """A month's trades, charges, slippage, and expected against realised profit."""
    return desk.desk_reports().monthly(own_accounts(principal, account), month_of(month), mode)


@router.get("/reports/monthly/{month}/trades.csv", response_class=Table)
def monthly_table(
    month: Month, principal: Reader, desk: TheDesk, account: OneAccount = None, mode: OneMode = None
) -> Table:
    """The month's trades as a table, a line each."""
    first = month_of(month)
    told = desk.desk_reports().monthly(own_accounts(principal, account), first, mode)
    return _file(trades_csv(told), f"trades-{first:%Y-%m}.csv")


@router.get("/reports/tax/{year}")
def tax(
    year: Year, principal: Reader, desk: TheDesk, account: OneAccount = None, mode: OneMode = None
) -> Statement:
    """A financial year as the return asks for it: business, speculation, gains; no tax is worked out."""
    asked = FinancialYear.parse(year)
    return desk.tax_books().year(own_accounts(principal, account), asked, mode)


@router.get("/reports/tax/{year}/rows.csv", response_class=Table)
def tax_table(
    year: Year, principal: Reader, desk: TheDesk, account: OneAccount = None, mode: OneMode = None
) -> Table:
    """The year's trades as a table, a line each under its head of income."""
    asked = FinancialYear.parse(year)
    told = desk.tax_books().year(own_accounts(principal, account), asked, mode)
    return _file(statement_csv(told), f"tax-{asked}.csv")


@router.get("/reports/tax/{year}/broker")
def against_broker(
    year: Year,
    principal: Reader,
    desk: TheDesk,
    account: Annotated[str, Query(max_length=40)],
    mode: OneMode = None,
) -> BrokerComparison:
    """An account's year against the broker's trade book and contract notes, difference by difference."""
    asked = FinancialYear.parse(year)
    return desk.tax_books().against_broker(own_account(principal, account), asked, mode)


@router.get("/reports/tax/{year}/notes")
def against_mailed(
    year: Year,
    principal: Reader,
    desk: TheDesk,
    account: Annotated[str, Query(max_length=40)],
    mode: OneMode = None,
) -> NoteComparison:
    """An account's year against the contract notes that the broker has mailed, as far as they were told."""
    asked = FinancialYear.parse(year)
    return desk.tax_books().against_mailed(own_account(principal, account), asked, mode)


@router.get("/positions/{position_id}/notes")
def notes(
    position_id: PositionId, principal: Reader, desk: TheDesk, account: OneAccount = None
) -> tuple[NoteLine, ...]:
    """What was written on a trade, the first words first."""
    found = desk.trade_notes().of(_account_of(position_id, principal, desk, account), position_id)
    return tuple(NoteLine(text=n.text, actor=n.actor, written_at=n.written_at) for n in found)


@router.post("/positions/{position_id}/notes")
def write_note(
    position_id: PositionId,
    note: NoteRequest,
    principal: Trader,
    desk: TheDesk,
    account: OneAccount = None,
) -> NoteView:
    """Write a note on a trade: kept for good, and in the audit log."""
    own, moment = _account_of(position_id, principal, desk, account), desk.desk_view().moment()
    kept: TradeNote = desk.trade_notes().write(own, position_id, note.text, principal.actor, moment)
    return NoteView.model_validate(kept.model_dump(include=set(NoteView.model_fields)))


def _account_of(position_id: str, principal: Principal, desk: Desk, account: str | None) -> str:
    found = desk.trade_lists().position(own_accounts(principal, account), position_id)
    if found is None:
        raise HTTPException(404, "you have no such position")
    return found.account


def _file(text: str, name: str) -> Table:
    return Table(text, headers={"Content-Disposition": f'attachment; filename="{name}"'})
