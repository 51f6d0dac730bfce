"""A connection with one MCP server: what it can do, and doing it."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from mcp.client import Client
from mcp.client.session import ElicitationFnT
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError
from mcp_types import EmptyResult, Implementation, PingRequest, Tool
from mcp_types.version import LATEST_MODERN_VERSION

from patang import __version__
from patang.errors import OtherSideFailed
from patang_workbench.mcp_client.answers import ToolAnswer
from patang_workbench.mcp_client.failures import LoginNeeded, PersonNeeded, Seen, ToolFailed, told_plainly
from patang_workbench.mcp_client.kept import KeptSession, ServerFile
from patang_workbench.mcp_client.oauth import KeptOAuth
from patang_workbench.mcp_client.web import http_client
from patang_workbench.mcp_client.wire import Wire

__all__ = ["Connection", "connect", "connected"]

_PROFILE = "get_profile"
_SAYS_LOGIN = re.compile(r"log[ -]?in", re.IGNORECASE)
_MOST_PAGES = 200
# What servers answer for a session id that they do not know: 404 by the specification, 400 by some.
_FORGOTTEN = frozenset({400, 404})
_CLIENT = Implementation(name="patang", title="Patang", version=__version__)


class Connection:
    """An open connection; made by `connect`. `client` is the SDK's, for all that is not here."""

    def __init__(self, url: str, client: Client, wire: Wire, *, by_session: bool) -> None:
        self.url = url
        self.client = client
        self._wire = wire
        self._by_session = by_session
        self._listed: dict[str, Tool] | None = None

    async def tools(self) -> tuple[Tool, ...]:
        """Every tool there is, over all pages. Raises OtherSideFailed if the pages do not end."""
        found: list[Tool] = []
        cursor: str | None = None
        with self._wire.told():
            for _ in range(_MOST_PAGES):
                page = await self.client.list_tools(cursor=cursor)
                found += page.tools
                cursor = page.next_cursor
                if cursor is None:
                    return tuple(found)
        raise OtherSideFailed(f"{self.url} lists tools without end: {len(found)} and still more")

    async def call(self, tool: str, arguments: Mapping[str, Any] | None = None) -> ToolAnswer:
        """Run a tool.

        Raises ToolFailed with the tool's words if it says that it failed, LoginNeeded if what it lacks is
        a login, PersonNeeded if a person must visit a page first, Refused if the server does not know the
        tool or the arguments, OutcomeUnknown if no answer has come from a tool that may have changed
        something, and what `connect` raises.
        """
        answer = await self.asked(tool, arguments)
        if not answer.failed:
            return answer
        if self._by_session and await self._login_is_missing(answer):
            raise LoginNeeded(
                f"{self.url}: {answer.text}: the login is missing or has ended: "
                f"run `patang mcp login {self.url}`"
            )
        if answer.login_link is not None:
            raise PersonNeeded(f"{tool}: {answer.text}", (answer.login_link,))
        if answer.lacking_scope is not None:
            raise LoginNeeded(
                f"{tool}: {answer.text}: run `patang mcp login {self.url}` with a --scope for each right "
                f"that it shall have, --scope {answer.lacking_scope} among them"
            )
        raise ToolFailed(f"{tool}: {answer.text}", answer.structured)

    async def asked(self, tool: str, arguments: Mapping[str, Any] | None = None) -> ToolAnswer:
        """As `call`, but a failure that the tool tells of is an answer like any other."""
        with self._wire.during(tool, only_looks=await self._only_looks(tool)):
            result = await self.client.call_tool(tool, dict(arguments or {}))
        return ToolAnswer.of(tool, result)

    async def _only_looks(self, tool: str) -> bool:
        if self._listed is None:
            # Before the call: the SDK would list them after it, and lose the answer if that fails.
            self._listed = {listed.name: listed for listed in await self.tools()}
        hints = self._listed[tool].annotations if tool in self._listed else None
        return hints is not None and hints.read_only_hint is True

    async def _login_is_missing(self, answer: ToolAnswer) -> bool:
        """Servers that bind a login to a session say of a login that has ended no more than "failed"."""
        names = self._listed or {}
        if "login" not in names or answer.tool == "login":
            return False
        if answer.tool == _PROFILE or _SAYS_LOGIN.search(answer.text):
            return True
        return _PROFILE in names and (await self.asked(_PROFILE)).failed


@asynccontextmanager
async def connect(
    url: str,
    *,
    folder: Path | None = None,
    questions: ElicitationFnT | None = None,
    seconds: float = 60.0,
) -> AsyncIterator[Connection]:
    """A connection with the server at `url`, with the login that this machine remembers (in `folder`, or the
    user's own); `questions` answers what the server asks a person, `seconds` is how long one answer may take.

    Raises LoginNeeded if there is no login or it has ended, ServerDown if nothing answers, OtherSideFailed
    if what answers is broken, RateLimited, Refused if it is no MCP server, BadInput for a wrong address or
    a damaged file.
    """
    file = ServerFile(url, folder)
    async with connected(file, KeptOAuth(file), questions=questions, seconds=seconds) as connection:
        yield connection


@asynccontextmanager
async def connected(
    file: ServerFile, auth: httpx2.Auth, *, questions: ElicitationFnT | None = None, seconds: float = 60.0
) -> AsyncIterator[Connection]:
    """As `connect`, with any way of showing who asks."""
    opening = _Opening(file, auth, questions, seconds)
    with told_plainly(file.url, opening.seen):
        async with AsyncExitStack() as stack:
            yield await opening.resumed(stack) or await opening.begun(stack)


@dataclass
class _Opening:
    file: ServerFile
    auth: httpx2.Auth
    questions: ElicitationFnT | None
    seconds: float
    wire: Wire | None = None

    def seen(self) -> Seen:
        """What is open of the connection that was made."""
        return Seen() if self.wire is None else Seen(doing=tuple(self.wire.doing))

    async def resumed(self, stack: AsyncExitStack) -> Connection | None:
        """The kept session, or None if there is none or the server has forgotten it."""
        session = self.file.read().session
        if session is None:
            return None
        async with AsyncExitStack() as trial:
            wire = Wire(self.file.url, session.session_id)
            # A pinned revision sends nothing; the session then goes on as the server once agreed to it.
            client = await self._entered(trial, wire, LATEST_MODERN_VERSION)
            client.session.adopt(session.initialized)
            with wire.told():
                if not await self._goes_on(client, wire):
                    self.file.change(lambda kept: kept.model_copy(update={"session": None}))
                    return None
            await stack.enter_async_context(trial.pop_all())
            return self._connection(client, wire)

    async def _goes_on(self, client: Client, wire: Wire) -> bool:
        try:
            await client.session.send_request(PingRequest(), EmptyResult)
        except MCPError:
            if wire.status in _FORGOTTEN:
                return False
            raise
        return True

    async def begun(self, stack: AsyncExitStack) -> Connection:
        """A new session where the server keeps sessions; remembered."""
        wire = Wire(self.file.url, None)
        with wire.told():
            client = await self._entered(stack, wire, "auto")
        initialized = client.session.initialize_result
        if initialized is not None and wire.session_id is not None:
            session = KeptSession(session_id=wire.session_id, initialized=initialized)
            self.file.change(lambda kept: kept.model_copy(update={"session": session}))
        return self._connection(client, wire)

    async def _entered(self, stack: AsyncExitStack, wire: Wire, mode: str) -> Client:
        hooks = {"request": [wire.sent], "response": [wire.came]}
        http = http_client(self.seconds, auth=self.auth, event_hooks=hooks)
        await stack.enter_async_context(http)
        # The session stays: it may hold a login, and the next connection goes on with it.
        transport = streamable_http_client(self.file.url, http_client=http, terminate_on_close=False)
        client = Client(
            transport,
            mode=mode,
            read_timeout_seconds=self.seconds,
            elicitation_callback=self.questions,
            client_info=_CLIENT,
            cache=None,
        )
        return await stack.enter_async_context(client)

    def _connection(self, client: Client, wire: Wire) -> Connection:
        self.wire, kept = wire, self.file.read()
        return Connection(
            self.file.url, client, wire, by_session=kept.session is not None and kept.tokens is None
        )
