"""Reports of days, months and financial years, and what an owner tells for his taxes."""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import accumulate
from typing import Annotated, Final, NamedTuple

from fastapi import APIRouter, Path, Query, Request
from pydantic import BeforeValidator
from starlette.responses import RedirectResponse, Response

from functions.api.console.addresses import address, next_address
from functions.api.console.chosen import ChosenAccount, ChosenDay
from functions.api.console.frame import console_page
from functions.api.console.tax_forms import FORMS, TABLE_NAMES
from functions.api.gate import Reader, TheDesk, own_account, own_accounts
from functions.api.questions import Day
from patang.errors import BadInput, StopTrading
from patang.identity.principal import Principal
from patang.market.session_override import SessionOverride
from patang.market.sessions import is_open
from patang.reports.desk_report import DeskReport
from patang.reports.desk_reports import month_of
from patang.reports.taxes.rules import FIRST_YEAR, FinancialYear
from patang.reports.taxes.telling import LONGEST_TABLE
from patang.settings import Mode

__all__ = ["router"]

router = APIRouter(prefix="/reports")

_DAYS_SHOWN: Final = 31
_YEARS_SHOWN: Final = 4
# On a phone each is a card: more of them are a long way to the end of the page.
_ROWS_SHOWN: Final = 25
_TRADES_SHOWN: Final = 20
_LONGEST_BREAK: Final = 14
_ChosenMode = Annotated[Mode | None, BeforeValidator(lambda given: given or None), Query()]
_From = Annotated[int, Query(alias="from", ge=0, le=1_000_000)]
_Month = Annotated[str, Path(max_length=7)]
_Year = Annotated[str, Path(max_length=7)]


class _Reached(NamedTuple):
    """Of all trades up to one, rupees after charges: what they made, and what their proposals expected."""

    realised: float
    expected: float


@router.get("")
def overview(
    request: Request,
    principal: Reader,
    desk: TheDesk,
    account: ChosenAccount = None,
    mode: _ChosenMode = None,
    day: ChosenDay = None,
) -> Response:
    """Days, months and financial years that have a report."""
    chosen = _chosen(account, mode)
    if day is not None:
        return RedirectResponse(f"/reports/daily/{day}{chosen}", 303)
    today = desk.desk_view().market_now().date()
    found = desk.desk_reports().calendar(own_accounts(principal, account), today, mode)
    newest = FinancialYear.of(today).start
    starts = range(newest, max(newest - _YEARS_SHOWN, FIRST_YEAR - 1), -1)
    return console_page(
        request,
        principal,
        "reports.html",
        found=found,
        days=found.days[:_DAYS_SHOWN],
        years=[FinancialYear(start) for start in starts],
        today=today,
        account=account,
        asked_mode=mode,
        chosen=chosen,
        told=desk.standing_settings().notifications,
    )


@router.get("/daily/{day}")
def daily(
    request: Request,
    principal: Reader,
    desk: TheDesk,
    day: Day,
    account: ChosenAccount = None,
    mode: _ChosenMode = None,
    start: _From = 0,
) -> Response:
    """A day's trades, charges, slippage, and expected against realised profit."""
    told = desk.desk_reports().daily(own_accounts(principal, account), day, mode)
    today = desk.desk_view().market_now().date()
    sessions = desk.standing_settings().sessions
    before, after = (_session_beside(day, step, sessions) for step in (-1, 1))
    return _period(
        request,
        principal,
        told,
        account,
        mode,
        start,
        place=f"daily/{day}",
        before=f"daily/{before}",
        after=f"daily/{after}" if after <= today else None,
        running=day == today,
    )


@router.get("/monthly/{month}")
def monthly(
    request: Request,
    principal: Reader,
    desk: TheDesk,
    month: _Month,
    account: ChosenAccount = None,
    mode: _ChosenMode = None,
    start: _From = 0,
) -> Response:
    """A month's."""
    first = month_of(month)
    told = desk.desk_reports().monthly(own_accounts(principal, account), first, mode)
    today = desk.desk_view().market_now().date()
    return _period(
        request,
        principal,
        told,
        account,
        mode,
        start,
        place=f"monthly/{first:%Y-%m}",
        before=f"monthly/{first - timedelta(days=1):%Y-%m}",
        after=f"monthly/{told.last + timedelta(days=1):%Y-%m}" if told.last < today else None,
        running=told.first <= today <= told.last,
    )


@router.get("/tax/{year}")
def tax(
    request: Request,
    principal: Reader,
    desk: TheDesk,
    year: _Year,
    account: ChosenAccount = None,
    mode: _ChosenMode = None,
    start: _From = 0,
) -> Response:
    """A financial year as the return asks for it, and the tables that its owner has told.

    A table may be the reason that there is no year: then it is what can still be told again.
    """
    asked, accounts = FinancialYear.parse(year), own_accounts(principal, account)
    tables = {
        "year": asked,
        "account": account,
        "chosen": _chosen(account, mode),
        "names": TABLE_NAMES,
        "forms": FORMS,
        "tables": desk.tax_tables().kept(accounts),
        "tells_actions": desk.settings_page().may_change(principal),
        "longest": LONGEST_TABLE,
    }
    try:
        told = desk.tax_books().year(accounts, asked, mode)
    except (StopTrading, BadInput) as error:
        return console_page(request, principal, "report_tax_stuck.html", problem=str(error), **tables)
    trades = len(told.business_rows) + len(told.gain_rows)
    business = told.business_rows[start : start + _ROWS_SHOWN]
    left = _ROWS_SHOWN - len(business)
    skipped = max(start - len(told.business_rows), 0)
    further = start + _ROWS_SHOWN
    return console_page(
        request,
        principal,
        "report_tax.html",
        told=told,
        trades=trades,
        start=start,
        business_rows=business,
        gain_rows=told.gain_rows[skipped : skipped + left] if left else (),
        later=next_address(
            f"/reports/tax/{asked}",
            {"account": account, "mode": mode},
            further if further < trades else None,
            "from",
        ),
        asked_mode=mode,
        **tables,
    )


@router.get("/tax/{year}/broker")
def against_broker(
    request: Request,
    principal: Reader,
    desk: TheDesk,
    year: _Year,
    account: Annotated[str, Query(max_length=40)],
    mode: _ChosenMode = None,
) -> Response:
    """An account's year against the broker's trade book, its virtual notes and the notes that it mailed."""
    asked, books = FinancialYear.parse(year), desk.tax_books()
    own = own_account(principal, account)
    return console_page(
        request,
        principal,
        "report_broker.html",
        year=asked,
        found=books.against_broker(own, asked, mode),
        mailed=books.against_mailed(own, asked, mode),
        chosen=_chosen(account, mode),
    )


def _period(
    request: Request,
    principal: Principal,
    told: DeskReport,
    account: str | None,
    mode: Mode | None,
    start: int,
    *,
    place: str,
    before: str,
    after: str | None,
    running: bool,
) -> Response:
    proposed = [trade for trade in told.trades if trade.expected_net is not None]
    realised = accumulate(float(trade.net) for trade in proposed)
    expected = accumulate(float(trade.expected_net or 0) for trade in proposed)
    chosen = _chosen(account, mode)
    further = start + _TRADES_SHOWN
    return console_page(
        request,
        principal,
        "report_period.html",
        told=told,
        trades=told.trades[start : start + _TRADES_SHOWN],
        later=next_address(
            f"/reports/{place}",
            {"account": account, "mode": mode},
            further if further < len(told.trades) else None,
            "from",
        ),
        place=place,
        before=f"/reports/{before}{chosen}",
        after=f"/reports/{after}{chosen}" if after else None,
        running=running,
        reached=[_Reached(*both) for both in zip(realised, expected, strict=True)],
        account=account,
        asked_mode=mode,
        chosen=chosen,
    )


def _session_beside(day: date, step: int, overrides: Sequence[SessionOverride]) -> date:
    """The next day with trading on this side; the next day where there is none for two weeks."""
    days = (day + timedelta(days=step * ahead) for ahead in range(1, _LONGEST_BREAK + 1))
    return next((each for each in days if is_open(each, overrides)), day + timedelta(days=step))


def _chosen(account: str | None, mode: str | None) -> str:
    return address("", {"account": account, "mode": mode})
