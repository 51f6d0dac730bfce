"""Alarms that ring when the desk counts a metric at all: it knows what it has met, and says so once."""

from collections.abc import Mapping
from typing import Final

__all__ = ["COUNTED"]

# Whichever function meets it (Metrics.alarm).
_ANY: Final = "desk"

# Service, metric, what it means.
COUNTED: Final[Mapping[str, tuple[str, str, str]]] = {
    "order-unknown": (
        "order_lane",
        "order_unknown",
        "An order's fate is unknown: it is looked up by its tag and never sent again; look at the broker",
    ),
    "order-unresolved": (
        _ANY,
        "order_unresolved",
        "For two minutes nobody has found out what became of an order: look for its tag at the broker",
    ),
    "order-missing": (
        _ANY,
        "order_missing",
        "An order that the broker had taken is not in its order book: look there, and at the positions",
    ),
    "reconciliation-mismatch": (
        _ANY,
        "reconciliation_mismatch",
        "The broker's books and the desk's differ and nobody can explain it: the account enters nothing",
    ),
    "approval-failed": (
        _ANY,
        "approval_failed",
        "A yes could not be acted on: it is tried again, or was given up; nothing is bought without it",
    ),
    "lane-record-failed": (
        _ANY,
        "lane_record_failed",
        "What became of an order could not be written down; updates and the reconciler find it out",
    ),
    "lane-unreadable": (
        "order_lane",
        "bad_messages",
        "A message to the lane names no intent; its text is in the function's log",
    ),
    "notification-failed": (
        _ANY,
        "notification_failed",
        "A message to you could not be sent: look at the topic and its subscriptions",
    ),
    "subscription-missing": (
        _ANY,
        "subscription_missing",
        "Mail or telephone get no messages: the subscription waits to be confirmed, or was ended",
    ),
    "unprotected-position": (
        _ANY,
        "unprotected_position",
        "For half a minute an open position has had no stop at the broker that is known to stand: look there",
    ),
    "broker-row-left-out": (
        _ANY,
        "broker_row_left_out",
        "The broker shows an order or a trigger that cannot be read and is not the desk's: it is left out",
    ),
    "stale-data": (
        "reconciler",
        "stale_data",
        "No tick has come for too long in market hours: no new entries until they flow again",
    ),
    "ticks-shed": (
        "ingester",
        "ticks_shed",
        "The tick stream took too little for too long and ticks were dropped: bars have gaps",
    ),
    "raw-ticks-shed": (
        "ingester",
        "raw_ticks_shed",
        "The store took too little for too long: the archive of raw ticks has a hole",
    ),
    "ingester-not-running": (
        _ANY,
        "ingester_not_running",
        "The market is open or opens soon, and no ingester runs: no tick comes",
    ),
    "instruments-left-out": (
        "ingester",
        "instruments_left_out",
        "More is to be watched than one key may: the options farthest from the money bring no ticks",
    ),
    "morning-failed": (
        "morning",
        "morning_failed",
        "The day could not be prepared: no new entries until it is run again and passes",
    ),
    "egress-ip-mismatch": (
        _ANY,
        "egress_ip_mismatch",
        "The broker refused an order because of the address it came from: no new entries; register it",
    ),
    "morning-problem": (
        "morning",
        "morning_problem",
        "The morning went on without something: a share, a history, hours to come; its log line says what",
    ),
    "archive-problem": (
        "archive",
        "archive_problem",
        "Something is missing in the day's archive; the metric's line in the log says what",
    ),
}
