"""Every page in a browser: nothing for the console to complain of, nothing that axe finds, nothing wider than
a phone, and nothing of what others have written is run."""

import pytest

from tests.browser.axe import AXE, findings
from tests.browser.console import PHONE, SCREEN, served_console
from tests.unit.api.hostile_desk import BREAKOUT, attacked_desk
from tests.unit.api.whole_desk import ADDRESSES, whole_desk

pytestmark = pytest.mark.timeout(120)

REFUSED = "Failed to load resource: the server responded with a status of 422"
TOO_WIDE = "document.documentElement.scrollWidth > innerWidth"
# What a phone would show by pushing it sideways, which nobody looks for. A chart draws itself anew.
CUT_OFF = """[...document.querySelectorAll("main *:not(nav, textarea, input, select, .canvas *)")]
  .filter((one) => one.offsetParent && getComputedStyle(one).overflowX !== "visible")
  .filter((one) => one.scrollWidth > one.clientWidth + 1)
  .map((one) => one.outerHTML.slice(0, 160))"""
# A target has 24 px, with its label where it has one.
SMALL = """[...document.querySelectorAll("button, select, input:not([type=hidden]), summary, a.button")]
  .filter((one) => one.offsetParent && !one.closest("dialog"))
  .map((one) => [one.outerHTML.slice(0, 160), (one.closest("label") ?? one).getBoundingClientRect()])
  .filter(([, { width, height }]) => Math.min(width, height) < 23.5)
  .map(([shown, { width, height }]) => `${width} x ${height}: ${shown}`)"""


@pytest.fixture(scope="module")
def shown(chromium):
    """Opens pages of a desk that has something on each, one after another in one tab."""
    with served_console(chromium, whole_desk) as console:
        page = console.page("/")

        def show(path):
            page.console.clear()
            page.size(*SCREEN)
            page.media(reduced_motion=True)
            return page.open(f"{console.address}{path}")

        yield show
        chromium.close_pages()


@pytest.mark.parametrize("path", ADDRESSES)
def test_a_page_is_in_order_on_a_screen_and_a_phone(shown, path):
    page = shown(path)
    if AXE.exists():
        assert findings(page) == []
    for size in (SCREEN, PHONE):
        page.size(*size)
        assert not page.run(TOO_WIDE), page.run("document.documentElement.scrollWidth")
        assert page.run(SMALL) == []
        assert page.run(CUT_OFF) == []
    assert page.console == []


@pytest.mark.parametrize("path", ["/", "/chain", "/audit", "/settings/tokens"])
def test_on_a_phone_the_name_of_the_open_page_is_in_sight_and_its_top_too(shown, path):
    page = shown(path)
    page.size(*PHONE)
    page.open(page.run("location.href"))
    place = "document.querySelector('nav.pages [aria-current]').getBoundingClientRect()"
    left, right = page.run(f"(({{ left, right }}) => [left, right])({place})")
    assert left >= 0
    assert right <= PHONE[0]
    assert page.run("scrollY") == 0


@pytest.mark.thorough
@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: make .conformance/.ready")
@pytest.mark.parametrize("path", ADDRESSES)
def test_axe_finds_nothing_in_either_scheme_and_width(shown, path):
    page = shown(path)
    for size in (SCREEN, PHONE):
        page.size(*size)
        page.media(reduced_motion=True)
        assert findings(page) == []
        # Nothing else of a page depends on the scheme.
        page.media(dark=True, reduced_motion=True)
        assert findings(page, "color-contrast", "link-in-text-block") == []


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: make .conformance/.ready")
def test_axe_would_find_what_is_wrong(shown):
    page = shown("/settings")
    page.run("document.querySelector('main').append(document.createElement('button'))")
    assert {line.split(":")[0] for line in findings(page)} >= {"critical button-name"}


def test_nothing_of_what_others_have_written_is_run(browser):
    with served_console(browser, attacked_desk) as console:
        page = console.page("/")
        assert BREAKOUT in page.run("document.body.textContent")
        for path in ADDRESSES:
            page.open(f"{console.address}{path}")
            assert page.run("document.querySelectorAll('[onerror], img[src*=mark]').length") == 0, path
            # A chart asks for the candles of a name that cannot be one, and is told so.
            assert [line for line in page.console if not line.startswith(REFUSED)] == [], path


def test_a_first_view_is_light(browser):
    with served_console(browser, whole_desk) as console:
        weight, _ = console.page("/").loaded()
        assert 10_000 < weight < 100_000
