"""Reports of backtests and trainings, read by parts."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from patang.backtest.figures import Metrics
from patang.backtest.summary import BacktestFigures, ReportSummary, RunState, TrainingFigures
from patang.desk_view.research_views import ReportLine
from patang.desk_view.views import Moment, Rupees
from patang.errors import BadInput
from patang.tools.caller import Caller
from patang.tools.lists import CompactInput, ListReply, PageInput, Table, table_of
from patang.tools.tool import AnyTool, Tool, ToolReply

if TYPE_CHECKING:
    # A surface that lists its tools must not load what the tools work with.
    from patang.backtest.trade import Trade

__all__ = ["TOOLS"]

_FOREMOST = 10
_OF_TRADES = (
    "strategy",
    "symbol",
    "quantity",
    "entered_at",
    "exited_at",
    "exit_reason",
    "charges",
    "net_pnl",
)
_OF_REPORTS = ("report", "state", "first", "last", "net_return_pct", "trades")


class BacktestInput(CompactInput):
    """Which report, and which part of its trades."""

    report: Annotated[
        str, Field(min_length=1, max_length=120, description="as run_backtest or list_reports has it")
    ]
    start: Annotated[int, Field(alias="from", ge=0, description="trades to pass over")] = 0
    limit: Annotated[int, Field(ge=0, le=200, description="so many trades at most; 0 for the figures")] = 0
    full: Annotated[bool, Field(description="all symbols, gates and days left out, not the ten foremost")] = (
        False
    )


class TradeTold(ToolReply):
    """A trade of a backtest. Prices are rupees a unit, amounts rupees of the whole; `slippage` is within
    what was paid; exit_reason END: the history ended before the position did."""

    strategy: str
    symbol: str
    product: str
    quantity: int
    entered_at: Moment
    exited_at: Moment
    entry_price: Rupees
    exit_price: Rupees
    exit_reason: str
    gross_pnl: Rupees
    charges: Rupees
    slippage: Rupees
    net_pnl: Rupees
    prices: Literal["recorded", "modelled"]


class BacktestReport(ToolReply):
    """A run: its figures once it is DONE, and the part of its trades that was asked for, by their exits.
    `backtest` and `metrics` are of a backtest, to the second place; `training` of a training.

    `report_url`: its page, for a person who is signed in. `changed`: settings that differed from the desk's.
    Where it was asked for `compact`, the trades are in `table`.
    """

    report: str
    state: RunState
    told: str | None = None
    asked_by: str | None = None
    asked_at: Moment | None = None
    changed: Mapping[str, Any] = {}
    kind: Literal["backtest", "training"] | None = None
    source: str | None = None
    first: date | None = None
    last: date | None = None
    backtest: BacktestFigures | None = None
    metrics: Metrics | None = None
    training: TrainingFigures | None = None
    report_url: str | None = None
    trades: tuple[TradeTold, ...] = ()
    trades_total: int = 0
    table: Table | None = None


class Reports(ListReply):
    """Those asked for in ninety days, newest first, then those that were put there."""

    reports: tuple[ReportLine, ...]


def _backtest(caller: Caller, args: BacktestInput) -> BacktestReport:
    from patang.backtest.reported import has_page, summary_of_report, trades_of_report

    services = caller.services
    figures = summary_of_report(services.objects, args.report)
    asked = services.backtests().find(args.report)
    drawn = has_page(services.objects, args.report)
    if not drawn and asked is None:
        raise BadInput(f"there is no report {args.report!r}: list_reports names those that are there")
    found = None if asked is None else services.backtests().state(asked)
    trades = trades_of_report(services.objects, args.report) if figures and args.limit else ()
    shown = tuple(map(_told, trades[args.start : args.start + args.limit]))
    address = services.public_url()
    return BacktestReport(
        report=args.report,
        state="DONE" if found is None else found.state,
        told=None if found is None else found.told,
        asked_by=None if asked is None else asked.asked_by,
        asked_at=None if asked is None else asked.asked_at,
        changed={} if asked is None else dict(asked.changed),
        **_figures(figures, full=args.full),
        report_url=f"{address}/reports/{args.report}" if drawn and address else None,
        trades=() if args.compact else shown,
        trades_total=figures.metrics.all.trades if figures and figures.metrics else 0,
        table=table_of(shown, _OF_TRADES) if args.compact and args.limit else None,
    )


def _figures(summary: ReportSummary | None, *, full: bool) -> dict[str, Any]:
    """The figures of a report as fields of the reply; not `full`: what matters most of what may be long."""
    if summary is None:
        return {}
    told: dict[str, Any] = _rounded(summary.model_dump(exclude={"version", "currency"}))
    if summary.backtest is not None and not full:
        backtest, metrics = told["backtest"], told["metrics"]
        backtest["refusals"] = dict(sorted(backtest["refusals"].items(), key=_size)[:_FOREMOST])
        backtest["skipped"] = dict(sorted(backtest["skipped"].items())[:_FOREMOST])
        symbols = sorted(metrics["by_symbol"].items(), key=lambda entry: -abs(entry[1]["net_pnl"]))
        metrics["by_symbol"] = dict(symbols[:_FOREMOST])
    return told


def _size(entry: tuple[str, int]) -> int:
    return -entry[1]


def _rounded(value: Any) -> Any:
    """To the second place, which is the paisa: the files have the rest."""
    if isinstance(value, dict):
        return {key: _rounded(part) for key, part in value.items()}
    return round(value, 2) if isinstance(value, float) else value


def _told(trade: "Trade") -> TradeTold:
    known = {name: getattr(trade, name) for name in TradeTold.model_fields}
    rounded = {
        name: round(value, 2) if isinstance(value, Decimal) else value for name, value in known.items()
    }
    return TradeTold(**rounded)


def _reports(caller: Caller, args: PageInput) -> Reports:
    found = caller.services.research().reports(args.start, args.limit)
    told = {"table": table_of(found.reports, _OF_REPORTS)} if args.compact else {"reports": found.reports}
    return Reports.model_validate({"reports": (), **told, "total": found.total})


TOOLS: tuple[AnyTool, ...] = (
    Tool(
        name="get_backtest",
        title="A backtest and its report",
        description="How a run stands and, once it is DONE, its figures in rupees and percent: return, "
        "drawdown, hit rate, charges, by strategy, symbol, reason of leaving and month, what the gates "
        "refused; with `limit` its trades. Where foreknown_sessions is not 0 the models had learned from "
        "those days: say so, it is no test then.",
        input=BacktestInput,
        output=BacktestReport,
        effect="looks",
        scope="read",
        run=_backtest,
        example={"report": "backtest-0123456789abcdef", "limit": 20},
    ),
    Tool(
        name="list_reports",
        title="Reports",
        description="Backtests and trainings whose reports the desk keeps, newest first, each in a line.",
        input=PageInput,
        output=Reports,
        effect="looks",
        scope="read",
        run=_reports,
        example={"limit": 5},
    ),
)
