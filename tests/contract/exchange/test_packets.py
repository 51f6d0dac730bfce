"""Every kind of packet, read field by field by the official client's own parser."""

from datetime import datetime
from typing import Any

import pytest
from kiteconnect import KiteTicker

from patang_workbench.exchange.instruments import Instrument
from patang_workbench.exchange.lines import Level, Line
from patang_workbench.exchange.stream import frame

STAMP = 1_787_024_700


@pytest.fixture(scope="module")
def ticker() -> KiteTicker:
    return KiteTicker("key", "token")


def share() -> Line:
    row = Instrument(1594 << 8 | 1, 1594, "INFY", "INFY", "NSE", "NSE", "EQ", 5, 1, 100_000)
    line = Line(row, 148_000, 148_000, 147_000, 149_000, 146_000, STAMP - 86_400, STAMP - 60)
    for second, price, quantity in ((0, 148_500, 40), (7, 148_900, 0), (21, 148_450, 60)):
        line.trade(STAMP + second, price, quantity)
    line.interest(9_000)
    line.interest(8_500)
    bids: tuple[Level, ...] = tuple((148_450 - 5 * n, 100 + n, 1 + n) for n in range(5))
    asks: tuple[Level, ...] = tuple((148_455 + 5 * n, 200 + n, 11 + n) for n in range(5))
    line.show(bids, asks)
    return line


def index() -> Line:
    row = Instrument(256265, 1001, "NIFTY 50", "NIFTY 50", "NSE", "INDICES", "EQ", 0, 0, 0)
    line = Line(row, 2_450_000, 2_450_000, 2_440_000, 2_460_000, 2_430_000, STAMP - 86_400, STAMP - 60)
    for second, price in ((0, 2_449_000), (1, 2_451_235), (2, 2_448_010)):
        line.trade(STAMP + second, price, 0)
    return line


def read(ticker: KiteTicker, line: Line, mode: str) -> dict[str, Any]:
    packet = line.packet()[: line.size(mode)]
    (tick,) = ticker._parse_binary(frame([packet]))
    return dict(tick)


def local(epoch: int) -> datetime:
    """The parser gives naive times of the machine's zone."""
    return datetime.fromtimestamp(epoch)  # noqa: DTZ006 - compared with what the official client makes


LTP = {"tradable": True, "mode": "ltp", "instrument_token": 408065, "last_price": 1484.5}
QUOTE = {
    **LTP,
    "mode": "quote",
    "last_traded_quantity": 60,
    "average_traded_price": 1484.7,
    "volume_traded": 100,
    "total_buy_quantity": 510,
    "total_sell_quantity": 1010,
    "ohlc": {"open": 1485.0, "high": 1489.0, "low": 1484.5, "close": 1480.0},
    "change": pytest.approx(4.5 * 100 / 1480),
}


def test_share_ltp(ticker: KiteTicker) -> None:
    assert read(ticker, share(), "ltp") == LTP


def test_share_quote(ticker: KiteTicker) -> None:
    assert read(ticker, share(), "quote") == QUOTE


def test_share_full(ticker: KiteTicker) -> None:
    depth = {
        "buy": [{"quantity": 100 + n, "price": 1484.5 - n * 0.05, "orders": 1 + n} for n in range(5)],
        "sell": [{"quantity": 200 + n, "price": 1484.55 + n * 0.05, "orders": 11 + n} for n in range(5)],
    }
    tick = read(ticker, share(), "full")
    shown = tick.pop("depth")
    for side, levels in depth.items():
        assert [level["price"] for level in shown[side]] == pytest.approx([row["price"] for row in levels])
        assert [(level["quantity"], level["orders"]) for level in shown[side]] == [
            (row["quantity"], row["orders"]) for row in levels
        ]
    assert tick == {
        **QUOTE,
        "mode": "full",
        "last_trade_time": local(STAMP + 21),
        "oi": 8_500,
        "oi_day_high": 9_000,
        "oi_day_low": 8_500,
        "exchange_timestamp": local(STAMP + 21),
    }


def test_a_tick_without_a_trade_keeps_the_time_of_the_last_trade(ticker: KiteTicker) -> None:
    line = share()
    line.trade(STAMP + 30, 148_500, 0)
    tick = read(ticker, line, "full")
    assert tick["last_trade_time"] == local(STAMP + 21)
    assert tick["exchange_timestamp"] == local(STAMP + 30)
    assert tick["volume_traded"] == 100


INDEX = {
    "tradable": False,
    "instrument_token": 256265,
    "last_price": 24480.1,
    "ohlc": {"open": 24490.0, "high": 24512.35, "low": 24480.1, "close": 24500.0},
    "change": pytest.approx(-19.9 * 100 / 24500),
}


def test_index_ltp(ticker: KiteTicker) -> None:
    tick = read(ticker, index(), "ltp")
    assert tick == {"tradable": False, "mode": "ltp", "instrument_token": 256265, "last_price": 24480.1}


def test_index_quote(ticker: KiteTicker) -> None:
    assert read(ticker, index(), "quote") == {**INDEX, "mode": "quote"}


def test_index_full(ticker: KiteTicker) -> None:
    assert read(ticker, index(), "full") == {**INDEX, "mode": "full", "exchange_timestamp": local(STAMP + 2)}


def test_many_packets_in_one_frame(ticker: KiteTicker) -> None:
    lines = (share(), index(), share())
    ticks = ticker._parse_binary(frame(line.packet() for line in lines))
    assert [tick["instrument_token"] for tick in ticks] == [408065, 256265, 408065]


def test_the_heartbeat_is_no_tick(ticker: KiteTicker) -> None:
    assert ticker._parse_binary(b"\x00") == []
