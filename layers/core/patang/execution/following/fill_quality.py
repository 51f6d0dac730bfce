"""What an order that has ended tells of slippage, counted with the end itself.

The count is written in the transaction that writes the order's end, as the difference of what the order told
before and after the change. So no end is lost and none counts twice, however often and by whomever it is
told; a fill that is heard of after the end changes the order's own share of the sum.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal

from patang.execution.intent import OrderIntent
from patang.ports import StateStore, Write
from patang.records import create, load, replace
from patang.risk.charges import segment_of
from patang.risk.slippage import SlippageTally, instrument_class, order_size, slippage_pct

__all__ = ["count_slippage", "latencies"]


def count_slippage(store: StateStore, old: OrderIntent, new: OrderIntent) -> list[Write]:
    """The write that counts what became of an entry or an exit; none if it tells nothing (more)."""
    before, after = _slipped(old), _slipped(new)
    if before == after:
        return []
    empty = _empty_tally(new)
    known = load(store, SlippageTally, empty.key())
    tally = known or empty
    changed = tally.evolve(
        fills=tally.fills + len(after) - len(before),
        total_pct=tally.total_pct + sum(after, Decimal(0)) - sum(before, Decimal(0)),
    )
    return [create(changed) if known is None else replace(changed)]


def latencies(intent: OrderIntent, as_of: datetime, now: datetime) -> Mapping[str, float]:
    """How long a fill that was told at `now` (wall) and made at `as_of` (market) has taken.

    Wall milliseconds from the wish to the order's leaving, of the call to the broker, and from the leaving to
    the first word of the fill; market seconds from the signal's moment to the fill. What is not known is left
    out.
    """
    told = {"signal_to_fill_s": (as_of - intent.as_of).total_seconds()}
    if intent.sending_at is not None:
        told["wish_to_order_ms"] = _milliseconds(intent.sending_at - intent.written_at)
        told["order_to_fill_ms"] = _milliseconds(now - intent.sending_at)
    if intent.latency_ms is not None:
        told["call_ms"] = intent.latency_ms
    return told


def _milliseconds(span: timedelta) -> float:
    return round(span.total_seconds() * 1000, 3)


def _slipped(intent: OrderIntent) -> tuple[Decimal, ...]:
    """Percent that the order slipped; nothing while it may still fill, or where a price is not known."""
    decided_at, filled = _decided_at(intent), intent.average_price
    if intent.kind not in ("ENTRY", "EXIT", "PROTECT") or not intent.is_final or intent.filled_quantity == 0:
        return ()
    if not decided_at or not filled:
        return ()
    return (slippage_pct(intent.terms.transaction_type, decided_at, filled),)


def _decided_at(intent: OrderIntent) -> Decimal | None:
    """The price that could be had at once: the spread is a cost of its own, and no slippage."""
    if intent.bid and intent.expected_price:
        return min(intent.bid, intent.expected_price)
    return intent.expected_price


def _empty_tally(intent: OrderIntent) -> SlippageTally:
    # By the whole of what was ordered, whatever of it was filled: an order's size never changes.
    terms = intent.terms
    value = terms.quantity * (intent.expected_price or Decimal(0))
    return SlippageTally(
        mode=terms.mode,
        account=intent.account,
        instrument_class=instrument_class(segment_of(terms.exchange, terms.tradingsymbol, terms.product)),
        size=order_size(value),
    )
