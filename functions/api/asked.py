"""Answers to what is asked of an account's orders by routes of their own."""

from typing import Annotated

from pydantic import Field
from starlette.responses import Response

from patang.approvals.requests.answer import RequestAnswer
from patang.tools.errors import OrderRefused

__all__ = ["RequestId", "answered"]

RequestId = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9_-]{1,64}$",
        description="your own id: the same is one request, however often it comes; made if absent",
    ),
]


def answered(answer: RequestAnswer) -> Response:
    """200, or 202 while it waits for a yes. Raises OrderRefused where it breaks a rule or a limit."""
    if answer.state == "REFUSED":
        told = answer.model_dump(mode="json", exclude_none=True)
        raise OrderRefused(answer.message, told, modification=True)
    waits = answer.state in ("WAITING", "APPROVED")
    return Response(answer.model_dump_json(), 202 if waits else 200, media_type="application/json")
