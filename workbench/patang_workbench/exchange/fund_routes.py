"""Routes of mutual funds: every account has units of one fund, an order under way and a plan for it. They
are looked at only: the simulator deals in none.
"""

import csv
import io
from collections.abc import Mapping
from typing import Any

from patang_workbench.exchange.calls import Call, Reply
from patang_workbench.exchange.engine import Exchange
from patang_workbench.exchange.errors import MissingError
from patang_workbench.exchange.login import App

__all__ = ["holdings", "instruments", "order", "orders", "sip", "sips"]

_DIRECT: Mapping[str, Any] = {
    "tradingsymbol": "INF000P01017",
    "amc": "PatangMutualFund_MF",
    "name": "Patang Index Fund",
    "purchase_allowed": 1,
    "redemption_allowed": 1,
    "minimum_purchase_amount": 500,
    "purchase_amount_multiplier": 1,
    "minimum_additional_purchase_amount": 500,
    "minimum_redemption_quantity": 0.001,
    "redemption_quantity_multiplier": 0.001,
    "dividend_type": "growth",
    "scheme_type": "equity",
    "plan": "direct",
    "settlement_type": "T2",
    "last_price": 31.4159,
    "last_price_date": "2026-08-17",
}
_FUNDS = (
    _DIRECT,
    {**_DIRECT, "tradingsymbol": "INF000P01025", "plan": "regular", "last_price": 30.9871},
    {
        **_DIRECT,
        "tradingsymbol": "INF000P01033",
        "name": "Patang Liquid Fund",
        "scheme_type": "debt",
        "settlement_type": "T1",
        "last_price": 1012.3456,
    },
)
_NAMED = {"tradingsymbol": _DIRECT["tradingsymbol"], "fund": "Patang Index Fund - Direct Plan", "tag": None}
_ORDER_ID = "7e57f00d-0000-4000-8000-000000000001"
_SIP_ID = "100000000000001"


def instruments(_: Exchange, __: Call, ___: App) -> Any:
    """GET /mf/instruments"""
    out = io.StringIO(newline="")
    lines = csv.DictWriter(out, list(_DIRECT), lineterminator="\n")
    lines.writeheader()
    lines.writerows(_FUNDS)
    return Reply(200, out.getvalue().encode(), "text/csv; charset=utf-8")


def holdings(_: Exchange, __: Call, ___: App) -> Any:
    """GET /mf/holdings"""
    return [
        {
            **_NAMED,
            "folio": "31415926",
            "quantity": 100.125,
            "pledged_quantity": 0,
            "average_price": 28.123456,
            "last_price": _DIRECT["last_price"],
            "last_price_date": _DIRECT["last_price_date"],
            "pnl": 0,
        }
    ]


def orders(exchange: Exchange, _: Call, app: App) -> Any:
    """GET /mf/orders"""
    return [
        {
            **_NAMED,
            "order_id": _ORDER_ID,
            "exchange_order_id": None,
            "folio": None,
            "status": "OPEN",
            "status_message": None,
            "transaction_type": "BUY",
            "purchase_type": "FRESH",
            "variety": "regular",
            "amount": 5000,
            "quantity": 0,
            "average_price": 0,
            "last_price": _DIRECT["last_price"],
            "last_price_date": _DIRECT["last_price_date"],
            "order_timestamp": f"{exchange.market.session} 08:30:00",
            "exchange_timestamp": None,
            "settlement_id": None,
            "placed_by": app.user_id,
        }
    ]


def order(exchange: Exchange, call: Call, app: App) -> Any:
    """GET /mf/orders/{order_id}"""
    return _one(orders(exchange, call, app), "order_id", call)


def sips(_: Exchange, __: Call, ___: App) -> Any:
    """GET /mf/sips"""
    return [
        {
            **_NAMED,
            "sip_id": _SIP_ID,
            "sip_reg_num": None,
            "status": "ACTIVE",
            "transaction_type": "BUY",
            "dividend_type": "growth",
            "sip_type": "sip",
            "frequency": "monthly",
            "instalment_amount": 1000,
            "instalment_day": 5,
            "instalments": -1,
            "pending_instalments": -1,
            "completed_instalments": 3,
            "created": "2026-05-04 18:11:02",
            "last_instalment": "2026-08-05 06:00:00",
            "next_instalment": "2026-09-05",
            "trigger_price": 0,
            "step_up": {"05-05": 10},
        }
    ]


def sip(exchange: Exchange, call: Call, app: App) -> Any:
    """GET /mf/sips/{sip_id}"""
    return _one(sips(exchange, call, app), "sip_id", call)


def _one(rows: list[dict[str, Any]], name: str, call: Call) -> dict[str, Any]:
    for row in rows:
        if row[name] == call.parts[name]:
            return row
    raise MissingError(f"There is no `{name}` {call.parts[name]}.")
