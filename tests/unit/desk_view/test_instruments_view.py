"""Instruments as they are looked up: by pages, and one with what the desk knows of it."""

import pytest

from patang.desk_view.paging import cursor_at
from patang.errors import BadInput, TryAgain
from patang.features.meanings import MEANINGS
from patang.features.vector import FEATURE_NAMES
from patang.market.instrument_search import Wanted
from tests.unit.api.sample_desk import NOW, two_owners
from tests.unit.api.sample_market import CALL, LAST_MINUTE, with_market


@pytest.fixture(scope="module")
def desk():
    return with_market(two_owners())


def test_every_feature_is_told_in_words_and_no_other():
    assert tuple(MEANINGS) == FEATURE_NAMES
    assert all(meaning.name and meaning.tells for meaning in MEANINGS.values())


def test_pages_together_are_what_the_list_finds(desk):
    whole = desk.listings().search(Wanted(text="nifty", kind="CE")).listings
    found, cursor = [], None
    while True:
        page = desk.instruments().search(Wanted(text="nifty", kind="CE"), cursor, 30)
        found += page.items
        cursor = page.next
        if cursor is None:
            break
    assert [row.id for row in found] == [listing.identifier for listing in whole]
    assert len(found) == 82


@pytest.mark.parametrize("place", ["-1", "1.5", "ten", "９", "99999999999"])
def test_a_cursor_of_another_list_is_refused(desk, place):
    with pytest.raises(BadInput):
        desk.instruments().search(Wanted(text="nifty"), cursor_at(place), 30)


def test_before_the_first_list_it_is_to_be_tried_again():
    with pytest.raises(TryAgain, match="08:30"):
        two_owners().instruments().search(Wanted(text="nifty"), None, 10)


def test_a_share_has_its_quote_its_session_and_its_features_with_why_one_is_missing(desk):
    seen = desk.instruments().detail("NSE", "RELIANCE", NOW)
    assert seen.watched
    assert (seen.instrument.id, seen.instrument.isin) == ("NSE:RELIANCE", "INE002A01018")
    assert seen.as_of == NOW.replace(second=0)
    assert seen.quote.bid < seen.quote.last < seen.quote.ask
    assert seen.quote.oi is None, "a share has none"
    assert seen.session.volume == seen.quote.volume
    by_name = {feature.name: feature for feature in seen.features}
    assert by_name["rsi_14"].value == 61.2
    assert by_name["rsi_14"].value_5m == 61.2
    assert by_name["rsi_14"].missing_15m == "not quoted today"
    assert (by_name["adx_14"].value, by_name["adx_14"].missing) == (None, "fewer bars than it needs")
    assert "iv_rank" in by_name
    assert "delta" not in by_name, "only a contract has it"
    assert seen.contract is None


def test_an_index_is_found_by_the_name_it_is_listed_by(desk):
    seen = desk.instruments().detail("NSE", "NIFTY 50", NOW)
    assert seen.instrument.underlying == "NIFTY"
    assert {feature.name: feature.value for feature in seen.features}["iv_rank"] == 0.31


def test_a_contract_has_its_row_of_the_chain(desk):
    seen = desk.instruments().detail("NFO", CALL, NOW)
    assert seen.features == ()
    assert seen.quote.oi > 0
    assert seen.contract.identifier == f"NFO:{CALL}"
    assert seen.contract.iv == pytest.approx(0.118, abs=0.01)
    assert seen.contract_as_of == LAST_MINUTE.replace(minute=45)


def test_what_is_listed_and_not_watched_says_so_and_what_is_not_listed_is_none(desk):
    seen = desk.instruments().detail("NSE", "M&M", NOW)
    assert (seen.watched, seen.quote, seen.as_of, seen.features) == (False, None, None, ())
    assert desk.instruments().detail("NSE", "NOBODY", NOW) is None
    assert two_owners().instruments().detail("NSE", "RELIANCE", NOW) is None


def test_a_closed_minute_is_parsed_once_for_whoever_looks_again(desk):
    first = desk.instruments().detail("NSE", "RELIANCE", NOW)
    asked = []
    get, desk.objects.get = desk.objects.get, lambda path: asked.append(path) or get(path)
    try:
        assert desk.instruments().detail("NSE", "RELIANCE", NOW) == first
    finally:
        desk.objects.get = get
    assert asked == []
