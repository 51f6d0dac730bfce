"""Alerts that notify. Those that place orders are requests of a person: patang.approvals.requests."""

from collections.abc import Callable

from patang.alerts.terms import AlertTerms, stands_as
from patang.errors import BadInput, OutcomeUnknown
from patang.kite_replies.alerts import Alert
from patang.ports.broker_alerts import BrokerAlerts

__all__ = ["PriceAlerts"]


class PriceAlerts:
    """Makes, changes and deletes an account's simple alerts at the broker. Raises as BrokerAlerts does."""

    def __init__(self, broker: Callable[[str], BrokerAlerts]) -> None:
        self._broker = broker

    def create(self, account: str, terms: AlertTerms) -> Alert:
        """One that stands just so is the one: nobody is told the same twice."""
        _notifies(terms)
        broker = self._broker(account)
        known = _standing(broker, terms)
        if known is not None:
            return known
        try:
            broker.create_alert(terms)
        except OutcomeUnknown:
            made = _standing(broker, terms)
            if made is None:
                raise
            return made
        made = _standing(broker, terms)
        if made is None:
            raise OutcomeUnknown(
                f"the broker took alert {terms.name!r} and does not list it: list the alerts"
            )
        return made

    def modify(self, account: str, uuid: str, terms: AlertTerms) -> Alert:
        """Raises BadInput for an alert that there is not, or that places orders."""
        _notifies(terms)
        broker = self._broker(account)
        self._simple(broker, uuid)
        broker.modify_alert(uuid, terms)
        return self._simple(broker, uuid)

    def delete(self, account: str, uuid: str) -> Alert:
        """Raises BadInput for an alert that there is not, or that places orders. Returns what it was."""
        broker = self._broker(account)
        known = self._simple(broker, uuid)
        broker.delete_alert(uuid)
        return known

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


def _standing(broker: BrokerAlerts, terms: AlertTerms) -> Alert | None:
    found = (alert for alert in broker.alerts() if alert.type == "simple" and alert.status == "enabled")
    return next((alert for alert in found if stands_as(terms, alert)), None)
