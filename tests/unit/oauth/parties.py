"""A client, a person and the desk: what the tests of the authorization server begin with."""

import base64
import hashlib
import json
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from patang.audit.event import AuditEvent
from patang.errors import Refused, TryAgain
from patang.identity.principal import ALL_SCOPES, Principal
from patang.oauth.answers import TokenAnswer
from patang.oauth.client import Client
from patang.ports.client_documents import ClientDocument
from tests.unit.api.sample_desk import SampleDesk, two_owners

ADDRESS = "https://desk.acme.dev"
RESOURCE = f"{ADDRESS}/mcp"
CALLBACK = "https://claude.ai/api/mcp/auth_callback"
DOCUMENT = "https://assistant.acme.dev/client.json"
VERIFIER = "a-verifier-of-the-client~that.nobody_else-knows-0123456789"

ASHA = Principal("asha", "person:asha", ("main",), ALL_SCOPES, csrf="word")
RAVI = Principal("ravi", "person:ravi", ("other",), ALL_SCOPES, csrf="another")


class PretendWeb:
    """ClientDocuments: what stands at which address; `down` hosts cannot be reached."""

    def __init__(self) -> None:
        self.pages: dict[str, ClientDocument] = {}
        self.down = False
        self.fetched: list[str] = []

    def put(self, url: str, fresh_for: timedelta | None = None, **changes: Any) -> None:
        said = {
            "client_id": url,
            "client_name": "Acme Assistant",
            "redirect_uris": [CALLBACK],
            "token_endpoint_auth_method": "none",
        } | changes
        self.pages[url] = ClientDocument(json.dumps(said).encode(), fresh_for)

    def fetch(self, url: str) -> ClientDocument:
        self.fetched.append(url)
        if self.down:
            raise TryAgain("the host cannot be reached")
        if url not in self.pages:
            raise Refused("the host answers 404")
        return self.pages[url]


def new_desk() -> SampleDesk:
    desk = two_owners(public_url=ADDRESS)
    desk.client_documents = PretendWeb()
    return desk


def challenge_of(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def client_of(desk: SampleDesk, **metadata: Any) -> Client:
    """A registered client; a public one unless it says otherwise."""
    said = {
        "client_name": "Claude",
        "redirect_uris": [CALLBACK],
        "token_endpoint_auth_method": "none",
    } | metadata
    return desk.oauth_clients().register(said, "198.51.100.7").client


def request_of(client: Client, **changes: str | None) -> dict[str, str]:
    """Its request at the authorization endpoint; None leaves a parameter out."""
    said = {
        "client_id": client.client_id,
        "redirect_uri": client.redirect_uris[0],
        "response_type": "code",
        "state": "state-of-the-client",
        "scope": "read trade",
        "code_challenge": challenge_of(VERIFIER),
        "code_challenge_method": "S256",
        "resource": RESOURCE,
    } | changes
    return {name: value for name, value in said.items() if value is not None}


def code_for(
    desk: SampleDesk,
    client: Client,
    person: Principal = ASHA,
    scopes: tuple[str, ...] = ("read", "trade"),
    **changes: str | None,
) -> str:
    """The code of a yes."""
    begun = desk.authorizations().begin(request_of(client, **changes))
    url = desk.authorizations().decide(begun.transaction, begun.browser_secret, person, True, scopes)
    return answer_in(url)["code"]


def answer_in(url: str) -> dict[str, str]:
    """What a redirect tells the client."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def code_form(code: str, /, **changes: str | None) -> dict[str, str]:
    said = {
        "grant_type": "authorization_code",
        "code": code,
        "code_verifier": VERIFIER,
        "redirect_uri": CALLBACK,
        "resource": RESOURCE,
    } | changes
    return {name: value for name, value in said.items() if value is not None}


def refresh_form(token: str | None, **changes: str) -> dict[str, str]:
    return {"grant_type": "refresh_token", "refresh_token": token or "", "resource": RESOURCE} | changes


def tokens_for(
    desk: SampleDesk,
    client: Client,
    person: Principal = ASHA,
    scopes: tuple[str, ...] = ("read", "trade"),
) -> TokenAnswer:
    """A client that has been let in."""
    return desk.grants().exchange(client, code_form(code_for(desk, client, person, scopes)))


def told(desk: SampleDesk, account: str = "main") -> list[AuditEvent]:
    """The account's audit events, in no order."""
    return [
        AuditEvent.model_validate(item)
        for key, item in desk.store.items.items()
        if key.partition.startswith(f"OUTBOX#{account}#")
    ]


def kinds(desk: SampleDesk, account: str = "main") -> list[str]:
    return sorted(event.kind for event in told(desk, account))
