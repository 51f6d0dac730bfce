"""What bars make of orders: entries, exits, gaps, volume, spread, slippage and time, in whole backtests."""

from datetime import timedelta

import numpy as np
import pytest

from patang.backtest.fills import FillTerms, walk_exit
from patang.backtest.trade import Trade
from patang.portfolio.position import Position
from patang.risk.charges import leg_charges, round_trip_charges
from tests.unit.backtest.engine_cases import (
    CALL,
    DAY,
    NEXT_DAY,
    SBIN,
    D,
    Row,
    at,
    bars,
    flat,
    joined,
    run,
    settings,
    wish,
)


def only(*rows: Row, **more: object) -> Trade:
    """The one trade of a wish at 10:00 for a share at 100, stop 98, target 103, with these bars from 10:00 on
    and quiet ones until the close."""
    last = at(rows[-1][0]) + timedelta(minutes=1)
    path = bars(*flat("09:50", "09:59"), *rows, *flat(f"{last:%H:%M}", "15:29", rows[-1][4]), **more)
    (trade,) = run({"10:00": [wish()]}, {SBIN: path}).trades
    return trade


def test_bought_at_the_next_open_with_slippage_on_the_tick() -> None:
    trade = only(("10:00", 100, 100.5, 99.5, 100))
    assert trade.entered_at == at("10:00")
    assert trade.entry_price == D("100.05")  # 100 and 0.02 % of it, on the next tick
    assert (trade.stop_loss_price, trade.target_price) == (D("98.05"), D("103.05"))


def test_a_bar_with_both_levels_is_a_loss_at_the_stop() -> None:
    trade = only(("10:00", 100, 100, 100, 100), ("10:01", 100, 104, 97, 103))
    assert trade.exit_reason == "STOP"
    assert trade.exit_price == D("98.00")  # 98.05 less 0.02 %, on the tick
    assert trade.exited_at == at("10:01")
    assert trade.bars_held == 2


def test_the_bar_of_the_entry_may_end_it() -> None:
    assert only(("10:00", 100, 104, 97, 103)).exit_reason == "STOP"
    assert only(("10:00", 100, 104, 99, 103)).exit_reason == "TARGET"


@pytest.mark.parametrize(
    ("opened", "reason", "price"),
    [(95.0, "STOP", "94.95"), (108.0, "TARGET", "107.95")],
    ids=["below the stop", "above the target"],
)
def test_a_gap_through_a_level_is_sold_at_the_open(opened: float, reason: str, price: str) -> None:
    trade = only(("10:00", 100, 100, 100, 100), ("10:01", opened, opened, opened, opened))
    assert (trade.exit_reason, trade.exit_price) == (reason, D(price))


def test_half_the_spread_is_paid_each_way() -> None:
    narrow = only(("10:00", 100, 100, 100, 100), ("10:01", 100, 104, 100, 104))
    wide = only(("10:00", 100, 100, 100, 100), ("10:01", 100, 105, 100, 105), half=0.1)
    assert wide.entry_price == narrow.entry_price + D("0.10")
    # Its levels stand the same distance from the price that was paid, and it is sold below them.
    assert wide.exit_price == narrow.exit_price
    assert wide.slippage > narrow.slippage


def test_time_is_met_at_the_close_that_reaches_it() -> None:
    trade = only(("10:00", 100, 100, 100, 100))
    assert trade.exit_reason == "TIME"
    assert trade.exited_at == at("15:00")


def test_after_a_hole_the_next_open_sells_what_is_out_of_time() -> None:
    path = bars(*flat("09:50", "14:30"), ("15:04", 101, 102, 101, 102), ("15:05", 102, 102, 102, 102))
    (trade,) = run({"10:00": [wish()]}, {SBIN: path}).trades
    assert (trade.exit_reason, trade.exited_at) == ("TIME", at("15:04"))
    assert trade.exit_price == D("100.95")


def test_the_square_off_comes_before_a_later_time() -> None:
    path = bars(*flat("09:50", "15:29"))
    (trade,) = run({"10:00": [wish(exit_by=at("15:20"))]}, {SBIN: path}).trades
    assert (trade.exit_reason, trade.exited_at) == ("SQUARE_OFF", at("15:05"))


def test_a_carried_option_is_sold_before_it_expires() -> None:
    days = [bars(*flat("09:50", "15:29"), day=DAY.replace(month=7, day=d)) for d in (10, 13, 14)]
    path = joined(bars(*flat("09:50", "15:29")), *days)
    kept = wish(CALL, stop="50", target="300", exit_by=at("15:29", DAY.replace(month=7, day=20)))
    chosen = settings(
        capital={"starting_capital_inr": 10_000_000},
        options={"holding_period": "swing", "capital_share_pct": 100},
    )
    result = run({"10:00": [kept._replace(holding_period="swing")]}, {CALL: path}, chosen=chosen)
    (trade,) = result.trades
    assert trade.product == "NRML"
    assert trade.exit_reason == "EXPIRY"
    assert trade.exited_at == at("15:15", DAY.replace(month=7, day=13))
    assert trade.prices == "recorded"


def test_a_market_order_takes_what_a_limit_leaves_and_no_more_than_its_protection() -> None:
    # It opens above the limit of 100.20 and never comes back.
    path = bars(*flat("09:50", "09:59"), *flat("10:00", "15:29", 100.6))
    wanted, market = {"10:00": [wish()]}, FillTerms(latency_bars=0, volume_share=1.0, entries="market")
    assert run(wanted, {SBIN: path}).trades == ()
    (trade,) = run(wanted, {SBIN: path}, market).trades
    assert trade.entry_price == D("100.65")  # 100.60 and 0.02 % of it, on the next tick
    assert trade.entered_at == at("10:00")
    # A book that is wider than the broker's band of 1 % above the price gives it nothing.
    wide = bars(*flat("09:50", "09:59"), *flat("10:00", "15:29", 100.6), half=1.2)
    assert run(wanted, {SBIN: wide}, market).trades == ()


def test_an_order_above_its_limit_rests_and_is_filled_within_a_bar_at_the_limit() -> None:
    # The ask of 100 and 0.2 % are the limit: 100.20. It opens above, and sellers come below.
    trade = only(("10:00", 101, 101, 100.1, 100.5))
    assert trade.entry_price == D("100.20")
    assert trade.entered_at == at("10:01")


def test_a_high_before_the_fill_is_no_target() -> None:
    trade = only(("10:00", 101, 110, 100.1, 100.5), ("10:01", 100, 100, 97, 97))
    assert trade.exit_reason == "STOP"


def test_an_order_that_nobody_sells_to_is_cancelled() -> None:
    path = bars(*flat("09:50", "09:59"), *flat("10:00", "10:01", 101.0), *flat("10:02", "15:29"))
    result = run({"10:00": [wish()]}, {SBIN: path})
    assert result.trades == ()
    # Its reservation is gone: the next wish finds room.
    again = run({"10:00": [wish()], "10:05": [wish()]}, {SBIN: path})
    assert [trade.decided_at for trade in again.trades] == [at("10:05")]


def test_latency_is_minutes_between_decision_and_order() -> None:
    path = bars(*flat("09:50", "15:29"))
    slow = run({"10:00": [wish()]}, {SBIN: path}, FillTerms(latency_bars=3, volume_share=1.0))
    assert [trade.entered_at for trade in slow.trades] == [at("10:03")]


def test_a_price_that_drifted_meanwhile_is_not_bought() -> None:
    path = bars(*flat("09:50", "09:59"), *flat("10:00", "10:02", 97.5), *flat("10:03", "15:29"))
    slow = run({"10:00": [wish()]}, {SBIN: path}, FillTerms(latency_bars=3, volume_share=1.0))
    assert slow.trades == ()
    assert slow.refusals["PRICE_DRIFT"] == 1


def test_a_share_of_the_volume_is_what_a_bar_gives() -> None:
    """299 units are wanted; a bar of 1,000 gives 100, and what 120 seconds have not brought is cancelled."""
    path = bars(*flat("09:50", "15:29"), volume=1000.0)
    (trade,) = run({"10:00": [wish()]}, {SBIN: path}, FillTerms(0, 0.1)).trades
    assert trade.quantity == 200
    # It is sold in two bars as well: the close that its time is up with, and the next open.
    assert trade.exit_reason == "TIME"
    assert trade.exited_at == at("15:00")


def test_charges_are_those_of_the_day_a_leg() -> None:
    trade = only(("10:00", 100, 100, 100, 100), ("10:01", 100, 104, 100, 104))
    charged = round_trip_charges(
        "equity-intraday", "NSE", trade.entry_price, trade.exit_price, trade.quantity, DAY
    )
    assert trade.charges == charged.total
    assert trade.net_pnl == trade.gross_pnl - charged.total


def test_delivery_is_charged_as_delivery() -> None:
    path = joined(bars(*flat("09:50", "15:29")), bars(*flat("09:15", "15:29", 104.0), day=NEXT_DAY))
    swing = wish(holding_period="swing", exit_by=at("15:00", NEXT_DAY))
    result = run({"10:00": [swing]}, {SBIN: path}, chosen=settings(equity={"holding_period": "swing"}))
    (trade,) = result.trades
    assert (trade.product, trade.exit_reason, trade.exited_at) == ("CNC", "TARGET", at("09:15", NEXT_DAY))
    legs = [
        leg_charges("equity-delivery", "NSE", side, price, trade.quantity, day).total
        for side, price, day in (("BUY", trade.entry_price, DAY), ("SELL", trade.exit_price, NEXT_DAY))
    ]
    assert trade.charges == sum(legs)
    assert [(day.day, day.open_positions) for day in result.days] == [(DAY, 1), (NEXT_DAY, 0)]


def test_what_the_history_does_not_end_is_sold_at_its_last_price() -> None:
    path = bars(*flat("09:50", "11:00"), ("11:01", 100, 101, 100, 101))
    (trade,) = run({"10:00": [wish()]}, {SBIN: path}).trades
    assert (trade.exit_reason, trade.exited_at) == ("END", at("11:02"))


def test_a_trailing_stop_follows_and_is_sold_at() -> None:
    rows = [("10:01", 100, 102, 100, 102), ("10:02", 102, 102.5, 100.9, 101)]
    path = bars(*flat("09:50", "10:00"), *rows, *flat("10:03", "15:29", 101.0))
    chosen = settings(exits={"trailing_stop_shares_pct": 1})
    (trade,) = run({"10:00": [wish()]}, {SBIN: path}, chosen=chosen).trades
    assert trade.exit_reason == "TRAILING_STOP"
    # 1 % below 102, the highest before the bar's low: 100.98, less slippage.
    assert trade.exit_price == D("100.95")


@pytest.mark.parametrize("seed", range(6))
def test_a_walk_in_parts_is_the_walk_in_one(seed: int) -> None:
    random = np.random.default_rng(seed)
    steps = 100 + 0.05 * (random.integers(-6, 7, (120, 4)).cumsum(axis=0) + random.integers(-9, 10, (120, 4)))
    clock = (f"{at('10:00') + timedelta(minutes=m):%H:%M}" for m in range(120))
    path = bars(*((c, row[0], row.max(), row.min(), row[3]) for c, row in zip(clock, steps, strict=True)))
    chosen, held = settings(exits={"trailing_stop_shares_pct": 3}), position(steps[0, 0])
    whole = walk_exit(held, path, chosen)
    trail, left = None, None
    for begin in range(0, 120, 7):
        part = walk_exit(held, path, chosen, begin=begin, end=begin + 7, trail=trail)
        trail, left = part.trail, part.left
        if left is not None:
            break
    assert left == whole.left


def position(price: float) -> Position:
    paid = D(repr(round(float(price), 2)))
    return Position(
        account="main",
        position_id="p",
        mode="paper",
        strategy="equity",
        exchange="NSE",
        symbol="SBIN",
        underlying="SBIN",
        instrument_token=1,
        lot_size=1,
        tick_size=D("0.05"),
        product="MIS",
        quantity=1,
        entry_price=paid,
        entry_time=at("10:00"),
        entry_intent_id="i",
        entry_charges=D(0),
        entry_slippage=D(0),
        stop_loss_price=paid - D("1.5"),
        target_price=paid + 3,
    )


def test_volume_that_nobody_knows_is_no_bound() -> None:
    path = bars(*flat("09:50", "15:29"))
    (trade,) = run({"10:00": [wish()]}, {SBIN: path}, FillTerms(0, 0.001)).trades
    assert trade.quantity > 200
