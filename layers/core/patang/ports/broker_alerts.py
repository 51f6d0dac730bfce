"""Alerts at the broker, as they are made, changed and taken away."""

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from patang.alerts.terms import AlertTerms
    from patang.kite_replies.alerts import Alert

__all__ = ["BrokerAlerts"]


class BrokerAlerts(Protocol):
    """Sends raise BrokerRefused, AskOwner and TryAgain where nothing has taken effect, OutcomeUnknown where
    something may have; reads raise as the reads of Broker do."""

    def alerts(self) -> "tuple[Alert, ...]":
        """All that stand, whatever their status."""
        ...

    def create_alert(self, terms: "AlertTerms") -> str:
        """Returns its uuid."""
        ...

    def modify_alert(self, uuid: str, terms: "AlertTerms") -> None:
        """It then stands as the terms have it, and is enabled."""
        ...

    def delete_alert(self, uuid: str) -> None: ...
