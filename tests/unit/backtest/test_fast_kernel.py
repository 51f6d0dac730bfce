"""What the compiled walk makes of entries is what the live exits make of them, bar by bar."""

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

import numpy as np
import pytest

from patang.backtest.fast.simulate import Bars, Entries, FastTrades, Terms, affordable, simulate
from patang.backtest.fills import Bought, buy, sale_price, walk_exit
from patang.backtest.price_bars import PriceBars
from patang.errors import BadInput
from patang.market.sessions import IST
from patang.portfolio.position import Position
from patang.risk.charges import round_trip_charges
from patang.settings import Settings

DAY = date(2026, 6, 30)
OPEN = int(datetime(2026, 6, 30, 9, 15, tzinfo=IST).timestamp())
FOREVER = np.iinfo(np.int64).max
SETTINGS = Settings()
TICK = Decimal("0.05")


def bars(seed: int, count: int = 120) -> Bars:
    """A walk of so few ticks that levels are hit exactly, jumped over and both hit at once; with a hole."""
    random = np.random.default_rng(seed)
    paths = (
        100_00
        + 5 * random.integers(-6, 7, (count, 4)).cumsum(axis=0)
        + 5 * random.integers(-9, 10, (count, 4))
    )
    starts = OPEN + 60 * np.arange(count)
    starts[count // 2 :] += 60 * int(random.integers(0, 4))
    low, high = paths.min(axis=1), paths.max(axis=1)
    days = np.full(count, (DAY - date(1970, 1, 1)).days)
    half = 0.025 * random.integers(0, 3, count)
    return Bars(starts, paths[:, 0] / 100, high / 100, low / 100, paths[:, 3] / 100, half, days)


def entries(bars: Bars, seed: int, every: int = 1, patience: float = 0.0) -> Entries:
    random = np.random.default_rng(seed)
    decided = np.arange(0, len(bars) - 1, every)
    ask = bars.close[decided]
    return Entries(
        decided,
        (ask - 0.05 * random.integers(1, 20, len(decided))).round(2),
        (ask + 0.05 * random.integers(1, 20, len(decided))).round(2),
        (ask + patience).round(2) if patience else np.full(len(decided), np.inf),
        bars.starts[decided] + 60 * random.integers(2, 40, len(decided)),
        "TIME",
        np.full(len(decided), 7),
    )


def position(bars: Bars, wanted: Entries, trades: FastTrades, row: int) -> Position:
    entry = trades.entry[row]
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
        tick_size=Decimal("0.05"),
        product="CNC",
        quantity=7,
        entry_price=Decimal(repr(float(trades.bought[row]))),
        entry_time=datetime.fromtimestamp(int(bars.starts[trades.entered[row]]), IST),
        entry_intent_id="i",
        entry_charges=Decimal(0),
        entry_slippage=Decimal(0),
        stop_loss_price=Decimal(repr(float(wanted.stop[entry]))),
        target_price=Decimal(repr(float(wanted.target[entry]))),
        exit_by=datetime.fromtimestamp(int(wanted.due[entry]), IST),
    )


def priced(bars: Bars) -> PriceBars:
    unknown = np.full(len(bars), np.nan)
    columns = (bars.open, bars.high, bars.low, bars.close, unknown, bars.half_spread)
    return PriceBars(bars.starts, *columns, "recorded")


def first_fill(
    bars: Bars, wanted: Entries, entry: int, latency: int, slippage: Decimal
) -> tuple[int, Bought]:
    """The bar that fills the order, by the fills of the exact engine."""
    prices, sent = priced(bars), int(bars.starts[wanted.decided[entry]]) + 60 * (1 + latency)
    limit = Decimal(repr(float(wanted.limit[entry])))
    for row in range(prices.row_at(sent), prices.row_at(sent + 120)):
        bought = buy(prices, row, limit, 7, lot=1, tick=TICK, slippage_pct=slippage, volume_share=1.0)
        if bought is not None:
            return row, bought
    raise AssertionError(f"entry {entry} is never filled")


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("slippage", [Decimal(0), Decimal("0.03")])
@pytest.mark.parametrize(("latency", "patience"), [(None, 0.0), (0, 0.0), (0, 0.05), (1, 0.1)])
def test_every_trade_is_that_of_the_exact_fills_and_the_live_exits(
    seed: int, latency: int | None, patience: float, slippage: Decimal
) -> None:
    """Bought at the close of the decision, at a later open, or within a bar at the limit."""
    path = bars(seed)
    wanted = entries(path, seed, patience=patience)
    terms = Terms("equity-delivery", slippage_pct=slippage, latency_minutes=latency, one_at_a_time=False)
    trades, prices = simulate(path, wanted, terms), priced(path)
    assert len(trades) > 60
    for row in range(len(trades)):
        entered, since = int(trades.entered[row]), "before"
        if patience and latency is not None:
            filled, bought = first_fill(path, wanted, int(trades.entry[row]), latency, slippage)
            assert (entered, Decimal(repr(float(trades.bought[row])))) == (filled, bought.price)
            since = bought.since
        elif latency is not None:
            since = "open"
        held = position(path, wanted, trades, row)
        walk = walk_exit(held, prices, SETTINGS, begin=entered + (latency is None), since=since)
        if walk.left is None:
            assert (trades.reason[row], trades.left[row]) == ("END", len(path) - 1)
            continue
        assert (trades.reason[row], trades.left[row]) == (walk.left.reason, walk.left.row)
        sold = sale_price(walk.left.price, prices, walk.left.row, tick=TICK, slippage_pct=slippage)
        assert Decimal(repr(float(trades.sold[row]))) == sold
        charges = round_trip_charges("equity-delivery", "NSE", held.entry_price, sold, 7, DAY)
        assert trades.charges[row] == pytest.approx(float(charges.total), abs=1e-9)


def test_a_limit_waits_and_is_given_up() -> None:
    """It fills at the open where that is no dearer, else at the limit once sellers have come below it."""
    price = np.array([100.0, 101.0, 102.0, 99.0, 99.0])
    low = np.array([100.0, 100.5, 100.0, 98.0, 99.0])
    starts = OPEN + 60 * np.arange(5)
    path = Bars(starts, price, price, low, price, np.zeros(5), np.full(5, (DAY - date(1970, 1, 1)).days))
    decided, no = np.zeros(1, np.int64), np.array([np.inf])

    def bought(limit: float, minutes: int) -> list[tuple[int, float]]:
        one = np.ones(1, np.int64)
        wanted = Entries(decided, -no, no, np.array([limit]), np.array([FOREVER]), "TIME", one)
        terms = Terms("equity-intraday", latency_minutes=0, patience_seconds=60 * minutes)
        trades = simulate(path, wanted, terms)
        return list(zip(trades.entered.tolist(), trades.bought.tolist(), strict=True))

    assert bought(101.0, 1) == [(1, 101.0)]
    assert bought(100.2, 2) == [(2, 100.2)]
    assert bought(100.2, 1) == []
    assert bought(100.0, 2) == []
    assert bought(99.5, 3) == [(3, 99.0)]


def test_one_position_at_a_time_and_a_pause_after_it() -> None:
    path = bars(3)
    wanted = entries(path, 3)
    every = simulate(path, wanted, Terms("equity-intraday", one_at_a_time=False))
    one = simulate(path, wanted, Terms("equity-intraday", pause_minutes=5))
    assert 5 < len(one) < len(every) / 3
    by_entry = {int(entry): row for row, entry in enumerate(every.entry)}
    free = 0
    for row in range(len(one)):
        same = by_entry[int(one.entry[row])]
        assert (one.left[row], one.sold[row]) == (every.left[same], every.sold[same])
        assert path.starts[wanted.decided[one.entry[row]]] + 60 >= free
        free = path.starts[one.left[row]] + 5 * 60


def test_what_the_fills_cost_beyond_the_prices_traded() -> None:
    path = bars(5)
    far = np.full(len(path) - 1, 50.0)
    wanted = replace(entries(path, 5), stop=-far, target=10 * far)
    trades = simulate(path, wanted, Terms("equity-intraday", slippage_pct=Decimal("0.03")))
    at_close = path.starts[trades.left] < wanted.due[trades.entry]
    assert at_close.sum() > 2
    dearer = trades.bought - path.open[trades.entered]
    cheaper = path.close[trades.left] - trades.sold
    assert dearer.min() > 0.03
    assert np.allclose(trades.slippage[at_close], 7 * (dearer + cheaper)[at_close])
    assert np.allclose(trades.net_pnl, 7 * (trades.sold - trades.bought) - trades.charges)


def test_a_day_without_sourced_charges_has_no_trade() -> None:
    path = bars(1)
    unknown = Bars(
        path.starts, path.open, path.high, path.low, path.close, path.half_spread, np.full(len(path), 10_000)
    )
    assert len(simulate(unknown, entries(path, 1), Terms("equity-intraday"))) == 0


def test_quantities_are_whole_lots_for_the_money() -> None:
    asked = affordable(Decimal(10_000), np.array([100.0, 99.99, 133.35, 20_000.0]), 25)
    assert asked.tolist() == [100, 100, 50, 0]


def test_entries_that_cannot_be_are_refused() -> None:
    path = bars(1)
    wanted = entries(path, 1)
    with pytest.raises(BadInput, match="of 120"):
        simulate(path, replace(wanted, decided=wanted.decided + 5), Terms("equity-intraday"))
    with pytest.raises(BadInput, match="order"):
        simulate(path, replace(wanted, decided=wanted.decided[::-1]), Terms("equity-intraday"))
    with pytest.raises(BadInput, match="counts to"):
        simulate(path, replace(wanted, quantity=wanted.quantity * 10**9), Terms("equity-intraday"))
