"""The desk itself: what it is doing, as a whole and in its lists, and how it is set."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field

from patang.desk_view.risk_views import RiskSummary, RiskView
from patang.desk_view.trading_views import FundsView
from patang.desk_view.views import GlanceView, OrderView, PositionView
from patang.tools.caller import Caller
from patang.tools.lists import ListInput, ListReply, shown
from patang.tools.tool import AccountInput, AnyTool, Tool, ToolInput, ToolReply

__all__ = ["TOOLS", "MarketDay"]

MarketDay = Annotated[date | None, Field(description="a market day, YYYY-MM-DD; the running one without")]


class NoInput(ToolInput):
    """No argument."""


class PositionsInput(ListInput):
    """Which positions of the desk's own."""

    state: Annotated[
        Literal["open", "closed"], Field(description="open: held now; closed: closed on `day`")
    ] = "open"
    day: MarketDay = None


class OrdersInput(ListInput):
    """Which of the desk's orders."""

    day: MarketDay = None


class DeskPositions(ListReply):
    """Positions that Patang has opened, oldest first."""

    positions: tuple[PositionView, ...]


class DeskOrders(ListReply):
    """Orders of the desk, newest first; `more`: there are older ones of the day than `limit` let through."""

    orders: tuple[OrderView, ...]
    more: bool


class DeskAtAGlance(GlanceView):
    """The desk over all of the caller's accounts; get_risk_state has every limit."""

    risk: tuple[RiskSummary, ...]


class RiskState(ToolReply):
    """An entry for each account."""

    accounts: tuple[RiskView, ...]


class FundsOfAccounts(ToolReply):
    """An entry for each account."""

    accounts: tuple[FundsView, ...]


class SettingsInForce(ToolReply):
    """Every setting in force, by its dotted path; `next_session` holds limits that were loosened and wait for
    the next session, with the value that comes then. `version` counts what was stored; 0: the defaults."""

    version: int
    settings: dict[str, Any]
    next_session: dict[str, Any]


def _status(caller: Caller, _: NoInput) -> DeskAtAGlance:
    status = caller.services.desk_view().status(caller.principal.accounts)
    return DeskAtAGlance.model_validate({name: getattr(status, name) for name in DeskAtAGlance.model_fields})


def _positions(caller: Caller, args: PositionsInput) -> DeskPositions:
    accounts, view = caller.accounts(args.account_id), caller.services.desk_view()
    if args.state == "open":
        return DeskPositions(**shown(view.open_positions(accounts), args, "positions", _POSITION))
    closed = view.closed_positions(accounts, args.day or view.market_now().date())
    return DeskPositions(**shown(closed, args, "positions", _CLOSED))


def _orders(caller: Caller, args: OrdersInput) -> DeskOrders:
    accounts, view = caller.accounts(args.account_id), caller.services.desk_view()
    found = view.orders(accounts, args.day or view.market_now().date())
    more = len(found) > args.start + args.limit
    return DeskOrders(**shown(found, args, "orders", _ORDER), more=more)


def _risk(caller: Caller, args: AccountInput) -> RiskState:
    return RiskState(accounts=caller.services.desk_view().risk(caller.accounts(args.account_id)))


def _funds(caller: Caller, args: AccountInput) -> FundsOfAccounts:
    accounts = caller.accounts(args.account_id)
    return FundsOfAccounts(accounts=caller.services.trade_lists().funds(accounts))


def _settings(caller: Caller, _: NoInput) -> SettingsInForce:
    from patang.settings.effective import plain

    services = caller.services
    changes = services.settings_changes()
    stored = changes.stored()
    return SettingsInForce(
        version=0 if stored is None else stored.version,
        settings=plain(services.standing_settings()),
        next_session=changes.pending(),
    )


# What a table of each list says.
_POSITION = (
    "account", "position_id", "symbol", "quantity", "entry_price", "last_price", "stop_loss_price",
    "target_price", "unrealised_pnl",
)  # fmt: skip
_CLOSED = (
    "account", "position_id", "symbol", "quantity", "entry_price", "exit_price", "exit_reason",
    "realised_pnl", "charges",
)  # fmt: skip
_ORDER = (
    "account", "intent_id", "kind", "state", "transaction_type", "symbol", "quantity", "filled_quantity",
    "price", "as_of", "reason",
)  # fmt: skip

TOOLS: tuple[AnyTool, ...] = (
    Tool(
        name="get_status",
        title="Desk at a glance",
        description="Session, data age, mode, risk, P&L, open positions, waiting approvals, last signals and "
        "events of the desk, over all of your accounts. Begin here.",
        input=NoInput,
        output=DeskAtAGlance,
        effect="looks",
        scope="read",
        run=_status,
        example={},
    ),
    Tool(
        name="desk_positions",
        title="Positions of the desk",
        description="Positions that Patang itself opened, with last price, stop, target and unrealised "
        "P&L in rupees, or those closed on a day with what they made after charges. For everything the "
        "account holds at the broker use get_positions and get_holdings.",
        input=PositionsInput,
        output=DeskPositions,
        effect="looks",
        scope="read",
        run=_positions,
        example={"state": "open"},
    ),
    Tool(
        name="desk_orders",
        title="Orders of the desk",
        description="Orders that Patang asked the broker for on a day, newest first, with what the broker "
        "said to each. For the broker's own order book use get_orders.",
        input=OrdersInput,
        output=DeskOrders,
        effect="looks",
        scope="read",
        run=_orders,
        example={"limit": 20},
    ),
    Tool(
        name="get_risk_state",
        title="Risk state",
        description="Halts, and in `budgets` what is used of every limit (losses, exposures, money, pauses, "
        "orders of the day), an entry an account; `blocked_because` says why no new position is opened now, "
        "`restraints` what else keeps some away.",
        input=AccountInput,
        output=RiskState,
        effect="looks",
        scope="read",
        run=_risk,
        example={"account_id": "main"},
    ),
    Tool(
        name="get_account_funds",
        title="Funds as the desk knows them",
        description="Free and used funds in rupees as the broker told them last, without asking it again. "
        "For the broker's full answer now use get_margins.",
        input=AccountInput,
        output=FundsOfAccounts,
        effect="looks",
        scope="read",
        run=_funds,
        example={},
    ),
    Tool(
        name="get_settings",
        title="Settings in force",
        description="Every setting of the desk by its dotted path, and the limits that wait for the next "
        "session. Settings are changed by a signed-in person alone, never by a tool.",
        input=NoInput,
        output=SettingsInForce,
        effect="looks",
        scope="read",
        run=_settings,
        example={},
    ),
)
