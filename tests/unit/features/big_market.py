"""A market of five hundred symbols: two indices with futures and options, the rest shares; and its ticks."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from patang.features.warm_up import MINUTE_BAR
from patang.market.envelope import EVERYBODY, envelope
from patang.market.instruments import Instrument, Universe
from patang.market.sessions import session_on
from patang.market.ticks import TICK, StreamRecord, pack

__all__ = ["DAY", "SESSION", "SYMBOLS", "BigMarket"]

DAY = date(2026, 8, 18)
SESSION = session_on(DAY)
SYMBOLS = 500

_EXPIRY = date(2026, 8, 25)
_INDICES = {"NIFTY 50": ("NIFTY", 24_000, 50), "NIFTY BANK": ("BANKNIFTY", 52_000, 100)}
_STRIKES_EACH_SIDE = 20


class BigMarket:
    """Prices that wander, volumes that grow, books that follow; the same for the same `seed`."""

    def __init__(self, seed: int = 7) -> None:
        self._random = np.random.default_rng(seed)
        self.universe = Universe(day=DAY, instruments=tuple(_instruments()))
        listed = self.universe.instruments
        self.is_symbol = np.array([i.is_spot for i in listed])
        self._has_book = np.array([i.instrument_type != "INDEX" for i in listed])
        self._ticks = np.zeros(len(listed), TICK)
        self._ticks["token"] = [i.instrument_token for i in listed]
        self._ticks["last_price"] = [_first_price(i) for i in listed]

    def second(self, moment: datetime) -> NDArray[np.void]:
        """One full tick of everything."""
        ticks, size = self._ticks, len(self._ticks)
        steps = 0.05 * self._random.integers(-3, 4, size)
        ticks["exchange_time"] = int(moment.timestamp())
        ticks["last_price"] = np.round(np.maximum(ticks["last_price"] + steps, 1), 2)
        ticks["volume"] += np.where(self._has_book, self._random.integers(0, 900, size), 0)
        for name in ("bid_quantity", "ask_quantity", "buy_quantity", "sell_quantity"):
            ticks[name] = np.where(self._has_book, self._random.integers(50, 5_000, size), 0)
        ticks["bid"] = np.where(self._has_book, np.round(ticks["last_price"] - 0.05, 2), 0)
        ticks["ask"] = np.where(self._has_book, np.round(ticks["last_price"] + 0.05, 2), 0)
        ticks["oi"] = ticks["volume"] // 10
        return ticks.copy()

    def history(self, sessions: int = 9) -> dict[str, NDArray[np.void]]:
        """One-minute bars (MINUTE_BAR) of the sessions before, by symbol."""
        opens = [int(SESSION.open.timestamp()) - 86_400 * back for back in range(sessions, 0, -1)]
        bars = np.zeros(375 * sessions, MINUTE_BAR)
        bars["start"] = np.concatenate([opening + 60 * np.arange(375) for opening in opens])
        found = {}
        for row in np.flatnonzero(self.is_symbol).tolist():
            steps = 0.05 * self._random.integers(-9, 10, len(bars))
            bars["close"] = np.round(float(self._ticks["last_price"][row]) + np.cumsum(steps), 2)
            bars["open"] = np.append(bars["close"][0], bars["close"][:-1])
            bars["high"] = np.round(np.maximum(bars["open"], bars["close"]) + 0.05, 2)
            bars["low"] = np.round(np.minimum(bars["open"], bars["close"]) - 0.05, 2)
            bars["volume"] = self._random.integers(0, 60_000, len(bars))
            found[self.universe.instruments[row].symbol] = bars.copy()
        return found

    def records(self, start: datetime, seconds: int) -> list[bytes]:
        """As the ingester puts them: each second a record of ticks and a marker."""
        found = []
        for n in range(seconds):
            moment = start + timedelta(seconds=n)
            found.append(pack(StreamRecord("ticks", moment, EVERYBODY, self.second(moment))))
            found.append(envelope("marker", moment))
        return found


def _instruments() -> list[Instrument]:
    listed = []
    for name, (symbol, money, step) in _INDICES.items():
        listed += [
            _instrument(len(listed), name, name, "INDEX", "INDICES"),
            _instrument(len(listed) + 1, f"{symbol}26AUGFUT", symbol, "FUT", "NFO-FUT", expiry=_EXPIRY),
        ]
        for n in range(-_STRIKES_EACH_SIDE, _STRIKES_EACH_SIDE + 1):
            strike = money + n * step
            listed += [
                _instrument(
                    len(listed) + place,
                    f"{symbol}26AUG{strike}{kind}",
                    symbol,
                    kind,
                    "NFO-OPT",
                    expiry=_EXPIRY,
                    strike=Decimal(strike),
                )
                for place, kind in enumerate(("CE", "PE"))
            ]
    for n in range(SYMBOLS - len(_INDICES)):
        listed.append(_instrument(len(listed), f"SHARE{n}", f"SHARE{n}", "EQ", "NSE"))
    return listed


def _instrument(
    number: int, symbol: str, name: str, kind: str, segment: str, **contract: object
) -> Instrument:
    return Instrument(
        instrument_token=1_000 + number,
        exchange="NFO" if contract else "NSE",
        tradingsymbol=symbol,
        name=name,
        instrument_type=kind,
        segment=segment,
        tick_size=Decimal("0.05"),
        lot_size=65 if contract else 1,
        **contract,
    )


def _first_price(instrument: Instrument) -> float:
    money = {symbol: float(price) for symbol, price, _ in _INDICES.values()}
    if instrument.is_option:
        away = money[instrument.name] - float(instrument.strike)
        worth = away if instrument.instrument_type == "CE" else -away
        return round(max(worth, 0) + 300 / (1 + abs(away) / 500), 1)
    return money.get(instrument.underlying, 200.0 + instrument.instrument_token)
