"""Logging in at an MCP server, by whichever way it has, and out again."""

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import anyio
import httpx2
from mcp.shared.auth import OAuthClientInformationFull
from pydantic import AnyUrl

from patang.errors import BadInput, OtherSideFailed, Refused
from patang_workbench.mcp_client.browser import Browser
from patang_workbench.mcp_client.connection import Connection, connect, connected
from patang_workbench.mcp_client.failures import LoginNeeded, LoginRefused, http_failure, told_plainly
from patang_workbench.mcp_client.kept import KeptServer, ServerFile
from patang_workbench.mcp_client.oauth import KeptOAuth
from patang_workbench.mcp_client.web import http_client

__all__ = ["ClientName", "LoggedIn", "LoggedOut", "login", "logout"]

type Way = Literal["oauth", "session", "none"]

_LINK = re.compile(r"https?://[^\s<>()\[\]\"']+")
_LOOK_SECONDS = 2.0


@dataclass(frozen=True)
class LoggedIn:
    """A login that works.

    `way` is "oauth", "session" (the server's own login tool, bound to its session id) or "none" (the server
    lets everybody in). `until` is the end of the access token, which is renewed silently; None where the
    server does not say. `already` tells that nothing had to be done.
    """

    url: str
    way: Way
    tools: int
    scopes: tuple[str, ...]
    until: datetime | None
    already: bool


@dataclass(frozen=True)
class LoggedOut:
    """A server that is forgotten. `known`: there was something to forget. `left`: its tokens stay valid until
    they end by themselves, because it offers no way to end them (RFC 7009).
    """

    url: str
    known: bool
    left: bool


@dataclass(frozen=True)
class ClientName:
    """As whom this client asks: the https address of its metadata document (CIMD), or a client id that the
    server's owner has given out, with its secret if it has one, and how the server wants that shown.
    """

    client_id: str
    secret: str | None = None
    method: Literal["none", "client_secret_basic", "client_secret_post"] = "client_secret_basic"

    @property
    def document(self) -> str | None:
        """The address of the metadata document, if the id is one."""
        parts = urlsplit(self.client_id)
        is_one = parts.scheme == "https" and parts.path not in {"", "/"}
        return self.client_id if is_one and self.secret is None else None


async def login(
    url: str,
    show: Callable[[str], None],
    *,
    folder: Path | None = None,
    scopes: Sequence[str] = (),
    client: ClientName | None = None,
    port: int | None = None,
    seconds: float = 300.0,
) -> LoggedIn:
    """Log in at the server, by OAuth with PKCE in the browser or by its own login tool, and remember it.

    `show` opens or prints an address. `port` is that of the page on 127.0.0.1 to which the browser comes
    back (any free one without it), `seconds` how long the person may take. A login that works is kept,
    unless it lacks one of `scopes`.

    Raises LoginRefused for a no of the person or the server, LoginNeeded if nobody answers in time, BadInput
    if the port cannot be opened, and what `connect` raises.
    """
    file = ServerFile(url, folder)
    if (found := await _still_good(file, folder, scopes)) is not None:
        return found
    before = file.read()
    with _browser(show, seconds, port, before) as browser:
        _know_the_client(file, client, browser)
        document = client.document if client else None
        auth = KeptOAuth(file, browser, scopes=scopes, client_document=document, afresh=True)
        async with connected(file, auth) as connection:
            names = {tool.name for tool in await connection.tools()}
            if auth.has_logged_in:
                await _let_go(file, before)
                return _logged_in(file, "oauth", len(names), already=False)
            if "login" not in names:
                return _logged_in(file, "none", len(names), already=True)
            already = await _by_its_tool(connection, show, seconds, knows_profiles="get_profile" in names)
            return _logged_in(file, "session", len(names), already=already)


async def _still_good(file: ServerFile, folder: Path | None, scopes: Sequence[str]) -> LoggedIn | None:
    """The login that is kept, if it is one by OAuth, has these scopes and works."""
    tokens = file.read().tokens
    if tokens is None or not set(scopes) <= set((tokens.token.scope or "").split()):
        return None
    try:
        async with connect(file.url, folder=folder) as connection:
            return _logged_in(file, "oauth", len(await connection.tools()), already=True)
    except (LoginNeeded, Refused, OtherSideFailed):
        # Whatever it is, a new login either mends it or meets it again.
        return None


async def _let_go(file: ServerFile, before: KeptServer) -> None:
    """A login that another has replaced should not stay valid; if that fails, it ends by itself."""
    request = KeptOAuth(file).revocation(before)
    if request is not None:
        with suppress(httpx2.HTTPError):
            async with http_client() as http:
                await http.send(request)


async def logout(url: str, *, folder: Path | None = None) -> LoggedOut:
    """Forget the server, and have it end the tokens and the session.

    What this machine remembers is gone in any case. Raises ServerDown, OtherSideFailed or Refused if the
    server could not be told.
    """
    file = ServerFile(url, folder)
    kept = file.read()
    revocation = KeptOAuth(file).revocation(kept)
    known = file.forget()
    async with http_client() as http:
        for request in filter(None, (revocation, _end_of_session(kept))):
            await _send(http, request, file.url)
    return LoggedOut(file.url, known, left=kept.tokens is not None and revocation is None)


async def _send(http: httpx2.AsyncClient, request: httpx2.Request, url: str) -> None:
    with told_plainly(url):
        response = await http.send(request)
    # A server that keeps its sessions to itself answers 405 to their end, and 404 once they are over.
    if response.status_code >= 400 and not (
        request.method == "DELETE" and response.status_code in {404, 405}
    ):
        raise http_failure(str(request.url), response.status_code, response.text)


def _end_of_session(kept: KeptServer) -> httpx2.Request | None:
    if kept.session is None:
        return None
    headers = {
        "mcp-session-id": kept.session.session_id,
        "mcp-protocol-version": kept.session.initialized.protocol_version,
    }
    if kept.tokens is not None:
        headers["authorization"] = f"Bearer {kept.tokens.token.access_token}"
    return httpx2.Request("DELETE", kept.url, headers=headers)


async def _by_its_tool(
    connection: Connection, show: Callable[[str], None], seconds: float, *, knows_profiles: bool
) -> bool:
    """The way of Kite's hosted server: a link that is bound to the session id. True if nobody had to act."""
    answer = await connection.asked("login")
    found = _LINK.search(answer.text)
    if answer.failed:
        raise LoginRefused(f"{connection.url}: its login tool says: {answer.text[:300]!r}")
    if found is None:
        return True
    await anyio.to_thread.run_sync(show, found.group())
    if knows_profiles:
        with anyio.move_on_after(seconds):
            while (await connection.asked("get_profile")).failed:
                await anyio.sleep(_LOOK_SECONDS)
            return False
        raise LoginNeeded(f"nobody has finished the login at {connection.url} within {seconds:.0f} s")
    return False


def _logged_in(file: ServerFile, way: Way, tools: int, *, already: bool) -> LoggedIn:
    tokens = file.read().tokens if way == "oauth" else None
    scopes = tuple((tokens.token.scope or "").split()) if tokens else ()
    return LoggedIn(file.url, way, tools, scopes, tokens.ends_at if tokens else None, already)


def _browser(show: Callable[[str], None], seconds: float, port: int | None, kept: KeptServer) -> Browser:
    """At the port that the client has registered, if it is free: not every server allows another."""
    registered = kept.client.redirect_uris[0].port if kept.client and kept.client.redirect_uris else None
    if port is None and registered:
        with suppress(OSError):
            return Browser(show, seconds, registered)
    try:
        return Browser(show, seconds, port or 0)
    except (OSError, OverflowError) as error:
        raise BadInput(f"port {port} of 127.0.0.1 cannot be opened ({error}): give another") from error


def _know_the_client(file: ServerFile, client: ClientName | None, browser: Browser) -> None:
    """Leave in the file as whom to ask: nothing where the client must register (again)."""
    kept = file.read()
    known = None
    if client is not None and client.document is None:
        known = OAuthClientInformationFull(
            client_id=client.client_id,
            client_secret=client.secret,
            redirect_uris=[AnyUrl(browser.redirect_uri)],
            token_endpoint_auth_method="none" if client.secret is None else client.method,
        )
    # A registration without tokens may have gone where they have; its server would tell the browser alone.
    elif client is None and kept.client is not None and kept.tokens is not None:
        here = AnyUrl(browser.redirect_uri) in (kept.client.redirect_uris or [])
        known = kept.client if here else None
    file.change(lambda server: server.model_copy(update={"client": known}))
