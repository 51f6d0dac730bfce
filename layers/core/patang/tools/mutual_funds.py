"""Mutual funds of an account: looked at; the desk deals in none."""

from typing import Annotated

from pydantic import Field

from patang.kite_replies.mutual_funds import Fund, FundHolding, FundOrder, FundSip
from patang.tools.caller import Caller
from patang.tools.lists import ListInput, ListReply, shown
from patang.tools.tool import AnyTool, Tool

__all__ = ["TOOLS"]


class FundSearchInput(ListInput):
    """Which funds."""

    query: Annotated[
        str, Field(max_length=100, description="words of the fund's name or house, or its ISIN; all if empty")
    ] = ""


class FundHoldings(ListReply):
    """Units of funds."""

    holdings: tuple[FundHolding, ...]


class FundOrders(ListReply):
    """Orders of funds of the last seven days."""

    orders: tuple[FundOrder, ...]


class FundSips(ListReply):
    """Plans that buy a fund at intervals."""

    sips: tuple[FundSip, ...]


class Funds(ListReply):
    """Funds of the broker's platform."""

    funds: tuple[Fund, ...]


def _holdings(caller: Caller, args: ListInput) -> FundHoldings:
    found = caller.services.broker_reads(caller.account(args.account_id)).fund_holdings()
    return FundHoldings(**shown(found, args, "holdings", _HOLDING))


def _orders(caller: Caller, args: ListInput) -> FundOrders:
    found = caller.services.broker_reads(caller.account(args.account_id)).fund_orders()
    return FundOrders(**shown(found, args, "orders", _ORDER))


def _sips(caller: Caller, args: ListInput) -> FundSips:
    found = caller.services.broker_reads(caller.account(args.account_id)).fund_sips()
    return FundSips(**shown(found, args, "sips", _SIP))


def _search(caller: Caller, args: FundSearchInput) -> Funds:
    listed = caller.services.broker_reads(caller.account(args.account_id)).funds_listed()
    words = args.query.lower().split()
    found = [
        fund
        for fund in listed
        if all(word in f"{fund.tradingsymbol} {fund.name} {fund.amc}".lower() for word in words)
    ]
    return Funds(**shown(found, args, "funds", _FUND))


# What a table of each list says.
_HOLDING = ("tradingsymbol", "fund", "folio", "quantity", "average_price", "last_price", "pnl")
_ORDER = ("order_id", "status", "transaction_type", "fund", "amount", "quantity", "order_timestamp")
_SIP = ("sip_id", "status", "fund", "instalment_amount", "frequency", "next_instalment")
_FUND = ("tradingsymbol", "name", "plan", "dividend_type", "last_price")

TOOLS: tuple[AnyTool, ...] = (
    Tool(
        name="get_mf_holdings",
        title="Mutual fund holdings",
        description="Units of mutual funds with average price and last NAV in rupees.",
        input=ListInput,
        output=FundHoldings,
        effect="looks",
        scope="read",
        run=_holdings,
        example={"from": 0, "limit": 50},
    ),
    Tool(
        name="get_mf_orders",
        title="Mutual fund orders",
        description="Purchases and redemptions of mutual funds of the last seven days.",
        input=ListInput,
        output=FundOrders,
        effect="looks",
        scope="read",
        run=_orders,
        example={},
    ),
    Tool(
        name="get_mf_sips",
        title="Mutual fund SIPs",
        description="Systematic investment plans: amount, rhythm, next instalment.",
        input=ListInput,
        output=FundSips,
        effect="looks",
        scope="read",
        run=_sips,
        example={},
    ),
    Tool(
        name="search_mf_instruments",
        title="Search mutual funds",
        description="Mutual funds of the broker's platform by words of their name or house, or by ISIN.",
        input=FundSearchInput,
        output=Funds,
        effect="looks",
        scope="read",
        run=_search,
        example={"query": "index direct", "limit": 10},
    ),
)
