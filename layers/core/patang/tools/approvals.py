"""Proposed orders that wait for their owner's word."""

from typing import Annotated, Literal
from urllib.parse import quote

from pydantic import Field

from patang.desk_view.views import ApprovalView
from patang.errors import Refused
from patang.tools.caller import Caller
from patang.tools.tool import AccountInput, AnyTool, Tool, ToolReply

__all__ = ["TOOLS", "approval_url"]

Digest = Annotated[
    str, Field(pattern="^[0-9a-f]{64}$", description="terms_digest of the terms that the owner was shown")
]
OrderId = Annotated[str, Field(min_length=1, max_length=60, description="the approval's order_id")]

_RESULTS = {
    "APPROVED": "Approved. Price and risk are checked once more, then the order is placed.",
    "DECLINED": "Declined. No order is placed.",
    "ALREADY_DECIDED": "this order was decided before",
    "EXPIRED": "too late: the time to decide is over and no order is placed",
    "TERMS_CHANGED": "the terms are not those of this digest: list the approvals and show the new ones",
    "UNKNOWN": "there is no such approval",
    "REFUSED": "approved, and then not sent",
    "NOT_IN_PERSON": "no program says yes to it: its owner does, signed in, on the desk's page",
    "NOT_REDUCED": "so many units cannot be bought instead",
}


class DecisionInput(AccountInput):
    """A yes or no to the exact terms whose digest is named."""

    order_id: OrderId
    decision: Literal["approve", "decline"]
    terms_digest: Digest


class ReductionInput(AccountInput):
    """Fewer units than the terms have whose digest is named, in whole lots."""

    order_id: OrderId
    quantity: Annotated[int, Field(gt=0, le=10**7, description="units, in whole lots")]
    terms_digest: Digest


class WaitingApproval(ApprovalView):
    """An order that waits for a yes; its owner, signed in, says it at `approval_url`."""

    approval_url: str | None = None


class Approvals(ToolReply):
    """What waits for a yes, the one that ends first in front."""

    approvals: tuple[WaitingApproval, ...]


class DecisionReply(ToolReply):
    """What the decision came to."""

    result: Literal["APPROVED", "DECLINED"]
    order_id: str
    message: str


class ReductionReply(ToolReply):
    """The digest of the terms that a yes has to name now."""

    order_id: str
    quantity: int
    terms_digest: str


def approval_url(caller: Caller, account: str, order_id: str) -> str | None:
    """The desk's page of what waits for a yes; None where nobody has said how the desk is reached. It is no
    permission: whoever opens it has to be signed in as the owner."""
    address = caller.services.public_url()
    return f"{address}/proposals/{quote(account, safe='')}/{quote(order_id, safe='')}" if address else None


def _waiting(caller: Caller, args: AccountInput) -> Approvals:
    found = caller.services.desk_view().approvals(caller.accounts(args.account_id))
    return Approvals(approvals=tuple(_with_url(caller, view) for view in found))


def _with_url(caller: Caller, view: ApprovalView) -> WaitingApproval:
    link = approval_url(caller, view.account, view.order_id)
    return WaitingApproval(**view.model_dump(), approval_url=link)


def _decide(caller: Caller, args: DecisionInput) -> DecisionReply:
    account, decisions = caller.account(args.account_id), caller.services.decisions()
    result, why = decisions.decide(caller.principal, account, args.order_id, args.decision, args.terms_digest)
    if result not in ("APPROVED", "DECLINED"):
        page = approval_url(caller, account, args.order_id) if result == "NOT_IN_PERSON" else None
        raise Refused(f"{result}: {why or _RESULTS[result]}{f': {page}' if page else ''}")
    return DecisionReply(result=result, order_id=args.order_id, message=_RESULTS[result])


def _reduce(caller: Caller, args: ReductionInput) -> ReductionReply:
    account, decisions = caller.account(args.account_id), caller.services.decisions()
    done = decisions.reduce(caller.principal, account, args.order_id, args.quantity, args.terms_digest)
    if done.terms_digest is None:
        raise Refused(f"{done.result}: {done.why or _RESULTS[done.result]}")
    return ReductionReply(order_id=args.order_id, quantity=args.quantity, terms_digest=done.terms_digest)


TOOLS: tuple[AnyTool, ...] = (
    Tool(
        name="list_pending_approvals",
        title="Waiting approvals",
        description="Orders that wait for their owner's yes: exact terms, their digest, expected charges and "
        "risk in rupees, and the seconds left.",
        input=AccountInput,
        output=Approvals,
        effect="looks",
        scope="read",
        run=_waiting,
        example={},
    ),
    Tool(
        name="decide_approval",
        title="Decide an approval",
        description="Decline an order that waits, as its owner told you after seeing its terms. The yes is "
        "said on its page (approval_url): yours is taken only for a proposal of the desk's that is as small "
        "as its owner lets assistants decide alone.",
        input=DecisionInput,
        output=DecisionReply,
        effect="orders",
        scope="trade",
        run=_decide,
        example={
            "account_id": "main",
            "order_id": "o20260818-1046-a1",
            "decision": "decline",
            "terms_digest": "0f" * 32,
        },
        destructive=True,
        idempotent=False,
    ),
    Tool(
        name="reduce_approval",
        title="Lower an approval's quantity",
        description="Make the quantity of a waiting order less; its yes then has to name the new digest. The "
        "time to decide stays.",
        input=ReductionInput,
        output=ReductionReply,
        effect="changes",
        scope="trade",
        run=_reduce,
        example={
            "account_id": "main",
            "order_id": "o20260818-1046-a1",
            "quantity": 65,
            "terms_digest": "0f" * 32,
        },
        idempotent=False,
    ),
)
