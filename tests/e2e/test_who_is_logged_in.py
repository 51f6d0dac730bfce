"""The day's login through the deployed API, after the day: killed, made again, given up, reminded of.

The last tests of this folder: the account is logged out at their end.
"""

from datetime import datetime, time, timedelta
from time import monotonic, sleep
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest
from kiteconnect import KiteConnect

from patang.accounts.session import Credentials, KiteSession
from patang.keys import session_key
from patang.market.sessions import IST, session_on
from patang.records import load
from patang_workbench.local_stack.stack import DESK_ACCOUNT, LocalStack
from tests.e2e.troubled_day import Day

pytestmark = pytest.mark.timeout(280)


class Program:
    """A program of the owner's, by a bearer token."""

    def __init__(self, day: Day) -> None:
        secret = day.owner.token("a test of logins", ["read", "trade"])
        self._headers = {"authorization": f"Bearer {secret}"}
        self._address = day.stack.address

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        answer = httpx.request(
            method,
            f"{self._address}{path}",
            json=body,
            headers=self._headers,
            timeout=40,
            trust_env=False,
        )
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    def session(self) -> str:
        (account,) = self.ask("GET", "/api/kite/accounts")
        return str(account["session"])

    def session_soon(self, expected: str) -> str:
        """A live session is known to an instance for three seconds."""
        until = monotonic() + 4
        while (found := self.session()) != expected and monotonic() < until:
            sleep(0.5)
        return found


@pytest.fixture(scope="module")
def program(day: Day) -> Program:
    return Program(day)


def stored(stack: LocalStack) -> KiteSession:
    found = load(stack.desk.store, KiteSession, session_key(DESK_ACCOUNT))
    assert found is not None
    return found


def credentials_soon(stack: LocalStack) -> Credentials:
    """Those of the session that is stored: what this process knew of the one before lasts three seconds."""
    version, until = stored(stack).version, monotonic() + 4
    while (found := stack.desk.accounts().credentials(DESK_ACCOUNT)).version != version:
        assert monotonic() < until, f"version {found.version} is still used, {version} is stored"
        sleep(0.5)
    return found


def compared(stack: LocalStack) -> str:
    """What (reconciler) says of the account when it is called."""
    now = stack.exchange.clock()["market_time"]
    return str(stack.schedules.call("reconciler", now)["accounts"][DESK_ACCOUNT])


def test_a_killed_token_is_known_from_the_first_call_of_a_function(day: Day, program: Program) -> None:
    assert program.session() == "ACTIVE"
    control = f"{day.stack.exchange.facts['kite_root']}/_simulator/owner"
    done = httpx.post(control, json={"action": "log_in_elsewhere"}, timeout=10, trust_env=False)
    assert done.status_code == 200
    assert compared(day.stack) == "SESSION_EXPIRED"
    assert stored(day.stack).state == "EXPIRED"


def test_a_login_through_the_api_opens_it_and_the_functions_go_on(day: Day, program: Program) -> None:
    before = stored(day.stack).version
    begun = program.ask("POST", "/api/kite/auth", {"action": "login"})
    with httpx.Client(timeout=40, trust_env=False, follow_redirects=True) as browser:
        page = browser.get(begun["login_url"])
        address, _, query = str(page.url).partition("?")
        back = browser.post(address, data=dict(parse_qsl(query)))
        assert back.status_code == 200
        assert f"account {DESK_ACCOUNT} is open" in back.text
        assert not browser.cookies, "a program began it: no browser is signed in"
    assert program.session() == "ACTIVE"
    assert stored(day.stack).version == before + 1
    assert compared(day.stack) != "SESSION_EXPIRED"


def test_the_token_is_the_brokers_own_for_the_official_client(day: Day) -> None:
    used = credentials_soon(day.stack)
    official = KiteConnect(used.api_key, used.access_token, root=day.stack.exchange.facts["kite_root"])
    assert official.profile()["user_id"] == stored(day.stack).user_id


def test_after_the_days_end_it_is_given_up_and_in_the_morning_its_owner_is_reminded(
    day: Day, program: Program
) -> None:
    """On the next trading day of the wall, whose sessions these are."""
    trading = datetime.now(IST).date() + timedelta(days=1)
    while session_on(trading) is None:
        trading += timedelta(days=1)
    evening, morning = (datetime.combine(trading, at, IST) for at in (time(16, 30), time(8, 15)))
    assert day.stack.schedules.call("sessions", morning)["reminded"] == []
    assert day.stack.schedules.call("sessions", evening)["logged_out"] == [DESK_ACCOUNT]
    assert program.session_soon("LOGGED_OUT") == "LOGGED_OUT"
    later = morning + timedelta(minutes=30)
    assert day.stack.schedules.call("sessions", later)["reminded"] == [DESK_ACCOUNT]
    assert day.stack.schedules.call("sessions", later)["reminded"] == []
