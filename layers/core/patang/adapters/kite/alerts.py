"""Alerts at Zerodha. The official client has no method for them: its session asks their routes."""

import json
from typing import Any

from patang.adapters.kite.calls import KiteCalls
from patang.adapters.kite.replies import parse_id
from patang.adapters.kite.wording import checked_uuid
from patang.alerts.terms import AlertOrder, AlertSide, AlertTerms
from patang.kite_replies.alerts import Alert
from patang.kite_replies.base import parse

__all__ = ["KiteAlerts"]


class KiteAlerts:
    """BrokerAlerts."""

    def __init__(self, calls: KiteCalls) -> None:
        self._calls = calls

    def alerts(self) -> tuple[Alert, ...]:
        return parse(
            tuple[Alert, ...], self._calls.read("other", lambda client: client._get("alerts")), "alerts"
        )

    def create_alert(self, terms: AlertTerms) -> str:
        form = _form(terms)
        # The field is read inside: a reply without it leaves it open whether the alert stands.
        made = self._calls.send(lambda client: client._post("alerts", params=form)["uuid"])
        return parse_id(made, f"alert {terms.name!r}")

    def modify_alert(self, uuid: str, terms: AlertTerms) -> None:
        where, form = {"uuid": checked_uuid(uuid)}, _form(terms)
        self._calls.send(lambda client: client._put("alerts.one", where, params=form))

    def delete_alert(self, uuid: str) -> None:
        which = {"uuid": checked_uuid(uuid)}
        self._calls.send(lambda client: client._delete("alerts", params=which))


def _form(terms: AlertTerms) -> dict[str, str]:
    """https://kite.trade/docs/connect/v3/alerts/#creating-an-alert"""
    form = {
        "name": terms.name,
        "type": "ato" if terms.places_orders else "simple",
        "operator": terms.operator,
        **_side("lhs", terms.left),
    }
    if terms.right is None:
        form |= {"rhs_type": "constant", "rhs_constant": str(terms.constant)}
    else:
        form |= {"rhs_type": "instrument", **_side("rhs", terms.right)}
    if terms.places_orders:
        items = [_item(order) for order in terms.orders]
        form["basket"] = json.dumps({"name": terms.name, "type": "alert", "tags": [], "items": items})
    return form


def _side(which: str, side: AlertSide) -> dict[str, str]:
    return {f"{which}_{name}": value for name, value in side.model_dump().items()}


def _item(order: AlertOrder) -> dict[str, Any]:
    params: dict[str, Any] = {
        "variety": "regular",
        "transaction_type": order.transaction_type,
        "product": order.product,
        "order_type": "LIMIT",
        "validity": "DAY",
        "validity_ttl": 0,
        "quantity": order.quantity,
        "price": float(order.price),
        "trigger_price": 0,
        "disclosed_quantity": 0,
        "tags": [],
    }
    named = {"type": "insert", "exchange": order.exchange, "tradingsymbol": order.tradingsymbol}
    return named | {"weight": 10000, "params": params}
