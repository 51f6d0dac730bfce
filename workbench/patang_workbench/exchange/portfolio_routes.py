"""Routes of funds, holdings, positions, margins and triggers."""

from typing import Any

from patang_workbench.exchange.calls import Call
from patang_workbench.exchange.conversion import convert
from patang_workbench.exchange.engine import Exchange
from patang_workbench.exchange.errors import InputError, MissingError
from patang_workbench.exchange.login import App
from patang_workbench.exchange.margin_calls import basket_margins, order_margins
from patang_workbench.exchange.positions import show_positions

__all__ = [
    "auctions",
    "basket",
    "convert_position",
    "delete_gtt",
    "funds",
    "gtt",
    "gtts",
    "holdings",
    "margins",
    "modify_gtt",
    "place_gtt",
    "positions",
]


def funds(exchange: Exchange, call: Call, app: App) -> Any:
    """GET /user/margins and /user/margins/{segment}"""
    account = exchange.accounts[app.user_id]
    segments = {"equity": account.describe_funds(), "commodity": {"enabled": False, "net": 0}}
    segment = call.parts.get("segment")
    if segment is None:
        return segments
    if segment not in segments:
        raise InputError(f"Invalid segment: {segment!r}; use equity or commodity.")
    return segments[segment]


def holdings(exchange: Exchange, _: Call, app: App) -> Any:
    """GET /portfolio/holdings"""
    return exchange.accounts[app.user_id].describe_holdings(exchange.floor.by_key)


def auctions(exchange: Exchange, _: Call, app: App) -> Any:
    """GET /portfolio/holdings/auctions: of each share that is held, the auction it may be offered in"""
    rows = exchange.accounts[app.user_id].describe_holdings(exchange.floor.by_key)
    return [{**row, "auction_number": str(row["instrument_token"] >> 8)} for row in rows]


def positions(exchange: Exchange, _: Call, app: App) -> Any:
    """GET /portfolio/positions"""
    return show_positions(exchange.accounts[app.user_id].positions.values())


def convert_position(exchange: Exchange, call: Call, app: App) -> Any:
    """PUT /portfolio/positions"""
    convert(exchange.accounts[app.user_id], call.form(), exchange.floor)
    return True


def margins(exchange: Exchange, call: Call, app: App) -> Any:
    """POST /margins/orders"""
    account, day = exchange.accounts[app.user_id], exchange.market.session
    return order_margins(call.json(), account, exchange.floor, day, call.fields().get("mode") == "compact")


def basket(exchange: Exchange, call: Call, app: App) -> Any:
    """POST /margins/basket"""
    account, day, fields = exchange.accounts[app.user_id], exchange.market.session, call.fields()
    considered = fields.get("consider_positions", "true").lower() == "true"
    compact = fields.get("mode") == "compact"
    return basket_margins(call.json(), account, exchange.floor, day, considered, compact)


def gtts(exchange: Exchange, _: Call, app: App) -> Any:
    """GET /gtt/triggers"""
    return [found.describe() for found in exchange.gtts.of(exchange.accounts[app.user_id])]


def gtt(exchange: Exchange, call: Call, app: App) -> Any:
    """GET /gtt/triggers/{trigger_id}"""
    return exchange.gtts.find(exchange.accounts[app.user_id], _number(call)).describe()


def place_gtt(exchange: Exchange, call: Call, app: App) -> Any:
    """POST /gtt/triggers"""
    account = exchange.accounts[app.user_id]
    return {"trigger_id": exchange.gtts.place(account, app.api_key, call.form()).number}


def modify_gtt(exchange: Exchange, call: Call, app: App) -> Any:
    """PUT /gtt/triggers/{trigger_id}"""
    account = exchange.accounts[app.user_id]
    return {"trigger_id": exchange.gtts.modify(account, _number(call), call.form()).number}


def delete_gtt(exchange: Exchange, call: Call, app: App) -> Any:
    """DELETE /gtt/triggers/{trigger_id}"""
    return {"trigger_id": exchange.gtts.delete(exchange.accounts[app.user_id], _number(call)).number}


def _number(call: Call) -> int:
    text = call.parts["trigger_id"]
    if not text.isdecimal():
        raise MissingError(f"GTT {text} not found.")
    return int(text)
