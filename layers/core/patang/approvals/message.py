"""What the owner reads when a yes is asked of him."""

from patang.approvals.proposal import OrderTerms, Proposal
from patang.desk_view.money import rupees

__all__ = ["approval_message"]


_MONEY = {"live": "with real money", "paper": "on paper", "simulator": "in the simulator"}


def approval_message(proposal: Proposal, terms: OrderTerms, link: str) -> tuple[str, str]:
    """Subject and text."""
    signal = proposal.signal
    what = f"{terms.transaction_type} {terms.quantity} {terms.tradingsymbol}"
    price = f"at {rupees(terms.price)} {terms.order_type}" if terms.price is not None else terms.order_type
    until = f"{proposal.expires_at_time:%H:%M:%S} IST" if proposal.expires_at_time else "soon"
    lines = [
        # A telephone has room for little more than this and the link: what goes first matters most.
        f"{_MONEY[terms.mode]}, {price}, {terms.product} on {terms.exchange}, account {proposal.account}.",
        f"Stop {rupees(signal.stop_loss_price)}, target {rupees(signal.target_price)}.",
        f"Expected profit after charges {rupees(proposal.expected_net_profit, signed=True)} "
        f"(charges {rupees(proposal.expected_charges)}); at risk {rupees(proposal.risk_amount)}.",
        f"Chance to win {signal.confidence:.0%}. {signal.reason}",
        "",
        f"Decide until {until}: {link}",
        "Without an answer nothing is bought.",
    ]
    return f"Approve? {what}", "\n".join(lines)
