"""A morning of a small market: what is listed and watched, its minutes with features, its option chains."""

import gzip
import math
from datetime import date, datetime, timedelta
from decimal import Decimal

import numpy as np

from patang.features.vector import CANDLE_FEATURES, FEATURE_NAMES, OPTION_FEATURES
from patang.market.candles import Candle, ClosedMinute, Quote
from patang.market.chain_snapshot import ChainSnapshot, chain_snapshot
from patang.market.greeks import price as option_price
from patang.market.greeks import years_to
from patang.market.instrument_dumps import dump_path
from patang.market.instruments import Instrument, Universe
from patang.market.listing import COLUMNS
from patang.market.minutes import MinuteClose
from patang.market.sessions import IST
from patang.market.universe import save_universe
from tests.unit.api.sample_desk import DAY, HOSTILE, SampleDesk

__all__ = ["CALL", "EXPIRIES", "LAST_MINUTE", "SPOT", "STRIKES", "with_market"]

SPOT = 24_512.35
EXPIRIES = (date(2026, 8, 20), date(2026, 8, 27))
STRIKES = tuple(range(23_500, 25_501, 50))
OPEN = datetime(2026, 8, 18, 9, 15, tzinfo=IST)
LAST_MINUTE = datetime(2026, 8, 18, 10, 46, tzinfo=IST)
CALL = "NIFTY2682024500CE"

NIFTY = Instrument(
    instrument_token=256265, exchange="NSE", tradingsymbol="NIFTY 50", name="NIFTY 50",
    instrument_type="INDEX", segment="INDICES", tick_size=Decimal("0.05"), lot_size=1,
)  # fmt: skip
RELIANCE = Instrument(
    instrument_token=738561, exchange="NSE", tradingsymbol="RELIANCE", name="RELIANCE INDUSTRIES",
    instrument_type="EQ", segment="NSE", tick_size=Decimal("0.05"), lot_size=1, isin="INE002A01018",
    has_derivatives=True,
)  # fmt: skip


def with_market(desk: SampleDesk) -> SampleDesk:
    """The desk after it has watched the market since the open; RELIANCE and NIFTY have features."""
    options = [_option(expiry, strike, kind) for expiry in EXPIRIES for strike in STRIKES for kind in "CP"]
    save_universe(desk.store, desk.objects, Universe(day=DAY, instruments=(NIFTY, RELIANCE, *options)))
    desk.objects.put(dump_path(DAY), gzip.compress(_dump([NIFTY, RELIANCE, *options]).encode()))
    at = datetime(2026, 8, 18, 10, 45, tzinfo=IST)
    for moment, grown in ((datetime(2026, 8, 17, 15, 30, tzinfo=IST), 1.0), (at, 1.06)):
        quotes = {option.identifier: _quoted(option, moment, grown) for option in options}
        chain = chain_snapshot("NIFTY", options, quotes, SPOT, moment)
        desk.objects.put(ChainSnapshot.path("NIFTY", moment), chain.model_dump_json().encode())
    bars: list[dict[str, Candle]] = []
    for number in range(int((LAST_MINUTE - OPEN) / timedelta(minutes=1)) + 1):
        minute = OPEN + timedelta(minutes=number)
        bars.append({name: _bar(name, minute, price, number) for name, price in _prices(number).items()})
        _close(desk, minute, bars, options)
    return desk


def _option(expiry: date, strike: int, kind: str) -> Instrument:
    return Instrument(
        instrument_token=expiry.day * 1_000_000 + strike * 10 + (kind == "P"),
        exchange="NFO",
        tradingsymbol=f"NIFTY26{expiry.month}{expiry.day}{strike}{kind}E",
        name="NIFTY",
        instrument_type="CE" if kind == "C" else "PE",
        segment="NFO-OPT",
        tick_size=Decimal("0.05"),
        lot_size=65,
        expiry=expiry,
        strike=Decimal(strike),
    )


def _quoted(option: Instrument, moment: datetime, grown: float) -> Quote:
    strike, call = float(option.strike), option.instrument_type == "CE"
    away = (strike - SPOT) / SPOT
    volatility = 0.118 - 0.25 * away + 3 * away**2
    [price] = option_price(
        np.array([call]), SPOT, np.array([strike]), years_to(option.expiry, moment), np.array([volatility])
    )
    price = max(round(float(price) * 20) / 20, 0.05)
    # Round strikes are held most, calls above and puts below the money.
    round_strike = 2.4 if strike % 500 == 0 else 1.3 if strike % 100 == 0 else 1.0
    side = math.exp(-abs(away - (0.012 if call else -0.012)) * 60)
    held = int(4_200_000 * round_strike * side) // 65 * 65
    return Quote(
        identifier=option.identifier,
        last_price=price,
        bid=max(round(price - 0.05, 2), 0.0),
        ask=round(price + 0.1, 2),
        volume=held * 3,
        oi=int(held * (grown if call else 2.12 - grown)),
        exchange_time=moment - timedelta(seconds=2),
        oi_trend=1.84 if call else -0.92,
    )


def _prices(number: int) -> dict[str, float]:
    """At the end of so many minutes: RELIANCE is at 1002.20 when the sample desk buys it at 10:21, and at
    the 1021.35 of its mark now."""
    reliance = 1012.28 - 12.55 * math.cos((number - 57) / 14.3)
    return {"NIFTY": round(SPOT + 40 * math.sin(number / 14), 2), "RELIANCE": round(reliance * 20) / 20}


def _session(bars: list[Candle]) -> Candle:
    """The day so far."""
    return bars[-1].model_copy(
        update={
            "timestamp": OPEN,
            "open": bars[0].open,
            "high": max(bar.high for bar in bars),
            "low": min(bar.low for bar in bars),
            "volume": sum(bar.volume for bar in bars),
        }
    )


def _close(
    desk: SampleDesk, minute: datetime, so_far: list[dict[str, Candle]], options: list[Instrument]
) -> None:
    last, number = minute == LAST_MINUTE, len(so_far) - 1
    bars = tuple(so_far[-1].values())
    prices = {bar.symbol: bar.close for bar in bars}
    session = tuple(_session([each[symbol] for each in so_far]) for symbol in prices)
    traded = {bar.symbol: bar.volume for bar in session}
    end = minute + timedelta(minutes=1)
    quotes = [
        Quote(identifier=i.identifier, last_price=prices[i.symbol], bid=round(prices[i.symbol] - 0.05, 2),
              ask=round(prices[i.symbol] + 0.05, 2), volume=traded[i.symbol], oi=0, exchange_time=end)
        for i in (NIFTY, RELIANCE)
    ]  # fmt: skip
    path = ClosedMinute.path(minute, "shard-0")
    closed = ClosedMinute(
        minute=minute,
        shard="shard-0",
        candles=bars,
        candles_5m=bars if (number + 1) % 5 == 0 else (),
        candles_day=session,
        feature_names=FEATURE_NAMES,
        features={symbol: _vector(symbol) for symbol in prices} if last else {},
        features_5m={symbol: _vector(symbol)[: len(CANDLE_FEATURES)] for symbol in prices} if last else {},
        features_15m={"NIFTY": _vector("NIFTY")[: len(CANDLE_FEATURES)]} if last else {},
        undefined={"RELIANCE": dict.fromkeys(("adx_14", "adx_14_5m"), "fewer bars than it needs")}
        if last
        else {},
        quotes=(*quotes, *(_quoted(option, end, 1.06) for option in options)) if last else tuple(quotes),
    )
    desk.objects.put(path, closed.model_dump_json().encode())
    desk.keep(MinuteClose(minute=minute, shard="shard-0", path=path, candles=2))


def _bar(symbol: str, minute: datetime, price: float, number: int) -> Candle:
    swing = price * 0.0006
    return Candle(
        symbol=symbol,
        timestamp=minute,
        open=round(price - swing * math.cos(number), 2),
        high=round(price + 1.6 * swing, 2),
        low=round(price - 1.5 * swing, 2),
        close=round(price, 2),
        volume=38_000 + 9_000 * (number % 7),
    )


def _vector(symbol: str) -> tuple[float | None, ...]:
    known = {
        "ema_12": 1021.4, "ema_26": 1018.2, "macd": 3.2, "macd_signal": 2.7, "rsi_14": 61.2, "adx_14": 27.4,
        "bb_position": 0.82, "z_score_20": 1.31, "roc_20": 0.64, "atr_14": 1.9, "std_dev_20": 2.6,
        "historical_vol_20": 0.148, "iv_from_options": 0.1182, "iv_rank": 0.31, "iv_skew": 0.021,
        "ob_imbalance": 0.14, "trade_flow_5m": -0.08, "bid_ask_spread_pct": 0.0098,
    }  # fmt: skip
    if symbol == "NIFTY":
        known |= {"ema_12": 24_521.4, "ema_26": 24_508.7, "macd": 12.7, "atr_14": 9.4, "std_dev_20": 14.6}
    unknown = set(OPTION_FEATURES)
    if symbol == "RELIANCE":
        unknown |= {"adx_14", "iv_from_options", "iv_rank", "iv_skew"}
    return tuple(None if name in unknown else known[name] for name in FEATURE_NAMES)


def _dump(watched: list[Instrument]) -> str:
    more = [
        "5633,22,ACC,ACC,1500,,,0.05,1,EQ,NSE,NSE,INE012A01025",
        f"5634,23,HOSTILE,{HOSTILE},1,,,0.05,1,EQ,NSE,NSE,",
        "519937,2031,M&M,MAHINDRA & MAHINDRA,3200,,,0.05,1,EQ,NSE,NSE,INE101A01026",
        "500325,1,RELIANCE,RELIANCE INDUSTRIES,1000,,,0.05,1,EQ,BSE,BSE,INE002A01018",
    ]
    lines = [
        f"{i.instrument_token},{i.instrument_token // 256},{i.tradingsymbol},{i.name},0,{i.expiry or ''},"
        f"{i.strike or ''},{i.tick_size},{i.lot_size},"
        f"{'EQ' if i.instrument_type == 'INDEX' else i.instrument_type},"
        f"{i.segment},{i.exchange},{i.isin or ''}"
        for i in watched
    ]
    return "\n".join([",".join(COLUMNS), *lines, *more])
