"""What an account has at the broker: who it is, its funds, holdings, positions, orders, trades, triggers."""

from typing import Annotated

from pydantic import Field

from patang.kite_replies.gtt import Trigger
from patang.kite_replies.orders import Order, Trade
from patang.kite_replies.portfolio import AuctionHolding, Holding, Position
from patang.kite_replies.user import Funds, Profile
from patang.ports.broker_reads import BrokerReads
from patang.tools.caller import Caller
from patang.tools.lists import ListInput, ListReply, part, shown, table_of
from patang.tools.tool import AccountInput, AnyTool, Tool, ToolReply

__all__ = ["TOOLS"]


class OrderInput(AccountInput):
    """Which order."""

    order_id: Annotated[
        str, Field(pattern=r"^[A-Za-z0-9]{1,40}$", description="the broker's id, as get_orders has it")
    ]


class TriggerInput(AccountInput):
    """Which trigger."""

    trigger_id: Annotated[str, Field(pattern=r"^\d{1,20}$", description="as get_gtts has it")]


class Holdings(ListReply):
    """Shares in the demat account."""

    holdings: tuple[Holding, ...]


class Auctions(ToolReply):
    """Holdings that may be offered in an auction now, with its number."""

    auctions: tuple[AuctionHolding, ...]


class Positions(ListReply):
    """The same part of both: `net` as they are, `day` by what was traded today alone. `total`: how long the
    longer of the two is; `table` has the net ones."""

    net: tuple[Position, ...]
    day: tuple[Position, ...]


class Orders(ListReply):
    """Orders of the day, oldest first."""

    orders: tuple[Order, ...]


class OrderHistory(ToolReply):
    """An order at each of its states, oldest first."""

    history: tuple[Order, ...]


class Trades(ListReply):
    """Fills of the day."""

    trades: tuple[Trade, ...]


class OrderTrades(ToolReply):
    """Fills of one order."""

    trades: tuple[Trade, ...]


class Triggers(ListReply):
    """Good-till-triggered orders of the last days, whatever their status."""

    triggers: tuple[Trigger, ...]


def _reads(caller: Caller, args: AccountInput) -> BrokerReads:
    return caller.services.broker_reads(caller.account(args.account_id))


def _profile(caller: Caller, args: AccountInput) -> Profile:
    return _reads(caller, args).profile()


def _margins(caller: Caller, args: AccountInput) -> Funds:
    return _reads(caller, args).funds()


def _holdings(caller: Caller, args: ListInput) -> Holdings:
    found = _reads(caller, args).holdings()
    return Holdings(**shown(found, args, "holdings", _HOLDING))


def _auctions(caller: Caller, args: AccountInput) -> Auctions:
    return Auctions(auctions=_reads(caller, args).auctions())


def _positions(caller: Caller, args: ListInput) -> Positions:
    found = _reads(caller, args).positions()
    total = max(len(found.net), len(found.day))
    net = part(found.net, args)
    if args.compact:
        return Positions(net=(), day=(), total=total, table=table_of(net, _POSITION))
    return Positions(net=net, day=part(found.day, args), total=total)


def _orders(caller: Caller, args: ListInput) -> Orders:
    found = _reads(caller, args).orders()
    return Orders(**shown(found, args, "orders", _ORDER))


def _history(caller: Caller, args: OrderInput) -> OrderHistory:
    return OrderHistory(history=_reads(caller, args).order_history(args.order_id))


def _trades(caller: Caller, args: ListInput) -> Trades:
    found = _reads(caller, args).trades()
    return Trades(**shown(found, args, "trades", _TRADE))


def _order_trades(caller: Caller, args: OrderInput) -> OrderTrades:
    return OrderTrades(trades=_reads(caller, args).order_trades(args.order_id))


def _triggers(caller: Caller, args: ListInput) -> Triggers:
    found = _reads(caller, args).triggers()
    return Triggers(**shown(found, args, "triggers", _TRIGGER))


def _trigger(caller: Caller, args: TriggerInput) -> Trigger:
    return _reads(caller, args).trigger(args.trigger_id)


# What a table of each list says.
_HOLDING = (
    "exchange", "tradingsymbol", "quantity", "t1_quantity", "average_price", "last_price", "pnl",
    "day_change_percentage",
)  # fmt: skip
_POSITION = ("exchange", "tradingsymbol", "product", "quantity", "average_price", "last_price", "pnl")
_ORDER = (
    "order_id", "status", "transaction_type", "exchange", "tradingsymbol", "product", "quantity",
    "filled_quantity", "price", "average_price", "order_timestamp", "tag",
)  # fmt: skip
_TRADE = (
    "order_id", "transaction_type", "exchange", "tradingsymbol", "quantity", "average_price",
    "fill_timestamp",
)  # fmt: skip
_TRIGGER = (
    "id", "type", "status", "condition.tradingsymbol", "condition.trigger_values", "condition.last_price",
    "expires_at",
)  # fmt: skip
_AN_ORDER = {"order_id": "260818000000017"}
_ON_PAPER = " While the desk trades on paper, this is the paper account."

TOOLS: tuple[AnyTool, ...] = (
    Tool(
        name="get_profile",
        title="Profile",
        description="Who the account belongs to at the broker, and which exchanges, products and order types "
        "it may trade.",
        input=AccountInput,
        output=Profile,
        effect="looks",
        scope="read",
        run=_profile,
        example={},
    ),
    Tool(
        name="get_margins",
        title="Funds and margins",
        description="Funds by segment in rupees: what there is, what is used of it, and `net`, which new "
        "orders may use." + _ON_PAPER,
        input=AccountInput,
        output=Funds,
        effect="looks",
        scope="read",
        run=_margins,
        example={},
    ),
    Tool(
        name="get_holdings",
        title="Holdings",
        description="Shares in the demat account with average price, last price and profit in rupees. "
        "`t1_quantity` was bought yesterday and is on its way." + _ON_PAPER,
        input=ListInput,
        output=Holdings,
        effect="looks",
        scope="read",
        run=_holdings,
        example={"from": 0, "limit": 50},
    ),
    Tool(
        name="get_auctions",
        title="Holdings that may be auctioned",
        description="Shares you hold that other sellers have failed to deliver, with the number an order of "
        "variety auction needs.",
        input=AccountInput,
        output=Auctions,
        effect="looks",
        scope="read",
        run=_auctions,
        example={},
    ),
    Tool(
        name="get_positions",
        title="Positions at the broker",
        description="All positions of the account, also those that the desk has not opened: `net` as they "
        "stand, `day` by today's trades alone; quantity is below 0 for shorts, amounts are rupees. "
        "desk_positions has the desk's own with stop and target." + _ON_PAPER,
        input=ListInput,
        output=Positions,
        effect="looks",
        scope="read",
        run=_positions,
        example={},
    ),
    Tool(
        name="get_orders",
        title="Orders at the broker",
        description="All of the account's orders of the day, oldest first, also those placed by hand. "
        "desk_orders has the desk's own with what became of them." + _ON_PAPER,
        input=ListInput,
        output=Orders,
        effect="looks",
        scope="read",
        run=_orders,
        example={"limit": 20},
    ),
    Tool(
        name="get_order_history",
        title="History of an order",
        description="The states that an order of the day went through, oldest first, with what the broker "
        "said to each. On paper it is as it stands now alone.",
        input=OrderInput,
        output=OrderHistory,
        effect="looks",
        scope="read",
        run=_history,
        example=_AN_ORDER,
    ),
    Tool(
        name="get_trades",
        title="Trades",
        description="The account's fills of the day: quantity, price in rupees, time." + _ON_PAPER,
        input=ListInput,
        output=Trades,
        effect="looks",
        scope="read",
        run=_trades,
        example={},
    ),
    Tool(
        name="get_order_trades",
        title="Trades of an order",
        description="The fills of one order of the day.",
        input=OrderInput,
        output=OrderTrades,
        effect="looks",
        scope="read",
        run=_order_trades,
        example=_AN_ORDER,
    ),
    Tool(
        name="get_gtts",
        title="Triggers (GTT)",
        description="Good-till-triggered orders of the account with condition, orders and status; triggered "
        "does not mean filled." + _ON_PAPER,
        input=ListInput,
        output=Triggers,
        effect="looks",
        scope="read",
        run=_triggers,
        example={},
    ),
    Tool(
        name="get_gtt",
        title="A trigger (GTT)",
        description="One good-till-triggered order of the account.",
        input=TriggerInput,
        output=Trigger,
        effect="looks",
        scope="read",
        run=_trigger,
        example={"trigger_id": "100001"},
    ),
)
