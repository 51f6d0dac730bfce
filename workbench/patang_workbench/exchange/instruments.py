"""The instruments of a session, with Kite's tokens and its CSV dump."""

import csv
import io
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from patang.market.contract_terms import (
    INDEX_OF,
    STRIKE_STEP,
    UNDERLYINGS,
    equity_tick,
    expiries,
    freeze_quantity,
    future_symbol,
    index_future_tick,
    lot_size,
    monthly_expiry,
    option_symbol,
    share_lot,
)
from patang_workbench.exchange.candles import MarketData
from patang_workbench.exchange.hours import rupees

__all__ = ["INDEX_SEGMENT", "STRIKES_EACH_SIDE", "Instrument", "csv_dump", "list_instruments"]

NSE_SEGMENT, NFO_SEGMENT, INDEX_SEGMENT = 1, 2, 9
"""Low byte of an instrument token."""

STRIKES_EACH_SIDE: Final = 10
"""Strikes around the money that trade all the time."""
_FARTHEST_STRIKE: Final = 0.10
"""Strikes are listed up to this share of the price away; those beyond the above trade now and then."""
_EXPIRIES_LISTED: Final = 2
_EQUITY_FREEZE: Final = 100_000
"""Units an order of a share may have: the broker's own limit."""

_KNOWN_TOKENS: Final = {
    "NIFTY 50": 1001,
    "NIFTY BANK": 1016,
    "INDIA VIX": 1035,
    "RELIANCE": 2885,
    "HDFCBANK": 1333,
    "ICICIBANK": 4963,
    "INFY": 1594,
    "TCS": 11536,
    "SBIN": 3045,
    "ITC": 1660,
    "LT": 11483,
    "AXISBANK": 5900,
    "BHARTIARTL": 10604,
}
"""Exchange tokens of the well-known names; others get a stable number of their own."""


@dataclass(frozen=True, slots=True)
class Instrument:
    """One row of the instruments dump. `strike` and `tick` in paise; `freeze` is the largest order."""

    token: int
    exchange_token: int
    tradingsymbol: str
    name: str
    exchange: str
    segment: str
    kind: str
    tick: int
    lot: int
    freeze: int
    expiry: date | None = None
    strike: int = 0

    @property
    def key(self) -> str:
        """The name quotes are asked by, for example NSE:INFY."""
        return f"{self.exchange}:{self.tradingsymbol}"

    @property
    def is_index(self) -> bool:
        return self.segment == "INDICES"

    @property
    def is_option(self) -> bool:
        return self.kind in ("CE", "PE")

    @property
    def is_future(self) -> bool:
        return self.kind == "FUT"

    @property
    def underlying(self) -> str:
        """The tradingsymbol of the index or share that a contract is written on; its own of those."""
        return self.tradingsymbol if self.expiry is None else INDEX_OF.get(self.name, self.name)


def list_instruments(market: MarketData) -> tuple[Instrument, ...]:
    """Indices, shares, the near month's futures and the options of the next two expiries around the open.

    Strikes far from the money come last.
    """
    taken: set[int] = set()
    cash = [_cash(symbol, market, taken) for symbol in market.candles]
    near = [option for name in UNDERLYINGS for option in _options(name, market, taken, far=False)]
    shares = [row.tradingsymbol for row in cash if not row.is_index]
    futures = [_future(name, market, taken) for name in (*UNDERLYINGS, *shares)]
    far = [option for name in UNDERLYINGS for option in _options(name, market, taken, far=True)]
    return (*cash, *near, *futures, *far)


def _exchange_token(symbol: str, low: int, taken: set[int]) -> int:
    """The known number of a symbol, or a stable one; the next free one when two symbols collide."""
    number = _KNOWN_TOKENS.get(symbol) or low + zlib.crc32(symbol.encode()) % 50_000
    while number in taken:
        number += 1
    taken.add(number)
    return number


def _cash(symbol: str, market: MarketData, taken: set[int]) -> Instrument:
    if symbol in market.indices:
        number = _exchange_token(symbol, 20_000, taken)
        token = number << 8 | INDEX_SEGMENT
        return Instrument(token, number, symbol, symbol, "NSE", "INDICES", "EQ", 0, 0, 0)
    first = int(market.candles[symbol][market.session].open[0])
    number = _exchange_token(symbol, 20_000, taken)
    tick = int(100 * equity_tick(Decimal(first) / 100, market.session))
    token = number << 8 | NSE_SEGMENT
    return Instrument(token, number, symbol, symbol, "NSE", "NSE", "EQ", tick, 1, _EQUITY_FREEZE)


def _future(underlying: str, market: MarketData, taken: set[int]) -> Instrument:
    day = market.session
    price = int(market.candles[INDEX_OF.get(underlying, underlying)][day].open[0])
    expiry = monthly_expiry(underlying, day)
    symbol = future_symbol(underlying, expiry)
    number = _exchange_token(symbol, 100_000, taken)
    index = underlying in UNDERLYINGS
    in_rupees = Decimal(price) / 100
    tick = int(100 * (index_future_tick(in_rupees, day) if index else equity_tick(in_rupees, day)))
    lot = lot_size(underlying, expiry) if index else share_lot(in_rupees)
    freeze = freeze_quantity(underlying, day) if index else _EQUITY_FREEZE
    token = number << 8 | NFO_SEGMENT
    return Instrument(token, number, symbol, underlying, "NFO", "NFO-FUT", "FUT", tick, lot, freeze, expiry)


def _options(underlying: str, market: MarketData, taken: set[int], *, far: bool) -> Iterator[Instrument]:
    day = market.session
    step = STRIKE_STEP[underlying]
    at_open = int(market.candles[INDEX_OF[underlying]][day].open[0]) / 100
    centre = round(at_open / step) * step
    freeze = freeze_quantity(underlying, day)
    widest = round(at_open * _FARTHEST_STRIKE / step)
    places = [n for n in range(-widest, widest + 1) if (abs(n) > STRIKES_EACH_SIDE) == far]
    for expiry in expiries(underlying, day, _EXPIRIES_LISTED):
        lot = lot_size(underlying, expiry)
        for strike in (centre + place * step for place in places):
            for kind in ("CE", "PE"):
                symbol = option_symbol(underlying, expiry, strike, kind)
                number = _exchange_token(symbol, 100_000, taken)
                yield Instrument(
                    number << 8 | NFO_SEGMENT,
                    number,
                    symbol,
                    underlying,
                    "NFO",
                    "NFO-OPT",
                    kind,
                    5,
                    lot,
                    freeze,
                    expiry,
                    strike * 100,
                )


def csv_dump(instruments: Iterable[Instrument]) -> str:
    """The instruments as Kite's CSV."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(
        (
            "instrument_token",
            "exchange_token",
            "tradingsymbol",
            "name",
            "last_price",
            "expiry",
            "strike",
            "tick_size",
            "lot_size",
            "instrument_type",
            "segment",
            "exchange",
        )
    )
    for row in instruments:
        writer.writerow(
            (
                row.token,
                row.exchange_token,
                row.tradingsymbol,
                row.name,
                0.0,
                row.expiry or "",
                rupees(row.strike),
                rupees(row.tick),
                row.lot,
                row.kind,
                row.segment,
                row.exchange,
            )
        )
    return out.getvalue()
