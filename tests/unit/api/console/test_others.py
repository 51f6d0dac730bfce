"""What is another's is nobody's: whoever names it sees what he would see of a name that there is not."""

import re

import pytest
from starlette.testclient import TestClient

from tests.unit.api.oauth_client import browser_at, log_in_at_kite
from tests.unit.api.told_trade import ENTRY, HELD
from tests.unit.api.whole_desk import ADDRESSES, APPROVAL, whole_desk

OF_RAVI = ("/settings/accounts/other", "/settings/accounts/other/removal", "/proposals/other/o1")


@pytest.fixture(scope="module")
def desk():
    return whole_desk()


def browser_of(desk, account: str, user_id: str) -> TestClient:
    browser = browser_at(desk, "http://testserver")
    assert log_in_at_kite(browser, desk, f"/login?account={account}", user_id).status_code == 303
    return browser


@pytest.fixture(scope="module")
def asha(desk):
    return browser_of(desk, "main", "AB1234")


@pytest.fixture(scope="module")
def ravi(desk):
    return browser_of(desk, "other", "XY5678")


def told(browser: TestClient, path: str, **headers: str) -> tuple[int, str]:
    """Status and page, without the word of the session, and with either name for the same."""
    answer = browser.get(path, headers=headers)
    text = re.sub(r'data-now="[^"]*"|name="csrf" value="[^"]*"|data-csrf="[^"]*"', "", answer.text)
    return answer.status_code, re.sub("other|nobody", "…", text)


@pytest.mark.parametrize("live", [{}, {"Patang-Live": "1"}])
@pytest.mark.parametrize("path", ADDRESSES)
def test_no_page_tells_an_account_of_another_from_one_that_is_not_there(asha, path, live):
    place, _, query = path.partition("?")
    kept = "".join(f"{part}&" for part in query.split("&") if part and part != "account=main")
    found = told(asha, f"{place}?{kept}account=other", **live)
    assert found == told(asha, f"{place}?{kept}account=nobody", **live)
    assert "Ravi" not in found[1]


@pytest.mark.parametrize("path", OF_RAVI)
def test_an_address_within_an_account_of_another_is_one_that_is_not_there(asha, path):
    assert told(asha, path) == told(asha, path.replace("other", "nobody"))
    assert told(asha, path)[0] == 404


@pytest.mark.parametrize(
    "path", [f"/orders/{ENTRY}", f"/positions/{HELD}", APPROVAL, "/audit/main/2026-08-18/6"]
)
def test_an_id_of_another_is_one_that_is_not_there(asha, ravi, path):
    assert asha.get(path).status_code == 200
    missing = (
        path.replace(ENTRY, "E0")
        .replace(HELD, "P0")
        .replace("o20260818-1046-a1", "o0")
        .replace("main", "nobody")
    )
    assert ravi.get(path).status_code == ravi.get(missing).status_code == 404


@pytest.mark.parametrize("path", ["/", "/orders", "/settings/accounts", "/api/status", "/api/positions"])
def test_the_tag_of_anothers_page_opens_nothing_and_says_nothing(asha, ravi, desk, path):
    """Who has got hold of a tag, or of the page itself, is not told whether it still stands."""
    live = {} if path.startswith("/api/") else {"Patang-Live": "1"}
    hers = asha.get(path, headers=live).headers["ETag"]
    assert asha.get(path, headers=live | {"If-None-Match": hers}).status_code == 304
    his = ravi.get(path, headers=live | {"If-None-Match": hers})
    assert his.status_code == 200
    assert his.headers["ETag"] != hers
    stranger = browser_at(desk, "http://testserver").get(path, headers=live | {"If-None-Match": hers})
    assert stranger.status_code == 401
    assert "ETag" not in stranger.headers
