"""A client of the desk's authorization server, and the person's browser that it sends there."""

import base64
import hashlib
import html
import re
import secrets
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from starlette.testclient import TestClient

from functions.api.app import build_app

HERE = "https://desk.example"
LOOPBACK = "http://127.0.0.1:8765/callback"


def browser_at(desk, address: str = HERE) -> TestClient:
    """A browser that keeps its cookies and follows no redirect by itself."""
    return TestClient(build_app(desk), base_url=address, follow_redirects=False)


def log_in_at_kite(browser: TestClient, desk, login: str, user_id: str):
    """From the link of the sign-in page through Kite's login to where it leads back; returns that answer."""
    at_kite = browser.get(f"{login}&user={user_id}" if "account=" in login else login)
    passed_on = parse_qs(urlsplit(at_kite.headers["location"]).query)["redirect_params"][0]
    [state] = parse_qs(passed_on)["state"]
    request_token = f"token-{secrets.token_hex(4)}"
    desk.kite.logins[request_token] = user_id
    return browser.get("/kite/callback", params={"state": state, "request_token": request_token})


def sign_in_link(page: str) -> str:
    """Where the button of the sign-in page leads."""
    return html.unescape(re.search(r'href="(/login[^"]*)"', page)[1])


def query_of(address: str) -> dict[str, str]:
    """The parameters of an address, each once."""
    found = parse_qs(urlsplit(address).query, keep_blank_values=True)
    assert all(len(values) == 1 for values in found.values()), address
    return {name: values[0] for name, values in found.items()}


def hidden(page: str, name: str) -> str:
    """The value of a hidden field of a form."""
    return html.unescape(re.search(rf'name="{name}" value="([^"]*)"', page)[1])


@dataclass
class Program:
    """A client with its own HTTP (`http`, which keeps no cookie that counts), registered dynamically."""

    http: TestClient
    redirect: str = LOOPBACK
    name: str = "Sample assistant"
    state: str = "state-of-the-client"
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))
    registered: dict = field(default_factory=dict)

    @property
    def client_id(self) -> str:
        return self.registered["client_id"]

    def register(self, **more) -> "Program":
        wish = {
            "client_name": self.name,
            "redirect_uris": [self.redirect],
            "token_endpoint_auth_method": "none",
        }
        answer = self.http.post("/register", json=wish | more)
        assert answer.status_code == 201, answer.text
        self.registered = answer.json()
        return self

    def question(self, **more) -> dict[str, str]:
        """The parameters of /authorize; one that is None is left out."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        asked = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect,
            "state": self.state,
            "scope": "read trade",
            "resource": f"{HERE}/mcp",
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        } | more
        return {name: value for name, value in asked.items() if value is not None}

    def change(self, code: str, **more):
        """The request that changes a code for tokens."""
        return self.ask(
            grant_type="authorization_code",
            code=code,
            redirect_uri=self.redirect,
            code_verifier=self.verifier,
            resource=f"{HERE}/mcp",
            **more,
        )

    def refresh(self, refresh_token: str, **more):
        return self.ask(grant_type="refresh_token", refresh_token=refresh_token, **more)

    def ask(self, **form):
        return self.http.post("/token", data={"client_id": self.client_id} | form)

    def revoke(self, token: str):
        return self.http.post("/revoke", data={"client_id": self.client_id, "token": token})


def asked_in(browser: TestClient, program: Program, **more):
    """Where /authorize leads this browser: the address of the consent's page."""
    answer = browser.get("/authorize", params=program.question(**more))
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def answered_in(browser: TestClient, address: str, *scopes: str, decision: str = "allow"):
    """The person ticks `scopes` on the consent's page and presses a button; the answer is a redirect."""
    shown = browser.get(address)
    assert shown.status_code == 200, shown.text
    form = {"csrf": hidden(shown.text, "csrf"), "decision": decision, "scopes": list(scopes)}
    return browser.post(address, data=form)


def code_of(browser: TestClient, program: Program, *scopes: str, **more) -> str:
    """A code for the client, from a signed-in browser."""
    answer = answered_in(browser, asked_in(browser, program, **more), *scopes)
    assert answer.status_code == 303, answer.text
    return query_of(answer.headers["location"])["code"]


def tokens_of(browser: TestClient, program: Program, *scopes: str) -> dict:
    """Tokens for the client, from a signed-in browser."""
    answer = program.change(code_of(browser, program, *scopes))
    assert answer.status_code == 200, answer.text
    return answer.json()
