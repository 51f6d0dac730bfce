"""What the desk's records say that people's own orders, triggers and conversions have come to."""

from collections import Counter
from collections.abc import Iterable, Mapping

from patang.execution.intent import OrderIntent
from patang_workbench.exchange.ledger import Entry

__all__ = ["is_cover_stop", "persons_triggers", "persons_units"]

# The product under which the broker books cover orders.
_COVER = "CO"


def persons_triggers(intents: Iterable[OrderIntent]) -> set[str]:
    """Ids of the triggers that people have had laid; those of positions are the desk's."""
    return {
        intent.target_gtt_id
        for intent in intents
        if intent.kind == "GTT_PLACE" and intent.position_id is None and intent.target_gtt_id is not None
    }


def is_cover_stop(entry: Entry) -> bool:
    """Whether it is the second leg of a cover order, which has the tag of the first and a life of its own."""
    return entry.parent_order_id is not None


def persons_units(intents: Mapping[str, OrderIntent], mine: Iterable[Entry]) -> Counter[tuple[str, str]]:
    """Units by (instrument like NSE:INFY, product); negative where more was sold.

    Fills are the intents' own word. Stops of cover orders and orders of triggers have no intent: of `mine`,
    the account's orders at the exchange, those are counted that belong to one which has.
    """
    found: Counter[tuple[str, str]] = Counter()
    for intent in intents.values():
        terms = intent.terms
        key = f"{terms.exchange}:{terms.tradingsymbol}"
        if intent.kind == "ORDER":
            product = _COVER if terms.variety == "co" else terms.product
            found[key, product] += _signed(terms.transaction_type, intent.filled_quantity)
        elif intent.kind == "CONVERT" and intent.state == "COMPLETE":
            found[key, terms.product] -= terms.quantity
            found[key, (intent.changes or {})["product"]] += terms.quantity
    triggers = persons_triggers(intents.values())
    for entry in mine:
        of_cover = is_cover_stop(entry) and entry.tag in intents
        if of_cover or (entry.gtt is not None and str(entry.gtt) in triggers):
            found[f"{entry.exchange}:{entry.tradingsymbol}", entry.product] += _signed(
                entry.side, entry.filled
            )
    return found


def _signed(side: str, units: int) -> int:
    return units if side == "BUY" else -units
