"""Approvals: the page behind the link, and the same decision for programs; of the desk's own proposals and of
orders that somebody asks for.

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
from patang.approvals.decisions import Undecided, id_of
from patang.desk_view.approval_page import shown_approval
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
    "REFUSED": (409, "Not sent", "It was approved, and looked at once more it may not be sent."),
    "NOT_IN_PERSON": (403, "Not by a program", "Sign in to say yes to this: no token says it."),
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
    """The same page by the order's own name, where the console leads: links are known by hash only."""
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
    account = own_account(principal, wish.account)
    done = desk.decisions().reduce(principal, account, order_id, wish.quantity, wish.terms_digest)
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
    """Approve or decline one order. 403: a program's yes to what a program asks for; 409: decided before,
    other terms, or approved and then not sent; 410: too late."""
    account = own_account(principal, wish.account)
    result, why = desk.decisions().decide(principal, account, order_id, wish.decision, wish.terms_digest)
    status, title, text = _ENDS[result]
    if status != 200:
        return problem(status, result, f"{title}. {why or text}")
    return DecisionAnswer(result=result, order_id=order_id)


def _linked(desk: Desk, principal: Principal, nonce: str) -> Undecided | None:
    found = desk.decisions().linked(nonce)
    return found if found is not None and principal.owns(found.account) else None


def _named(desk: Desk, principal: Principal, account: str, order_id: str) -> Undecided | None:
    return desk.decisions().find(account, order_id) if principal.owns(account) else None


def _page(desk: Desk, principal: Principal, found: Undecided | None, here: str) -> Response:
    """The terms; and two buttons as long as there is something to decide."""
    shown = None if found is None else shown_approval(found, desk.clock.now())
    if shown is None:
        return _end("UNKNOWN")
    if shown.expired:
        return _end("EXPIRED")
    return page(
        "approval.html",
        shown=shown,
        view=shown.view,
        profile=desk.settings().profile,
        here=here,
        csrf=principal.csrf or "",
    )


def _decided(
    desk: Desk, principal: Principal, found: Undecided | None, decision: Choice, terms_digest: str
) -> Response:
    if found is None:
        return _end("UNKNOWN")
    verdict = desk.decisions().decide(principal, found.account, id_of(found), decision, terms_digest)
    return _end(verdict.result, verdict.why)


def _reduced(
    desk: Desk,
    principal: Principal,
    found: Undecided | None,
    quantity: int,
    terms_digest: str,
    here: str,
) -> Response:
    if found is None:
        return _end("UNKNOWN")
    done = desk.decisions().reduce(principal, found.account, id_of(found), quantity, terms_digest)
    if done.result == "REDUCED":
        # By GET, so that the page is loaded anew with the terms that a yes is for now.
        return RedirectResponse(here, 303)
    return _end(done.result, done.why)


def _end(result: str, why: str = "") -> Response:
    status, title, text = _ENDS[result]
    return message_page(status, title, f"{why[:1].upper()}{why[1:]}." if why else text)
