"""Telling the broker's triggers apart: they carry no tag, so that content, time and what is known must do."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from decimal import Decimal

from patang.execution.gtt_terms import GttTerms
from patang.execution.intent import OrderIntent
from patang.ports import Gtt

__all__ = ["ENDED", "GONE", "matching", "stands_as"]

# A trigger that no longer waits; "triggered" has placed its order, which is not a fill yet.
# https://kite.trade/docs/connect/v3/gtt/
GONE = frozenset({"deleted", "cancelled", "expired", "rejected"})
ENDED = GONE | {"triggered"}

# The broker stamps whole seconds, and its clock is not ours.
_CLOCKS_APART = timedelta(seconds=10)


def stands_as(wanted: GttTerms, gtt: Gtt) -> bool:
    """Whether a trigger sells the same quantities at the same prices on the same instrument."""
    there = gtt.request
    return (
        (there.exchange, there.tradingsymbol) == (wanted.exchange, wanted.tradingsymbol)
        and tuple(map(Decimal, there.trigger_values)) == wanted.triggers
        and tuple((leg.transaction_type, leg.quantity, leg.product, Decimal(leg.price)) for leg in there.legs)
        == tuple((leg.transaction_type, leg.quantity, leg.product, leg.price) for leg in wanted.legs)
    )


def matching(intent: OrderIntent, gtts: Sequence[Gtt], taken: Collection[str]) -> list[Gtt]:
    """The triggers that a GTT_PLACE may have become, oldest first: as wanted, not made before it was, and
    not `taken` by another intent.
    """
    if intent.gtt is None:
        return []
    since = intent.as_of - _CLOCKS_APART
    found = [
        gtt
        for gtt in gtts
        if gtt.gtt_id not in taken
        and gtt.status not in GONE
        and gtt.created_at >= since
        and stands_as(intent.gtt, gtt)
    ]
    return sorted(found, key=lambda gtt: (gtt.created_at, gtt.gtt_id))
