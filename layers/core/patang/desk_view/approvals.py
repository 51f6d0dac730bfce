"""What waits for its owner's yes."""

from collections.abc import Sequence
from datetime import datetime

from patang.approvals.proposal import Proposal
from patang.approvals.requests.record import OrderRequest
from patang.desk_view.shapes import approval_view, request_view
from patang.desk_view.views import ApprovalView
from patang.keys import LIVE_REQUESTS, PENDING_APPROVALS
from patang.ports import StateStore
from patang.records import load_index

__all__ = ["waiting"]


def waiting(store: StateStore, accounts: Sequence[str], now: datetime) -> tuple[ApprovalView, ...]:
    """Proposals and requests of these accounts that can still get a yes at `now` (wall time), the one that
    ends first in front."""
    shown = [
        view
        for account in accounts
        for view in (
            *(
                approval_view(each, now)
                for each in load_index(store, Proposal, PENDING_APPROVALS, f"{account}#")
            ),
            *(
                request_view(each, now)
                for each in load_index(store, OrderRequest, LIVE_REQUESTS, f"{account}#")
                if each.state == "WAITING"
            ),
        )
        if view is not None and view.seconds_left > 0
    ]
    return tuple(sorted(shown, key=lambda view: view.seconds_left))
