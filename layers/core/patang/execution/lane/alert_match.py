"""Telling the broker's alerts apart: they carry no tag, so that content and time must do."""

from collections.abc import Collection, Sequence
from datetime import timedelta

from patang.alerts.terms import stands_as
from patang.execution.intent import IntentState, OrderIntent
from patang.kite_replies.alerts import Alert

__all__ = ["AlertFate", "fate_of"]

type AlertFate = tuple[IntentState, str, str | None]
"""What has become of an intent, in words, and the alert's id where it was made."""

# The broker stamps whole seconds, and its clock is not ours.
_CLOCKS_APART = timedelta(seconds=10)


def fate_of(intent: OrderIntent, alerts: Sequence[Alert], taken: Collection[str]) -> AlertFate | None:
    """None where nothing of it is to be seen. `taken`: alerts that other intents have made."""
    if intent.kind == "ALERT_PLACE":
        return _placed(intent, alerts, taken)
    target = next((alert for alert in alerts if alert.uuid == intent.target_order_id), None)
    gone = target is None or target.status == "deleted"
    if intent.kind == "ALERT_DELETE":
        return ("COMPLETE", "the alert is gone", intent.target_order_id) if gone else None
    if target is None or gone:
        return "REJECTED", "the alert is gone", None
    if intent.alert is not None and stands_as(intent.alert, target):
        return "COMPLETE", "the alert stands as changed", target.uuid
    return None


def _placed(intent: OrderIntent, alerts: Sequence[Alert], taken: Collection[str]) -> AlertFate | None:
    since = intent.as_of - _CLOCKS_APART
    for alert in alerts:
        made = alert.created_at
        if intent.alert is None or made is None or made < since or alert.uuid in taken:
            continue
        if alert.type == "ato" and alert.status != "deleted" and stands_as(intent.alert, alert):
            return "COMPLETE", "the alert stands", alert.uuid
    return None
