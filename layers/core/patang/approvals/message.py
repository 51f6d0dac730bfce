"""What the owner reads when a yes is asked of him."""

from patang.approvals.proposal import OrderTerms, Proposal
from patang.desk_view.money import rupees

__all__ = ["approval_message"]


_MONEY = {"live": "with real money", "paper": "on paper", "simulator": "in the simulator"}


def approval_message(proposal: Proposal, terms: OrderTerms, link: str) -> tuple[str, str]:
    """Subject and text."""
    signal = proposal.signal
    what = f"{terms.transaction_type} {terms.quantity} {terms.tradingsymbol}"
    price = f"{terms.order_type} at {rupees(terms.price)}" if terms.price is not None else terms.order_type
    until = f"{proposal.expires_at_time:%H:%M:%S} IST" if proposal.expires_at_time else "soon"
    lines = [
        f"{what} on {terms.exchange}, {price}, {terms.product}, account {proposal.account}, "
        f"{_MONEY[terms.mode]}.",
        f"Stop {rupees(signal.stop_loss_price)}, target {rupees(signal.target_price)}.",
        f"Expected profit after charges {rupees(proposal.expected_net_profit, signed=True)} "
        f"(charges {rupees(proposal.expected_charges)}); at risk {rupees(proposal.risk_amount)}.",
        f"Chance to win {signal.confidence:.0%}. {signal.reason}",
        "",
        f"Decide until {until}: {link}",
        "Without an answer nothing is bought.",
    ]
    return f"Approve? {what}", "\n".join(lines)
