"""What was: results, and the audit log."""

from datetime import date, timedelta
from typing import Annotated

from pydantic import Field

from patang.desk_view.audit_search import AuditQuestion
from patang.desk_view.trading_views import PnlGrouping, PnlReport
from patang.desk_view.views import EventView
from patang.settings.changes import DESK_CHAIN
from patang.tools.caller import Caller
from patang.tools.desk import MarketDay
from patang.tools.lists import CompactInput, Table, table_of
from patang.tools.tool import AccountInput, AnyTool, Tool, ToolReply

__all__ = ["TOOLS"]

_DAYS = timedelta(days=29)


class PerformanceInput(AccountInput):
    """Of which days, and grouped by what."""

    from_date: Annotated[date | None, Field(description="a market day; thirty days back without")] = None
    to_date: MarketDay = None
    by: Annotated[PnlGrouping, Field(description="what the trades are grouped by")] = "strategy"


class AuditInput(CompactInput):
    """Which events."""

    account_id: Annotated[
        str | None, Field(max_length=40, description=f"an account, or {DESK_CHAIN} for what is no account's")
    ] = None
    day: MarketDay = None
    kind: Annotated[str | None, Field(max_length=60, description="such as ORDER_ASKED or HALTED")] = None
    actor: Annotated[str | None, Field(max_length=120, description="who did it")] = None
    text: Annotated[
        str | None, Field(max_length=120, description="words that all stand somewhere in it, as a symbol")
    ] = None
    newest_first: bool = True
    cursor: Annotated[str | None, Field(max_length=400, description="`next` of the page before")] = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class AuditEvents(ToolReply):
    """Events of a day, in `table` where it was asked for `compact`. `next` goes into the next call's
    `cursor`; it is null on the last page."""

    events: tuple[EventView, ...]
    next: str | None = None
    table: Table | None = None


def _performance(caller: Caller, args: PerformanceInput) -> PnlReport:
    services = caller.services
    end = args.to_date or services.desk_view().market_now().date()
    start = args.from_date or end - min(_DAYS, end - date.min)
    return services.results().report(caller.accounts(args.account_id), start, end, args.by)


def _audit(caller: Caller, args: AuditInput) -> AuditEvents:
    # The desk's own chain holds what is no account's, its settings and decisions: every owner may read it.
    own = DESK_CHAIN if args.account_id == DESK_CHAIN else caller.account(args.account_id)
    view = caller.services.desk_view()
    question = AuditQuestion(
        account=own,
        day=args.day or view.market_now().date(),
        kind=args.kind,
        actor=args.actor,
        text=args.text,
        newest_first=args.newest_first,
    )
    page = view.audit_page(question, args.cursor, args.limit)
    if args.compact:
        return AuditEvents(events=(), next=page.next, table=table_of(page.items, _EVENT))
    return AuditEvents(events=page.items, next=page.next)


# What a table of events says.
_EVENT = ("sequence", "as_of", "kind", "actor")

TOOLS: tuple[AnyTool, ...] = (
    Tool(
        name="performance",
        title="Profit and loss",
        description="Closed trades from one market day to another (both included) by strategy, symbol, day, "
        "mode or account: trades, wins, gross, charges, result and slippage in rupees.",
        input=PerformanceInput,
        output=PnlReport,
        effect="looks",
        scope="read",
        run=_performance,
        example={"by": "symbol"},
    ),
    Tool(
        name="search_audit",
        title="Audit log",
        description="Events of a day from the tamper-evident log, by pages: all, or of a kind, of an actor, "
        "or with some words in them.",
        input=AuditInput,
        output=AuditEvents,
        effect="looks",
        scope="read",
        run=_audit,
        example={"account_id": "main", "limit": 5},
    ),
)
