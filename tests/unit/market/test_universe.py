"""Choosing what to watch, and keeping it."""

import os
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from patang.errors import BadInput
from patang.keys import universe_key
from patang.market.instrument_table import InstrumentTable
from patang.market.universe import load_universe, save_universe
from patang.market.universe_choice import choose_universe, index_identifiers
from patang.settings import Settings
from tests.fakes import MemoryObjects, MemoryStore
from tests.unit.market.dump import EXPIRIES, cash_rows, derivative_rows, row
from tests.unit.market.market_day import DAY, universe

LAST = {"NIFTY": Decimal("8612.30"), "BANKNIFTY": Decimal("19049.95")}


def settings(**universe_changes) -> Settings:
    wanted = {"indices": ("NIFTY", "BANKNIFTY"), "equities": ("INFY", "TCS"), "chain_band_pct": 2}
    return Settings.model_validate({"universe": wanted | universe_changes})


def rows():
    return [*cash_rows(), *derivative_rows()]


@cache
def table() -> InstrumentTable:
    return InstrumentTable.from_rows(rows())


def choose(day: date = DAY, last=LAST, held=(), **changes):
    return choose_universe(day, table(), last, settings(**changes), held)


def options_of(choice, name="NIFTY"):
    return [i for i in choice.universe.instruments if i.is_option and i.name == name]


def test_indices_equities_near_futures_and_the_strikes_of_the_band():
    choice = choose()
    assert choice.problems == ()
    assert choice.universe.candle_symbols() == ("NIFTY", "BANKNIFTY", "INFY", "TCS")
    futures = [i.tradingsymbol for i in choice.universe.instruments if i.instrument_type == "FUT"]
    assert futures == ["NIFTY16AUGFUT", "BANKNIFTY16AUGFUT"]
    # 8612.30 less and more 2 %: 8440.05 to 8784.55.
    assert sorted({int(o.strike) for o in options_of(choice)}) == [*range(8450, 8800, 50)]
    assert sorted({int(o.strike) for o in options_of(choice, "BANKNIFTY")}) == [*range(18_700, 19_500, 100)]
    assert len(options_of(choice)) == 7 * 2 * 2


def test_the_current_expiry_is_watched_also_on_its_last_day_and_the_next_beside_it():
    for day, expiries in [
        (date(2016, 8, 16), {18, 25}),
        (date(2016, 8, 18), {18, 25}),
        (date(2016, 8, 19), {25, 1}),
    ]:
        assert {o.expiry.day for o in options_of(choose(day))} == expiries, day


def test_an_expiry_that_the_strategy_waits_for_is_watched_beside_them():
    patient = Settings.model_validate(
        {"universe": {"equities": ()}, "options": {"min_minutes_to_expiry": 12 * 1440}}
    )
    choice = choose_universe(DAY, table(), LAST, patient)
    assert {o.expiry for o in options_of(choice)} == set(EXPIRIES)


def test_the_near_future_has_rolled_over_on_its_last_day():
    futures = [i.name for i in choose(EXPIRIES[1]).universe.instruments if "16SEPFUT" in i.tradingsymbol]
    assert futures == ["NIFTY", "BANKNIFTY"]


def test_at_the_edge_of_the_listed_strikes_there_are_fewer():
    choice = choose(last={"NIFTY": Decimal(9_350)})
    assert sorted({int(o.strike) for o in options_of(choice)}) == [9200]
    assert any("no strike" in p for p in choose(last={"NIFTY": Decimal(12_000)}).problems)


def test_what_is_not_listed_is_named_and_left_out():
    choice = choose(equities=("INFY", "NOSUCH"), indices=("NIFTY", "MIDCPNIFTY"))
    assert choice.universe.candle_symbols() == ("NIFTY", "INFY")
    told = " ".join(choice.problems)
    assert "NOSUCH is not in the instruments of NSE" in told
    assert "MIDCPNIFTY is not in the instruments of NSE" in told
    assert "no future on MIDCPNIFTY" in told


def test_what_a_desk_does_not_trade_is_named_and_left_out():
    gold = row(
        1, "GOLD26AUGFUT", exchange="MCX", segment="MCX-FUT", instrument_type="FUT", expiry=EXPIRIES[0]
    )
    choice = choose_universe(
        DAY, InstrumentTable.from_rows([*rows(), gold]), LAST, settings(), ["MCX:GOLD26AUGFUT"]
    )
    assert "MCX:GOLD26AUGFUT trades on MCX" in choice.problems[0]
    assert choice.universe == choose().universe


def test_a_share_held_on_a_second_exchange_is_named():
    on_bse = row(128_046_084, "INFY", exchange="BSE", segment="BSE", name="INFOSYS")
    listed = InstrumentTable.from_rows([*rows(), on_bse])
    choice = choose_universe(DAY, listed, LAST, settings(), ["BSE:INFY"])
    assert choice.problems == ("BSE:INFY is not watched beside NSE:INFY: no price of it",)
    alone = choose_universe(DAY, listed, LAST, settings(equities=()), ["BSE:INFY"])
    assert (alone.problems, alone.universe.candle_symbols()[-1]) == ((), "INFY")


def test_without_a_last_price_an_index_has_no_options():
    choice = choose(last={"NIFTY": LAST["NIFTY"]})
    assert {i.name for i in choice.universe.instruments if i.is_option} == {"NIFTY"}
    assert choice.problems == ("no last price of BANKNIFTY: its options are not watched",)


def test_what_is_held_is_watched_wherever_it_lies():
    held = ["NFO:NIFTY1609018000PE", "NSE:TCS", "NFO:NIFTY1608188600CE", "NFO:GONE"]
    choice = choose(held=held, equities=())
    assert choice.problems == ("NFO:GONE is held or ordered, but the dump does not list it: no price of it",)
    listed = [i.identifier for i in choice.universe.instruments]
    assert len(listed) == len(set(listed)), "held and within the band: listed once"
    assert {*held} - {"NFO:GONE"} <= set(listed)
    assert "TCS" in choice.universe.candle_symbols()


def test_shares_know_their_isin_and_whether_derivatives_are_listed_on_them():
    listed = table().with_isins({"INFY": "INE009A01021"})
    universe = choose_universe(DAY, listed, LAST, settings()).universe
    shares = {i.tradingsymbol: i for i in universe.instruments if i.instrument_type == "EQ"}
    assert (shares["INFY"].isin, shares["INFY"].has_derivatives) == ("INE009A01021", True)
    assert (shares["TCS"].isin, shares["TCS"].has_derivatives) == (None, False)


def test_everything_is_watched_in_full():
    """An index for the exchange's time, the rest for their book and open interest."""
    assert {i.feed for i in choose().universe.instruments} == {"full"}


def test_a_real_dump_gives_the_real_band():
    """The broker's dump of 2026-08-18, an expiry day of NIFTY; it has derivatives only."""
    root = Path(os.environ.get("PATANG_DATA") or Path(__file__).parents[4] / "shared" / "data")
    dump = root / "kite" / "instruments_2026-08-18.parquet"
    if not dump.is_file():
        pytest.skip(f"{dump} is absent: set PATANG_DATA to the folder of recorded market data")
    listed = pq.read_table(dump).to_pylist()
    day, last = date(2026, 8, 18), {"NIFTY": Decimal(24_480), "BANKNIFTY": Decimal(55_980)}
    held = ["NFO:LICHSGFIN26AUG580PE"]
    with_cash = InstrumentTable.from_rows([*cash_rows(), row(738561, "RELIANCE"), *listed])
    choice = choose_universe(day, with_cash, last, settings(chain_band_pct=10, equities=("RELIANCE",)), held)
    assert choice.problems == ()
    nifty = options_of(choice)
    assert {o.expiry for o in nifty} == {day, date(2026, 8, 25)}
    strikes = {int(o.strike) for o in nifty if o.expiry == date(2026, 8, 25)}
    # 24480 less and more 10 %: 22032 to 26928, in steps of 50.
    assert strikes == set(range(22_050, 26_950, 50))
    assert {o.expiry for o in options_of(choice, "BANKNIFTY")} == {date(2026, 8, 25), date(2026, 9, 29)}
    assert {o.lot_size for o in nifty} == {65}
    by_identifier = choice.universe.by_identifier()
    assert by_identifier["NFO:LICHSGFIN26AUG580PE"].lot_size == 1000
    assert by_identifier["NSE:RELIANCE"].has_derivatives
    assert {i.tradingsymbol for i in choice.universe.instruments if i.instrument_type == "FUT"} == {
        "NIFTY26AUGFUT",
        "BANKNIFTY26AUGFUT",
    }
    assert len(choice.universe.instruments) < 3_000, "one connection of the ticker could carry it"


def test_index_identifiers_are_the_brokers():
    assert index_identifiers(settings()) == {"NIFTY": "NSE:NIFTY 50", "BANKNIFTY": "NSE:NIFTY BANK"}


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
