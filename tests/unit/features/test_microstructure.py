"""Whose book speaks for an index, what it says, and why it says nothing."""

from datetime import date
from decimal import Decimal

import numpy as np
import pytest

from patang.features.microstructure import Books
from patang.features.undefined import REASONS, Undefined
from patang.features.vector import BOOK_FEATURES
from patang.market.instruments import Instrument
from patang.market.ticks import TICK
from tests.unit.market.market_day import EXPIRY, at, index, option, share

NIFTY, INFY = index(), share("INFY", 408065)
CALL, PUT = option(8600, "CE", 11), option(8600, "PE", 12)
FAR_CALL, FAR_PUT = option(8700, "CE", 13), option(8700, "PE", 14)


def future(expiry: date = EXPIRY) -> Instrument:
    return Instrument(
        instrument_token=expiry.toordinal(),
        exchange="NFO",
        tradingsymbol=f"NIFTY{expiry:%y%b}FUT".upper(),
        name="NIFTY",
        instrument_type="FUT",
        segment="NFO-FUT",
        tick_size=Decimal("0.05"),
        lot_size=75,
        expiry=expiry,
    )


def book(bid: float, ask: float, bids: int = 0, asks: int = 0, **more: float) -> dict[str, float]:
    last = (bid + ask) / 2 or 1.0
    return {"last_price": last, "bid": bid, "ask": ask, "buy_quantity": bids, "sell_quantity": asks, **more}


SPOT = {"last_price": 8610.0}


def look(
    quotes: list[tuple[Instrument, dict[str, float] | None]],
    trades: dict[int, tuple[int, int]] | None = None,
    interrupted: Undefined | None = None,
) -> tuple[dict[str, float], dict[str, Undefined | None]]:
    """The first spot's features and reasons; `trades` are units bought and sold by row."""
    table = np.zeros(len(quotes), TICK)
    for row, (_, quote) in enumerate(quotes):
        if quote is not None:
            table["exchange_time"][row] = int(at("10:00").timestamp())
            for name, value in quote.items():
                table[name][row] = value
    bought, sold = np.zeros((2, len(quotes)), np.int64)
    for row, (up, down) in (trades or {}).items():
        bought[row], sold[row] = up, down
    books = Books([instrument for instrument, _ in quotes])
    found = books.look(table, bought, sold, at("10:01"), interrupted)
    values = dict(zip(BOOK_FEATURES, found.values[0].tolist(), strict=True))
    reasons = [REASONS[place] for place in found.undefined[0].tolist()]
    assert [bool(reason) for reason in reasons] == [np.isnan(value) for value in values.values()]
    return values, dict(zip(BOOK_FEATURES, reasons, strict=True))


def test_a_share_speaks_for_itself():
    values, _ = look([(INFY, book(99.0, 101.0, 300, 100)), (NIFTY, SPOT)], {0: (30, 10)})
    assert values == {"ob_imbalance": 0.5, "trade_flow_5m": 0.5, "bid_ask_spread_pct": 2.0}


def test_without_totals_the_best_bid_and_ask_are_the_book():
    values, _ = look([(INFY, book(99.0, 101.0, bid_quantity=10, ask_quantity=30))])
    assert values["ob_imbalance"] == -0.5


def test_the_near_future_speaks_for_an_index():
    later = future(date(2016, 9, 29))
    quotes = [(NIFTY, SPOT), (later, book(1.0, 3.0, 1, 9)), (future(), book(8617.0, 8619.0, 300, 100))]
    values, reasons = look(quotes, {2: (10, 30)})
    assert values["ob_imbalance"] == 0.5
    assert values["trade_flow_5m"] == -0.5
    assert values["bid_ask_spread_pct"] == pytest.approx(100 * 2 / 8618)
    assert not any(reasons.values())


@pytest.mark.parametrize("of_future", [None, book(0, 0), book(8617.0, 0), "absent"])
def test_else_the_pair_next_to_the_money_does(of_future):
    quotes = [
        (NIFTY, SPOT),
        (CALL, book(60.0, 62.0, 100, 200)),
        (PUT, book(48.0, 49.0, 300, 50)),
        (FAR_CALL, book(20.0, 21.0, 9, 1)),
        (FAR_PUT, book(110.0, 115.0, 1, 9)),
    ]
    if of_future != "absent":
        quotes.append((future(), of_future))
    values, _ = look(quotes, {1: (40, 10), 2: (20, 30), 3: (500, 0)})
    # Bought: the call or, by selling it, the put. Bid 60 - 49 + 8600 = 8611, ask 62 - 48 + 8600 = 8614.
    assert values["ob_imbalance"] == pytest.approx((100 + 50 - 200 - 300) / 650)
    assert values["trade_flow_5m"] == pytest.approx((40 + 30 - 10 - 20) / 100)
    assert values["bid_ask_spread_pct"] == pytest.approx(100 * 3 / 8612.5)


def test_a_pair_with_one_book_is_passed_over():
    quotes = [
        (NIFTY, SPOT),
        (CALL, book(60.0, 62.0, 100, 200)),
        (PUT, book(0, 49.0, 300, 50)),
        (FAR_CALL, book(20.0, 21.0, 80, 10)),
        (FAR_PUT, book(110.0, 111.0, 10, 80)),
    ]
    assert look(quotes)[0]["ob_imbalance"] == pytest.approx((80 + 80 - 10 - 10) / 180)


def test_the_pair_is_of_the_nearest_expiry():
    later = date(2016, 9, 29)
    quotes = [
        (NIFTY, SPOT),
        (option(8600, "CE", 21, later), book(60.0, 61.0, 1, 9)),
        (option(8600, "PE", 22, later), book(60.0, 61.0, 9, 1)),
        (FAR_CALL, book(20.0, 21.0, 80, 10)),
        (FAR_PUT, book(110.0, 111.0, 10, 80)),
    ]
    assert look(quotes)[0]["ob_imbalance"] > 0


@pytest.mark.parametrize(
    ("beside", "reason"),
    [
        ([], Undefined.NO_STAND_IN),
        ([(CALL, book(1, 2))], Undefined.NO_STAND_IN),
        ([(INFY, book(1, 2))], Undefined.NO_STAND_IN),
        ([(future(), None)], Undefined.NO_QUOTE),
        ([(CALL, None), (PUT, None)], Undefined.NO_QUOTE),
        ([(CALL, book(60, 62)), (PUT, book(48, 0))], Undefined.NO_BOOK),
    ],
)
def test_an_index_that_nothing_speaks_for_says_why(beside, reason):
    _, reasons = look([(NIFTY, SPOT), *beside])
    assert reasons == dict.fromkeys(BOOK_FEATURES, reason)


def test_a_future_without_a_book_has_no_spread_but_its_trades_count():
    values, reasons = look([(NIFTY, SPOT), (future(), book(0, 0))], {1: (1, 3)})
    assert values["trade_flow_5m"] == -0.5
    assert reasons["ob_imbalance"] == reasons["bid_ask_spread_pct"] == Undefined.NO_BOOK


def test_a_book_that_was_not_heard_of_for_minutes_is_none():
    stale = {"exchange_time": int(at("09:55").timestamp())}
    _, reasons = look([(INFY, book(99.0, 101.0, 1, 1, **stale))])
    assert reasons["ob_imbalance"] == reasons["bid_ask_spread_pct"] == Undefined.NO_BOOK
    quotes = [
        (NIFTY, SPOT),
        (future(), book(8617.0, 8619.0, 1, 9, **stale)),
        (CALL, book(60.0, 62.0, 1, 9, **stale)),
        (PUT, book(48.0, 49.0, 9, 1)),
        (FAR_CALL, book(20.0, 21.0, 80, 10)),
        (FAR_PUT, book(110.0, 111.0, 10, 80)),
    ]
    assert look(quotes)[0]["ob_imbalance"] == pytest.approx((80 + 80 - 10 - 10) / 180)


def test_a_crossed_book_has_no_spread():
    _, reasons = look([(INFY, book(101.0, 99.0, 1, 1))])
    assert reasons["bid_ask_spread_pct"] == Undefined.NO_BOOK


@pytest.mark.parametrize("interrupted", [None, Undefined.GAP, Undefined.WARMING_UP])
def test_the_flow_of_nothing_or_over_a_gap_is_not_zero(interrupted):
    trades = {} if interrupted is None else {0: (10, 0)}
    _, reasons = look([(INFY, book(99.0, 101.0, 1, 1))], trades, interrupted)
    assert reasons["trade_flow_5m"] == (interrupted or Undefined.NO_TRADES)
