"""From a proposal to the exact terms of its order, and from those to what a change makes of them."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from patang.approvals.proposal import OrderTerms, Proposal
from patang.execution.prices import buy_limit
from patang.settings import Settings

__all__ = ["changed_terms", "entry_terms"]


def entry_terms(proposal: Proposal, settings: Settings) -> OrderTerms:
    """A marketable BUY LIMIT that never pays more above the signal's price than the owner allows to drift."""
    signal = proposal.signal
    ask = signal.ask if signal.ask > 0 else signal.entry_price
    cap = signal.entry_price * (1 + Decimal(settings.approval.max_price_drift_pct) / 100)
    return OrderTerms(
        account=proposal.account,
        mode=settings.mode,
        exchange=signal.exchange,
        tradingsymbol=signal.symbol,
        transaction_type="BUY",
        quantity=proposal.quantity,
        order_type="LIMIT",
        product=signal.product,
        price=buy_limit(ask, signal.tick_size, cap),
    )


def changed_terms(terms: OrderTerms, changes: Mapping[str, str]) -> OrderTerms:
    """The terms after a change of some fields, given as texts; what the new type does not have is gone."""
    words: dict[str, Any] = terms.model_dump() | dict(changes)
    kind = words["order_type"]
    if kind in ("MARKET", "SL-M"):
        words["price"] = None
    else:
        words["market_protection"] = None
    if kind in ("MARKET", "LIMIT") and terms.variety != "co":
        words["trigger_price"] = None
    if words["validity"] != "TTL":
        words["validity_ttl"] = None
    return OrderTerms.model_validate(words)
