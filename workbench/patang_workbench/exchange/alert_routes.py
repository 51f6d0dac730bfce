"""Routes of alerts."""

from typing import Any

from patang_workbench.exchange.calls import Call
from patang_workbench.exchange.engine import Exchange
from patang_workbench.exchange.login import App

__all__ = ["alert", "alerts", "create_alert", "delete_alerts", "history", "modify_alert"]


def alerts(exchange: Exchange, call: Call, app: App) -> Any:
    """GET /alerts, all or those of a `status`"""
    wanted = call.fields().get("status")
    found = exchange.alerts.of(exchange.accounts[app.user_id])
    return [alert.describe() for alert in found if wanted in (None, "", alert.status)]


def alert(exchange: Exchange, call: Call, app: App) -> Any:
    """GET /alerts/{uuid}"""
    return exchange.alerts.find(exchange.accounts[app.user_id], call.parts["uuid"]).describe()


def history(exchange: Exchange, call: Call, app: App) -> Any:
    """GET /alerts/{uuid}/history"""
    return exchange.alerts.find(exchange.accounts[app.user_id], call.parts["uuid"]).events


def create_alert(exchange: Exchange, call: Call, app: App) -> Any:
    """POST /alerts"""
    return exchange.alerts.create(exchange.accounts[app.user_id], app.api_key, call.form()).describe()


def modify_alert(exchange: Exchange, call: Call, app: App) -> Any:
    """PUT /alerts/{uuid}"""
    account = exchange.accounts[app.user_id]
    return exchange.alerts.modify(account, call.parts["uuid"], call.form()).describe()


def delete_alerts(exchange: Exchange, call: Call, app: App) -> Any:
    """DELETE /alerts, each `uuid` of the query"""
    uuids = [value for name, value in call.query if name == "uuid"]
    exchange.alerts.delete(exchange.accounts[app.user_id], uuids)
