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
    "order-never-arrived": (
        _ANY,
        "order_never_arrived",
        "An order never reached the broker and is not sent again by itself; an exit is begun anew: see to it",
    ),
    "order-turned-up-late": (
        _ANY,
        "order_turned_up_late",
        "An order that had been given up stands or was filled after all; the desk has taken it back",
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
    "duplicate-orders": (
        _ANY,
        "duplicate_orders",
        "One tag stands twice in the order book, which must never be: halt, and look at both orders",
    ),
    "fill-after-end": (
        _ANY,
        "fill_after_end",
        "An order that had ended was filled further; the position counts it: compare with the broker",
    ),
    "entry-rejected": (
        _ANY,
        "entry_rejected",
        "The broker or the exchange refused an entry; nothing was bought, the notice has its words",
    ),
    "approval-failed": (
        _ANY,
        "approval_failed",
        "A yes could not be acted on: it is tried again, or was given up; nothing is bought without it",
    ),
    "breaker-opened": (
        _ANY,
        "breaker_opened",
        "A limit of losses is reached: the account enters nothing more, exits go on",
    ),
    "order-rejected": (
        _ANY,
        "order_rejected",
        "The broker or the exchange refused an order of yours; the notice has its words",
    ),
    "order-timed-out": (
        _ANY,
        "order_timed_out",
        "An entry was not filled in its time and is being cancelled; a part may have been bought",
    ),
    "terms-changed": (
        _ANY,
        "terms_changed",
        "An intent's terms were not those it was written for; it was not sent: who has changed the table?",
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
    "exit-failed": (
        _ANY,
        "exit_failed",
        "An exit ended before all was sold; the guard sells again: see that it does",
    ),
    "exit-in-vain": (
        _ANY,
        "exit_in_vain",
        "For a minute an exit has followed the price and nobody takes it: look at the market, sell by hand",
    ),
    "stop-jumped": (
        _ANY,
        "stop_jumped",
        "The price went through a resting stop and its limit; it follows the price down until all is sold",
    ),
    "protection-refused": (
        _ANY,
        "protection_refused",
        "The broker refused what should protect a position: it is tried again, another way or a little later",
    ),
    "unprotected-position": (
        _ANY,
        "unprotected_position",
        "For half a minute an open position has had no stop at the broker that is known to stand: look there",
    ),
    "protection-lost": (
        _ANY,
        "protection_lost",
        "The trigger that protected a position is gone at the broker; another is laid, or it is sold",
    ),
    "closed-externally": (
        _ANY,
        "closed_externally",
        "What the desk held was sold outside of it; the desk has taken it out of its books",
    ),
    "stray-exit": (
        _ANY,
        "stray_exit",
        "A sell order too many is being cancelled: look at the account's positions at the broker",
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
    "bad-frames": (
        "ingester",
        "bad_frames",
        "The ticker sent what cannot be decoded: its ticks are missing, bars have gaps",
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
    "price-break": (
        _ANY,
        "price_break",
        "A share that is held was restated overnight: its levels were adjusted, or wait for your ratio",
    ),
    "session-expired": (
        _ANY,
        "session_expired",
        "The broker does not take the day's token any more: no entries and no exits until its owner logs in",
    ),
    "preflight-failed": (
        _ANY,
        "preflight_failed",
        "The day's checks have failed for a minute: what they name keeps entries from leaving",
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
