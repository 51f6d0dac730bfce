from datetime import date
from urllib.parse import parse_qs, urlsplit

import pytest

from patang_workbench.exchange.errors import InputError, TokenError
from patang_workbench.exchange.login import App, Logins, checksum, login_page


class Wall:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def logins(wall: Wall | None = None) -> Logins:
    app = App("key", "secret", "AB1234", "https://desk.example/login?account=one")
    return Logins([app, App("other", "hidden", "CD5678")], date(2026, 8, 18), wall or Wall())


def request_token(found: Logins, params: str = "") -> str:
    return parse_qs(urlsplit(found.sign_in("key", params)).query)["request_token"][0]


def sign_in(found: Logins) -> str:
    token = request_token(found)
    return found.exchange("key", token, checksum("key", token, "secret"))[1]


def test_the_browser_goes_back_with_everything_it_came_with() -> None:
    target = urlsplit(logins().sign_in("key", "state=a%26b&next=/x"))
    query = parse_qs(target.query)
    assert (target.hostname, target.path) == ("desk.example", "/login")
    assert query["action"] == ["login"]
    assert query["status"] == ["success"]
    assert query["account"] == ["one"]
    assert query["state"] == ["a&b"]
    assert len(query["request_token"][0]) == 32


def test_signing_in_again_keeps_the_access_token_until_logout() -> None:
    found = logins()
    first = sign_in(found)
    assert sign_in(found) == first
    found.log_out("key", first)
    with pytest.raises(TokenError):
        found.session("key", first)
    assert sign_in(found) != first


def test_a_request_token_works_once_and_for_a_short_time() -> None:
    wall = Wall()
    found = logins(wall)
    token = request_token(found)
    proof = checksum("key", token, "secret")
    found.exchange("key", token, proof)
    with pytest.raises(TokenError):
        found.exchange("key", token, proof)
    late = request_token(found)
    wall.now += 301
    with pytest.raises(TokenError, match="expired"):
        found.exchange("key", late, checksum("key", late, "secret"))


def test_a_wrong_secret_or_key_gets_no_session() -> None:
    found = logins()
    token = request_token(found)
    with pytest.raises(TokenError, match="checksum"):
        found.exchange("key", token, checksum("key", token, "guess"))
    token = request_token(found)
    with pytest.raises(TokenError):
        found.exchange("other", token, checksum("other", token, "hidden"))
    with pytest.raises(InputError, match="api_key"):
        found.sign_in("unknown")
    with pytest.raises(InputError, match="redirect"):
        found.sign_in("other")


@pytest.mark.parametrize(
    "header", ["", "token", "token key", "token key:nonsense", "Bearer key:x", "token :"]
)
def test_garbled_credentials_are_refused(header: str) -> None:
    with pytest.raises(TokenError):
        logins().authorise(header)


def test_the_page_escapes_what_it_repeats() -> None:
    page = login_page(App("key", "secret", "AB1234"), {"api_key": "key", "redirect_params": '"><script>'})
    assert "<script>" not in page
    assert "Sign in as AB1234" in page
