"""What can go wrong with an MCP server, sorted by what must happen next (the tree of patang.errors)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx2
from mcp.client import InputRequiredRoundsExceededError
from mcp.client.auth import OAuthFlowError
from mcp.shared.exceptions import MCPError
from mcp_types import URL_ELICITATION_REQUIRED
from pydantic import ValidationError

from patang.errors import AskOwner, OtherSideFailed, PatangError, RateLimited, Refused, TryAgain

__all__ = [
    "LoginNeeded",
    "LoginRefused",
    "PersonNeeded",
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
    """The tool has run, and says that it could not do it; the text is the tool's own."""


@contextmanager
def told_plainly(
    address: str, failure: Callable[[], tuple[int, str] | None] = lambda: None
) -> Iterator[None]:
    """Turns what the SDK and its HTTP client raise into this module's errors; the rest passes unchanged,
    out of the groups in which task groups wrap it. `failure` is the last HTTP status and text that carried
    no answer of the protocol: the SDK makes an error of its own of it, which does not say what happened.
    """
    try:
        yield
    except Exception as raised:
        error = _first(raised)
        plain = _plain(address, error, failure())
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


def _plain(address: str, error: BaseException, failure: tuple[int, str] | None) -> PatangError | None:
    match error:
        case httpx2.TimeoutException() | TimeoutError():
            return ServerDown(f"{address} has not answered in time: try again later")
        case httpx2.TransportError():
            return ServerDown(f"{address} cannot be reached ({error}): is the address right, the server up?")
        case MCPError():
            return http_failure(address, *failure) if failure else _protocol(address, error)
        case OAuthFlowError():
            return LoginRefused(f"the login at {address} was refused: {_quoted(str(error))}")
        case InputRequiredRoundsExceededError():
            return OtherSideFailed(f"{address} asks the same thing again and again: the call was given up")
        case ValidationError():
            return OtherSideFailed(f"{address} answers what the protocol does not allow: {error}")
    return None


def _protocol(address: str, error: MCPError) -> PatangError:
    if error.code == URL_ELICITATION_REQUIRED:
        asked = error.data.get("elicitations", []) if isinstance(error.data, dict) else []
        links = tuple(str(one["url"]) for one in asked if isinstance(one, dict) and "url" in one)
        return PersonNeeded(f"{address}: {_quoted(error.message)}", links)
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
