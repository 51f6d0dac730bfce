"""Markets to decide on: one minute by hand, or the closed minutes of a simulated session."""

import math
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np

from patang.features.indicator_history import candle_features
from patang.features.indicators import BarColumns
from patang.features.vector import CANDLE_FEATURES, FEATURE_NAMES
from patang.market.candles import Candle, ClosedMinute, Quote
from patang.market.contract_terms import STRIKE_STEP, expiries, lot_size, option_symbol
from patang.market.expiries import first_expiry_to_enter
from patang.market.greeks import price, years_to
from patang.market.instruments import INDEX_NAMES, Instrument, Universe
from patang.market.sessions import IST
from patang.settings import OptionSettings
from patang.strategies.market import Market
from patang_workbench.exchange.candles import MarketData

D = Decimal
AS_OF = datetime(2026, 8, 18, 10, 0, tzinfo=IST)
VOLATILITY = 0.13

RISING = {
    "ema_12": 25_010.0,
    "ema_26": 25_000.0,
    "macd": 10.0,
    "macd_signal": 7.0,
    "rsi_14": 62.0,
    "adx_14": 28.0,
    "bb_position": 0.8,
    "z_score_20": 1.2,
    "roc_20": 0.2,
    "atr_14": 8.0,
    "std_dev_20": 15.0,
    "historical_vol_20": 0.12,
}
FALLING = RISING | {"ema_12": 24_990.0, "macd": -10.0, "macd_signal": -7.0, "rsi_14": 38.0, "roc_20": -0.2}


def index(name: str = "NIFTY 50", token: int = 256265) -> Instrument:
    return _listed(token, "NSE", name, name, "INDEX", "INDICES")


def share(symbol: str = "INFY", token: int = 408065) -> Instrument:
    return _listed(token, "NSE", symbol, symbol, "EQ", "NSE")


def option(underlying: str, expiry: date, strike: int, kind: str, token: int) -> Instrument:
    symbol = option_symbol(underlying, expiry, strike, kind)
    lot = lot_size(underlying, expiry)
    return _listed(
        token, "NFO", symbol, underlying, kind, "NFO-OPT", lot_size=lot, expiry=expiry, strike=D(strike)
    )


def _listed(token: int, exchange: str, symbol: str, name: str, kind: str, segment: str, **more: Any):
    fields = {
        "instrument_token": token,
        "exchange": exchange,
        "tradingsymbol": symbol,
        "name": name,
        "instrument_type": kind,
        "segment": segment,
        "tick_size": D("0.05"),
        "lot_size": 1,
    }
    return Instrument.model_validate(fields | more)


def chain(underlying: str, spot: float, expiry: date, first_token: int, each_side: int = 8):
    """Calls and puts next to the money."""
    step = STRIKE_STEP[underlying]
    middle = round(spot / step) * step
    wanted = [(middle + n * step, kind) for n in range(-each_side, each_side + 1) for kind in ("CE", "PE")]
    return [
        option(underlying, expiry, strike, kind, first_token + n) for n, (strike, kind) in enumerate(wanted)
    ]


def option_quote(contract: Instrument, spot: float, as_of: datetime, **changes: Any) -> Quote:
    """A narrow book round the Black-Scholes price at VOLATILITY."""
    years = years_to(contract.expiry, as_of)
    value = float(price(contract.instrument_type == "CE", spot, float(contract.strike), years, VOLATILITY))
    middle = max(round(value / 0.05) * 0.05, 0.1)
    fields = {
        "identifier": contract.identifier,
        "last_price": middle,
        "bid": round(middle - 0.05, 2),
        "ask": round(middle + 0.05, 2),
        "volume": 100_000,
        "oi": 50_000,
        "exchange_time": as_of - timedelta(seconds=2),
    }
    return Quote.model_validate(fields | changes)


def share_quote(symbol: str, last: float, as_of: datetime, **changes: Any) -> Quote:
    fields = {
        "identifier": f"NSE:{symbol}",
        "last_price": last,
        "bid": round(last - 0.05, 2),
        "ask": last,
        "volume": 1_000_000,
        "oi": 0,
        "exchange_time": as_of - timedelta(seconds=2),
    }
    return Quote.model_validate(fields | changes)


def index_quote(name: str, last: float, as_of: datetime, **changes: Any) -> Quote:
    """An index has a price and no book."""
    return share_quote(name, last, as_of, **({"bid": 0.0, "ask": 0.0, "volume": 0} | changes))


def candle(symbol: str, close: float, as_of: datetime = AS_OF) -> Candle:
    start = as_of - timedelta(minutes=1)
    return Candle(
        symbol=symbol, timestamp=start, open=close, high=close, low=close, close=close, volume=1_000
    )


def option_market(
    features: dict[str, float],
    *,
    spot: float = 25_000.0,
    expiry: date = date(2026, 8, 25),
    as_of: datetime = AS_OF,
    longer: dict[str, float] | None = None,
    **quote: Any,
) -> Market:
    """NIFTY with these features, `longer` those of bars of 5 and 15 minutes, and one expiry of its chain."""
    contracts = chain("NIFTY", spot, expiry, 1_000)
    quotes = [option_quote(contract, spot, as_of, **quote) for contract in contracts]
    return Market(
        as_of,
        Universe(day=as_of.date(), instruments=(index(), *contracts)),
        {"NIFTY": candle("NIFTY", spot, as_of)},
        {"NIFTY": features},
        {q.identifier: q for q in (index_quote("NIFTY 50", spot, as_of), *quotes)},
        {"NIFTY": features if longer is None else longer},
        {"NIFTY": features if longer is None else longer},
    )


def share_market(
    features: dict[str, float],
    *,
    as_of: datetime = AS_OF,
    symbol: str = "INFY",
    longer: dict[str, float] | None = None,
    **quote: Any,
) -> Market:
    """A share at 1,500 with these features, `longer` those of bars of 5 and 15 minutes."""
    found = share_quote(symbol, 1_500.0, as_of, **quote)
    return Market(
        as_of,
        Universe(day=as_of.date(), instruments=(index(), share(symbol))),
        {symbol: candle(symbol, 1_500.0, as_of)},
        {symbol: features},
        {q.identifier: q for q in (index_quote("NIFTY 50", 25_000.0, as_of), found)},
        {symbol: features if longer is None else longer},
        {symbol: features if longer is None else longer},
    )


class Session:
    """A simulated session as the desk would close it: one shard, shares and both chains."""

    def __init__(self, market: MarketData) -> None:
        self.market = market
        self.day = market.session
        self._names = sorted(market.candles)
        self._bars, self._features, self._longer = self._computed()
        self.universe = Universe(day=self.day, instruments=tuple(self._instruments()))

    def minutes(self) -> Iterator[ClosedMinute]:
        """The closed minutes of the session, in order; each knows only what has been."""
        opening = datetime(self.day.year, self.day.month, self.day.day, 9, 15, tzinfo=IST)
        for n in range(len(self._bars[self._names[0]])):
            yield self._closed(opening + timedelta(minutes=n), n)

    def _computed(self):
        """Bars of the session by symbol, the features that history before it gives, and those of longer bars
        by their length, of all days.
        """
        days = (*self.market.history, self.day)
        every_day = (c for by_day in self.market.candles.values() for c in by_day.values())
        length = max(len(of_day.minute) for of_day in every_day)
        columns = np.full((len(self._names), len(days), length, 5), np.nan)
        for row, name in enumerate(self._names):
            for number, day in enumerate(days):
                of_day = self.market.candles[name].get(day)
                if of_day is None:
                    continue
                inside = of_day.minute < length
                prices = (of_day.open, of_day.high, of_day.low, of_day.close)
                values = np.stack([*(p[inside] / 100 for p in prices), of_day.volume[inside]], axis=1)
                columns[row, number, of_day.minute[inside]] = values
        flat = columns.reshape(len(self._names), -1, 5)
        features = candle_features(BarColumns(*(flat[:, :, n] for n in range(5))))
        last = slice(-length, None)
        bars = {name: flat[row, last] for row, name in enumerate(self._names)}
        longer = {minutes: _longer_features(columns, minutes) for minutes in (5, 15)}
        return bars, {name: features[row, last] for row, name in enumerate(self._names)}, longer

    def _last_closed(self, minutes: int, n: int) -> dict[str, tuple[float | None, ...]]:
        """The features of the longer bar that closed last when minute `n` of the session closes."""
        table, of_day = self._longer[minutes]
        at = table.shape[1] - of_day + (n + 1) // minutes - 1
        rows = {INDEX_NAMES.get(name, name): table[row, at] for row, name in enumerate(self._names)}
        return {
            symbol: tuple(None if math.isnan(value) else value for value in values.tolist())
            for symbol, values in rows.items()
        }

    def _instruments(self):
        for number, name in enumerate(self._names):
            make = index if name in self.market.indices else share
            yield make(name, number + 1)
        for number, (underlying, name) in enumerate((("NIFTY", "NIFTY 50"), ("BANKNIFTY", "NIFTY BANK"))):
            expiry = first_expiry_to_enter(expiries(underlying, self.day, 4), self.day, OptionSettings())
            yield from chain(underlying, self._bars[name][0, 3], expiry, 1_000 * (number + 1))

    def _closed(self, minute: datetime, n: int) -> ClosedMinute:
        as_of = minute + timedelta(minutes=1)
        candles, features, quotes = [], {}, []
        for name in self._names:
            opened, high, low, close, volume = self._bars[name][n].tolist()
            if math.isnan(close):
                continue
            symbol = INDEX_NAMES.get(name, name)
            bar = Candle(
                symbol=symbol,
                timestamp=minute,
                open=opened,
                high=high,
                low=low,
                close=close,
                volume=int(volume),
            )
            candles.append(bar)
            known = dict(zip(CANDLE_FEATURES, self._features[name][n].tolist(), strict=True))
            vector = (known.get(feature, math.nan) for feature in FEATURE_NAMES)
            features[symbol] = tuple(None if math.isnan(value) else value for value in vector)
            if name in self.market.indices:
                quotes.append(index_quote(name, close, as_of))
            else:
                quotes.append(share_quote(symbol, close, as_of))
        spots = {bar.symbol: bar.close for bar in candles}
        contracts = (i for i in self.universe.instruments if i.is_option)
        quotes += [option_quote(c, spots[c.underlying], as_of) for c in contracts]
        return ClosedMinute(
            minute=minute,
            shard="shard-0",
            candles=tuple(candles),
            feature_names=FEATURE_NAMES,
            features=features,
            features_5m=self._last_closed(5, n),
            features_15m=self._last_closed(15, n),
            quotes=tuple(quotes),
        )


def _longer_features(columns: np.ndarray, minutes: int) -> tuple[np.ndarray, int]:
    """Candle features of symbols x days x minutes x columns over longer bars, and how many a day has."""
    symbols, days, length, _ = columns.shape
    of_day = length // minutes
    cut = columns[:, :, : of_day * minutes].reshape(symbols, days * of_day, minutes, 5)
    known = np.isfinite(cut[..., 3])
    first, last = known.argmax(axis=2)[..., None], minutes - 1 - known[..., ::-1].argmax(axis=2)[..., None]
    bars = BarColumns(
        np.take_along_axis(cut[..., 0], first, 2)[..., 0],
        np.fmax.reduce(cut[..., 1], axis=2),
        np.fmin.reduce(cut[..., 2], axis=2),
        np.take_along_axis(cut[..., 3], last, 2)[..., 0],
        np.nansum(cut[..., 4], axis=2),
    )
    return candle_features(bars), of_day
