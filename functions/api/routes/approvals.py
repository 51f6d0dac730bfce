"""Approvals: the page behind the link, and the same decision for programs.

Looking changes nothing, signed in or not: mail scanners follow links, run scripts and press buttons.
Deciding, and making the quantity less, takes the signed-in owner, the word of his session, and the digest of
the terms he was shown.
"""

from typing import Annotated, Literal

from fastapi import APIRouter, Form
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import RedirectResponse, Response

from functions.api.errors import problem
from functions.api.gate import Reader, TheDesk, Trader, own_account
from functions.api.render import message_page, page
from patang.app import Desk
from patang.approvals.proposal import Proposal
from patang.desk_view.shapes import approval_view
from patang.desk_view.views import ApprovalView
from patang.identity.principal import Principal

__all__ = ["router"]

router = APIRouter()

type Choice = Literal["approve", "decline"]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Decision = Annotated[Choice, Form()]
ShownDigest = Annotated[Digest, Form()]
Units = Annotated[int, Field(gt=0, le=10**7)]
FewerUnits = Annotated[Units, Form()]

# What a decision came to: status, title and text of its page.
_ENDS = {
    "APPROVED": (200, "Approved", "The price and the risk are checked once more, then the order is placed."),
    "DECLINED": (200, "Declined", "No order is placed."),
    "ALREADY_DECIDED": (409, "Already decided", "This order was approved or declined before."),
    "TERMS_CHANGED": (409, "The terms have changed", "What you were shown is not what would be placed."),
    "EXPIRED": (410, "Too late", "The time to approve this order is over. No order is placed."),
    "NOT_REDUCED": (409, "The quantity stays", "So many units cannot be bought instead."),
    "UNKNOWN": (404, "No such approval", "This link leads to no order that you could decide about."),
}


class DecisionRequest(BaseModel):
    """A yes or no to the exact terms whose digest is named."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"account": "main", "decision": "approve", "terms_digest": "0f" * 32}]
        },
    )

    account: Annotated[str, Field(max_length=40)]
    decision: Choice
    terms_digest: Digest


class QuantityRequest(BaseModel):
    """Fewer units than the terms have whose digest is named, in whole lots."""

    model_config = ConfigDict(extra="forbid")

    account: Annotated[str, Field(max_length=40)]
    quantity: Units
    terms_digest: Digest


class QuantityAnswer(BaseModel):
    """The digest of the terms that a yes has to name now."""

    order_id: str
    quantity: int
    terms_digest: str


class DecisionAnswer(BaseModel):
    """`result` is APPROVED or DECLINED."""

    result: str
    order_id: str


@router.get("/approvals/{nonce}")
def linked_page(nonce: str, principal: Reader, desk: TheDesk) -> Response:
    """Where the link in the mail leads."""
    return _page(desk, principal, _linked(desk, principal, nonce), f"/approvals/{nonce}")


@router.post("/approvals/{nonce}")
def decide_by_link(
    nonce: str, principal: Trader, desk: TheDesk, decision: Decision, terms_digest: ShownDigest
) -> Response:
    """The press of a button on that page."""
    return _decided(desk, principal, _linked(desk, principal, nonce), decision, terms_digest)


@router.get("/proposals/{account}/{order_id}")
def owners_page(account: str, order_id: str, principal: Reader, desk: TheDesk) -> Response:
    """The same page by the order's own name, where the status page leads: links are known by hash only."""
    proposal = _named(desk, principal, account, order_id)
    return _page(desk, principal, proposal, f"/proposals/{account}/{order_id}")


@router.post("/proposals/{account}/{order_id}")
def decide_by_owner(
    account: str,
    order_id: str,
    principal: Trader,
    desk: TheDesk,
    decision: Decision,
    terms_digest: ShownDigest,
) -> Response:
    """The press of a button on that page."""
    return _decided(desk, principal, _named(desk, principal, account, order_id), decision, terms_digest)


@router.post("/approvals/{nonce}/quantity")
def reduce_by_link(
    nonce: str, principal: Trader, desk: TheDesk, quantity: FewerUnits, terms_digest: ShownDigest
) -> Response:
    """Fewer units than proposed: the page then shows the new terms, and asks for a yes to those."""
    proposal, here = _linked(desk, principal, nonce), f"/approvals/{nonce}"
    return _reduced(desk, principal, proposal, quantity, terms_digest, here)


@router.post("/proposals/{account}/{order_id}/quantity")
def reduce_by_owner(
    account: str,
    order_id: str,
    principal: Trader,
    desk: TheDesk,
    quantity: FewerUnits,
    terms_digest: ShownDigest,
) -> Response:
    """The same from the page by the order's own name."""
    proposal, here = _named(desk, principal, account, order_id), f"/proposals/{account}/{order_id}"
    return _reduced(desk, principal, proposal, quantity, terms_digest, here)


@router.post("/api/approvals/{order_id}/quantity", response_model=QuantityAnswer)
def reduce(
    order_id: str, wish: QuantityRequest, principal: Trader, desk: TheDesk
) -> Response | QuantityAnswer:
    """Make the quantity less. 409: not less, no whole lots, not worth its costs, decided before, or other
    terms; 410: too late."""
    account, now = own_account(principal, wish.account), desk.clock.now()
    done = desk.approvals().reduce(account, order_id, wish.quantity, wish.terms_digest, principal.actor, now)
    if done.result == "REDUCED":
        return QuantityAnswer(order_id=order_id, quantity=wish.quantity, terms_digest=done.terms_digest or "")
    status, title, text = _ENDS[done.result]
    return problem(status, done.result, f"{title}. {done.why or text}")


@router.get("/api/approvals")
def waiting(principal: Reader, desk: TheDesk) -> tuple[ApprovalView, ...]:
    """What waits for a yes, the one that ends first in front."""
    return desk.desk_view().approvals(principal.accounts)


@router.post("/api/approvals/{order_id}/decision", response_model=DecisionAnswer)
def decide(
    order_id: str, wish: DecisionRequest, principal: Trader, desk: TheDesk
) -> Response | DecisionAnswer:
    """Approve or decline one order. 409: decided before, or other terms; 410: too late."""
    account = own_account(principal, wish.account)
    result = _decide(desk, principal, account, order_id, wish.decision, wish.terms_digest)
    status, title, text = _ENDS[result]
    if status != 200:
        return problem(status, result, f"{title}. {text}")
    return DecisionAnswer(result=result, order_id=order_id)


def _decide(
    desk: Desk, principal: Principal, account: str, order_id: str, decision: Choice, terms_digest: str
) -> str:
    return desk.approvals().decide(
        account, order_id, decision, terms_digest, principal.actor, desk.clock.now()
    )


def _linked(desk: Desk, principal: Principal, nonce: str) -> Proposal | None:
    proposal = desk.approvals().view(nonce)
    return proposal if proposal is not None and principal.owns(proposal.account) else None


def _named(desk: Desk, principal: Principal, account: str, order_id: str) -> Proposal | None:
    return desk.desk_view().proposal(account, order_id) if principal.owns(account) else None


def _page(desk: Desk, principal: Principal, proposal: Proposal | None, here: str) -> Response:
    """The terms; and two buttons as long as there is something to decide."""
    view = approval_view(proposal, desk.clock.now()) if proposal is not None else None
    if proposal is None or proposal.terms is None or view is None:
        return _end("UNKNOWN")
    waits = proposal.state == "PENDING"
    expired = proposal.state == "EXPIRED" or proposal.outcome == "APPROVAL_EXPIRED"
    if expired or (waits and view.seconds_left == 0):
        return _end("EXPIRED")
    return page(
        "approval.html",
        # Where the order would go, whatever the desk's mode has become since it was proposed.
        mode=proposal.terms.mode,
        profile=desk.settings().profile,
        view=view,
        waits=waits,
        here=here,
        csrf=principal.csrf or "",
        decided_by=proposal.decided_by,
        decided_at=proposal.decided_at,
        outcome=proposal.outcome,
        lot_size=proposal.signal.lot_size,
        proposed_quantity=proposal.proposed_quantity,
    )


def _decided(
    desk: Desk, principal: Principal, proposal: Proposal | None, decision: Choice, terms_digest: str
) -> Response:
    if proposal is None:
        return _end("UNKNOWN")
    return _end(_decide(desk, principal, proposal.account, proposal.order_id, decision, terms_digest))


def _reduced(
    desk: Desk,
    principal: Principal,
    proposal: Proposal | None,
    quantity: int,
    terms_digest: str,
    here: str,
) -> Response:
    if proposal is None:
        return _end("UNKNOWN")
    done = desk.approvals().reduce(
        proposal.account, proposal.order_id, quantity, terms_digest, principal.actor, desk.clock.now()
    )
    if done.result == "REDUCED":
        # By GET, so that the page is loaded anew with the terms that a yes is for now.
        return RedirectResponse(here, 303)
    return _end(done.result, done.why)


def _end(result: str, why: str = "") -> Response:
    status, title, text = _ENDS[result]
    return message_page(status, title, f"{why[:1].upper()}{why[1:]}." if why else text)
