"""An account's alerts at the broker as they were last seen, for those who look at the desk."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from pydantic import BaseModel, ConfigDict

from patang.errors import PatangError, SessionExpired
from patang.keys import alerts_key
from patang.kite_replies.alerts import Alert
from patang.ports import Clock, Key, Metrics, Put, StateStore
from patang.ports.broker_alerts import BrokerAlerts
from patang.records import Record, load

__all__ = ["AlertSeen", "AlertsSeen", "AlertsWatch", "note_alerts"]

# The broker keeps up to 500; an item has room for them.
_MOST: Final = 500
# Wall time that what was seen is good for: they change by hand, or as they go off.
_EVERY: Final = timedelta(minutes=5)


class AlertSeen(BaseModel):
    """An alert. `right` is what is compared with: rupees, or another instrument. `times` it has gone off."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    uuid: str
    type: str
    name: str
    status: str
    exchange: str
    symbol: str
    attribute: str
    operator: str
    constant: Decimal | None = None
    right: str | None = None
    times: int = 0
    made_at: datetime | None = None
    changed_at: datetime | None = None

    @classmethod
    def of(cls, told: Alert) -> "AlertSeen":
        """What is kept of one."""
        with_another = told.rhs_type == "instrument"
        return cls(
            uuid=told.uuid,
            type=told.type,
            name=told.name,
            status=told.status,
            exchange=told.lhs_exchange,
            symbol=told.lhs_tradingsymbol,
            attribute=told.lhs_attribute,
            operator=told.operator,
            constant=None if with_another else told.rhs_constant,
            right=f"{told.rhs_exchange}:{told.rhs_tradingsymbol}" if with_another else None,
            times=told.alert_count,
            made_at=told.created_at,
            changed_at=told.updated_at,
        )


class AlertsSeen(Record):
    """An account's alerts, the newest first, the deleted ones left out. `left_out`: how many more there
    were than are kept."""

    account: str
    told_at: datetime
    alerts: tuple[AlertSeen, ...] = ()
    left_out: int = 0

    def key(self) -> Key:
        return alerts_key(self.account)


class AlertsWatch:
    """Looks at an account's alerts every few minutes of wall time."""

    def __init__(
        self, store: StateStore, broker: Callable[[str], BrokerAlerts], clock: Clock, metrics: Metrics
    ) -> None:
        self._store = store
        self._broker = broker
        self._clock = clock
        self._metrics = metrics

    def refresh(self, account: str) -> bool:
        """Whether they were asked for now. What the broker does not tell is counted, and holds nobody up;
        without a session, of which others tell the owner, nothing is asked."""
        now, known = self._clock.now(), load(self._store, AlertsSeen, alerts_key(account))
        if known is not None and timedelta(0) <= now - known.told_at < _EVERY:
            return False
        try:
            note_alerts(self._store, account, self._broker(account).alerts(), now)
        except SessionExpired:
            return False
        except PatangError as error:
            self._metrics.count("alerts_not_seen", account=account, error=type(error).__name__)
            return False
        return True


def note_alerts(store: StateStore, account: str, told: Sequence[Alert], now: datetime) -> None:
    """Keeps the account's alerts as they were told now, in the place of what was told before."""
    there = [AlertSeen.of(alert) for alert in told if alert.status != "deleted"]
    there.sort(key=lambda one: (one.made_at is not None, one.made_at, one.uuid), reverse=True)
    seen = AlertsSeen(
        account=account, told_at=now, alerts=tuple(there[:_MOST]), left_out=max(len(there) - _MOST, 0)
    )
    # A view, not a state: the last writer is the newest.
    store.write(Put(seen.key(), seen.model_dump(mode="json", exclude_none=True)))
