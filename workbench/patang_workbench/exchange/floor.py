"""The trading floor: every instrument's state at one market second, moved on second by second."""

from datetime import date, datetime, timedelta

import numpy as np

from patang.market.contract_terms import STRIKE_STEP, UNDERLYINGS
from patang_workbench.exchange.candles import Bar, Bars, MarketData, aggregate
from patang_workbench.exchange.chain import ContractQuote, Surface, future_quote
from patang_workbench.exchange.history import History
from patang_workbench.exchange.hours import IST, hours_of
from patang_workbench.exchange.instruments import Instrument, list_instruments
from patang_workbench.exchange.lines import Level, Line
from patang_workbench.exchange.tape import Density, Event, Tape

__all__ = ["Floor"]

type _Book = tuple[int, int, int, int, float]
"""What five levels a side are made of: bid, ask and tick in paise, units, and a draw in [0, 1)."""


class Floor:
    """Lines of all instruments by token and by key, and the tape that moves them.

    `advance` must be called for every second in turn. Outside the session only the indices tick, with an
    unchanged price, as the broker's feed does.
    """

    def __init__(self, market: MarketData, seed: int, density: Density | None = None) -> None:
        self.market = market
        self.instruments = list_instruments(market)
        hours = market.hours
        self.opening = int(hours.open.timestamp())
        self.cash_closing = int(hours.cash_close.timestamp())
        self.index_closing = int(hours.index_close.timestamp())
        self.closing = int(hours.close.timestamp())
        self._surfaces = {name: Surface.of(name, market) for name in UNDERLYINGS}
        self._rng_seed = [seed, market.session.toordinal()]
        self._drift = self._drifts(hours.minutes)
        self._tape = Tape(market, self.instruments, seed, density)
        self._history = History(market, self.instruments, self._quote, self._tape.bar_volume, self._interest)
        self._spots_before = {symbol: self._spot_before(symbol) for symbol in market.candles}
        self.lines: dict[int, Line] = {}
        for row in self.instruments:
            self.lines[row.token] = self._cash_line(row) if row.expiry is None else self._contract_line(row)
        self.by_key = {line.instrument.key: line for line in self.lines.values()}
        self._spots = {line.instrument.tradingsymbol: line.last for line in self._cash_lines()}
        self._auction: dict[int, list[tuple[Line, Bar]]] = {}
        self._indices = [line for line in self.lines.values() if line.instrument.is_index]
        self.staged: set[int] = set()
        """Tokens of instruments whose price is held: their own trades change nothing."""
        self._minute = -1
        self._seconds: list[list[Event]] = []
        self._unseen: dict[int, _Book] | None = None

    def play(self, seconds: range) -> int:
        """Play seconds in turn that nobody looks at; returns how often a line ticked in them.

        All lines are then as after `advance` for each of them: a book is only made where it still stands.
        """
        self._unseen = books = {}
        ticks = sum(len(self.advance(epoch)) for epoch in seconds)
        self._unseen = None
        for token, book in books.items():
            self.lines[token].show(*_depth(*book))
        return ticks

    def advance(self, epoch: int) -> list[Line]:
        """Play the second `epoch` and return the lines that ticked in it."""
        if epoch in (self.cash_closing, self.closing):
            for line in self.lines.values():
                if epoch >= self.closes(line):
                    self._bare(line)
        if epoch == self.cash_closing:
            self._hold_auction()
        if not self.opening <= epoch < self.closing:
            return self._idle(epoch)
        minute, second = divmod(epoch - self.opening, 60)
        if minute != self._minute:
            self._minute = minute
            self._seconds = self._tape.minute(minute)
            self._walk_interest(minute)
        ticked = [self._apply(event, epoch) for event in self._seconds[second]]
        for line, match in self._auction.pop(epoch, ()):
            line.print_auction(epoch, match.close, match.volume)
            ticked.append(line)
        return ticked

    def _idle(self, epoch: int) -> list[Line]:
        for line in self._indices if epoch >= self.closing else self.lines.values():
            line.stamp = epoch
        return list(self._indices)

    def _apply(self, event: Event, epoch: int) -> Line:
        line = self.lines[event.token]
        row = line.instrument
        if event.token in self.staged:
            line.stamp = epoch
            return line
        if row.expiry is not None:
            self._apply_contract(line, event, epoch)
            return line
        self._spots[row.tradingsymbol] = event.price
        if epoch >= self.closes(line):
            # The contracts go on to move with what the index would be; the index itself stands still.
            line.stamp = epoch
            return line
        line.trade(epoch, event.price, event.quantity)
        if not row.is_index:
            spread = max(row.tick, round(event.price * 0.0001 / row.tick) * row.tick)
            bid, ask = _around(event.price, spread, event.side < 0.5)
            unit = max(1, self._tape.bar_volume[row.token] // 40)
            self._show(line, (bid, ask, row.tick, unit, event.depth))
        return line

    def _show(self, line: Line, book: _Book) -> None:
        if self._unseen is None:
            line.show(*_depth(*book))
        else:
            self._unseen[line.instrument.token] = book

    def _bare(self, line: Line) -> None:
        line.bare()
        if self._unseen is not None:
            self._unseen.pop(line.instrument.token, None)

    def _apply_contract(self, line: Line, event: Event, epoch: int) -> None:
        row = line.instrument
        drift = self._drift[row.name][self._minute] if row.is_option else 0.0
        quote = self._quote(row, self._spots[row.underlying], epoch, drift)
        price = quote.ask if event.side < 0.5 else quote.bid
        line.trade(epoch, price, event.quantity)
        self._show(line, (quote.bid, quote.ask, row.tick, row.lot * 12, event.depth))

    def _quote(self, row: Instrument, spot: int, epoch: float, drift: float = 0.0) -> ContractQuote:
        """A contract's market with its underlying at `spot` paise."""
        if row.is_future:
            return future_quote(row, spot, epoch)
        return self._surfaces[row.name].quote(row, spot, epoch, drift)

    def _interest(self, token: int) -> int:
        return self.lines[token].oi

    def _hold_auction(self) -> None:
        """Note what the closing auction will make of shares and indices, by the second of its print."""
        for line in self._cash_lines():
            match = self._history.match(line.instrument, self.market.session, line.last)
            if match is not None:
                self._auction.setdefault(match.start, []).append((line, match))

    def _cash_lines(self) -> list[Line]:
        return [line for line in self.lines.values() if line.instrument.expiry is None]

    def _drifts(self, minutes: int) -> dict[str, list[float]]:
        """How far each underlying's surface has wandered by each minute, as a fraction."""
        rng = np.random.default_rng([*self._rng_seed, 1])
        drifts: dict[str, list[float]] = {}
        for name in UNDERLYINGS:
            level, path = 0.0, []
            for shock in rng.normal(0.0, 0.0035, minutes).tolist():
                level = 0.985 * level + shock
                path.append(level)
            drifts[name] = path
        return drifts

    def _walk_interest(self, minute: int) -> None:
        rng = np.random.default_rng([*self._rng_seed, 2, minute])
        contracts = [line for line in self.lines.values() if line.instrument.expiry is not None]
        for line, step in zip(contracts, rng.normal(0.0002, 0.004, len(contracts)).tolist(), strict=True):
            lot = line.instrument.lot
            line.interest(max(round(line.oi * (1.0 + step) / lot), 1) * lot)

    def _spot_before(self, symbol: str) -> int:
        """Where a symbol stood when contracts on it stopped trading the day before."""
        before = self.market.previous(symbol)
        return before.close if before else int(self.market.candles[symbol][self.market.session].open[0])

    def _cash_line(self, row: Instrument) -> Line:
        day = self.market.candles[row.tradingsymbol][self.market.session]
        first = int(day.open[0])
        start = self.opening - 86400
        before = self._history.previous(row) or Bar(start, first, first, first, first, 0)
        closed = self._last_close()
        return Line(row, before.close, before.close, before.open, before.high, before.low, closed, closed)

    def _contract_line(self, row: Instrument) -> Line:
        spot = self._spots_before[row.underlying]
        closed = self._last_close()
        close = self._quote(row, spot, closed).bid
        line = Line(row, close, close, close, close, close, closed, closed)
        if row.is_future:
            line.interest(row.lot * (180_000 if row.name in UNDERLYINGS else 40_000))
            return line
        steps = abs(row.strike - spot) / (STRIKE_STEP[row.name] * 100)
        line.interest(
            row.lot * round(30000 / (1.0 + 0.15 * steps) * (1.5 if row.strike % 50000 == 0 else 1.0))
        )
        return line

    def _last_close(self) -> int:
        return int(hours_of(self.market.previous_day()).close.timestamp())

    def closes(self, line: Line) -> int:
        """When trading in an instrument ends today, in epoch seconds."""
        if line.instrument.expiry is not None:
            return self.closing
        return self.index_closing if line.instrument.is_index else self.cash_closing

    def recorded(self, key: str, day: date) -> Bars:
        """The one-minute bars that the ticks of an index or share make on a day, today's to come included."""
        return self._history.minutes(self.by_key[key].instrument, day)

    def minutes(self, line: Line, first: int, last: int) -> Bars:
        """One-minute bars of a line that start in [first, last] epoch seconds, today's as far as it is."""
        bars: Bars = []
        since, until = (datetime.fromtimestamp(epoch, IST).date() for epoch in (first, last))
        for day in self.market.history:
            if since <= day <= until:
                bars.extend(self._history.minutes(line.instrument, day))
        bars.extend(line.bars)
        return [bar for bar in bars if first <= bar.start <= last]

    def days(self, line: Line, first: int, last: int) -> Bars:
        """Daily bars of a line that begin in [first, last], stamped at midnight; today's as far as it is."""
        today = [*line.bars, line.auction] if line.auction else line.bars
        # The first day whose midnight is not before `first`.
        since = datetime.fromtimestamp(first - 1, IST).date() + timedelta(days=1)
        bars = [*self._history.days(line.instrument, since), *aggregate(today, 24 * 60)]
        return [bar for bar in bars if first <= bar.start <= last]

    def band(self, line: Line) -> tuple[int, int]:
        """Lowest and highest price an order may have now, in paise.

        Shares: 10 % around yesterday's close, the first step of the dynamic bands of stocks with derivatives.
        Options: the exchange's limit price protection, 40 % around the last price, or 20 rupees below 50.
        """
        if line.instrument.is_option:
            width = round(line.last * 0.4) if line.last > 50_00 else 20_00
            low, high = line.last - width, line.last + width
        else:
            low, high = round(line.previous_close * 0.9), round(line.previous_close * 1.1)
        tick = line.instrument.tick or 5
        return max(-(-low // tick) * tick, tick), high // tick * tick


def _around(price: int, spread: int, lifted: bool) -> tuple[int, int]:
    return (price - spread, price) if lifted else (price, price + spread)


def _depth(
    bid: int, ask: int, tick: int, unit: int, draw: float
) -> tuple[tuple[Level, ...], tuple[Level, ...]]:
    """Five levels a side, a tick apart, with sizes between one and four times `unit`."""
    seed = int(draw * 1_000_000)
    bids, asks = [], []
    for level in range(5):
        below = bid - level * tick
        units = unit * (1 + (seed >> level) % 4)
        bids.append((below, units, 1 + seed % (level + 7)) if below > 0 else (0, 0, 0))
        units = unit * (1 + (seed >> (level + 5)) % 4)
        asks.append((ask + level * tick, units, 1 + seed % (level + 5)))
    return tuple(bids), tuple(asks)
