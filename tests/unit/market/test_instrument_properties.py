"""Whatever a dump's line says, it is read or named; whatever was read comes back from the store as it was."""

from contextlib import suppress
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from patang.market.instrument_dumps import load_dump, save_dump
from patang.market.instrument_search import Wanted
from patang.market.instrument_table import InstrumentTable
from patang.market.listing import COLUMNS, Listing, parse_listing, texts_of
from tests.fakes import MemoryObjects

DAY = date(2026, 8, 18)

texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
numbers = st.integers(min_value=0, max_value=2**40)
amounts = st.decimals(min_value=0, max_value=10**7, places=2)
listings = st.builds(
    Listing,
    instrument_token=numbers,
    exchange_token=numbers,
    tradingsymbol=texts,
    name=texts,
    last_price=amounts,
    expiry=st.none() | st.dates(DAY, DAY + timedelta(days=2000)),
    strike=st.none() | amounts.filter(bool),
    tick_size=amounts,
    lot_size=numbers,
    instrument_type=st.sampled_from(["EQ", "FUT", "CE", "PE", "XX"]),
    segment=st.sampled_from(["NSE", "INDICES", "NFO-OPT"]),
    exchange=st.sampled_from(["NSE", "NFO", "BSE", "MCX"]),
    isin=st.none() | st.just("INE002A01018"),
)
# What stands in a broken dump where something else should.
wreckage = texts | numbers.map(str) | st.sampled_from(["", "nan", "1e999", "-1", "2026-13-40", "0.05"])


@given(st.lists(wreckage, min_size=len(COLUMNS), max_size=len(COLUMNS)))
def test_a_line_is_read_or_its_fault_is_named(values):
    with suppress(ValueError):
        listing = parse_listing(values)
        assert parse_listing(texts_of(listing._asdict())) == listing


@settings(max_examples=50)
@given(st.lists(listings, min_size=1, max_size=8))
def test_what_is_kept_comes_back_as_it_was(some):
    objects, table = MemoryObjects(), InstrumentTable(some)
    save_dump(objects, DAY, table)
    assert list(load_dump(objects, DAY)) == list(table)


@settings(max_examples=50)
@given(st.lists(listings, min_size=1, max_size=8), st.integers(0, 7))
def test_every_listing_is_found_by_each_thing_that_is_known_of_it(some, place):
    table = InstrumentTable(some)
    listing = list(table)[place % len(table)]
    for wanted in (
        Wanted(listing.tradingsymbol),
        Wanted(listing.name),
        Wanted(exchange=listing.exchange, kind=listing.kind),
        Wanted(underlying=listing.underlying, isin=listing.isin),
        Wanted(expiry=listing.expiry, strike=listing.strike),
        Wanted(strike=listing.strike and Decimal(str(float(listing.strike)))),
    ):
        found = table.search(wanted)
        assert listing in found.listings
        assert found.total == len(found.listings)
