"""Which counts become series of CloudWatch: those that a dashboard draws or an alarm watches, and no others.

A series is charged by the hour in which it is counted, whoever looks at it or not. All other counts are lines
of the log with the same name, where a query finds them. The templates refuse to draw or to watch what is not
here, and a test finds what is here for nothing.
"""

from collections.abc import Mapping
from typing import Final

__all__ = ["SERIES", "WHOLE_DESK"]

# The service of what any function may meet: one series whoever has met it.
WHOLE_DESK: Final = "desk"

SERIES: Final[Mapping[str, frozenset[str]]] = {
    "api": frozenset({"approval_decisions"}),
    "archive": frozenset({"archive_problem"}),
    WHOLE_DESK: frozenset({
        "approval_failed", "breaker_opened", "broker_row_left_out", "cold_starts", "egress_ip_mismatch",
        "exit_failed", "exit_in_vain", "ingester_not_running", "lane_record_failed", "notification_failed",
        "order_missing", "order_unresolved", "protection_lost", "reconciliation_mismatch",
        "subscription_missing", "unprotected_position",
    }),
    "features": frozenset({
        "cycle_skipped", "cycle_started", "late_ticks", "minute_close_ms", "stream_gaps", "tick_age_ms",
        "ticks",
    }),
    "guard": frozenset({"exits_begun"}),
    "heartbeat": frozenset({"heartbeat", "market_closed"}),
    "ingester": frozenset({
        "bad_frames", "instruments_left_out", "raw_ticks_shed", "reconnects", "ticks_shed",
    }),
    "morning": frozenset({"morning_failed", "morning_problem"}),
    "order_lane": frozenset({
        "bad_messages", "lane_intents", "order_latency", "order_sent", "order_unknown", "order_waited",
    }),
    "order_updates": frozenset({"order_updates"}),
    "order_workflow": frozenset({"approvals_asked", "orders_concluded"}),
    "reconciler": frozenset({
        "accounts_stopped", "day_result_inr", "exposure_inr", "open_positions", "reconciled", "slippage_inr",
        "stale_data", "unrealised_inr",
    }),
    "risk": frozenset({"proposals", "refusals"}),
    "signals": frozenset({"refusals", "signals"}),
}  # fmt: skip
