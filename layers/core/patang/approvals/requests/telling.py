"""What the audit log hears of a request."""

from datetime import datetime

from patang.approvals.requests.record import OrderRequest
from patang.execution.journal import journal
from patang.market.sessions import IST
from patang.ports import Put

__all__ = ["told_event"]


def told_event(request: OrderRequest, kind: str, now: datetime, actor: str) -> Put:
    """The write of an event of the same kind as a proposal's has: APPROVAL_ASKED, APPROVAL_APPROVED, ...

    Everything happens once, but for a quantity that is made less.
    """
    reduced = f"#{request.terms_digest[:12]}" if kind == "APPROVAL_REDUCED" else ""
    ends = request.expires_at_time
    return journal(
        request.account,
        kind,
        f"{request.approval_id}{reduced}",
        request.as_of,
        now,
        actor,
        order_id=request.approval_id,
        request_id=request.request_id,
        asked=request.kind,
        asked_by=request.actor,
        wish=request.wish,
        orders=list(request.figures.lines),
        terms_digest=request.terms_digest,
        outcome=request.outcome,
        expires_at=ends.astimezone(IST).isoformat() if ends else None,
    )
