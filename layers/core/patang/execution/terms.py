"""From a proposal to the exact terms of its order, and from those to what a change makes of them."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from patang.approvals.proposal import OrderTerms, Proposal
from patang.execution.prices import buy_limit
from patang.settings import Settings
from patang.strategies.signal import Signal

__all__ = ["changed_terms", "entry_limit", "entry_terms"]


def entry_limit(signal: Signal, settings: Settings) -> Decimal:
    """The most that an entry pays, rupees a unit: marketable, and never further above the signal's price than
    the owner allows to drift."""
    ask = signal.ask if signal.ask > 0 else signal.entry_price
    cap = signal.entry_price * (1 + Decimal(settings.approval.max_price_drift_pct) / 100)
    return buy_limit(ask, signal.tick_size, cap)


def entry_terms(proposal: Proposal, settings: Settings) -> OrderTerms:
    """The BUY LIMIT of a proposal."""
    signal = proposal.signal
    return OrderTerms(
        account=proposal.account,
        mode=settings.mode,
        exchange=signal.exchange,
        tradingsymbol=signal.symbol,
        transaction_type="BUY",
        quantity=proposal.quantity,
        order_type="LIMIT",
        product=signal.product,
        price=entry_limit(signal, settings),
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
