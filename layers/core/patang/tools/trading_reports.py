"""A day, a month and a financial year in sums; every trade of them is told by HTTP."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from patang.reports.amounts import Rupees
from patang.reports.desk_report import Calibration, Expectation, SlippageLine, TradeSum
from patang.reports.taxes.statement import BusinessSum, GainSum
from patang.tools.caller import Caller
from patang.tools.tool import AccountInput, AnyTool, Tool, ToolReply

__all__ = ["TOOLS"]


class PeriodInput(AccountInput):
    """Which period: a day, or with `whole_month` the month in which it lies."""

    day: date
    whole_month: bool = False


class YearInput(AccountInput):
    """Which financial year."""

    year: Annotated[str, Field(max_length=7, description="April to March, as 2026-27")]


class TradingReport(ToolReply):
    """Sums of a period in the mode in force; `charges` by component of what was traded in it."""

    kind: Literal["daily", "monthly"]
    first: date
    last: date
    mode: str
    total: TradeSum
    by_strategy: tuple[TradeSum, ...]
    charges: dict[str, Rupees]
    slippage: tuple[SlippageLine, ...]
    expectation: tuple[Expectation, ...]
    calibration: Calibration


class TaxYear(ToolReply):
    """Sums of a financial year; `to_settle`: what a person has to look at before they can be used."""

    year: str
    mode: str
    futures_and_options: BusinessSum
    intraday: BusinessSum
    gains: tuple[GainSum, ...]
    short_term: Rupees
    long_term: Rupees
    exemption: Rupees
    carried: int
    unsettled: int
    to_settle: tuple[str, ...]
    disclaimer: str


def _report(caller: Caller, args: PeriodInput) -> TradingReport:
    reports, accounts = caller.services.desk_reports(), caller.accounts(args.account_id)
    made = reports.monthly if args.whole_month else reports.daily
    told = made(accounts, args.day)
    shared = {name: getattr(told, name) for name in TradingReport.model_fields if name != "charges"}
    charges = {line.component: line.on_our_notes for line in told.charges}
    return TradingReport(**shared, charges=charges)


def _year(caller: Caller, args: YearInput) -> TaxYear:
    from patang.reports.taxes.rules import FinancialYear

    year = FinancialYear.parse(args.year)
    told = caller.services.tax_books().year(caller.accounts(args.account_id), year)
    counted = {"carried": len(told.carried), "unsettled": len(told.unsettled)}
    shared = {name: getattr(told, name) for name in TaxYear.model_fields if name not in counted}
    return TaxYear(**shared, **counted)


TOOLS: tuple[AnyTool, ...] = (
    Tool(
        name="trading_report",
        title="Report of a day or month",
        description="What was traded in a day or its month: sums after charges, slippage, wins and profit "
        "promised against what came, calibration of p_win. Rupees. Few trades prove nothing: say so.",
        input=PeriodInput,
        output=TradingReport,
        effect="looks",
        scope="read",
        run=_report,
        example={"day": "2026-08-18"},
    ),
    Tool(
        name="tax_year",
        title="A financial year for taxes",
        description="F&O business with turnover, intraday speculation, short- and long-term gains of April "
        "to March, in rupees. No tax is worked out: it is no advice, and to_settle comes first.",
        input=YearInput,
        output=TaxYear,
        effect="looks",
        scope="read",
        run=_year,
        example={"year": "2026-27"},
    ),
)
