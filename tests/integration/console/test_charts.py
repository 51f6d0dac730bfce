"""Charts in a browser: drawn from what the desk has kept, with what was done, and told in words."""

from datetime import timedelta

import pytest

from patang.keys import position_key
from tests.browser.console import press, served_console
from tests.unit.api.sample_desk import NOW, busy, two_owners
from tests.unit.api.told_trade import ENTRY, HELD, LEFT, TAKEN, traded
from tests.unit.desk_view.closed_minutes import bar, closed

DRAWN = "document.querySelector('figure[data-chart]').classList.contains('is-drawn')"
SAID = "document.querySelector('figure .canvas').getAttribute('aria-label')"
# How many points of the picture have the colour of a variable of the style.
POINTS = """(() => {
  const wanted = getComputedStyle(document.documentElement).getPropertyValue("--%s").trim();
  const probe = document.createElement("canvas").getContext("2d");
  probe.fillStyle = wanted; probe.fillRect(0, 0, 1, 1);
  const [r, g, b] = probe.getImageData(0, 0, 1, 1).data;
  let found = 0;
  for (const canvas of document.querySelectorAll("figure canvas")) {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    for (let at = 0; at < data.length; at += 4) {
      found += data[at] === r && data[at + 1] === g && data[at + 2] === b;
    }
  }
  return found;
})()"""

# How far down the line of the stop is: of all rows of the picture the one with the most points of its colour.
STOP_LINE = """(() => {
  const rows = new Map();
  const wide = [...document.querySelectorAll("figure canvas")].sort((one, other) => other.width - one.width);
  const { width, height } = wide[0];
  const probe = document.createElement("canvas").getContext("2d");
  probe.fillStyle = getComputedStyle(document.documentElement).getPropertyValue("--bad").trim();
  probe.fillRect(0, 0, 1, 1);
  const [r, g, b] = probe.getImageData(0, 0, 1, 1).data;
  for (const canvas of wide.filter((one) => one.width === width && one.height === height)) {
    const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
    for (let at = 0; at < data.length; at += 4) {
      const row = Math.floor(at / 4 / width);
      if (data[at] === r && data[at + 1] === g && data[at + 2] === b) rows.set(row, (rows.get(row) || 0) + 1);
    }
  }
  return [...rows].sort(([, one], [, other]) => other - one)[0][0];
})()"""


@pytest.fixture
def console(browser):
    with served_console(browser, lambda address: traded(busy(two_owners(public_url=address)))) as served:
        yield served


@pytest.mark.parametrize(
    "path", [f"/signals/{TAKEN}", f"/orders/{ENTRY}", f"/positions/{HELD}", f"/positions/{LEFT}"]
)
@pytest.mark.parametrize("dark", [False, True])
def test_a_chart_is_drawn_in_both_schemes_and_the_console_is_silent(console, path, dark):
    page = console.page(path, dark=dark)
    page.until(DRAWN)
    # Before the points are counted, which the browser finds slow and says so.
    assert page.console == []
    for colour in ("good", "bad", "accent"):
        page.until(f"{POINTS % colour} > 20")


def test_who_does_not_see_it_is_told_in_words(console):
    page = console.page(f"/positions/{HELD}")
    page.until(DRAWN)
    assert page.run("document.querySelector('figure .canvas').getAttribute('role')") == "img"
    assert page.run(SAID).startswith(
        "Candles of RELIANCE on 18 Aug 2026 from 09:51 to 10:47: opened at 994.43, lowest 985.50, highest "
    )


def test_the_library_comes_only_where_there_is_a_chart(console):
    loaded = (
        "performance.getEntriesByType('resource').filter((one) => one.name.includes('lightweight')).length"
    )
    for path, times in (("/signals", 0), ("/orders", 0), ("/", 0), (f"/orders/{ENTRY}", 1)):
        page = console.page(path)
        page.until("document.documentElement.classList.contains('scripted')")
        if times:
            page.until(DRAWN)
        assert page.run(loaded) == times, path
        addresses = page.run("performance.getEntriesByType('resource').map((one) => one.name)")
        assert all(address.startswith(console.address) for address in addresses)


def test_new_bars_come_in_and_a_moved_stop_moves_its_line(console):
    page = console.page(f"/positions/{HELD}")
    page.until(DRAWN)
    page.run("window.drawn = document.querySelector('figure canvas'); 1")
    minute = NOW.replace(second=0)
    closed(console.desk.objects, minute, bar("RELIANCE", minute, 1019.0))
    # Who comes back to the page is not to wait for the next quarter of a minute.
    page.run("document.dispatchEvent(new Event('visibilitychange')); 1")
    page.until(f"{SAID}.includes('to 10:48') && {SAID}.includes('highest 1,021.00')")
    height = page.run(STOP_LINE)
    key = position_key("main", HELD)
    kept = console.desk.store.items[key]
    console.desk.store.items[key] = {**kept, "stop_loss_price": "999.25"}
    page.until("document.querySelector('#position [data-level=stop]').dataset.price === '999.25'")
    page.until(f"{STOP_LINE} < {height} - 20")
    assert page.run("window.drawn.isConnected"), "the picture stays while what it shows changes"


def test_a_symbol_that_nobody_watched_says_so_and_leaves_no_empty_frame(console):
    for path in console.desk.objects.list("minutes/"):
        console.desk.objects.blobs.pop(path)
    page = console.page(f"/orders/{ENTRY}")
    page.until(DRAWN)
    assert "No candles are stored for RELIANCE" in page.run("document.querySelector('figure').innerText")
    assert page.run("document.querySelector('figure .canvas').offsetParent === null")
    assert page.console == []


def test_a_person_moves_the_stop_and_is_told_what_is_wrong_at_the_field(console):
    page = console.page(f"/positions/{HELD}")
    change = f"document.getElementById('levels-{HELD}')"
    page.run(f"{change}.elements.stop_loss_price.value = '1500'")
    press(page, "Change")
    press(page, "Yes", "#ask")
    page.until(f"{change}.querySelector('.wrong') !== null")
    assert page.run(f"{change}.elements.stop_loss_price.getAttribute('aria-invalid')") == "true"
    page.run(f"{change}.elements.stop_loss_price.value = '1000'")
    press(page, "Change")
    press(page, "Yes", "#ask")
    page.until("document.querySelector('#position [data-level=stop]').innerText === '₹1,000.00'")
    assert "set by hand" in page.run("document.getElementById('position').innerText")


def test_a_note_is_written_and_shown(console):
    page = console.page(f"/positions/{HELD}")
    page.run("document.querySelector('#write-note textarea').value = 'waited <b>too</b> long'")
    press(page, "Save note")
    page.until("document.getElementById('notes').innerText.includes('waited <b>too</b> long')")
    [note] = console.desk.trade_notes().of("main", HELD)
    assert note.written_at - NOW < timedelta(minutes=1)
