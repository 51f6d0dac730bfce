"""`patang login`: a callback on this machine that takes one request, and a desk that is asked meanwhile."""

import json
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from functions.api.app import build_app
from patang_workbench.cli import login, main, running
from patang_workbench.cli.login_callback import Callback
from tests.unit.api.sample_desk import SampleDesk, busy, two_owners


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> SampleDesk:
    """A desk whose API answers the command line in memory; its session of the day has been killed."""
    from starlette.testclient import TestClient

    found = busy(two_owners())
    found.accounts().mark_expired("main", 1)
    client = TestClient(build_app(found))
    secret = found.tokens().issue("asha", "test", ["read", "trade"], days=1).secret

    def request(method: str, url: str, **what: Any) -> httpx.Response:
        what.pop("timeout")
        return client.request(method, urlsplit(url).path, **what)

    monkeypatch.setattr(running.httpx, "request", request)
    monkeypatch.setenv("PATANG_URL", "http://desk.example")
    monkeypatch.setenv("PATANG_TOKEN", secret)
    monkeypatch.setattr(login, "_LOOK_SECONDS", 0.02)
    return found


@pytest.fixture
def browser(desk: SampleDesk, monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[str], None]], None]:
    """What happens in the browser that the command opens, in a thread of its own; told the login's state."""

    def opens(does: Callable[[str], None]) -> None:
        def opened(url: str) -> bool:
            passed_on = parse_qs(urlsplit(url).query)["redirect_params"][0]
            threading.Thread(target=does, args=(parse_qs(passed_on)["state"][0],), daemon=True).start()
            return True

        monkeypatch.setattr(login.webbrowser, "open", opened)

    return opens


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Callback]:
    """The callbacks that the command has opened."""
    made: list[Callback] = []

    class Noted(Callback):
        def __init__(self, port: int, state: str) -> None:
            super().__init__(port, state)
            made.append(self)

    monkeypatch.setattr(login, "Callback", Noted)
    return made


def come_back(callback: Callback, **query: str) -> httpx.Response:
    with httpx.Client(trust_env=False) as client:
        return client.get(callback.address, params=query)


def test_the_callback_on_this_machine_opens_the_session(desk, browser, opened, capsys):
    answers: list[int] = []
    desk.kite.logins["r1"] = "AB1234"

    def in_the_browser(state: str) -> None:
        answers.append(come_back(opened[0], state="guessed", request_token="r1").status_code)
        answers.append(come_back(opened[0], state=state, request_token="r1").status_code)

    browser(in_the_browser)
    assert main(["login", "--port", "0", "--json", "--timeout", "20"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["account"], shown["session"]) == ("main", "ACTIVE")
    assert answers == [403, 200]
    assert desk.accounts().credentials("main").access_token == "access-r1"
    with pytest.raises(httpx.ConnectError):
        come_back(opened[0], state="any", request_token="r1")


def test_a_login_that_comes_back_to_the_desk_is_seen(desk, browser, capsys):
    """Its app sends browsers to the deployed desk."""
    desk.kite.logins["r1"] = "AB1234"
    browser(lambda state: desk.sign_in().complete(state, "r1", None))
    assert main(["login", "--port", "0", "--timeout", "20"]) == 0
    assert "main is logged in until" in capsys.readouterr().out


def test_a_login_that_nobody_finishes_ends_and_says_so(desk, opened, capsys):
    assert main(["login", "--port", "0", "--no-browser", "--timeout", "0.05"]) == 1
    out, err = capsys.readouterr()
    assert "https://kite.example/connect/login" in out
    assert "run it again" in err
    with pytest.raises(httpx.ConnectError):
        come_back(opened[0], state="any", request_token="r1")


def test_somebody_elses_login_is_said(desk, browser, opened, capsys):
    desk.kite.logins["r1"] = "ZZ0000"
    browser(lambda state: come_back(opened[0], state=state, request_token="r1"))
    assert main(["login", "--port", "0", "--timeout", "20"]) == 1
    assert "belongs to somebody else" in capsys.readouterr().err
    assert not desk.accounts().is_live("main")


def test_a_deployed_desk_is_reached_with_the_owners_own_credentials(
    desk, browser, opened, capsys, monkeypatch
):
    monkeypatch.setattr(login, "deployed_desk", lambda stage: desk)
    desk.kite.logins["r1"] = "AB1234"
    browser(lambda state: come_back(opened[0], state=state, request_token="r1"))
    assert main(["login", "main", "--stage", "paper", "--port", "0", "--timeout", "20"]) == 0
    assert desk.accounts().is_live("main")
    assert main(["login", "nobody", "--stage", "paper", "--port", "0"]) == 1
    assert "nobody" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/", 404),
        ("/kite/callback", 403),
        ("/kite/callback?request_token=r1", 403),
        ("/kite/callback?state=s3cret", 403),
        ("/kite/callback?request_token=r1&state=other", 403),
        ("/kite/callback?request_token=r1&state=s3cret&status=success", 200),
    ],
)
def test_what_the_callback_takes(target, status):
    with Callback(0, "s3cret") as callback:
        assert callback.address.startswith("http://127.0.0.1:")
        assert callback.take(target)[0] == status
        assert callback.wait(0) == ("r1" if status == 200 else None)


def test_the_first_right_request_is_the_only_one():
    with Callback(0, "s") as callback:
        assert callback.take("/kite/callback?request_token=first&state=s")[0] == 200
        assert callback.take("/kite/callback?request_token=second&state=s")[0] == 403
        assert callback.wait(0) == "first"


def test_a_port_that_is_taken_is_named(desk, capsys):
    with Callback(0, "s") as callback:
        port = callback.address.rpartition(":")[2].partition("/")[0]
        assert main(["login", "--port", port, "--no-browser"]) == 1
    assert f"port {port}" in capsys.readouterr().err
