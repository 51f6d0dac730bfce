"""The audit log in a browser: what happens comes in by itself, and a long day stays usable."""

import json
from datetime import timedelta

from patang.audit.chain import link
from tests.browser.console import PHONE, press
from tests.unit.api.sample_desk import DAY, NOW, event

ROWS = (
    "[...document.querySelectorAll('#entries tbody tr td:first-child')].map((one) => Number(one.innerText))"
)


def test_what_happens_comes_in_by_itself_and_a_search_stands_still(console):
    page, search = console.page("/audit"), console.page("/audit?text=reliance")
    assert page.run(ROWS) == [6, 5, 4, 3, 2, 1]
    assert search.run(ROWS) == [6, 5, 3, 2]
    console.desk.audited(event("main", 50, "HALTED", "person:asha", NOW, {"symbol": "RELIANCE"}))
    page.until(f"{ROWS}[0] === 7")
    assert search.run(ROWS) == [6, 5, 3, 2]
    assert (page.console, search.console) == ([], [])


def test_somebody_looks_for_a_person_and_reads_an_entry(console):
    page = console.page("/audit")
    page.run("document.querySelector('[name=actor]').value = 'person:asha'")
    press(page, "Show")
    page.until(f"location.search.includes('actor') && JSON.stringify({ROWS}) === '[4]'")
    press(page, "4", "#entries")
    page.until("document.querySelector('h1').innerText === '4 · approved'")
    press(page, "Verify the whole day")
    page.until("document.querySelector('.verdict')?.innerText.includes('Every chain is whole')")
    assert page.console == []


def test_a_day_of_ten_thousand_entries_is_leafed_through_on_a_phone(console):
    many = [
        event(
            "main", n, "ORDER_FILLED", "broker", NOW + timedelta(seconds=n), {"symbol": f"S{n % 50}", "n": n}
        )
        for n in range(100, 10_094)
    ]
    assert link(console.desk.audit_store, "main", DAY, many) == len(many)
    page = console.page("/audit", PHONE)
    assert page.run(f"{ROWS}.length") == 100
    assert page.run(f"{ROWS}[0]") == 10_000
    assert page.run("document.documentElement.scrollWidth <= innerWidth")
    press(page, "Older")
    page.until(f"{ROWS}[0] === 9900")
    # The oldest are found by going on from where a search has come to.
    search = console.page("/audit?kind=APPROVED", PHONE)
    steps = 0
    while search.run(f"{ROWS}.length") == 0:
        before = search.run("location.search")
        press(search, "Look further back")
        search.until(
            f"location.search !== {json.dumps(before)} && document.readyState === 'complete' && "
            "document.getElementById('entries') !== null"
        )
        steps += 1
    assert search.run(ROWS) == [4]
    assert steps == 4
    assert search.console == []
