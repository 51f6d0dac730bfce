"""OAuth of a client that remembers: the SDK's flow, with what it forgets between two processes.

The SDK keeps no absolute end of a token and no metadata, so that its next process opens the browser although
a refresh token is there, or refreshes at the wrong address. It also takes a token that the server has ended
early, and an authorization server that is down for a moment, as reasons to log in again.
"""

from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from urllib.parse import urlsplit

import httpx2
from mcp.client.auth import OAuthClientProvider, OAuthFlowError
from mcp.client.auth.utils import extract_field_from_www_auth, union_scopes
from mcp.shared.auth import OAuthClientInformationFull, OAuthClientMetadata, OAuthToken
from pydantic import AnyUrl

from patang_workbench.mcp_client.browser import Browser
from patang_workbench.mcp_client.failures import LoginNeeded, http_failure
from patang_workbench.mcp_client.kept import KeptServer, KeptTokens, ServerFile, on_this_machine
from patang_workbench.mcp_client.web import http_client

__all__ = ["KeptOAuth"]

_NAME = "Patang command line"
# RFC 6749 section 5: tokens, or an error that says why not. Anything else says nothing of the login.
_ANSWERS = frozenset({200, 400, 401})
# A token that ends on its way to the server is no good.
_LEEWAY = timedelta(seconds=30)


class _Storage:
    """The SDK's view of a server's file."""

    def __init__(self, file: ServerFile) -> None:
        self._file = file

    async def get_tokens(self) -> OAuthToken | None:
        tokens = self._file.read().tokens
        return tokens.token if tokens else None

    async def set_tokens(self, tokens: OAuthToken) -> None:
        lifetime = tokens.expires_in
        ends_at = None if lifetime is None else datetime.now(UTC) + timedelta(seconds=lifetime)
        kept = KeptTokens(token=tokens, ends_at=ends_at)
        self._file.change(lambda server: server.model_copy(update={"tokens": kept}))

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self._file.read().client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self._file.change(lambda server: server.model_copy(update={"client": client_info}))


class KeptOAuth(OAuthClientProvider):
    """Shows the tokens of a server's file, refreshes them, and keeps what it gets.

    `browser` is where a person can be asked to log in; without one a login that has ended raises LoginNeeded.
    `scopes` are asked for instead of those that the server names. `client_document` is the https address of
    the client's own metadata document (CIMD, where the server reads them); without one the client registers
    itself. `afresh`: what is kept of an earlier login is not shown.
    """

    def __init__(
        self,
        file: ServerFile,
        browser: Browser | None = None,
        *,
        scopes: Sequence[str] = (),
        client_document: str | None = None,
        afresh: bool = False,
    ) -> None:
        redirect = browser.redirect_uri if browser else "http://127.0.0.1/callback"
        super().__init__(
            file.url,
            OAuthClientMetadata(
                redirect_uris=[AnyUrl(redirect)],
                client_name=_NAME,
                token_endpoint_auth_method="none",  # noqa: S106 - says that there is no secret
            ),
            _Storage(file),
            redirect_handler=browser.show if browser else None,
            callback_handler=browser.answer if browser else None,
            client_metadata_url=client_document,
        )
        self._file = file
        self._browser = browser
        self._scopes = tuple(scopes)
        self._afresh = afresh
        self.has_logged_in = False

    async def _initialize(self) -> None:
        self._take(self._file.read())

    def _take(self, kept: KeptServer) -> None:
        context = self.context
        tokens = None if self._afresh and not self.has_logged_in else kept.tokens
        context.current_tokens = tokens.token if tokens else None
        context.token_expiry_time = None
        if tokens and tokens.ends_at:
            context.token_expiry_time = (tokens.ends_at - _LEEWAY).timestamp()
        context.client_info = kept.client
        context.oauth_metadata = kept.authorization_server
        context.protected_resource_metadata = kept.resource
        context.auth_server_url = str(kept.resource.authorization_servers[0]) if kept.resource else None
        self._initialized = True

    async def _auth_flow(self, request: httpx2.Request) -> AsyncGenerator[httpx2.Request, httpx2.Response]:
        if not self._initialized:
            await self._initialize()
        if not self.context.is_token_valid():
            await self._refresh()
        flow = super()._auth_flow(request)
        renewed = False
        try:
            outgoing = await anext(flow)
            while True:
                if outgoing is not request:
                    self._hold_to_a_safe_line(str(outgoing.url))
                response = yield outgoing
                if outgoing is request:
                    if response.status_code == 401 and not renewed:
                        # Ended early: the server may have restarted, or its owner's clock differs from ours.
                        renewed = True
                        await self._refresh()
                        if self._has_another_token_than(request):
                            self._add_auth_header(request)
                            response = yield request
                    if self._browser is None:
                        self._refuse_to_ask(response)
                outgoing = await flow.asend(response)
        except StopAsyncIteration:
            return
        finally:
            await flow.aclose()

    async def _refresh(self) -> None:
        """Replace the tokens, unless another process has done so meanwhile. None are left if they are over.

        Raises OtherSideFailed or RateLimited, and keeps them, if the server cannot say now.
        """
        ended = self.context.current_tokens
        if not self.context.can_refresh_token():
            return
        async with self._file.alone():
            await self._initialize()
            if self.context.current_tokens != ended or not self.context.can_refresh_token():
                return
            asked = await self._refresh_token()
            self._hold_to_a_safe_line(str(asked.url))
            async with http_client() as http:
                response = await http.send(asked)
            if response.status_code not in _ANSWERS:
                raise http_failure(str(asked.url), response.status_code, response.text)
            if not await self._handle_refresh_response(response):
                self._forget_tokens(client_too="invalid_client" in response.text)

    def _hold_to_a_safe_line(self, url: str) -> None:
        """A server names where to log in. It must not have codes and tokens sent readable, nor, from
        elsewhere, have this machine ask its own services.
        """
        if not self._is_safe(url):
            raise OAuthFlowError(f"it leads to {url}, which is no https address of the net")

    def _is_safe(self, url: str) -> bool:
        if on_this_machine(self._file.url) and on_this_machine(url):
            return urlsplit(url).scheme in {"http", "https"}
        return urlsplit(url).scheme == "https" and not _may_be_this_machine(url)

    def _forget_tokens(self, *, client_too: bool) -> None:
        over = dict.fromkeys(("tokens", "client") if client_too else ("tokens",))
        self._file.change(lambda server: server.model_copy(update=over))

    def _has_another_token_than(self, request: httpx2.Request) -> bool:
        tokens = self.context.current_tokens
        return tokens is not None and request.headers.get("Authorization") != f"Bearer {tokens.access_token}"

    def _refuse_to_ask(self, response: httpx2.Response) -> None:
        url = self._file.url
        if response.status_code == 401:
            known = self._file.read().client is not None
            said = "the login has ended" if known else "nobody is logged in"
            raise LoginNeeded(f"{url}: {said}: run `patang mcp login {url}`")
        error = extract_field_from_www_auth(response, "error")
        if response.status_code == 403 and error == "insufficient_scope":
            lacking = extract_field_from_www_auth(response, "scope") or ""
            granted = self.context.current_tokens.scope if self.context.current_tokens else None
            wanted = "".join(f" --scope {scope}" for scope in (union_scopes(granted, lacking) or "").split())
            raise LoginNeeded(f"{url}: the login lacks a right: run `patang mcp login {url}{wanted}`")

    async def _perform_authorization_code_grant(self) -> tuple[str, str]:
        if self._scopes:
            self.context.client_metadata.scope = " ".join(self._scopes)
        if self.context.oauth_metadata is not None:
            self._hold_to_a_safe_line(str(self.context.oauth_metadata.authorization_endpoint))
        return await super()._perform_authorization_code_grant()

    async def _handle_token_response(self, response: httpx2.Response) -> None:
        await super()._handle_token_response(response)
        self.has_logged_in = True
        found = {
            "authorization_server": self.context.oauth_metadata,
            "resource": self.context.protected_resource_metadata,
            # A session of whoever was logged in before is not theirs who is now.
            "session": None,
        }
        self._file.change(lambda server: server.model_copy(update=found))

    def revocation(self, kept: KeptServer) -> httpx2.Request | None:
        """The request that ends a login (RFC 7009); None where there is none, or no safe way to tell it."""
        self._take(kept)
        metadata, tokens = kept.authorization_server, kept.tokens
        if tokens is None or kept.client is None or metadata is None or metadata.revocation_endpoint is None:
            return None
        url = str(metadata.revocation_endpoint)
        if not self._is_safe(url):
            return None
        longest = "refresh_token" if tokens.token.refresh_token else "access_token"
        form = {
            "token": tokens.token.refresh_token or tokens.token.access_token,
            "token_type_hint": longest,
            "client_id": kept.client.client_id,
        }
        form, headers = self.context.prepare_token_auth(form, {})
        return httpx2.Request("POST", url, data=form, headers=headers)


def _may_be_this_machine(url: str) -> bool:
    """By any name that leads here without being asked for anywhere else."""
    host = (urlsplit(url).hostname or "").rstrip(".")
    try:
        address = ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
    return address.is_loopback or address.is_unspecified
