"""The desk's owner at a browser: signs in by the broker's login page, opens links, presses buttons."""

import json
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin

import httpx

__all__ = ["Owner", "OwnerError"]


class OwnerError(RuntimeError):
    """A page did not answer as a person would need it to."""


class Owner:
    """Follows redirects and keeps cookies, as a browser does; `address` is the desk's."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._client = httpx.Client(follow_redirects=True, timeout=40, trust_env=False)

    def close(self) -> None:
        self._client.close()

    def sign_in(self) -> None:
        """Through the broker's login page and back. Raises OwnerError if that does not end signed in."""
        page = self._client.get(f"{self._address}/login")
        answer = self._submit(page, {})
        if answer.status_code != 200 or not str(answer.url).startswith(self._address):
            raise OwnerError(
                f"signing in ended at {answer.url.path} with {answer.status_code}: {_text(answer)}"
            )

    def token(self, label: str, scopes: list[str]) -> str:
        """A bearer token for a program."""
        found: str = self._api("POST", "/api/tokens", {"label": label, "scopes": scopes})["token"]
        return found

    def decide(self, link: str, decision: str) -> int:
        """Press approve or decline on the page behind a link; the status of the answer."""
        page = self.open(link)
        if page.status_code != 200 or "<form" not in page.text:
            return page.status_code
        return self.press(page, decision).status_code

    def open(self, link: str) -> httpx.Response:
        """The page behind a link."""
        return self._client.get(link)

    def press(self, page: httpx.Response, decision: str) -> httpx.Response:
        """What approve or decline on an open page is answered. Raises OwnerError if it has no button."""
        return self._submit(page, {"decision": decision})

    def get(self, path: str) -> Any:
        """JSON of an API route."""
        return self._api("GET", path, None)

    def _api(self, method: str, path: str, body: Any) -> Any:
        home = self._client.get(f"{self._address}/")
        headers = {"x-csrf-token": _Form(home.text).fields.get("csrf", ""), "origin": self._address}
        answer = self._client.request(method, f"{self._address}{path}", json=body, headers=headers)
        if answer.status_code >= 400:
            raise OwnerError(f"{method} {path} answered {answer.status_code}: {_text(answer)}")
        return answer.json()

    def _submit(self, page: httpx.Response, pressed: dict[str, str]) -> httpx.Response:
        form = _Form(page.text)
        if page.status_code != 200 or form.action is None:
            raise OwnerError(f"{page.url.path} shows no form ({page.status_code}): {_text(page)}")
        target = urljoin(str(page.url), form.action)
        origin = f"{page.url.scheme}://{page.url.netloc.decode()}"
        return self._client.post(target, data=form.fields | pressed, headers={"origin": origin})


class _Form(HTMLParser):
    """The page's first form: where it goes and its hidden fields."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.action: str | None = None
        self.fields: dict[str, str] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "form" and self.action is None:
            self.action = values.get("action") or ""
        if tag == "input" and values.get("type") == "hidden" and values.get("name"):
            self.fields.setdefault(str(values["name"]), values.get("value") or "")


def _text(answer: httpx.Response) -> str:
    try:
        return json.dumps(answer.json())[:500]
    except ValueError:
        return answer.text[:500]
