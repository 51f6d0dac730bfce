"""Alerts: prices that the broker watches; it notifies the owner, or places the orders of a basket (ATO)."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any

from patang_workbench.exchange.account import Account
from patang_workbench.exchange.alert_terms import AlertTerms, Side, read_alert
from patang_workbench.exchange.broker import Broker
from patang_workbench.exchange.errors import InputError, KiteError, MissingError
from patang_workbench.exchange.floor import Floor
from patang_workbench.exchange.hours import rupees
from patang_workbench.exchange.lines import Line
from patang_workbench.exchange.orders import Terms, stamp
from patang_workbench.exchange.quotes import full_quote

__all__ = ["Alert", "Alerts"]

# https://support.zerodha.com: 500 alerts stand at a time.
_MOST = 500


@dataclass(slots=True)
class Alert:
    """An alert, and every time it went off. It goes off once, and is disabled then."""

    uuid: str
    account: Account
    api_key: str | None
    terms: AlertTerms
    created: datetime
    updated: datetime
    status: str = "enabled"
    events: list[dict[str, Any]] = field(default_factory=list)

    def describe(self) -> dict[str, Any]:
        """The alert as the broker shows it."""
        left, right = self.terms.left, self.terms.right
        shown = {
            "type": self.terms.kind,
            "user_id": self.account.user_id,
            "uuid": self.uuid,
            "name": self.terms.name,
            "status": self.status,
            "disabled_reason": "",
            "lhs_attribute": left.attribute,
            "lhs_exchange": left.exchange,
            "lhs_tradingsymbol": left.line.instrument.tradingsymbol,
            "operator": self.terms.comparison,
            "rhs_type": "instrument" if isinstance(right, Side) else "constant",
            "rhs_attribute": right.attribute if isinstance(right, Side) else "",
            "rhs_exchange": right.exchange if isinstance(right, Side) else "",
            "rhs_tradingsymbol": right.line.instrument.tradingsymbol if isinstance(right, Side) else "",
            "rhs_constant": 0 if isinstance(right, Side) else rupees(right),
            "alert_count": len(self.events),
            "created_at": stamp(self.created),
            "updated_at": stamp(self.updated),
        }
        if self.terms.orders:
            shown["basket"] = {"items": [_item(n, order) for n, order in enumerate(self.terms.orders, 1)]}
        return shown


class Alerts:
    """The alerts of all accounts; what they place goes through `broker`."""

    def __init__(self, broker: Broker, now: Callable[[], datetime]) -> None:
        self._broker = broker
        self._now = now
        self._numbers = count(1)
        self._known: dict[str, Alert] = {}
        self._watched: dict[int, list[Alert]] = {}

    def create(self, account: Account, api_key: str | None, form: Mapping[str, str]) -> Alert:
        """Take a new alert. Raises InputError for what cannot be read, or is met already."""
        terms, now = read_alert(form, self._floor, self._now().date()), self._now()
        if sum(alert.status == "enabled" for alert in self.of(account)) >= _MOST:
            raise InputError(f"You have reached the limit of {_MOST} alerts. Delete one of them first.")
        uuid = f"{next(self._numbers):08x}-0000-4000-8000-{sum(map(ord, account.user_id)):012x}"
        alert = self._known[uuid] = Alert(uuid, account, api_key, terms, now, now)
        self._watch(alert)
        return alert

    def modify(self, account: Account, uuid: str, form: Mapping[str, str]) -> Alert:
        """Put other terms in the place of an alert's; it is enabled then. Raises MissingError, InputError."""
        alert = self.find(account, uuid)
        terms = read_alert(form, self._floor, self._now().date())
        self._unwatch(alert)
        alert.terms, alert.status, alert.updated = terms, "enabled", self._now()
        self._watch(alert)
        return alert

    def delete(self, account: Account, uuids: Iterable[str]) -> None:
        """Take alerts away. Raises MissingError, and then takes none."""
        found = [self.find(account, uuid) for uuid in uuids]
        if not found:
            raise InputError("Missing or empty field `uuid`")
        for alert in found:
            self._unwatch(alert)
            alert.status, alert.updated = "deleted", self._now()

    def find(self, account: Account, uuid: str) -> Alert:
        """An alert of the account that was not deleted. Raises MissingError."""
        alert = self._known.get(uuid)
        if alert is None or alert.account is not account or alert.status == "deleted":
            raise MissingError(f"Alert {uuid} not found.")
        return alert

    def of(self, account: Account) -> list[Alert]:
        """The account's alerts that were not deleted, oldest first."""
        return [
            alert for alert in self._known.values() if alert.account is account and alert.status != "deleted"
        ]

    def ticked(self, lines: Iterable[Line]) -> None:
        """Let the alerts that watch these instruments see their prices."""
        if not self._watched:
            return
        for line in lines:
            for alert in list(self._watched.get(line.instrument.token, ())):
                if alert.status == "enabled" and alert.terms.met:
                    self._go_off(alert)

    @property
    def _floor(self) -> Floor:
        return self._broker.floor

    def _go_off(self, alert: Alert) -> None:
        self._unwatch(alert)
        alert.status, alert.updated = "disabled", self._now()
        row = alert.describe()
        right = (
            row["rhs_constant"]
            or f'{row["rhs_attribute"]}("{row["rhs_exchange"]}:{row["rhs_tradingsymbol"]}")'
        )
        left = f'{row["lhs_attribute"]}("{row["lhs_exchange"]}:{row["lhs_tradingsymbol"]}")'
        placed = [self._place(alert, order) for order in alert.terms.orders]
        alert.events.append(
            {
                "uuid": alert.uuid,
                "type": alert.terms.kind,
                "meta": [self._seen(line) for line in alert.terms.lines],
                "condition": f"{left} {row['operator']} {right}",
                "created_at": stamp(self._now()),
                "order_meta": placed or None,
            }
        )

    def _place(self, alert: Alert, terms: Terms) -> dict[str, Any]:
        meta = {"app_id": 1, "alert": alert.uuid}
        try:
            order = self._broker.take(alert.account, alert.api_key, terms, meta)
        except KiteError as refused:
            return {"status": "failed", "order_id": "", "rejection_reason": refused.message}
        self._broker.progress(order)
        return {"status": "success", "order_id": order.order_id, "rejection_reason": ""}

    def _seen(self, line: Line) -> dict[str, Any]:
        row = line.instrument
        names = {"exchange": "INDICES" if row.is_index else row.exchange, "tradingsymbol": row.tradingsymbol}
        return {**full_quote(self._floor, line), **names, "depth": None}

    def _watch(self, alert: Alert) -> None:
        for line in alert.terms.lines:
            self._watched.setdefault(line.instrument.token, []).append(alert)

    def _unwatch(self, alert: Alert) -> None:
        for line in alert.terms.lines:
            kept = [other for other in self._watched.get(line.instrument.token, ()) if other is not alert]
            if kept:
                self._watched[line.instrument.token] = kept
            else:
                self._watched.pop(line.instrument.token, None)


def _item(number: int, terms: Terms) -> dict[str, Any]:
    return {
        "id": number,
        "exchange": terms.exchange,
        "tradingsymbol": terms.tradingsymbol,
        "weight": 10000,
        "params": {
            "variety": terms.variety,
            "transaction_type": terms.side,
            "product": terms.product,
            "order_type": terms.order_type,
            "quantity": terms.quantity,
            "price": rupees(terms.price),
            "trigger_price": rupees(terms.trigger),
            "validity": terms.validity,
            "validity_ttl": terms.ttl,
            "disclosed_quantity": terms.disclosed,
            "tags": [],
        },
    }
