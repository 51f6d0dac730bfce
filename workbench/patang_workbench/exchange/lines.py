"""The state of one instrument as the ticker shows it, and the binary packet of that state."""

import struct
from dataclasses import dataclass, field

from patang_workbench.exchange.candles import Bar, Bars
from patang_workbench.exchange.instruments import Instrument

__all__ = ["LTP", "MODES", "QUOTE", "Level", "Line"]

Level = tuple[int, int, int]
"""One level of the depth: price in paise, units, number of orders."""

LTP, QUOTE, FULL = "ltp", "quote", "full"
MODES = {LTP: 8, QUOTE: 44, FULL: 184}
"""Bytes of a packet in each mode; a shorter packet is the beginning of the longer one."""
_INDEX_MODES = {LTP: 8, QUOTE: 28, FULL: 32}

_EMPTY: tuple[Level, ...] = ((0, 0, 0),) * 5
_HEAD = struct.Struct(">16I")
_LEVELS = struct.Struct(">" + "IIHxx" * 10)
_INDEX = struct.Struct(">6IiI")
_U32 = 0xFFFFFFFF


@dataclass(slots=True)
class Line:
    """What is known of an instrument at the current market second. Prices in paise, times in epoch seconds.

    Before its first trade of the day it shows yesterday: last price and OHLC of the day before, volume 0,
    no depth, as the broker does before the open.
    """

    instrument: Instrument
    previous_close: int
    last: int
    open: int
    high: int
    low: int
    last_trade: int
    stamp: int
    traded: bool = False
    last_quantity: int = 0
    volume: int = 0
    turnover: int = 0
    bids: tuple[Level, ...] = _EMPTY
    asks: tuple[Level, ...] = _EMPTY
    oi: int = 0
    oi_high: int = 0
    oi_low: int = 0
    taken_bid: int = 0
    taken_ask: int = 0
    bars: Bars = field(default_factory=list)
    auction: Bar | None = None

    @property
    def bid(self) -> int:
        """Best bid in paise, 0 without one."""
        return self.bids[0][0]

    @property
    def ask(self) -> int:
        """Best ask in paise, 0 without one."""
        return self.asks[0][0]

    @property
    def average(self) -> int:
        """Average traded price of the day in paise."""
        return round(self.turnover / self.volume) if self.volume else 0

    def trade(self, stamp: int, price: int, quantity: int) -> None:
        """Take a tick: last price, day's range, cumulative volume and the running one-minute bar."""
        if not self.traded:
            self.traded = True
            self.open = self.high = self.low = price
        self.last = price
        if price > self.high:
            self.high = price
        elif price < self.low:
            self.low = price
        self.stamp = stamp
        if quantity or self.instrument.is_index:
            self.last_trade = stamp
        if quantity:
            self.last_quantity = quantity
            self.volume += quantity
            self.turnover += quantity * price
        self._fold(stamp - stamp % 60, price, quantity)

    def print_auction(self, stamp: int, price: int, quantity: int) -> None:
        """Take what the closing auction traded: of the day's range and volume, and of no minute's bar."""
        self.last = price
        self.high, self.low = max(self.high, price), min(self.low, price)
        self.stamp = self.last_trade = stamp
        self.last_quantity = quantity
        self.volume += quantity
        self.turnover += quantity * price
        self.auction = Bar(stamp, price, price, price, price, quantity)

    def _fold(self, start: int, price: int, quantity: int) -> None:
        if self.bars and self.bars[-1].start == start:
            _, first, high, low, _, volume, _ = self.bars[-1]
            high = price if price > high else high
            low = price if price < low else low
            self.bars[-1] = Bar(start, first, high, low, price, volume + quantity, self.oi)
        else:
            self.bars.append(Bar(start, price, price, price, price, quantity, self.oi))

    def show(self, bids: tuple[Level, ...], asks: tuple[Level, ...]) -> None:
        """Replace the five levels of each side; what was taken from the old ones is forgotten."""
        self.bids, self.asks = bids, asks
        self.taken_bid = self.taken_ask = 0

    def interest(self, units: int) -> None:
        """Set the open interest, in units, and widen its range of the day."""
        self.oi = units
        self.oi_high = max(self.oi_high, units)
        self.oi_low = min(self.oi_low or units, units)

    def bare(self) -> None:
        """Empty the depth: the market is closed."""
        self.show(_EMPTY, _EMPTY)

    def packet(self) -> bytes:
        """The full packet; its first `size(mode)` bytes are the packet of a smaller mode."""
        if self.instrument.is_index:
            return _INDEX.pack(
                self.instrument.token,
                self.last,
                self.high,
                self.low,
                self.open,
                self.previous_close,
                self.last - self.previous_close,
                self.stamp,
            )
        head = _HEAD.pack(
            self.instrument.token,
            self.last,
            self.last_quantity,
            self.average,
            self.volume & _U32,
            sum(level[1] for level in self.bids),
            sum(level[1] for level in self.asks),
            self.open,
            self.high,
            self.low,
            self.previous_close,
            self.last_trade,
            self.oi,
            self.oi_high,
            self.oi_low,
            self.stamp,
        )
        levels: list[int] = []
        for price, units, orders in (*self.bids, *self.asks):
            levels += (units, price, orders)
        return head + _LEVELS.pack(*levels)

    def size(self, mode: str) -> int:
        """Bytes of this instrument's packet in `mode`."""
        return (_INDEX_MODES if self.instrument.is_index else MODES)[mode]
