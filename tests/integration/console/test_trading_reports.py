"""Reports in a browser: a note at its trade, a table out of a file, and nothing wider than a telephone."""

import json

import pytest

from tests.browser.console import PHONE, press, served_console
from tests.unit.api.reported_desk import reported
from tests.unit.api.sample_desk import DAY, HOSTILE, busy, two_owners

MONTHLY, TAX = f"/reports/monthly/{DAY:%Y-%m}", "/reports/tax/2026-27"


@pytest.fixture
def console(browser):
    with served_console(browser, lambda address: reported(busy(two_owners(public_url=address)))) as served:
        yield served


def choose(page, text: str, name: str) -> None:
    """As if its reader had chosen this file for the purchases."""
    page.run(f"""(() => {{
        const input = document.querySelector('[data-into="text-purchases"]');
        const chosen = new DataTransfer();
        chosen.items.add(new File([{json.dumps(text)}], {json.dumps(name)}));
        input.files = chosen.files;
        input.dispatchEvent(new Event("change", {{ bubbles: true }}));
    }})()""")


def test_a_note_is_written_at_its_trade_and_shown_as_text(console):
    page = console.page(MONTHLY)
    page.run("document.getElementById('note-2').open = true")
    page.run(f"document.querySelector('#write-2 textarea').value = {json.dumps(HOSTILE)}")
    press(page, "Save note", "#write-2")
    page.until(
        f"[...document.querySelectorAll('.note')].some((n) => n.innerText.startsWith({json.dumps(HOSTILE)}))"
    )
    assert len(page.run("[...document.querySelectorAll('.note')].map((n) => n.innerText)")) == 2
    assert page.console == []


def test_a_file_is_seen_before_it_is_sent_and_stands_in_the_list(console):
    table = "symbol,bought_on,quantity,price\nTCS,2020-05-04,20,2000\n"
    page = console.page(TAX)
    page.run("document.getElementById('tell-purchases').open = true")
    choose(page, "\ufeff" + table, "purchases.csv")
    page.until(f"document.getElementById('text-purchases').value === {json.dumps(table)}")
    press(page, "Save", "#send-purchases")
    page.until("document.getElementById('tables-title').parentElement.innerText.includes('Shares bought')")
    assert console.desk.objects.get("taxes/main/purchases.csv") == table.encode()
    assert page.console == []


def test_a_wrong_line_is_told_and_a_large_file_is_not_taken(console):
    page = console.page(TAX)
    page.run("document.getElementById('tell-purchases').open = true")
    choose(page, "symbol,bought_on,quantity,price\nTCS,yesterday,20,2000\n", "wrong.csv")
    page.until("document.getElementById('text-purchases').value.includes('yesterday')")
    press(page, "Save", "#send-purchases")
    page.until("document.getElementById('trouble').innerText.includes('line 2')")
    choose(page, "x" * 200_001, "large.csv")
    page.until("document.getElementById('trouble').innerText.includes('large.csv is too large')")
    for begin, form in (("%PDF-1.7", "a PDF"), ("PK\x03\x04", "an Excel file")):
        choose(page, begin, "note.csv")
        page.until(f"document.getElementById('trouble').innerText.includes('note.csv is {form}')")
    assert "yesterday" in page.run("document.getElementById('text-purchases').value")
    assert console.desk.objects.list("taxes/") == []


@pytest.mark.parametrize(
    "path", ["/reports", f"/reports/daily/{DAY}", MONTHLY, TAX, f"{TAX}/broker?account=main"]
)
def test_nothing_is_wider_than_a_telephone(console, path):
    page = console.page(path, PHONE)
    page.until("document.documentElement.classList.contains('scripted')")
    assert page.run("document.documentElement.scrollWidth") <= PHONE[0]
    assert page.console == []
