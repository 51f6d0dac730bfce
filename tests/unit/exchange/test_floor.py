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
            if not line.instrument.is_option:
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
        if not row.is_option:
            assert rebuilt[row.token] == source(market, row.tradingsymbol, end), row.tradingsymbol
            compared += len(rebuilt[row.token])
    return compared


def test_synthetic_candles_survive_their_ticks(market: MarketData) -> None:
    assert compare(market, 90) == 90 * 12


def test_replayed_candles_survive_their_ticks(data_folder: Path) -> None:
    # This day lacks one minute of both indices, and its quietest shares trade less than a unit a tick.
    market = replay_market(data_folder, date(2016, 8, 25), history_days=2)
    assert compare(market, 375) == 50 * 375 + 2 * 374


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
    assert {line.instrument.tradingsymbol for line in ticked} == {"NIFTY 50", "NIFTY BANK"}
    assert all(line.stamp == floor.opening - 1 for line in ticked)
    infosys = floor.by_key["NSE:INFY"]
    assert (infosys.last, infosys.volume, infosys.bid) == (infosys.previous_close, 0, 0)


def test_every_share_ticks_four_times_a_minute_or_more(market: MarketData) -> None:
    floor = Floor(market, 7)
    seconds: dict[str, set[int]] = {}
    for epoch in range(floor.opening, floor.opening + 60):
        for line in floor.advance(epoch):
            seconds.setdefault(line.instrument.key, set()).add(epoch)
    assert len(seconds) == len(floor.instruments)
    assert min(len(when) for when in seconds.values()) >= 4


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
    assert len(near) == 21
    assert prices == sorted(prices, reverse=True)
    assert all(line.oi > 0 for line in near)


def test_history_of_an_option_is_priced_from_the_index(market: MarketData) -> None:
    floor = Floor(market, 7)
    option = next(line for line in floor.lines.values() if line.instrument.is_option)
    bars = floor.history(option, 0, floor.opening)
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
