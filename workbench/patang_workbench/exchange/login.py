"""Registered apps, the login page, and the day's access tokens."""

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from html import escape
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from patang_workbench.exchange.errors import InputError, TokenError

__all__ = ["App", "Logins", "checksum", "login_page"]

REQUEST_TOKEN_LIFE: Final = 300.0
"""Seconds of wall time in which a request token may be exchanged."""


@dataclass(slots=True)
class App:
    """An app registered with the broker, with the one user who owns it."""

    api_key: str
    api_secret: str
    user_id: str
    redirect_url: str | None = None
    postback_url: str | None = None


def checksum(*parts: str) -> str:
    """Kite's checksum: the SHA-256 of the parts in a row, in hex."""
    return hashlib.sha256("".join(parts).encode()).hexdigest()


class Logins:
    """Request tokens and sessions.

    The access token is the same for every login of one app on one market day until it is given up by
    logout, so that signing in again disturbs nobody. `wall` gives seconds for the life of request tokens.
    """

    def __init__(self, apps: Iterable[App], day: date, wall: Callable[[], float] = time.monotonic) -> None:
        self.apps: dict[str, App] = {app.api_key: app for app in apps}
        self._day = day
        self._wall = wall
        self._requests: dict[str, tuple[str, float]] = {}
        self._generation: dict[str, int] = {}
        self._sessions: dict[str, App] = {}

    def app(self, api_key: str) -> App:
        """The registered app of a key. Raises InputError for an unknown one."""
        if api_key not in self.apps:
            raise InputError("Invalid `api_key`.")
        return self.apps[api_key]

    def sign_in(self, api_key: str, redirect_params: str = "") -> str:
        """The address to send the browser to after a sign-in. Raises InputError without a redirect URL."""
        app = self.app(api_key)
        if not app.redirect_url:
            raise InputError("The app has no redirect URL registered.")
        token = self.request_token(api_key)
        parts = urlsplit(app.redirect_url)
        answer = {"action": "login", "type": "login", "status": "success", "request_token": token}
        query = [*parse_qsl(parts.query), *answer.items(), *parse_qsl(redirect_params)]
        return urlunsplit(parts._replace(query=urlencode(query)))

    def request_token(self, api_key: str) -> str:
        """What a sign-in of an app's owner yields."""
        token = secrets.token_hex(16)
        self._requests[token] = (api_key, self._wall() + REQUEST_TOKEN_LIFE)
        return token

    def exchange(self, api_key: str, request_token: str, proof: str) -> tuple[App, str]:
        """Trade a request token, once, for the day's access token. Raises TokenError."""
        app = self.apps.get(api_key)
        owner, deadline = self._requests.pop(request_token, ("", 0.0))
        if app is None or owner != api_key or self._wall() > deadline:
            raise TokenError("Token is invalid or has expired.")
        if not hmac.compare_digest(proof, checksum(api_key, request_token, app.api_secret)):
            raise TokenError("Invalid `checksum`.")
        token = self._access_token(app)
        self._sessions[token] = app
        return app, token

    def authorise(self, header: str) -> App:
        """The app behind an Authorization header "token key:access_token". Raises TokenError."""
        scheme, _, pair = header.partition(" ")
        api_key, _, token = pair.strip().partition(":")
        if scheme != "token":
            raise TokenError("Incorrect `api_key` or `access_token`.")
        return self.session(api_key, token)

    def session(self, api_key: str, access_token: str) -> App:
        """The app of a living session. Raises TokenError."""
        app = self._sessions.get(access_token)
        if app is None or app.api_key != api_key:
            raise TokenError("Incorrect `api_key` or `access_token`.")
        return app

    def log_out(self, api_key: str, access_token: str) -> None:
        """End a session; the next login gets another token. Raises TokenError when there is none."""
        self.session(api_key, access_token)
        del self._sessions[access_token]
        self._generation[api_key] = self._generation.get(api_key, 0) + 1

    def revoke(self, user_id: str) -> int:
        """End all sessions of a user, as a sign-in elsewhere does; returns how many there were."""
        ended = [token for token, app in self._sessions.items() if app.user_id == user_id]
        for token in ended:
            self.log_out(self._sessions[token].api_key, token)
        return len(ended)

    def _access_token(self, app: App) -> str:
        words = f"{app.api_key} {app.user_id} {self._day} {self._generation.get(app.api_key, 0)}"
        return hmac.new(app.api_secret.encode(), words.encode(), hashlib.sha256).hexdigest()[:32]


def login_page(app: App, query: Mapping[str, str]) -> str:
    """The page with the one button of the sign-in."""
    hidden = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(query.get(name, ""))}">'
        for name in ("v", "api_key", "redirect_params")
    )
    user = escape(app.user_id)
    return (
        "<!doctype html><html lang=en><head><meta charset=utf-8><title>Sign in - simulated broker</title>"
        "<style>body{font:16px sans-serif;margin:15vh auto;max-width:24em;text-align:center}"
        "button{font:inherit;padding:.7em 1.5em}</style></head><body>"
        "<h1>Simulated broker</h1><p>No real account and no real money behind this page.</p>"
        f'<form method="post" action="/connect/login">{hidden}'
        f"<button>Sign in as {user}</button></form></body></html>"
    )
