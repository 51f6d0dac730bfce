"""Candles rebuilt from the ticker's packets by an aggregator that knows nothing of the simulator."""

import struct
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from patang_workbench.exchange.candles import MarketData
from patang_workbench.exchange.floor import Floor
from patang_workbench.exchange.replay import ReplayError, replay_market
from patang_workbench.exchange.synthetic import synthetic_market
from patang_workbench.exchange.tape import Density

Candle = tuple[int, int, int, int, int]


def packets(floor: Floor, first: int, last: int) -> Iterator[bytes]:
    for epoch in range(first, last):
        for line in floor.advance(epoch):
            if line.instrument.expiry is None:
                yield line.packet()


def rebuild(stream: Iterator[bytes], opening: int, closing: int) -> dict[int, dict[int, Candle]]:
    """Fold last price and cumulative volume of the packets into one-minute candles, by token and start."""
    candles: dict[int, dict[int, Candle]] = {}
    before: dict[int, int] = {}
    for packet in stream:
        token, price = struct.unpack_from(">II", packet)
        index = len(packet) == 32
        volume = 0 if index else struct.unpack_from(">I", packet, 16)[0]
        stamp = struct.unpack_from(">I", packet, 28 if index else 60)[0]
        if not opening <= stamp < closing:
            continue
        start = stamp - stamp % 60
        traded = volume - before.get(token, 0)
        before[token] = volume
        held = candles.setdefault(token, {})
        if start in held:
            first, high, low, _, total = held[start]
            held[start] = (first, max(high, price), min(low, price), price, total + traded)
        else:
            held[start] = (price, price, price, price, traded)
    return candles


def source(market: MarketData, symbol: str, until: int) -> dict[int, Candle]:
    bars = market.candles[symbol][market.session].bars(market.session)
    return {bar.start: tuple(bar[1:6]) for bar in bars if bar.start < until}


def compare(market: MarketData, minutes: int) -> int:
    floor = Floor(market, 7, Density(near_option=4, far_option=4))
    end = min(floor.opening + minutes * 60, floor.closing)
    rebuilt = rebuild(packets(floor, floor.opening - 5, end + 5), floor.opening, end)
    compared = 0
    for line in floor.lines.values():
        row = line.instrument
        if row.expiry is None:
            assert rebuilt[row.token] == source(market, row.tradingsymbol, end), row.tradingsymbol
            compared += len(rebuilt[row.token])
    return compared


def test_synthetic_candles_survive_their_ticks(market: MarketData) -> None:
    assert compare(market, 90) == 90 * 13


def test_replayed_candles_survive_their_ticks(data_folder: Path) -> None:
    # This day lacks one minute of the indices, and its quietest shares trade less than a unit a tick.
    market = replay_market(data_folder, date(2016, 8, 25), history_days=2)
    assert compare(market, 375) == 50 * 375 + 3 * 374


def test_the_same_seed_gives_the_same_packets(market: MarketData) -> None:
    def play(seed: int) -> list[bytes]:
        floor = Floor(synthetic_market(seed, market.session, 3), seed)
        return [line.packet() for e in range(floor.opening, floor.opening + 60) for line in floor.advance(e)]

    assert play(7) == play(7)
    assert play(7) != play(8)


def test_a_session_does_not_depend_on_how_much_history_goes_before_it(market: MarketData) -> None:
    longer = synthetic_market(7, market.session, history_days=9)
    for symbol, days in market.candles.items():
        ours, theirs = days[market.session], longer.candles[symbol][market.session]
        assert ours.close.tolist() == theirs.close.tolist()
        assert ours.volume.tolist() == theirs.volume.tolist()


def test_shares_stop_before_options_since_the_closing_auction(market: MarketData) -> None:
    floor = Floor(market, 7)
    assert len(market.candles["INFY"][market.session].minute) == 360
    assert len(market.candles["NIFTY 50"][market.session].minute) == 385
    assert (floor.cash_closing - floor.opening, floor.closing - floor.opening) == (360 * 60, 385 * 60)


def test_only_the_indices_tick_outside_the_session(market: MarketData) -> None:
    floor = Floor(market, 7)
    ticked = floor.advance(floor.opening - 1)
    assert {line.instrument.tradingsymbol for line in ticked} == {"NIFTY 50", "NIFTY BANK", "INDIA VIX"}
    assert all(line.stamp == floor.opening - 1 for line in ticked)
    infosys = floor.by_key["NSE:INFY"]
    assert (infosys.last, infosys.volume, infosys.bid) == (infosys.previous_close, 0, 0)


def test_all_but_contracts_far_from_the_money_tick_four_times_a_minute_or_more(market: MarketData) -> None:
    floor = Floor(market, 7)
    seconds: dict[str, set[int]] = {}
    for epoch in range(floor.opening, floor.opening + 240):
        for line in floor.advance(epoch):
            seconds.setdefault(line.instrument.key, set()).add(epoch)
    assert len(seconds) == len(floor.instruments), "all tick once in four minutes"
    busy = {key for key, when in seconds.items() if len(when) >= 16}
    steps = {"NIFTY": 5000, "BANKNIFTY": 10000}
    for row in floor.instruments:
        if row.is_option:
            away = abs(row.strike - market.candles[row.underlying][market.session].open[0])
            assert (row.key in busy) == (away <= 10.5 * steps[row.name]), row.key
        else:
            assert (row.key in busy) == (not row.is_future or row.name in steps), row.key


def test_options_follow_the_index_and_keep_a_sane_book(market: MarketData) -> None:
    floor = Floor(market, 7)
    for epoch in range(floor.opening, floor.opening + 600):
        for line in floor.advance(epoch):
            if line.instrument.is_option:
                assert 0 < line.bid < line.ask
                assert line.bid % 5 == line.ask % 5 == 0
                assert line.bid <= line.last <= line.ask
    calls = [line for line in floor.lines.values() if line.instrument.kind == "CE"]
    near = sorted(
        (
            line
            for line in calls
            if line.instrument.expiry == date(2026, 8, 25) and line.instrument.name == "NIFTY"
        ),
        key=lambda line: line.instrument.strike,
    )
    prices = [line.last for line in near]
    assert len(near) == 99
    assert prices[39:60] == sorted(prices[39:60], reverse=True)
    open_price = market.candles["NIFTY 50"][market.session].open[0]
    assert near[0].instrument.strike <= 0.901 * open_price
    assert near[-1].instrument.strike >= 1.099 * open_price
    assert all(line.oi > 0 for line in near)


def test_history_of_an_option_is_priced_from_the_index(market: MarketData) -> None:
    floor = Floor(market, 7)
    option = next(line for line in floor.lines.values() if line.instrument.is_option)
    bars = floor.minutes(option, 0, floor.opening)
    assert len(bars) == 3 * 385
    assert all(bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high for bar in bars)


def test_a_missing_date_is_refused_with_what_exists(data_folder: Path) -> None:
    with pytest.raises(ReplayError, match="closed on Monday, 2016-09-05"):
        replay_market(data_folder, date(2016, 9, 5))
    with pytest.raises(
        ReplayError, match=r"no share has candles of 2016-09-12 .* covers 2016-08-16 to 2016-09-30"
    ):
        replay_market(data_folder, date(2016, 9, 12))


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ReplayError, match="--data or PATANG_DATA"):
        replay_market(tmp_path, date(2016, 8, 16))


def test_the_exchange_is_closed_on_holidays() -> None:
    with pytest.raises(ValueError, match="closed on Saturday, 2026-08-15"):
        synthetic_market(7, date(2026, 8, 15))


def test_the_near_futures_carry_their_underlying_to_the_expiry(market: MarketData) -> None:
    floor = Floor(market, 7)
    for epoch in range(floor.opening, floor.opening + 300):
        floor.advance(epoch)
    futures = {line.instrument.name: line for line in floor.lines.values() if line.instrument.is_future}
    assert futures["NIFTY"].instrument.tradingsymbol == "NIFTY26AUGFUT"
    assert (futures["NIFTY"].instrument.tick, futures["BANKNIFTY"].instrument.tick) == (10, 20)
    assert set(futures) == {"NIFTY", "BANKNIFTY", *(s for s in market.candles if s not in market.indices)}
    for name in ("NIFTY", "BANKNIFTY"):
        line = futures[name]
        spot = floor.by_key[f"NSE:{line.instrument.underlying}"].last
        assert 1.0 < line.last / spot < 1.003, "a week of carry"
        assert 0 < line.bid < line.ask
        assert line.bid % line.instrument.tick == 0
        assert line.volume > 0
        assert line.oi > 0
        assert len(floor.minutes(line, 0, floor.opening - 1)) == 3 * 385


def test_the_volatility_index_has_more_than_a_year_of_days(market: MarketData) -> None:
    floor = Floor(market, 7)
    vix = floor.by_key["NSE:INDIA VIX"]
    assert vix.instrument.token == 264969
    days = floor.days(vix, 0, floor.opening)
    assert len(days) == 300
    assert [bar.start for bar in days] == sorted({bar.start for bar in days})
    assert all(
        500 < bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high for bar in days
    )
    assert vix.previous_close == days[-1].close


def test_the_volatility_index_falls_when_the_index_rises(market: MarketData) -> None:
    vix, nifty = (market.candles[symbol][market.session] for symbol in ("INDIA VIX", "NIFTY 50"))
    rise = nifty.close / nifty.open[0] - 1
    fall = vix.close / vix.open[0] - 1
    assert abs(rise).max() > 0.001
    assert (abs(fall + 4 * rise) < 0.005).all()


def test_shares_trade_once_in_the_closing_auction_and_in_no_minute_of_it(market: MarketData) -> None:
    floor = Floor(market, 7)
    infosys = floor.by_key["NSE:INFY"]
    for epoch in range(floor.cash_closing - 120, floor.cash_closing):
        floor.advance(epoch)
    before, printed = infosys.volume, []
    for epoch in range(floor.cash_closing, floor.closing):
        if infosys in floor.advance(epoch):
            printed.append((epoch, infosys.last, infosys.volume))
    assert len(printed) == 1
    moment, price, volume = printed[0]
    assert floor.cash_closing + 15 * 60 < moment <= floor.cash_closing + 20 * 60
    assert volume > before
    assert infosys.bars[-1].start == floor.cash_closing - 60
    day = floor.days(infosys, floor.opening - 86_400, floor.closing)[-1]
    assert (day.close, day.volume) == (price, volume)
    assert sum(bar.volume for bar in infosys.bars) == before
    assert sum(bar.volume for bar in floor.minutes(infosys, floor.opening, floor.closing)) == before


def test_indices_stand_still_from_their_close_while_contracts_go_on(market: MarketData) -> None:
    floor = Floor(market, 7)
    nifty, future = floor.by_key["NSE:NIFTY 50"], floor.by_key["NFO:NIFTY26AUGFUT"]
    for epoch in range(floor.index_closing - 120, floor.index_closing):
        floor.advance(epoch)
    stood, prices = nifty.last, set()
    for epoch in range(floor.index_closing, floor.index_closing + 120):
        floor.advance(epoch)
        prices.add(future.last)
    assert nifty.last == stood
    assert nifty.bars[-1].start == floor.index_closing - 60
    assert len(prices) > 10


def test_an_index_takes_its_closing_value_from_the_auctions_prices(market: MarketData) -> None:
    floor = Floor(market, 7)
    nifty, vix = floor.by_key["NSE:NIFTY 50"], floor.by_key["NSE:INDIA VIX"]
    for epoch in range(floor.cash_closing - 60, floor.cash_closing):
        floor.advance(epoch)
    stood = {line.instrument.key: line.last for line in floor.lines.values()}
    for epoch in range(floor.cash_closing, floor.closing):
        floor.advance(epoch)
    shares = [line for line in floor.lines.values() if line.instrument.segment == "NSE"]
    mean = sum(line.last / stood[line.instrument.key] - 1 for line in shares) / len(shares)
    assert mean != 0
    assert nifty.last / stood["NSE:NIFTY 50"] - 1 == pytest.approx(mean, abs=2e-6)
    assert nifty.bars[-1].start == floor.index_closing - 60
    assert floor.days(nifty, floor.opening - 86_400, floor.closing)[-1].close == nifty.last
    assert vix.last == stood["NSE:INDIA VIX"]


def test_no_auction_before_it_was_introduced() -> None:
    floor = Floor(synthetic_market(7, date(2026, 7, 31), history_days=1), 7)
    assert floor.cash_closing == floor.index_closing == floor.closing
    for epoch in range(floor.closing - 60, floor.closing + 1300):
        ticked = floor.advance(epoch)
        assert epoch < floor.closing or all(line.instrument.is_index for line in ticked)
