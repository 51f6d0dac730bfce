"""From a proposal to the exact terms of its order."""

from decimal import Decimal

from patang.approvals.proposal import OrderTerms, Proposal
from patang.execution.prices import buy_limit
from patang.settings import Settings

__all__ = ["entry_terms"]


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
