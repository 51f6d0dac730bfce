"""A paper account has no alerts: whatever one placed would be real."""

from patang.alerts.terms import AlertTerms
from patang.errors import BrokerRefused
from patang.kite_replies.alerts import Alert

__all__ = ["NoAlerts"]


class NoAlerts:
    """BrokerAlerts that keeps none."""

    def alerts(self) -> tuple[Alert, ...]:
        return ()

    def create_alert(self, terms: AlertTerms) -> str:
        raise BrokerRefused(f"A paper account keeps no alert that places orders: {terms.name!r}.")

    def modify_alert(self, uuid: str, terms: AlertTerms) -> None:
        raise BrokerRefused(f"There is no alert {uuid} to become {terms.name!r}.")

    def delete_alert(self, uuid: str) -> None:
        raise BrokerRefused(f"There is no alert {uuid}.")
