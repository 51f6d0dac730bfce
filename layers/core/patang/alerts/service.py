"""Alerts that notify. Those that place orders are requests of a person: patang.approvals.requests."""

import secrets
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Literal

from patang.alerts.seen import note_alerts
from patang.alerts.terms import AlertTerms, stands_as
from patang.errors import BadInput, OutcomeUnknown, PatangError
from patang.execution.journal import journal, told_first
from patang.kite_replies.alerts import Alert
from patang.ports import Clock, StateStore
from patang.ports.broker_alerts import BrokerAlerts

__all__ = ["PriceAlerts"]


class PriceAlerts:
    """Makes, changes and deletes an account's simple alerts at the broker. Raises as BrokerAlerts does.

    The audit log hears of each twice, before it is sent and with what came of it: an alert that nobody is
    told of any more may be missed as a stop would be. `moment` gives market time, `actor` is who asks.
    """

    def __init__(
        self,
        broker: Callable[[str], BrokerAlerts],
        store: StateStore,
        clock: Clock,
        moment: Callable[[], datetime],
    ) -> None:
        self._broker = broker
        self._store = store
        self._clock = clock
        self._moment = moment

    def create(self, account: str, terms: AlertTerms, actor: str) -> Alert:
        """One that stands just so is the one: nobody is told the same twice."""
        _notifies(terms)
        broker = self._broker(account)
        known = _standing(broker, terms)
        if known is not None:
            return known
        condition = terms.condition
        return self._told(broker, account, actor, "create", condition, lambda: _made(broker, terms))

    def modify(self, account: str, uuid: str, terms: AlertTerms, actor: str) -> Alert:
        """Raises BadInput for an alert that there is not, or that places orders."""
        _notifies(terms)
        broker = self._broker(account)
        self._simple(broker, uuid)

        def send() -> Alert:
            broker.modify_alert(uuid, terms)
            return self._simple(broker, uuid)

        return self._told(broker, account, actor, "modify", terms.condition, send, uuid)

    def delete(self, account: str, uuid: str, actor: str) -> Alert:
        """Raises BadInput for an alert that there is not, or that places orders. Returns what it was."""
        broker = self._broker(account)
        known = self._simple(broker, uuid)

        def send() -> Alert:
            broker.delete_alert(uuid)
            return known

        return self._told(broker, account, actor, "delete", known.name, send, uuid)

    def _told(
        self,
        broker: BrokerAlerts,
        account: str,
        actor: str,
        what: Literal["create", "modify", "delete"],
        about: str,
        send: Callable[[], Alert],
        uuid: str | None = None,
    ) -> Alert:
        """Sends, between two events of the same number, and keeps what stands then."""
        number = secrets.token_hex(8)

        def tell(kind: str, **details: str | None) -> None:
            as_of, now = self._moment(), self._clock.now()
            event = journal(account, kind, number, as_of, now, actor, asked=what, about=about, **details)
            told_first(self._store, event)

        tell("ALERT_ASKED", uuid=uuid)
        try:
            stands = send()
        except PatangError as error:
            tell("ALERT_FAILED", uuid=uuid, problem=type(error).__name__)
            raise
        tell("ALERT_DONE", uuid=stands.uuid)
        # For those who look at the desk; where the broker does not answer they see it with his next answer.
        with suppress(PatangError):
            note_alerts(self._store, account, broker.alerts(), self._clock.now())
        return stands

    @staticmethod
    def _simple(broker: BrokerAlerts, uuid: str) -> Alert:
        found = next((alert for alert in broker.alerts() if alert.uuid == uuid), None)
        if found is None or found.status == "deleted":
            raise BadInput(f"the broker has no alert {uuid}: list the alerts")
        if found.type != "simple":
            raise BadInput(f"alert {uuid} places orders: it is changed and deleted as an order is")
        return found


def _notifies(terms: AlertTerms) -> None:
    if terms.places_orders:
        raise BadInput(f"alert {terms.name!r} places orders: ask for it as for an order")


def _made(broker: BrokerAlerts, terms: AlertTerms) -> Alert:
    """Sent, and found among those that stand: the answer alone is no proof, and its loss no refusal."""
    lost = OutcomeUnknown(f"the broker took alert {terms.name!r} and does not list it: list the alerts")
    try:
        broker.create_alert(terms)
    except OutcomeUnknown as error:
        lost = error
    made = _standing(broker, terms)
    if made is None:
        raise lost
    return made


def _standing(broker: BrokerAlerts, terms: AlertTerms) -> Alert | None:
    found = (alert for alert in broker.alerts() if alert.type == "simple" and alert.status == "enabled")
    return next((alert for alert in found if stands_as(terms, alert)), None)
