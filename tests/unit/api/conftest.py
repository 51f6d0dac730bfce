"""The application over a desk in memory, and browsers that have signed in to it."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from anyio.from_thread import start_blocking_portal
from starlette.testclient import TestClient

from functions.api.app import build_app
from tests.unit.api.sample_desk import busy, two_owners


@pytest.fixture(scope="session", autouse=True)
def one_loop() -> Iterator[None]:
    """One event loop for all clients: each would make a thread and a loop a request."""
    with start_blocking_portal() as portal, pytest.MonkeyPatch.context() as patch:
        patch.setattr(TestClient, "portal", portal)
        yield


@pytest.fixture
def desk():
    return busy(two_owners())


@pytest.fixture(scope="session")
def built():
    """Its first request takes longer than building it: it makes ready a hundred and fifty routes."""
    return build_app(two_owners())


@pytest.fixture
def app(built, desk):
    """The application of the test's desk."""
    built.state.desk = desk
    return built


@pytest.fixture
def stranger(app):
    """A browser that nobody has signed in with. It follows no redirect by itself."""
    return TestClient(app, follow_redirects=False)


@pytest.fixture
def sign_in(app, desk):
    """Makes a signed-in browser; `csrf` is the word its pages carry."""

    def make(account: str = "main", user_id: str = "AB1234") -> TestClient:
        browser = TestClient(app, follow_redirects=False)
        login = browser.get(desk.accounts().account(account).login_path)
        passed_on = parse_qs(urlsplit(login.headers["location"]).query)["redirect_params"][0]
        [state] = parse_qs(passed_on)["state"]
        request_token = f"token-{account}-{len(desk.auth_store.items)}"
        desk.kite.logins[request_token] = user_id
        answer = browser.get("/kite/callback", params={"state": state, "request_token": request_token})
        assert answer.status_code == 303, answer.text
        secret = browser.cookies["patang-session"]
        browser.csrf = desk.sign_in().principal(secret).csrf
        return browser

    return make


@pytest.fixture
def owner(sign_in):
    return sign_in()


@pytest.fixture
def bearer(desk):
    """Makes the headers of a program with these scopes."""

    def make(*scopes: str, principal: str = "asha") -> dict[str, str]:
        return {"Authorization": f"Bearer {desk.tokens().issue(principal, 'test', scopes, days=1).secret}"}

    return make
