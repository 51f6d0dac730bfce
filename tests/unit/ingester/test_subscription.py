"""What is watched of a universe as the spots move."""

from datetime import date
from decimal import Decimal

import pytest

from functions.ingester.subscription import Subscription
from patang.market.instruments import Instrument, Universe

DAY = date(2026, 8, 18)
NIFTY, INFY, FUTURE = 256265, 408065, 7_000_001
NEAR, NEXT = date(2026, 8, 25), date(2026, 9, 1)
MANY = 9_000


def instrument(token, kind, symbol, name="", **more) -> Instrument:
    return Instrument(
        instrument_token=token,
        exchange="NSE" if kind in ("INDEX", "EQ") else "NFO",
        tradingsymbol=symbol,
        name=name or symbol,
        instrument_type=kind,
        segment="",
        tick_size=Decimal("0.05"),
        lot_size=1,
        **more,
    )


def token_of(expiry: date, strike: int, kind: str) -> int:
    return (strike * 10 + (expiry == NEXT) * 5 + (kind == "PE")) << 8 | 2


def option(expiry: date, strike: int, kind: str, name: str = "NIFTY") -> Instrument:
    return instrument(
        token_of(expiry, strike, kind), kind, f"{name}{expiry:%d%b}{strike}{kind}", name,
        expiry=expiry, strike=Decimal(strike),
    )  # fmt: skip


# 24000 ... 26000 in steps of 50; the next expiry lists every second of them only.
STRIKES = {NEAR: range(24_000, 26_001, 50), NEXT: range(24_000, 26_001, 100)}
UNIVERSE = Universe(
    day=DAY,
    instruments=(
        instrument(NIFTY, "INDEX", "NIFTY 50"),
        instrument(INFY, "EQ", "INFY", feed="quote"),
        instrument(FUTURE, "FUT", "NIFTY26AUGFUT", "NIFTY", expiry=NEAR),
        *(
            option(expiry, strike, kind)
            for expiry, strikes in STRIKES.items()
            for strike in strikes
            for kind in ("CE", "PE")
        ),
    ),
)
SPOTS_AND_FUTURES = {NIFTY, INFY, FUTURE}


@pytest.fixture
def subscription():
    return Subscription(UNIVERSE, {})


def strikes(modes, expiry) -> set[int]:
    listed = {token_of(expiry, strike, kind): strike for strike in STRIKES[expiry] for kind in ("CE", "PE")}
    return {listed[token] for token in modes if token in listed}


def at(subscription, spot, under_way=(), each_side=2, most=MANY):
    return subscription.choose({NIFTY: spot}, frozenset(under_way), each_side, most)


def test_the_chain_of_each_expiry_is_watched_around_the_money_and_spots_always(subscription):
    modes = at(subscription, 25_010.0)
    assert strikes(modes, NEAR) == {24_900, 24_950, 25_000, 25_050, 25_100}
    assert strikes(modes, NEXT) == {24_800, 24_900, 25_000, 25_100, 25_200}
    assert modes.keys() >= SPOTS_AND_FUTURES
    assert len(modes) == 3 + 2 * 10


def test_each_instrument_is_watched_in_its_own_mode(subscription):
    modes = at(subscription, 25_000.0)
    assert (modes[NIFTY], modes[INFY], modes[token_of(NEAR, 25_000, "PE")]) == ("full", "quote", "full")


def test_without_a_price_no_option_is_watched_that_was_not(subscription):
    assert subscription.choose({}, frozenset(), 2, MANY).keys() == SPOTS_AND_FUTURES
    before = at(subscription, 25_000.0)
    anew = Subscription(UNIVERSE.evolve(day=date(2026, 8, 19)), before)
    assert anew.choose({}, frozenset(), 2, MANY) == before


def test_the_chain_follows_the_spot(subscription):
    at(subscription, 25_000.0)
    assert strikes(at(subscription, 25_500.0), NEAR) == {25_400, 25_450, 25_500, 25_550, 25_600}


def test_a_spot_that_wavers_changes_nothing_after_the_first_time(subscription):
    at(subscription, 25_020.0)
    wide = at(subscription, 25_030.0)
    for spot in (25_020.0, 25_030.0, 24_980.0, 25_060.0, 25_020.0):
        assert at(subscription, spot).keys() >= wide.keys()
    settled = at(subscription, 25_020.0)
    for spot in (25_030.0, 25_020.0, 25_035.0, 25_000.0):
        assert at(subscription, spot) == settled


def test_a_contract_goes_when_it_is_far_enough_away(subscription):
    at(subscription, 25_000.0)
    assert 24_900 in strikes(at(subscription, 25_100.0), NEAR)
    assert 24_900 not in strikes(at(subscription, 25_150.0), NEAR)


def test_what_is_held_or_ordered_is_never_let_go(subscription):
    far = token_of(NEAR, 24_000, "CE")
    assert far not in at(subscription, 25_000.0)
    for spot in (24_000.0, 24_500.0, 25_000.0, 26_000.0):
        assert far in at(subscription, spot, {far})
    assert far not in at(subscription, 26_000.0)


def test_what_the_universe_does_not_know_cannot_be_watched(subscription):
    assert 99 not in at(subscription, 25_000.0, {99})


def test_options_on_something_without_a_spot_are_all_watched():
    others = tuple(option(NEAR, strike, "CE", name="GOLD") for strike in (100, 200, 300))
    found = Subscription(Universe(day=DAY, instruments=others), {}).choose({}, frozenset(), 1, MANY)
    assert len(found) == 3


def test_what_is_too_much_is_left_out_from_the_far_strikes_in(subscription):
    held = token_of(NEXT, 24_000, "PE")
    modes = at(subscription, 25_000.0, {held}, each_side=5, most=16)
    assert len(modes) == 16
    assert modes.keys() >= SPOTS_AND_FUTURES | {held}
    assert strikes(modes, NEAR) == {24_950, 25_000, 25_050}
    assert subscription.left_out == 3 + 1 + 2 * 22 - 16
    at(subscription, 25_000.0)
    assert subscription.left_out == 0
