"""The market in a real browser: a chain that comes in, a phone that shows it, an instrument's chart."""

from datetime import timedelta

import pytest

from patang.execution.market_clock import MarketClock
from patang.keys import market_clock_key
from patang.market.kept_chain import ChainSnapshot
from patang.records import load, replace
from tests.browser.console import PHONE, press, served_console
from tests.unit.api.sample_desk import NOW, busy, two_owners
from tests.unit.api.sample_market import with_market

SPOT = "document.querySelector('#money dd').innerText"
SHOWN = """[...document.querySelectorAll('.chain thead th')].filter((one) => one.offsetParent)
    .map((one) => one.innerText.trim().split(/\\s/)[one.querySelector('.away') ? 1 : 0]).join(' ')"""
CUT_OFF = """[document.documentElement, document.querySelector(".scroll")]
    .some((one) => one.scrollWidth > one.clientWidth)"""


@pytest.fixture
def market(browser):
    with served_console(browser, lambda address: with_market(busy(two_owners(public_url=address)))) as served:
        yield served


def five_minutes_later(desk, spot: float) -> None:
    kept = desk.option_chains().newest("NIFTY", NOW)
    at = kept.as_of + timedelta(minutes=5)
    later = kept.model_copy(update={"as_of": at, "spot": spot})
    desk.objects.put(ChainSnapshot.path("NIFTY", at), later.model_dump_json().encode())
    seen = load(desk.store, MarketClock, market_clock_key())
    desk.store.write(replace(seen.evolve(market_time=at, seen_at=desk.clock.now())))


def test_a_new_chain_comes_in_and_the_place_in_the_table_is_kept(market):
    page = market.page("/chain", (700, 900))
    assert page.run(SPOT) == "₹24,512.35"
    page.run("scrollTo(0, 300); 1")
    five_minutes_later(market.desk, 24_561.0)
    page.until(f"{SPOT} === '₹24,561.00'")
    assert page.run("document.querySelector('.money .strike').innerText").startswith("24,550")
    assert page.run("scrollY") == 300
    assert page.console == []


def test_a_phone_shows_the_prices_and_the_columns_that_are_chosen(market):
    page = market.page("/chain", PHONE)
    assert page.run(SHOWN) == "OI Last Strike Last OI"
    assert not page.run(CUT_OFF)
    for text, column in (
        ("IV and vega", "IV"),
        ("Delta and gamma", "Delta"),
        ("Theta and time value", "Theta"),
        ("Bid and ask", "Bid"),
    ):
        press(page, text, ".views")
        page.until(f"{SHOWN} === '{column} Last Strike Last {column}'")
        assert not page.run(CUT_OFF), text
    assert page.console == []


@pytest.mark.parametrize("path", ["NSE/NIFTY%2050", "NSE/RELIANCE", "NFO/NIFTY2682024500CE", "NSE/M%26M"])
def test_a_phone_shows_an_instrument_whole(market, path):
    page = market.page(f"/instruments/{path}", PHONE)
    page.until("document.querySelectorAll('figure[data-chart]:not(.is-drawn)').length === 0")
    assert page.run("document.documentElement.scrollWidth === document.documentElement.clientWidth")
    assert page.console == []


def test_a_wide_screen_shows_all_columns(market):
    page = market.page("/chain")
    assert page.run(SHOWN) == ("OI Volume IV Delta Theta Bid Last Strike Last Bid Theta Delta IV Volume OI")
    assert not page.run(CUT_OFF)


def test_another_expiry_is_chosen(market):
    page = market.page("/chain?show=iv")
    page.run("document.querySelector('[name=expiry]').value = '2026-08-27'; 1")
    press(page, "Show")
    page.until("document.querySelector('caption')?.innerText.startsWith('NIFTY, 27 Aug 2026')")
    assert page.run("document.querySelector('.chain').classList.contains('shows-iv')")


def test_an_instrument_is_found_and_drawn_with_what_is_held_of_it(market):
    page = market.page("/instruments")
    page.run("document.querySelector('[name=text]').value = 'reliance'; 1")
    press(page, "Search")
    page.until("Boolean(document.querySelector('.found'))")
    press(page, "RELIANCE", ".found tr:first-child")
    page.until("Boolean(document.querySelector('figure.is-drawn canvas'))")
    assert "opened at 1,019.99" in page.run("document.querySelector('figure').innerText")
    assert "20 at ₹1,002.20" in page.run("document.getElementById('own').innerText")
    assert page.console == []
