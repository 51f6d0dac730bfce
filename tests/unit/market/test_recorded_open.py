"""What the pre-open leaves in the day's first candle, in the broker's own recorded data."""

from datetime import date

import numpy as np
import pytest

from patang.market.bars import MINUTE, BarBuilder
from patang.market.ticks import TICK
from tests.unit.market.recorded import by_day, columns, session_of

DAY = date(2025, 7, 11)


def recorded_ticks(token: int) -> tuple[np.ndarray, np.ndarray]:
    """The full ticks of a share on DAY as TICK, and the day's open that each of them announced."""
    fields = {
        "last_price": "last_price",
        "volume": "volume_traded",
        "bid": "buy1_price",
        "ask": "sell1_price",
    }
    names = ("instrument_token", "exchange_timestamp", "ohlc_open", *fields.values())
    table = columns("kite/kiteticker_full_ticks_2025-07.parquet", *names)
    opening = int(session_of(DAY).open.timestamp())
    time = table["exchange_timestamp"].astype("datetime64[s]").astype(np.int64)
    of = (table["instrument_token"] == token) & (time > opening - 86_400 // 2)
    ticks = np.zeros(np.count_nonzero(of), TICK)
    ticks["exchange_time"] = time[of]
    for ours, theirs in fields.items():
        ticks[ours] = table[theirs][of]
    return ticks, table["ohlc_open"][of]


@pytest.mark.parametrize(
    ("symbol", "token"),
    [("HDFCBANK", 341249), ("INFY", 408065), ("RELIANCE", 738561), ("TCS", 2953217), ("COLPAL", 3876097)],
)
def test_the_first_bar_opens_at_the_pre_opens_price(symbol, token):
    ticks, opens = recorded_ticks(token)
    assert len(ticks), f"no ticks of {symbol}"
    opening, closing = (
        np.array([int(moment.timestamp())]) for moment in (session_of(DAY).open, session_of(DAY).close)
    )
    builder = BarBuilder(opening, closing, closing)
    builder.add(np.zeros(len(ticks), np.intp), ticks)
    last = int(ticks["exchange_time"][-1]) // MINUTE * MINUTE
    bars = [builder.close(minute).bars[0] for minute in range(opening[0], last + 1, MINUTE)]
    assert bars[0]["open"] == opens[-1]
    assert bars[0]["low"] <= opens[-1] <= bars[0]["high"]
    assert sum(bar["volume"] for bar in bars) == ticks["volume"][-1]


@pytest.mark.parametrize("symbol", ["HDFCBANK", "INFY", "TCS", "COLPAL", "IDEA"])
def test_the_brokers_first_candle_opens_at_the_exchanges_open(symbol):
    """The exchange's open of a day is the price of the pre-open's match: the broker's candles begin with it.

    The volume of a day's candles falls short of the exchange's by one or two parts in a hundred, more on days
    that open with a gap: the broker leaves out the session after the close, and perhaps the match's volume.
    """
    bars = columns(
        "stocks_intraday/kite_stocks_1m_3m_5m_2023_2025.parquet", "symbol", "interval", "ts", "open", "volume"
    )
    of = (bars["symbol"] == symbol) & (bars["interval"] == "5minute")
    daily = columns("daily/nse_eq_daily_2010_2026.parquet", "symbol", "date", "open", "volume")
    days = {
        day.astype(date): (price, volume)
        for day, price, volume, name in zip(
            daily["date"], daily["open"], daily["volume"], daily["symbol"], strict=True
        )
        if name == symbol and day >= np.datetime64("2023-01-01")
    }
    equal, missing = [], []
    for day, candles in by_day({name: column[of] for name, column in bars.items()}):
        if day not in days or (candles["ts"][0] + 19_800) % 86_400 != 9 * 3600 + 15 * 60:
            continue
        price, volume = days[day]
        equal.append(candles["open"][0] == price)
        missing.append(1 - candles["volume"].sum() / volume)
    print(  # noqa: T201 (the figures)
        f"\n{symbol}: {np.mean(equal):.1%} of {len(equal)} days open at the exchange's open; "
        f"the candles lack {np.median(missing):.1%} of the day's volume"
    )
    assert np.mean(equal) > 0.98
