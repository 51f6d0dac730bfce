"""The console of the deployed desk, in Chromium: a person signs in, watches a trade, takes part, looks back.

On a stack of its own, that is gone before that of the troubled day is made.
"""

import json
import os
from collections.abc import Iterator

import pytest

from patang.settings.stored import newest
from patang_workbench.local_stack.stack import LocalStack
from tests.browser.chromium import CHROMIUM, Page, running_chromium
from tests.browser.console import press
from tests.e2e.evidence import Evidence
from tests.e2e.watched_session import Watched, watched

# The first test waits for the whole morning.
pytestmark = pytest.mark.timeout(280)


@pytest.fixture(scope="module")
def seen() -> Iterator[Watched]:
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine: install the package chromium to see pages in a browser")
    before, told = dict(os.environ), list[str]()
    try:
        with LocalStack(told.append) as stack, running_chromium() as browser:
            try:
                over = watched(stack, browser, told.append)
            except Exception as error:
                error.add_note("\n".join(told[-30:]))
                raise
            yield over
    finally:
        # The stack tells boto3 of itself by the environment of this process.
        os.environ.clear()
        os.environ.update(before)


@pytest.fixture
def page(seen: Watched) -> Page:
    return seen.person.today


def test_the_session_is_out_of_every_scripts_reach(page: Page) -> None:
    assert page.run("document.cookie") == ""


def test_a_position_that_opens_comes_in_by_itself(seen: Watched) -> None:
    (position,) = Evidence(seen.stack).items("POSITION")
    assert seen.person.held == f"{position['quantity']} {position['symbol']}"


def test_a_no_from_the_console_orders_nothing(seen: Watched) -> None:
    (declined,) = seen.person.declined
    assert "eclined" in declined
    proposals = [p for p in Evidence(seen.stack).items("PROPOSAL") if p.get("outcome") == "USER_REJECTED"]
    assert len(proposals) == 1
    assert "intent_id" not in proposals[0]
    assert proposals[0]["decided_by"] == "person:owner"


def test_an_approval_works_without_javascript(seen: Watched) -> None:
    assert any("pproved" in page for page in seen.person.approved), seen.person.approved
    assert seen.person.phone.console == []


def test_what_is_asked_once_more_says_what_will_happen(seen: Watched) -> None:
    halt, resume, flatten = seen.person.told
    assert "keep their stops and targets" in halt
    assert "New entries are allowed again" in resume
    assert seen.person.held in flatten


def test_flatten_sold_it_by_hand(seen: Watched) -> None:
    evidence = Evidence(seen.stack)
    (position,) = evidence.items("POSITION")
    assert (position["state"], position["exit_reason"]) == ("CLOSED", "FLATTEN")
    assert len(evidence.orders_of(position["exit_intent_id"])) == 1
    assert seen.report["open_positions"] == 0
    told = [entry.event() for entry in seen.stack.desk.audit_log().page("main", seen.stack.day, limit=1000)]
    by_hand = [event.kind for event in told if event.actor == "person:owner"]
    assert {"HALTED", "RESUMED"} <= set(by_hand)


def test_a_limit_is_edited_by_the_page(seen: Watched, page: Page) -> None:
    page.open(f"{seen.stack.address}/settings/limits")
    field = '[data-setting="risk.max_concurrent_positions"] input'
    page.until(f"Boolean(document.querySelector({json.dumps(field)}))")
    page.until("document.documentElement.classList.contains('scripted')")
    page.run(
        f"(() => {{ const field = document.querySelector({json.dumps(field)}); field.value = '2';"
        "field.dispatchEvent(new Event('input', { bubbles: true })); })()"
    )
    press(page, "Review changes")
    page.until("document.getElementById('review').open")
    assert "Most open positions" in page.run("document.getElementById('review').innerText")
    press(page, "Save", "#review")
    page.until("location.pathname.startsWith('/settings/history/')")
    stored = newest(seen.stack.desk.store)
    assert stored is not None
    assert stored.written_by == "person:owner"
    assert [change.path for change in stored.changes] == ["risk.max_concurrent_positions"]


def test_the_audit_log_is_searched(seen: Watched, page: Page) -> None:
    page.open(f"{seen.stack.address}/audit")
    page.run("document.querySelector('[name=kind]').value = 'HALTED'")
    press(page, "Show")
    page.until("location.search.includes('kind=HALTED')")
    page.until("document.readyState === 'complete'")
    assert "person:owner" in page.run("document.getElementById('entries').innerText")
    press(page, "Verify the day")
    page.until("location.pathname === '/audit/verification'")
    page.until("Boolean(document.querySelector('.verdict.is-good'))")


def test_every_page_of_the_navigation_is_quiet(seen: Watched, page: Page) -> None:
    page.open(f"{seen.stack.address}/")
    for path in page.run("[...document.querySelectorAll('nav.pages a')].map((one) => one.pathname)"):
        page.open(f"{seen.stack.address}{path}")
        assert page.run("document.querySelector('h1') !== null"), path
    assert page.console == []
