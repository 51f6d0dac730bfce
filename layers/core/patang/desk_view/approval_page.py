"""What the page of an approval shows of it, in whatever state it is."""

from dataclasses import dataclass
from datetime import datetime

from patang.approvals.decisions import Undecided
from patang.approvals.proposal import Proposal
from patang.approvals.requests.wishes import rows_of
from patang.desk_view.shapes import approval_view, request_view
from patang.desk_view.views import ApprovalView
from patang.settings import Mode

__all__ = ["ShownApproval", "shown_approval"]


@dataclass(frozen=True, slots=True)
class ShownApproval:
    """`mode` is where the order would go, whatever the desk's has become since. `waits`: it can be decided;
    `least` and `step` are units that it may be lowered to and by, None where it is no single order. `fields`
    are all that was asked for, by name."""

    view: ApprovalView
    mode: Mode
    waits: bool
    expired: bool
    step: int | None
    proposed_quantity: int | None
    decided_by: str | None
    decided_at: datetime | None
    outcome: str | None
    fields: tuple[tuple[str, str], ...] = ()

    @property
    def can_be_less(self) -> bool:
        return self.step is not None and (self.view.quantity or 0) > self.step


def shown_approval(found: Undecided, now: datetime) -> ShownApproval | None:
    """None before the terms of a proposal exist."""
    if not isinstance(found, Proposal):
        view, waits = request_view(found, now), found.state == "WAITING"
        return ShownApproval(
            view=view,
            mode=found.mode,
            waits=waits,
            expired=found.state == "EXPIRED" or (waits and view.seconds_left == 0),
            step=None if view.quantity is None else found.figures.lot_size,
            proposed_quantity=found.proposed_quantity,
            decided_by=found.decided_by,
            decided_at=found.decided_at,
            outcome=found.outcome or None,
            fields=rows_of(found.wanted()),
        )
    proposal_view = approval_view(found, now)
    if proposal_view is None or found.terms is None:
        return None
    waits, over = found.state == "PENDING", found.outcome == "APPROVAL_EXPIRED"
    return ShownApproval(
        view=proposal_view,
        mode=found.terms.mode,
        waits=waits,
        expired=over or found.state == "EXPIRED" or (waits and proposal_view.seconds_left == 0),
        step=found.signal.lot_size,
        proposed_quantity=found.proposed_quantity,
        decided_by=found.decided_by,
        decided_at=found.decided_at,
        outcome=found.outcome,
    )
