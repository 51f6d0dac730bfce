"""What the owner reads when a yes to somebody's order is asked of him."""

from patang.approvals.requests.record import OrderRequest
from patang.approvals.requests.wishes import title_of
from patang.desk_view.money import rupees
from patang.market.sessions import IST

__all__ = ["request_message"]

_MONEY = {"live": "with real money", "paper": "on paper", "simulator": "in the simulator"}


def request_message(request: OrderRequest, link: str) -> tuple[str, str]:
    """Subject and text."""
    figures, title = request.figures, title_of(request.wanted())
    ends = request.expires_at_time
    known = [
        ("Value", figures.value),
        ("charges about", figures.charges),
        ("margin needed", figures.margin_needed),
    ]
    told = ", ".join(f"{name} {rupees(amount)}" for name, amount in known if amount is not None)
    lines = [
        f"{_MONEY[request.mode]}, asked for by {request.actor} in account {request.account}:",
        *figures.lines,
        f"{told}." if told else "",
        "",
        f"Decide until {ends.astimezone(IST):%H:%M:%S} IST: {link}" if ends else f"Decide: {link}",
        "Without an answer nothing is sent.",
    ]
    return f"Approve? {title}", "\n".join(lines)
