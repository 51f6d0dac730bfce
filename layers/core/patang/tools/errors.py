"""How a call that failed is told, on every surface alike.

The kinds are those that programs for the broker's API tell apart
(https://kite.trade/docs/connect/v3/exceptions/); `OwnerActionError` is the desk's own.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from patang.errors import (
    AskOwner,
    BadInput,
    BrokerRefused,
    OtherSideFailed,
    OutcomeUnknown,
    PatangError,
    RateLimited,
    Refused,
    SessionExpired,
    StopTrading,
    TryAgain,
)
from patang.identity.rights import OwnerNeeded, ScopeMissing, UnknownAccount

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

__all__ = ["ErrorType", "InvalidArguments", "OrderRefused", "Problem", "checked", "problem_of"]

type ErrorType = Literal[
    "AuthenticationError",
    "BadRequestError",
    "OrderPlacementError",
    "OrderModificationError",
    "RateLimitError",
    "NetworkError",
    "ServerError",
    "OwnerActionError",
]

# The first kind that an error is of; the narrow ones stand before the wide.
_KINDS: tuple[tuple[type[PatangError], ErrorType, int], ...] = (
    (ScopeMissing, "AuthenticationError", 403),
    (OwnerNeeded, "AuthenticationError", 403),
    (UnknownAccount, "BadRequestError", 404),
    (SessionExpired, "AuthenticationError", 403),
    (AskOwner, "OwnerActionError", 409),
    (RateLimited, "RateLimitError", 429),
    (OtherSideFailed, "ServerError", 502),
    (TryAgain, "NetworkError", 503),
    (OutcomeUnknown, "NetworkError", 502),
    (BrokerRefused, "OrderPlacementError", 400),
    (Refused, "BadRequestError", 409),
    (BadInput, "BadRequestError", 400),
    (StopTrading, "ServerError", 503),
)


class Problem(BaseModel):
    """The one form of an error. `details`: the fields that are wrong, or what else a program can use; its
    `kind` is the name of the error in patang.errors."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "status": "error",
                    "error_type": "BadRequestError",
                    "message": "quantity: Input should be a valid integer",
                    "status_code": 400,
                    "details": {
                        "kind": "InvalidArguments",
                        "fields": [{"field": "quantity", "message": "Input should be a valid integer"}],
                    },
                }
            ]
        },
    )

    status: Literal["error"] = "error"
    error_type: ErrorType
    message: str
    status_code: int
    details: dict[str, Any] | None = None


class InvalidArguments(BadInput):
    """Arguments that are not the tool's; `fields` says which and why, never what was sent: it may be a secret
    that was put into the wrong field."""

    def __init__(self, fields: tuple[dict[str, str], ...]) -> None:
        told = (f"{f['field']}: {f['message']}" if f["field"] else f["message"] for f in fields)
        super().__init__("; ".join(told))
        self.fields = fields


class OrderRefused(PatangError):
    """An order, or a change of one, breaks a rule or a limit; `answer` says which. Nothing was sent."""

    def __init__(self, message: str, answer: dict[str, Any], *, modification: bool) -> None:
        super().__init__(message)
        self.answer = answer
        self.modification = modification


def checked[M: BaseModel](kind: type[M], arguments: Mapping[str, Any]) -> M:
    """A model made of what a caller has said. Raises InvalidArguments."""
    try:
        return kind.model_validate(arguments)
    except ValidationError as error:
        raise InvalidArguments(
            tuple(
                {"field": ".".join(map(str, e["loc"])), "message": _what_is_wrong(kind, e)}
                for e in error.errors(include_url=False, include_input=False)
            )
        ) from error


def _what_is_wrong(kind: type[BaseModel], error: "ErrorDetails") -> str:
    """In words that say what to do; of the arguments of a tool also which there are."""
    if error["type"] == "missing":
        return "is needed"
    if error["type"] != "extra_forbidden":
        return error["msg"]
    names = ", ".join(field.alias or name for name, field in kind.model_fields.items())
    there_are = f"; there are: {names or 'none'}" if len(error["loc"]) == 1 else ""
    return f"there is no such argument{there_are}"


def problem_of(error: Exception) -> Problem:
    """What is told of an error. Of one that nobody foresaw nothing is: log it."""
    details: dict[str, Any] = {"kind": type(error).__name__}
    if isinstance(error, OrderRefused):
        kind: ErrorType = "OrderModificationError" if error.modification else "OrderPlacementError"
        return Problem(error_type=kind, message=str(error), status_code=400, details=details | error.answer)
    if isinstance(error, ScopeMissing):
        details["scope"] = error.scope
    if isinstance(error, InvalidArguments):
        details["fields"] = list(error.fields)
    for known, error_type, code in _KINDS:
        if isinstance(error, known):
            return Problem(error_type=error_type, message=str(error), status_code=code, details=details)
    if isinstance(error, PatangError):
        return Problem(error_type="ServerError", message=str(error), status_code=500, details=details)
    message = "the desk failed at this call: its log says why"
    return Problem(error_type="ServerError", message=message, status_code=500)
