"""The broker's errors, sorted by what must happen next.

The client's exception class is not enough: Margin, Holding and User exceptions arrive as GeneralException,
and "timed out" has been seen as HTTP 400 while the order was placed. The raw reply decides.
"""

from dataclasses import dataclass
from typing import Any

import requests
import urllib3.exceptions

from patang.adapters.kite.loader import exceptions
from patang.errors import (
    AddressRefused,
    AskOwner,
    BrokerRefused,
    OtherSideFailed,
    OutcomeUnknown,
    PatangError,
    RateLimited,
    Refused,
    SessionExpired,
    TryAgain,
)
from patang.said_by_others import quoted

__all__ = ["Reply", "sort_error"]

_CREDENTIALS = ("access_token", "api_key")
# The app has no addresses registered, or orders come from another one.
_ADDRESS = ("no ips configured", "is not allowed to place orders for this app")
_REGISTER = (
    "the broker takes orders from registered addresses only: register the fixed address of the order lane in "
    "the app's settings at developers.kite.trade (two at most, one change a week)"
)
_MODIFICATIONS_USED_UP = "maximum allowed order modifications"
# Documented replies to what was understood: https://kite.trade/docs/connect/v3/exceptions/
_CLEAR = frozenset({400, 403, 404, 405, 410})
_TIME_OUTS = ("timed out", "timeout", "time out")


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back over the wire. `error_type` is empty if the body was no error the API documents."""

    status: int
    error_type: str = ""
    message: str = ""

    @classmethod
    def of(cls, response: requests.Response) -> "Reply":
        try:
            body: Any = response.json()
        except ValueError:
            body = None
        if not isinstance(body, dict) or not body.get("error_type"):
            return cls(response.status_code)
        return cls(response.status_code, str(body["error_type"]), str(body.get("message") or ""))


def sort_error(error: Exception, reply: Reply | None, *, sending: bool) -> PatangError:
    """What a failed call means. `sending`: it may have placed, changed or cancelled something.

    AskOwner, SessionExpired and TryAgain then say that it has not, OutcomeUnknown that nobody knows.
    """
    if reply is None and isinstance(error, exceptions.KiteException):
        # The client itself has found something wrong, and sent nothing.
        return BrokerRefused(str(error)) if sending else Refused(f"the client refuses the call: {error}")
    if reply is None:
        if sending and not _never_left(error):
            return OutcomeUnknown(f"no reply from the broker ({_short(error)}): look the order up by its tag")
        return TryAgain(f"the broker could not be reached ({_short(error)})")
    words = quoted(reply.message or _short(error))
    said = f"{reply.error_type or 'no JSON error'}, HTTP {reply.status}: {words}"
    text = reply.message.lower()
    if _session_is_over(reply, text):
        return SessionExpired(f"the broker does not accept the session ({said}): log in again")
    if reply.status == 429:
        return RateLimited(f"too many calls for the broker ({said})")
    if _is_clear(reply, text):
        return _refusal(reply, said, text, sending=sending)
    if sending:
        return OutcomeUnknown(f"the broker's reply does not settle it ({said}): look the order up by its tag")
    return OtherSideFailed(f"the broker had trouble ({said})")


def _session_is_over(reply: Reply, text: str) -> bool:
    if reply.error_type == "TokenException":
        return True
    return reply.error_type == "InputException" and any(word in text for word in _CREDENTIALS)


def _is_clear(reply: Reply, text: str) -> bool:
    """The broker understood and said no, so nothing was placed."""
    if _MODIFICATIONS_USED_UP in text:
        return True
    if reply.status == 428:
        return True
    if not reply.error_type or any(word in text for word in _TIME_OUTS):
        return False
    if reply.error_type == "GeneralException":
        # Unclassified, in the broker's words; only that there is no such thing is plain.
        return reply.status == 404
    return reply.status in _CLEAR and reply.error_type not in ("NetworkException", "DataException")


def _refusal(reply: Reply, said: str, text: str, *, sending: bool) -> PatangError:
    if any(words in text for words in _ADDRESS):
        return AddressRefused(f"{_REGISTER} ({said})")
    todo = _owners_part(reply)
    if todo is not None:
        return AskOwner(f"{todo} ({said})")
    if sending:
        return BrokerRefused(reply.message or said)
    return Refused(f"the broker refused the call ({said})")


def _owners_part(reply: Reply) -> str | None:
    """What the owner has to do before such a call can succeed, if it is his to do."""
    if reply.status == 428:
        return (
            "the shares may not leave the demat account: authorise their sale for today at the broker "
            "(Kite, Holdings, Authorise), or give it a standing consent (DDPI)"
        )
    if reply.error_type == "PermissionException":
        return "the broker does not allow this call: check the app's subscription and the account's segments"
    if reply.error_type == "UserException":
        return "the broker has restricted the account: sign in to Kite and see what it asks for"
    return None


def _never_left(error: Exception) -> bool:
    """No connection came about, so the request certainly did not reach the broker."""
    if isinstance(error, requests.ConnectTimeout):
        return True
    cause = error.args[0] if error.args else None
    reason = getattr(cause, "reason", None)
    return isinstance(reason, urllib3.exceptions.NewConnectionError)


def _short(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:300]
