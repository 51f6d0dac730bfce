"""The pages of instruments: the search, and one with what the desk knows of it."""

import re

import pytest

from tests.unit.api.sample_desk import HOSTILE
from tests.unit.api.sample_market import CALL, LAST_MINUTE, with_market


@pytest.fixture
def desk(desk):
    return with_market(desk)


def test_where_nothing_is_asked_stands_what_is_watched(text):
    shown = text("/instruments")
    assert "Watched today NIFTY 50 (index) RELIANCE" in shown
    assert "Options on NIFTY" in shown


def test_a_search_shows_its_finds_and_the_way_to_more(owner):
    page = owner.get("/instruments", params={"text": "nifty", "kind": "CE", "strike": "", "expiry": ""}).text
    assert page.count("<tr>") == 51
    [more] = re.findall(r'href="(/instruments\?[^"]+)" rel="next"', page)
    rest = owner.get(more.replace("&amp;", "&")).text
    assert rest.count("<tr>") == 33
    assert 'rel="next"' not in rest
    assert 'value="nifty"' in rest
    assert '<option value="CE" selected>' in rest


def test_what_does_not_fit_and_what_is_not_there_yet_are_told(desk, text):
    assert "Nothing that is listed today fits" in text("/instruments", text="nobody")
    for path in [path for path in desk.objects.blobs if path.startswith("instruments/")]:
        del desk.objects.blobs[path]
    assert "The desk has no list of instruments yet" in text("/instruments", text="nifty")


def test_hostile_names_and_questions_are_text(owner):
    for asked in ("hostile", HOSTILE):
        page = owner.get("/instruments", params={"text": asked})
        assert page.status_code == 200
        assert HOSTILE not in page.text
    assert HOSTILE not in owner.get("/instruments/NSE/HOSTILE").text
    assert "&lt;script&gt;" in owner.get("/instruments/NSE/HOSTILE").text
    assert HOSTILE not in owner.get(f"/instruments/NSE/{HOSTILE.replace('/', '')}").text


def test_a_share_shows_its_quote_its_features_and_its_last_minutes(text):
    shown = text("/instruments/NSE/RELIANCE")
    assert "INE002A01018" in shown
    assert "Volume 59,53,000" in shown
    assert "RSI 14 (0 to 100) share of rises: above 70 overbought, under 30 oversold 61.20" in shown
    assert "not known: fewer bars than it needs" in shown
    assert "Historical volatility (% a year) how far returns scatter 14.80" in shown
    assert f"{LAST_MINUTE:%H:%M} " in shown.partition("Last minutes")[2]


def test_what_the_owner_holds_of_it_is_drawn_and_nobody_elses(owner, sign_in):
    page = owner.get("/instruments/NSE/RELIANCE").text
    assert 'data-marks="own"' in page
    assert 'data-level="stop" data-price="988.1"' in page
    other = sign_in("other", "XY5678").get("/instruments/NSE/RELIANCE").text
    assert "data-level" not in other
    assert "1,002.20" not in other


def test_a_picture_of_minutes_begins_where_it_can_be_drawn_and_longer_bars_are_chosen(owner):
    page = owner.get("/instruments/NSE/RELIANCE").text
    assert 'data-interval="minute"' in page
    assert 'data-start="07:47"' in page
    longer = owner.get("/instruments/NSE/RELIANCE", params={"bars": "5minute"}).text
    assert 'data-interval="5minute"' in longer
    assert "data-start" not in longer
    assert "?bars=" not in owner.get(f"/instruments/NFO/{CALL}").text, "contracts have bars of a minute alone"


def test_a_contract_shows_its_greeks_and_the_way_to_its_chain(owner, text):
    shown = text(f"/instruments/NFO/{CALL}")
    assert "expires 20 Aug 2026 · strike ₹24,500.00 · lot 65" in shown
    assert "Delta 0.54" in shown
    assert "Of the chain of 10:45:00" in shown
    page = owner.get(f"/instruments/NFO/{CALL}").text
    assert 'href="/chain?underlying=NIFTY&amp;expiry=2026-08-20"' in page


def test_one_that_is_not_watched_says_so_and_one_that_is_not_listed_is_not_there(owner, text):
    assert "The desk does not watch it today" in text("/instruments/NSE/M&M")
    assert "data-chart" not in owner.get("/instruments/NSE/M&M").text
    assert owner.get("/instruments/NSE/NOBODY").status_code == 404


def test_a_new_minute_is_told_and_time_alone_is_not(desk, live):
    first = live("/instruments/NSE/RELIANCE")
    desk.clock.advance(5)
    assert live("/instruments/NSE/RELIANCE", tag=first.headers["ETag"]).status_code == 304
