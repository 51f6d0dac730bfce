"""The page of the option chain: calls left, puts right, and what a phone shows of it."""

import re
from datetime import timedelta

import pytest

from patang.execution.market_clock import MarketClock
from patang.keys import market_clock_key
from patang.records import load, replace
from tests.unit.api.sample_desk import NOW, position
from tests.unit.api.sample_market import CALL, with_market


@pytest.fixture
def desk(desk):
    return with_market(desk)


def test_a_strike_stands_between_its_call_and_its_put(owner):
    page = owner.get("/chain", params={"strikes": 5}).text
    rows = re.findall(r"(?s)<tr[^>]*>(.*?)</tr>", page.partition("<tbody>")[2])
    assert len(rows) == 11
    money = rows[5]
    call, strike, put = (money.index(part) for part in (f"NFO/{CALL}", "24,500", f"NFO/{CALL[:-2]}PE"))
    assert call < strike < put
    assert "at the money" in money
    assert page.count("at the money</span>") == 1
    heads = re.findall(r'<th scope="col" class="([\w-]+)"', page)
    assert heads[7] == "strike"
    assert heads[:7] == heads[:7:-1], "the puts are the calls in a mirror"


def test_the_underlying_stands_above_it(text):
    shown = text("/chain")
    assert "Spot ₹24,512.35" in shown
    assert "Max pain ₹24,500.00" in shown
    assert "82 contracts" in shown
    assert "rank – of its year" in shown, "what is not known is a dash"


def test_an_expiry_is_chosen_and_one_of_another_underlying_is_not_taken(text):
    assert "NIFTY, 27 Aug 2026" in text("/chain", underlying="NIFTY", expiry="2026-08-27")
    assert "NIFTY, 20 Aug 2026" in text("/chain", underlying="NIFTY", expiry="2026-09-24")
    assert "NIFTY, 20 Aug 2026" in text("/chain", underlying="NIFTY", expiry="")


def test_what_a_phone_shows_is_part_of_the_address(owner):
    page = owner.get("/chain", params={"show": "iv", "expiry": "2026-08-27", "strikes": 5}).text
    assert 'class="chain shows-iv"' in page
    assert 'href="/chain?underlying=NIFTY&amp;expiry=2026-08-27&amp;strikes=5&amp;show=delta"' in page
    assert owner.get("/chain", params={"show": "all"}).status_code == 422


def test_what_the_owner_holds_is_marked_and_nobody_elses(desk, owner, sign_in):
    held = position("main", "p9", CALL, state="OPEN").evolve(exchange="NFO", underlying="NIFTY")
    desk.keep(held)
    assert "20 held" in owner.get("/chain").text
    assert "held</span>" not in sign_in("other", "XY5678").get("/chain").text


def test_without_a_chain_it_says_why(desk, text):
    for path in [path for path in desk.objects.blobs if path.startswith("chains/")]:
        del desk.objects.blobs[path]
    assert "No option chain of NIFTY is kept of the last hour" in text("/chain")
    assert "No option chain of SENSEX" in text("/chain", underlying="SENSEX")


def test_one_that_is_behind_the_market_is_called_stale(desk, text):
    assert "stale" not in text("/chain")
    seen = load(desk.store, MarketClock, market_clock_key())
    desk.store.write(replace(seen.evolve(market_time=NOW + timedelta(minutes=9))))
    assert "stale: chain of 10:45:00" in text("/chain")
    assert "stale: of 10:47:00" in text("/instruments/NSE/RELIANCE")


def test_of_another_underlying_nothing_hostile_is_taken(owner):
    assert owner.get("/chain", params={"underlying": "<script>"}).status_code == 422


def test_time_alone_changes_nothing(desk, live):
    first = live("/chain")
    desk.clock.advance(5)
    assert live("/chain", tag=first.headers["ETag"]).status_code == 304
