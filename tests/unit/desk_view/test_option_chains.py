"""Option chains as they are looked at: the strikes round the money, and what open interest says."""

from datetime import date, datetime, timedelta

import pytest

from patang.errors import BadInput
from patang.market.instruments import Universe
from patang.market.kept_chain import ChainSnapshot
from patang.market.open_interest import max_pain, put_call_ratio
from patang.market.sessions import IST
from patang.market.universe import load_universe, save_universe
from tests.unit.api.sample_desk import DAY, NOW, two_owners
from tests.unit.api.sample_market import EXPIRIES, SPOT, STRIKES, with_market

KEPT = datetime(2026, 8, 18, 10, 45, tzinfo=IST)


@pytest.fixture(scope="module")
def desk():
    return with_market(two_owners())


def test_strikes_round_the_money_have_their_call_and_put(desk):
    seen = desk.option_chains().view("NIFTY", NOW, each_side=3)
    assert (seen.as_of, seen.spot, seen.expiry, seen.expiries) == (KEPT, SPOT, EXPIRIES[0], EXPIRIES)
    assert seen.at_the_money == 24_500
    assert [one.strike for one in seen.strikes] == [24_350 + 50 * step for step in range(7)]
    money = seen.strikes[3]
    assert money.call.identifier == "NFO:NIFTY2682024500CE"
    assert 0.4 < money.call.delta < 0.7
    assert -0.6 < money.put.delta < -0.3
    assert money.call.theta < 0


def test_the_ratio_and_the_pain_are_of_the_whole_expiry(desk):
    seen = desk.option_chains().view("NIFTY", NOW, EXPIRIES[1], each_side=1)
    kept = desk.option_chains().newest("NIFTY", NOW)
    rows = [row for row in kept.rows if row.expiry == EXPIRIES[1]]
    assert seen.contracts == len(rows) == 2 * len(STRIKES)
    assert (seen.put_call_ratio, seen.max_pain) == (put_call_ratio(rows), max_pain(rows))


def test_open_interest_is_held_against_the_end_of_the_session_before(desk):
    seen = desk.option_chains().view("NIFTY", NOW, each_side=1)
    assert seen.oi_since == datetime(2026, 8, 17, 15, 30, tzinfo=IST)
    call, put = seen.strikes[1].call, seen.strikes[1].put
    assert call.oi_change == pytest.approx(0.06 * call.oi / 1.06, abs=2)
    assert put.oi_change < 0


def test_at_an_end_of_what_is_watched_there_are_fewer_strikes(desk):
    seen = desk.option_chains().view("NIFTY", NOW, each_side=40)
    assert [one.strike for one in seen.strikes] == list(STRIKES)


def test_without_a_session_before_no_change_is_known():
    desk = with_market(two_owners())
    for path in [path for path in desk.objects.blobs if path.startswith("chains/2026-08-17/")]:
        del desk.objects.blobs[path]
    seen = desk.option_chains().view("NIFTY", NOW)
    assert seen.oi_since is None
    assert {one.call.oi_change for one in seen.strikes} == {None}


def test_what_is_not_kept_is_none_and_a_wrong_expiry_is_told(desk):
    assert desk.option_chains().view("SENSEX", NOW) is None
    assert desk.option_chains().view("NIFTY", NOW + timedelta(minutes=60)) is None
    assert desk.option_chains().view("NIFTY", NOW + timedelta(minutes=50)).as_of == KEPT
    with pytest.raises(BadInput, match="2026-08-20, 2026-08-27"):
        desk.option_chains().view("NIFTY", NOW, date(2026, 9, 24))


def test_a_new_chain_is_seen_and_a_broken_one_told():
    desk = with_market(two_owners())
    before = desk.option_chains().view("NIFTY", NOW)
    later = NOW + timedelta(minutes=5)
    assert desk.option_chains().view("NIFTY", later) == before
    at = KEPT + timedelta(minutes=5)
    kept = desk.option_chains().newest("NIFTY", NOW).model_copy(update={"as_of": at, "spot": 24_600.0})
    desk.objects.put(ChainSnapshot.path("NIFTY", at), kept.model_dump_json().encode())
    assert desk.option_chains().view("NIFTY", later).at_the_money == 24_600
    desk.objects.put(ChainSnapshot.path("NIFTY", at + timedelta(minutes=5)), b"{}")
    with pytest.raises(BadInput, match="does not parse"):
        desk.option_chains().view("NIFTY", later + timedelta(minutes=5))


def test_underlyings_are_what_options_are_watched_on(desk):
    [nifty] = desk.option_chains().underlyings(DAY)
    assert (nifty.underlying, nifty.expiries) == ("NIFTY", EXPIRIES)
    assert desk.option_chains().underlyings(DAY + timedelta(days=1)) == ()


def test_a_universe_that_is_chosen_anew_is_seen():
    desk = with_market(two_owners())
    assert desk.option_chains().underlyings(DAY)
    universe = load_universe(desk.store, desk.objects, DAY)
    spots = tuple(one for one in universe.instruments if one.is_spot)
    save_universe(desk.store, desk.objects, Universe(day=DAY, instruments=spots))
    assert desk.option_chains().underlyings(DAY) == ()


def test_a_kept_chain_is_read_once(desk):
    desk.option_chains().view("NIFTY", NOW)
    asked = []
    get, desk.objects.get = desk.objects.get, lambda path: asked.append(path) or get(path)
    try:
        desk.option_chains().view("NIFTY", NOW)
        desk.option_chains().underlyings(DAY)
    finally:
        desk.objects.get = get
    assert asked == []
