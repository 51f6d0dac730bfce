"""What can go wrong with an MCP server, sorted by what must happen next (the tree of patang.errors)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
from mcp.client import InputRequiredRoundsExceededError
from mcp.client.auth import OAuthFlowError
from mcp.shared.exceptions import MCPError
from mcp_types import CONNECTION_CLOSED, PARSE_ERROR, REQUEST_TIMEOUT, URL_ELICITATION_REQUIRED
from pydantic import ValidationError

from patang.errors import (
    AskOwner,
    OtherSideFailed,
    OutcomeUnknown,
    PatangError,
    RateLimited,
    Refused,
    TryAgain,
)
from patang_workbench.mcp_client.questions import is_a_page

__all__ = [
    "LoginNeeded",
    "LoginRefused",
    "PersonNeeded",
    "Seen",
    "ServerDown",
    "ToolFailed",
    "http_failure",
    "told_plainly",
]

_LONGEST_QUOTE = 300


class LoginNeeded(AskOwner):
    """Nobody is logged in at the server, or the login has ended."""


class PersonNeeded(AskOwner):
    """The server does it only after a person has been at the pages in `links`."""

    def __init__(self, text: str, links: tuple[str, ...]) -> None:
        super().__init__(text)
        self.links = links


class LoginRefused(Refused):
    """The authorization server or the person has said no to the login."""


class ServerDown(TryAgain):
    """Nothing came back from the server."""


class ToolFailed(Refused):
    """The tool has run, and says that it could not do it; the text is the tool's own, `structured` what it
    says to programs.
    """

    def __init__(self, text: str, structured: Any) -> None:
        super().__init__(text)
        self.structured = structured


@dataclass(frozen=True)
class Seen:
    """What is known beside an error: the HTTP status (None: no answer has come), the status and text of an
    answer that is none of the protocol, and the tools that may have done something meanwhile.
    """

    status: int | None = None
    failure: tuple[int, str] | None = None
    doing: tuple[str, ...] = ()


@contextmanager
def told_plainly(address: str, seen: Callable[[], Seen] = Seen) -> Iterator[None]:
    """Turns what the SDK and its HTTP client raise into this module's errors, OutcomeUnknown where a tool may
    have done what no answer tells of. The rest passes unchanged, out of the groups of task groups.
    """
    try:
        yield
    except Exception as raised:
        error = _first(raised)
        plain = _plain(address, error, seen())
        if plain is not None:
            raise plain from error
        if error is raised:
            raise
        raise error from error.__cause__


def _first(raised: Exception) -> BaseException:
    """The cause in a group of errors: what this side raised on purpose, else the first there is."""
    leaves = list(_leaves(raised))
    return next((leaf for leaf in leaves if isinstance(leaf, PatangError)), leaves[0])


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error


def _plain(address: str, error: BaseException, seen: Seen) -> PatangError | None:
    match error:
        case httpx2.ConnectError() | httpx2.ConnectTimeout() | httpx2.PoolTimeout():
            return ServerDown(f"{address} cannot be reached ({error}): is the address right, the server up?")
        case httpx2.TimeoutException() | TimeoutError():
            return _in_doubt(seen, ServerDown(f"{address} has not answered in time: try again later"))
        case httpx2.TransportError():
            return _in_doubt(seen, ServerDown(f"{address} has hung up ({error}): try again later"))
        case MCPError():
            return _protocol(address, error, seen)
        case OAuthFlowError():
            return LoginRefused(f"the login at {address} was refused: {_quoted(str(error))}")
        case InputRequiredRoundsExceededError():
            return OtherSideFailed(f"{address} asks the same thing again and again: the call was given up")
        case ValidationError():
            wrong = f"{address} answers what the protocol does not allow: {_quoted(str(error))}"
            return _in_doubt(seen, OtherSideFailed(wrong))
    return None


def _in_doubt(seen: Seen, otherwise: PatangError) -> PatangError:
    if not seen.doing:
        return otherwise
    tools = ", ".join(seen.doing)
    return OutcomeUnknown(f"{otherwise}. {tools} may have been carried out or not: look before asking again")


def _protocol(address: str, error: MCPError, seen: Seen) -> PatangError:
    """What the server, or the SDK in its place, says."""
    if seen.failure is not None:
        failure = http_failure(address, *seen.failure)
        return _in_doubt(seen, failure) if isinstance(failure, OtherSideFailed) else failure
    if error.code == URL_ELICITATION_REQUIRED:
        asked = error.data.get("elicitations", []) if isinstance(error.data, dict) else []
        links = (str(one.get("url")) for one in asked if isinstance(one, dict))
        return PersonNeeded(f"{address}: {_quoted(error.message)}", tuple(filter(is_a_page, links)))
    # The SDK's own codes: servers use the same numbers, with a status that is no success.
    if error.code == REQUEST_TIMEOUT and seen.status in {None, 200}:
        return _in_doubt(seen, ServerDown(f"{address} has not answered in time: try again later"))
    if error.code in {CONNECTION_CLOSED, PARSE_ERROR}:
        return _in_doubt(seen, OtherSideFailed(f"{address} broke off: {_quoted(error.message)}"))
    return Refused(f"{address} refused the request: {_quoted(error.message)} (code {error.code})")


def http_failure(address: str, status: int, said: str) -> PatangError:
    """What an HTTP status that carries no answer of the protocol means."""
    quote = f": {_quoted(said)}" if said else ""
    if status == 429:
        return RateLimited(f"{address} was asked too often (429){quote}: wait and try again")
    if status >= 500:
        return OtherSideFailed(f"{address} answered {status}{quote}: try again later")
    if status in {404, 405}:
        return Refused(f"{address} is no MCP server ({status}): does the address end in /mcp?")
    return Refused(f"{address} answered {status}{quote}")


def _quoted(text: str) -> str:
    """Words of the other side: one line, of a bounded length, with nothing that moves a cursor."""
    line = " ".join("".join(mark if mark.isprintable() else " " for mark in text).split())
    return line if len(line) <= _LONGEST_QUOTE else f"{line[:_LONGEST_QUOTE]}…"
