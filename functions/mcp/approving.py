"""An order that waits for its owner's yes: a client that can opens the desk's page for him, and waits.

The page is where the yes is said, in a browser that is signed in. What the client reports of it (accept,
decline, cancel) is no yes: an "accept" only has the desk asked what became of the order.
"""

import json
import time
from datetime import timedelta
from typing import Any, Final

from mcp.server.context import ServerRequestContext
from mcp_types import (
    CallToolRequestParams,
    ElicitRequest,
    ElicitRequestURLParams,
    ElicitResult,
    InputRequiredResult,
)
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from patang.market.sessions import IST
from patang.tools.caller import Caller
from patang.tools.calling import Answered, call
from patang.tools.orders import OrderAnswer

__all__ = ["can_open", "question", "resumed"]

_APPROVAL: Final = "approval"
_EVERY: Final = timedelta(seconds=1)


def can_open(context: ServerRequestContext[Any, Any]) -> bool:
    """Whether the client opens pages for its person and then calls again."""
    if context.protocol_version not in MODERN_PROTOCOL_VERSIONS:
        return False
    capabilities = context.session.client_capabilities
    elicitation = capabilities.elicitation if capabilities else None
    return elicitation is not None and elicitation.url is not None


def question(answered: Answered) -> InputRequiredResult | None:
    """The page to open, where an order waits for its owner; the state says which order it is."""
    answer = answered.reply
    if not isinstance(answer, OrderAnswer) or answer.state != "WAITING" or answer.approval_url is None:
        return None
    lines = "; ".join(answer.figures.lines) if answer.figures else "an order"
    until = f" until {answer.expires_at.astimezone(IST):%H:%M:%S} IST" if answer.expires_at else ""
    asked = ElicitRequestURLParams(
        message=f"Your yes is needed{until}: {lines} (account {answer.account}). The desk's page shows its "
        "exact terms, charges and risk, and takes your answer.",
        url=answer.approval_url,
    )
    state = {
        "account": answer.account,
        "request": answer.request_id,
        "approval": answer.approval_id,
        "terms": answer.terms_digest,
    }
    return InputRequiredResult(
        input_requests={_APPROVAL: ElicitRequest(params=asked)}, request_state=json.dumps(state)
    )


def resumed(caller: Caller, asked: CallToolRequestParams, patience: timedelta) -> Answered:
    """What became of the order after its page was opened, waited for as long as `patience`.

    Whoever would not open the page has said no, which a program may pass on; a window that was only closed
    says nothing.
    """
    order = json.loads(asked.request_state or "{}")
    said = (asked.input_responses or {}).get(_APPROVAL)
    action = said.action if isinstance(said, ElicitResult) else "cancel"
    if action == "decline":
        no = {
            "account_id": order["account"],
            "order_id": order["approval"],
            "terms_digest": order["terms"],
        }
        call(caller, "decide_approval", no | {"decision": "decline"})
    over = time.monotonic() + (patience.total_seconds() if action == "accept" else 0)
    while True:
        state = call(
            caller, "request_state", {"account_id": order["account"], "request_id": order["request"]}
        )
        waits = isinstance(state.reply, OrderAnswer) and state.reply.state in ("WAITING", "APPROVED")
        if not waits or time.monotonic() >= over:
            return state
        time.sleep(_EVERY.total_seconds())
