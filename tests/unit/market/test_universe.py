"""Choosing what to watch, and keeping it."""

from datetime import date
from decimal import Decimal

import pytest

from patang.errors import BadInput
from patang.keys import universe_key
from patang.market.universe import (
    choose_universe,
    index_identifiers,
    load_universe,
    parse_instrument,
    save_universe,
)
from patang.settings import Settings
from tests.fakes import MemoryObjects, MemoryStore
from tests.unit.market.dump import cash_rows, derivative_rows, row
from tests.unit.market.market_day import DAY, universe

LAST = {"NIFTY": Decimal("8612.30"), "BANKNIFTY": Decimal("19049.95")}


def settings(**universe_changes) -> Settings:
    wanted = {"indices": ("NIFTY", "BANKNIFTY"), "equities": ("INFY", "TCS"), "strikes_each_side": 2}
    return Settings.model_validate({"universe": wanted | universe_changes})


def choose(day: date = DAY, last=LAST, **changes):
    return choose_universe(day, cash_rows(), derivative_rows(), last, settings(**changes))


def test_indices_equities_and_the_strikes_next_to_the_money():
    choice = choose()
    assert choice.problems == ()
    assert choice.universe.candle_symbols() == ("NIFTY", "BANKNIFTY", "INFY", "TCS")
    options = [i for i in choice.universe.instruments if i.is_option]
    assert sorted({int(o.strike) for o in options if o.name == "NIFTY"}) == [8500, 8550, 8600, 8650, 8700]
    assert sorted({int(o.strike) for o in options if o.name == "BANKNIFTY"}) == [
        18_800,
        18_900,
        19_000,
        19_100,
        19_200,
    ]
    assert len(options) == 20


def test_the_nearest_expiry_that_leaves_enough_time():
    # 2016-08-18 15:30 is more than a day after the last entry of the 16th and the 17th, not of the 18th.
    for day, expiry in [(date(2016, 8, 16), 18), (date(2016, 8, 17), 18), (date(2016, 8, 18), 25)]:
        options = [i for i in choose(day).universe.instruments if i.is_option]
        assert {o.expiry.day for o in options} == {expiry}, day


def test_at_the_edge_of_the_listed_strikes_there_are_fewer():
    options = [i for i in choose(last={"NIFTY": Decimal(9_900)}).universe.instruments if i.is_option]
    assert sorted({int(o.strike) for o in options}) == [9100, 9150, 9200]


def test_what_is_not_listed_is_named_and_left_out():
    choice = choose(equities=("INFY", "NOSUCH"), indices=("NIFTY", "MIDCPNIFTY"))
    assert choice.universe.candle_symbols() == ("NIFTY", "INFY")
    assert [text.split()[0] for text in choice.problems] == ["NOSUCH", "MIDCPNIFTY"] or (
        "NOSUCH" in " ".join(choice.problems) and "MIDCPNIFTY" in " ".join(choice.problems)
    )


def test_without_a_last_price_an_index_has_no_options():
    choice = choose(last={"NIFTY": LAST["NIFTY"]})
    assert {i.name for i in choice.universe.instruments if i.is_option} == {"NIFTY"}
    assert any("BANKNIFTY" in problem for problem in choice.problems)


def test_index_identifiers_are_the_brokers():
    assert index_identifiers(settings()) == {"NIFTY": "NSE:NIFTY 50", "BANKNIFTY": "NSE:NIFTY BANK"}


def test_a_row_of_the_dump():
    option = parse_instrument(derivative_rows()[0])
    assert (option.instrument_type, option.strike, option.lot_size) == ("CE", Decimal("8000.0"), 75)
    assert option.expiry == date(2016, 8, 18)
    index = parse_instrument(cash_rows()[0])
    assert (index.instrument_type, index.symbol, index.lot_size) == ("INDEX", "NIFTY", 1)
    assert parse_instrument(row(1, "X", expiry="2016-08-25")).expiry == date(2016, 8, 25)


@pytest.mark.parametrize(
    "wrong", [{"instrument_token": "abc"}, {"expiry": "soon"}, {"instrument_type": "XX"}]
)
def test_a_broken_row_is_named(wrong):
    with pytest.raises(BadInput, match="'tradingsymbol': 'X'"):
        parse_instrument(row(1, "X", **wrong))


def test_a_universe_comes_back_and_the_latest_counts():
    store, objects = MemoryStore(), MemoryObjects()
    assert load_universe(store, objects, DAY) is None
    save_universe(store, objects, universe())
    assert load_universe(store, objects, DAY) == universe()
    fewer = universe().evolve(instruments=universe().instruments[:1])
    save_universe(store, objects, fewer)
    assert load_universe(store, objects, DAY) == fewer
    assert store.get(universe_key(DAY))["instruments"] == 1


def test_a_universe_that_is_gone_or_broken_is_an_error():
    store, objects = MemoryStore(), MemoryObjects()
    save_universe(store, objects, universe())
    [path] = objects.blobs
    objects.blobs[path] = b"{}"
    with pytest.raises(BadInput, match="does not parse"):
        load_universe(store, objects, DAY)
    objects.blobs.clear()
    with pytest.raises(BadInput, match=path):
        load_universe(store, objects, DAY)
