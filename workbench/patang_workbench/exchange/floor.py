"""The trading floor: every instrument's state at one market second, moved on second by second."""

from datetime import date

import numpy as np

from patang_workbench.exchange.candles import Bar, Bars, MarketData
from patang_workbench.exchange.chain import Surface
from patang_workbench.exchange.contracts import INDEX_OF, STRIKE_STEP, UNDERLYINGS
from patang_workbench.exchange.hours import hours_of
from patang_workbench.exchange.instruments import Instrument, list_instruments
from patang_workbench.exchange.lines import Level, Line
from patang_workbench.exchange.tape import Density, Event, Tape

__all__ = ["Floor"]


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
        self.closing = int(hours.close.timestamp())
        self._surfaces = {name: Surface.of(name, market) for name in UNDERLYINGS}
        self._rng_seed = [seed, market.session.toordinal()]
        self._drift = self._drifts(hours.minutes)
        self.lines: dict[int, Line] = {}
        for row in self.instruments:
            self.lines[row.token] = self._option_line(row) if row.is_option else self._cash_line(row)
        self.by_key = {line.instrument.key: line for line in self.lines.values()}
        self._spots = {name: self.by_key[f"NSE:{INDEX_OF[name]}"] for name in UNDERLYINGS}
        self._indices = [line for line in self.lines.values() if line.instrument.is_index]
        self._tape = Tape(market, self.instruments, seed, density)
        self._minute = -1
        self._seconds: list[list[Event]] = []

    def advance(self, epoch: int) -> list[Line]:
        """Play the second `epoch` and return the lines that ticked in it."""
        if epoch in (self.cash_closing, self.closing):
            for line in self.lines.values():
                if epoch >= self.closes(line):
                    line.bare()
        if not self.opening <= epoch < self.closing:
            return self._idle(epoch)
        minute, second = divmod(epoch - self.opening, 60)
        if minute != self._minute:
            self._minute = minute
            self._seconds = self._tape.minute(minute)
            self._walk_interest(minute)
        return [self._apply(event, epoch) for event in self._seconds[second]]

    def _idle(self, epoch: int) -> list[Line]:
        for line in self._indices if epoch >= self.closing else self.lines.values():
            line.stamp = epoch
        return list(self._indices)

    def _apply(self, event: Event, epoch: int) -> Line:
        line = self.lines[event.token]
        row = line.instrument
        if row.is_option:
            self._apply_option(line, event, epoch)
            return line
        line.trade(epoch, event.price, event.quantity)
        if not row.is_index:
            spread = max(row.tick, round(event.price * 0.0001 / row.tick) * row.tick)
            bid, ask = _around(event.price, spread, event.side < 0.5)
            unit = max(1, self._tape.bar_volume[row.token] // 40)
            line.show(*_depth(bid, ask, row.tick, unit, event.depth))
        return line

    def _apply_option(self, line: Line, event: Event, epoch: int) -> None:
        row = line.instrument
        quote = self._surfaces[row.name].quote(
            row, self._spots[row.name].last, epoch, self._drift[row.name][self._minute]
        )
        price = quote.ask if event.side < 0.5 else quote.bid
        line.trade(epoch, price, event.quantity)
        line.show(*_depth(quote.bid, quote.ask, row.tick, row.lot * 12, event.depth))

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
        options = [line for line in self.lines.values() if line.instrument.is_option]
        for line, step in zip(options, rng.normal(0.0002, 0.004, len(options)).tolist(), strict=True):
            lot = line.instrument.lot
            line.interest(max(round(line.oi * (1.0 + step) / lot), 1) * lot)

    def _cash_line(self, row: Instrument) -> Line:
        day = self.market.candles[row.tradingsymbol][self.market.session]
        first = int(day.open[0])
        start = self.opening - 86400
        before = self.market.previous(row.tradingsymbol) or Bar(start, first, first, first, first, 0)
        closed = self._last_close()
        return Line(row, before.close, before.close, before.open, before.high, before.low, closed, closed)

    def _option_line(self, row: Instrument) -> Line:
        index = INDEX_OF[row.name]
        day = self.market.candles[index][self.market.session]
        before = self.market.previous(index)
        spot = before.close if before else int(day.open[0])
        closed = self._last_close()
        close = self._surfaces[row.name].quote(row, spot, closed).bid
        line = Line(row, close, close, close, close, close, closed, closed)
        steps = abs(row.strike - spot) / (STRIKE_STEP[row.name] * 100)
        line.interest(
            row.lot * round(30000 / (1.0 + 0.15 * steps) * (1.5 if row.strike % 50000 == 0 else 1.0))
        )
        return line

    def _last_close(self) -> int:
        return int(hours_of(self.market.previous_day()).close.timestamp())

    def closes(self, line: Line) -> int:
        """When trading in an instrument ends today, in epoch seconds."""
        return self.closing if line.instrument.is_option else self.cash_closing

    def history(self, line: Line, first: int, last: int) -> Bars:
        """One-minute bars of a line that start in [first, last] epoch seconds: earlier days and today so far.

        An option's earlier days are priced from the index's candles.
        """
        bars: Bars = []
        for day in self.market.history:
            start = int(hours_of(day).open.timestamp())
            if start - 86400 <= last and first <= start + 86400:
                bars.extend(self._day_bars(line, day))
        bars.extend(line.bars)
        return [bar for bar in bars if first <= bar.start <= last]

    def _day_bars(self, line: Line, day: date) -> Bars:
        row = line.instrument
        symbol = INDEX_OF[row.name] if row.is_option else row.tradingsymbol
        recorded = self.market.candles[symbol].get(day)
        if recorded is None:
            return []
        bars = recorded.bars(day)
        return [self._option_bar(row, bar) for bar in bars] if row.is_option else bars

    def _option_bar(self, row: Instrument, bar: Bar) -> Bar:
        surface = self._surfaces[row.name]
        prices = [surface.quote(row, spot, bar.start + 60).bid for spot in bar[1:5]]
        volume = row.lot * (1 + (bar.start // 60 * 7919 + row.exchange_token) % 97)
        return Bar(
            bar.start, prices[0], max(prices), min(prices), prices[3], volume, self.lines[row.token].oi
        )

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
