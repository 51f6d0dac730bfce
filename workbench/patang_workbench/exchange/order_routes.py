"""Routes of orders and trades."""

from typing import Any

from patang_workbench.exchange.account import Account
from patang_workbench.exchange.autoslice import place_sliced
from patang_workbench.exchange.calls import Call
from patang_workbench.exchange.engine import Exchange
from patang_workbench.exchange.errors import OrderError
from patang_workbench.exchange.limits import check_address
from patang_workbench.exchange.login import App
from patang_workbench.exchange.orders import Order

__all__ = ["cancel_order", "modify_order", "order_history", "order_trades", "orders", "place_order", "trades"]


def place_order(exchange: Exchange, call: Call, app: App) -> Any:
    """POST /orders/{variety}"""
    check_address(exchange.rules, call.address)
    form, variety = call.form(), call.parts["variety"]
    account = exchange.accounts[app.user_id]
    if form.get("autoslice") == "true":
        return place_sliced(exchange, account, app, form, variety)
    exchange.limits.order(app.user_id, placing=1)
    order = exchange.broker.place(account, app.api_key, form, variety)
    exchange.carry_on(order)
    return {"order_id": order.order_id}


def modify_order(exchange: Exchange, call: Call, app: App) -> Any:
    """PUT /orders/{variety}/{order_id}"""
    account = _sending(exchange, call, app)
    order = exchange.broker.modify(account, call.parts["order_id"], call.form(), call.parts["variety"])
    return {"order_id": order.order_id}


def cancel_order(exchange: Exchange, call: Call, app: App) -> Any:
    """DELETE /orders/{variety}/{order_id}"""
    account = _sending(exchange, call, app)
    return {
        "order_id": exchange.broker.cancel(account, call.parts["order_id"], call.parts["variety"]).order_id
    }


def orders(exchange: Exchange, call: Call, app: App) -> Any:
    """GET /orders: as they are, or as they were for a book that is behind."""
    found = exchange.accounts[app.user_id].orders.values()
    if call.lag is None:
        return [order.history[-1].row for order in found]
    return [rows[-1] for order in found if (rows := _seen(exchange, order, call))]


def order_history(exchange: Exchange, call: Call, app: App) -> Any:
    """GET /orders/{order_id}"""
    return _seen(exchange, _known(exchange, call, app), call)


def order_trades(exchange: Exchange, call: Call, app: App) -> Any:
    """GET /orders/{order_id}/trades"""
    return _trades(exchange, _known(exchange, call, app), call)


def trades(exchange: Exchange, call: Call, app: App) -> Any:
    """GET /trades"""
    account = exchange.accounts[app.user_id]
    return [row for order in account.orders.values() for row in _trades(exchange, order, call)]


def _sending(exchange: Exchange, call: Call, app: App) -> Account:
    check_address(exchange.rules, call.address)
    exchange.limits.order(app.user_id)
    return exchange.accounts[app.user_id]


def _known(exchange: Exchange, call: Call, app: App) -> Order:
    order = exchange.broker.find(exchange.accounts[app.user_id], call.parts["order_id"])
    if not _seen(exchange, order, call):
        raise OrderError("Couldn't find that `order_id`.", http=404)
    return order


def _seen(exchange: Exchange, order: Order, call: Call) -> list[dict[str, Any]]:
    """The pictures of an order that the book of a call shows, oldest first."""
    if call.lag is None:
        return [picture.row for picture in order.history]
    clock, seconds = call.lag
    if clock == "market":
        return [row.row for row in order.history if row.market <= exchange.clock.epoch - seconds]
    return [row.row for row in order.history if row.wall <= exchange.agenda.wall() - seconds]


def _trades(exchange: Exchange, order: Order, call: Call) -> list[dict[str, Any]]:
    rows = order.describe_trades()
    if call.lag is None:
        return rows
    pictures = _seen(exchange, order, call)
    filled = pictures[-1]["filled_quantity"] if pictures else 0
    shown = []
    for row in rows:
        filled -= row["quantity"]
        if filled < 0:
            break
        shown.append(row)
    return shown
