"""Backtests, asked for and read: what a desk with these settings would have done on kept candles."""

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from patang.backtest.summary import ReportSummary
from patang.desk_view.views import Moment, Rupees
from patang.errors import BadInput
from patang.tools.caller import Caller
from patang.tools.tool import AnyTool, Tool, ToolInput, ToolReply

if TYPE_CHECKING:
    # A surface that lists its tools must not load what the tools work with.
    from patang.backtest.asking import AskedBacktest
    from patang.backtest.trade import Trade

__all__ = ["TOOLS"]

ReportName = Annotated[
    str, Field(min_length=1, max_length=120, description="as run_backtest or list_reports has it")
]
Start = Annotated[int, Field(alias="from", ge=0, description="so many entries are passed over")]
_FOREMOST = 10

type State = Literal["RUNNING", "DONE", "REFUSED", "FAILED"]


class RunInput(ToolInput):
    """What to run, and with which assumptions. Days are of the market, both included."""

    from_date: Annotated[date, Field(description="YYYY-MM-DD")]
    to_date: Annotated[date, Field(description="YYYY-MM-DD")]
    symbols: Annotated[
        tuple[Annotated[str, Field(pattern=r"^[A-Z0-9&_: -]{1,40}$")], ...],
        Field(max_length=100, description="indices and NSE shares, as NIFTY, INFY; the settings' without"),
    ] = ()
    settings: Annotated[
        Mapping[str, Any],
        Field(max_length=50, description="what differs from the desk's, by path as get_settings has it"),
    ] = {}
    entries: Annotated[
        Literal["limit", "market"],
        Field(description="the desk's limit orders, or protected market orders to compare with"),
    ] = "limit"
    latency_bars: Annotated[int, Field(ge=0, le=60, description="minutes from decision to order")] = 1
    volume_share_pct: Annotated[
        float, Field(gt=0, le=100, description="of a minute's volume, at most, for one order")
    ] = 10


class BacktestInput(ToolInput):
    """Which report, and which part of its trades."""

    report: ReportName
    start: Start = 0
    limit: Annotated[int, Field(ge=0, le=200, description="so many trades at most; 0 for the figures")] = 0
    full: Annotated[bool, Field(description="all symbols, gates and days left out, not the ten foremost")] = (
        False
    )


class ReportsInput(ToolInput):
    """Which part of the list."""

    start: Start = 0
    limit: Annotated[int, Field(ge=1, le=100, description="at most so many entries")] = 20


class BacktestRun(ToolReply):
    """A run that was asked for. RUNNING: read it with get_backtest in half a minute; DONE: so too;
    REFUSED: it cannot be made, `told` says why; FAILED: it broke off, the same call starts it anew."""

    report: str
    state: State
    first: date
    last: date
    told: str | None = None


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
    """A run: `figures` once it is DONE, and the part of its trades that was asked for, by their exits.

    `report_url`: its page, for a person who is signed in. `changed`: settings that differed from the desk's.
    """

    report: str
    state: State
    told: str | None = None
    asked_by: str | None = None
    asked_at: Moment | None = None
    changed: Mapping[str, Any] = {}
    figures: ReportSummary | None = None
    report_url: str | None = None
    trades: tuple[TradeTold, ...] = ()
    trades_total: int = 0


class ReportLine(ToolReply):
    """A report in a line; `net_return_pct` and `trades` of a backtest, `promoted` of a training."""

    report: str
    state: State
    kind: Literal["backtest", "training"] | None = None
    first: date | None = None
    last: date | None = None
    asked_at: Moment | None = None
    net_return_pct: float | None = None
    trades: int | None = None
    promoted: bool | None = None


class Reports(ToolReply):
    """Those asked for in ninety days, newest first, then those that were put there; `total`: all of both."""

    reports: tuple[ReportLine, ...]
    total: int


def _run(caller: Caller, args: RunInput) -> BacktestRun:
    from patang.backtest.asked import BacktestWish
    from patang.market.named_hours import symbol_of
    from patang.settings.edits import edited

    services = caller.services
    stored = services.settings_changes().stored()
    # As they are meant, limits that wait for the next session included.
    meant = services.standing_settings() if stored is None else stored.wanted()
    wish = BacktestWish(
        first=args.from_date,
        last=args.to_date,
        symbols=tuple(dict.fromkeys(map(symbol_of, args.symbols))),
        settings=edited(meant, args.settings),
        entries=args.entries,
        latency_bars=args.latency_bars,
        volume_share=args.volume_share_pct / 100,
    )
    moment = services.desk_view().moment()
    found = services.backtests().ask(wish, args.settings, caller.principal.actor, moment)
    return BacktestRun(
        report=found.asked.report,
        state=found.state,
        first=found.asked.first,
        last=found.asked.last,
        told=found.told,
    )


def _backtest(caller: Caller, args: BacktestInput) -> BacktestReport:
    from patang.backtest.reported import summary_of_report, trades_of_report

    services = caller.services
    figures = summary_of_report(services.objects, args.report)
    asked = services.backtests().find(args.report)
    if figures is None and asked is None:
        raise BadInput(f"there is no report {args.report!r}: list_reports names those that are there")
    found = None if asked is None else services.backtests().state(asked)
    trades = trades_of_report(services.objects, args.report) if figures and args.limit else ()
    address = services.public_url()
    return BacktestReport(
        report=args.report,
        state="DONE" if found is None else found.state,
        told=None if found is None else found.told,
        asked_by=None if asked is None else asked.asked_by,
        asked_at=None if asked is None else asked.asked_at,
        changed={} if asked is None else dict(asked.changed),
        figures=figures if args.full or figures is None else _shortened(figures),
        report_url=f"{address}/reports/{args.report}" if figures and address else None,
        trades=tuple(map(_told, trades[args.start : args.start + args.limit])),
        trades_total=figures.backtest.metrics.all.trades if figures and figures.backtest else 0,
    )


def _shortened(figures: ReportSummary) -> ReportSummary:
    """With what matters most of what may be long."""
    if figures.backtest is None:
        return figures
    backtest, metrics = figures.backtest, figures.backtest.metrics
    symbols = sorted(metrics.by_symbol.items(), key=lambda entry: -abs(entry[1].net_pnl))[:_FOREMOST]
    refusals = sorted(backtest.refusals.items(), key=lambda entry: -entry[1])[:_FOREMOST]
    short = backtest.model_copy(
        update={
            "refusals": dict(refusals),
            "skipped": dict(sorted(backtest.skipped.items())[:_FOREMOST]),
            "metrics": metrics.model_copy(update={"by_symbol": dict(symbols)}),
        }
    )
    return figures.model_copy(update={"backtest": short})


def _told(trade: "Trade") -> TradeTold:
    return TradeTold(**{name: getattr(trade, name) for name in TradeTold.model_fields})


def _reports(caller: Caller, args: ReportsInput) -> Reports:
    from patang.backtest.reported import named_reports

    services = caller.services
    asked = {one.report: one for one in services.backtests().all()}
    others = [name for name in named_reports(services.objects) if name not in asked]
    shown = [*asked, *others][args.start : args.start + args.limit]
    return Reports(
        reports=tuple(_line(caller, name, asked.get(name)) for name in shown), total=len(asked) + len(others)
    )


def _line(caller: Caller, report: str, asked: "AskedBacktest | None") -> ReportLine:
    from patang.backtest.reported import summary_of_report

    services = caller.services
    figures = summary_of_report(services.objects, report)
    backtest = figures.backtest if figures else None
    training = figures.training if figures else None
    days = figures or asked
    return ReportLine(
        report=report,
        state="DONE" if asked is None else services.backtests().state(asked).state,
        kind=figures.kind if figures else "backtest" if asked else None,
        first=days.first if days else None,
        last=days.last if days else None,
        asked_at=asked.asked_at if asked else None,
        net_return_pct=backtest.metrics.net_return_pct if backtest else None,
        trades=backtest.metrics.all.trades if backtest else None,
        promoted=training.promoted if training else None,
    )


TOOLS: tuple[AnyTool, ...] = (
    Tool(
        name="run_backtest",
        title="Run a backtest",
        description="What the desk's strategies, models and limits would have done on kept candles, with "
        "charges and slippage: over days, for symbols, with settings that differ. It runs on the desk's "
        "research workers for a minute or so and costs a cent; read it with get_backtest. The same question "
        "is answered by the same run. It says what was, not what will be, and changes no setting.",
        input=RunInput,
        output=BacktestRun,
        effect="changes",
        scope="trade",
        run=_run,
        example={"from_date": "2026-06-01", "to_date": "2026-06-30", "symbols": ["NIFTY", "INFY"]},
    ),
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
        input=ReportsInput,
        output=Reports,
        effect="looks",
        scope="read",
        run=_reports,
        example={"limit": 5},
    ),
)
