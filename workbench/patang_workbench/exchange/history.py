"""Candles of the days before the session, and the whole day's candle with its closing auction."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date

from patang_workbench.exchange.auction import closing_print, closing_value
from patang_workbench.exchange.candles import Bar, Bars, MarketData, aggregate
from patang_workbench.exchange.chain import ContractQuote
from patang_workbench.exchange.hours import hours_of
from patang_workbench.exchange.instruments import Instrument
from patang_workbench.exchange.vix import VIX

__all__ = ["History"]

_WHOLE_DAY = 24 * 60


class History:
    """What the market was before today. A contract's days are priced from its underlying's candles.

    `quote` gives a contract's market by (contract, underlying's price in paise, epoch seconds); by token,
    `typical` the units of a share that trade in a minute and `interest` the open interest of a contract.
    """

    def __init__(
        self,
        market: MarketData,
        instruments: Sequence[Instrument],
        quote: Callable[[Instrument, int, float], ContractQuote],
        typical: Mapping[int, int],
        interest: Callable[[int], int],
    ) -> None:
        self._market = market
        self._shares = [row for row in instruments if row.expiry is None and not row.is_index]
        self._quote = quote
        self._typical = typical
        self._interest = interest
        # Of indices and shares: their days do not change, and an index's auction looks at every share's.
        self._whole: dict[tuple[int, date], Bar | None] = {}
        self._changes: dict[date, list[float]] = {}

    def minutes(self, row: Instrument, day: date) -> Bars:
        """One-minute bars of a day, none where it was not recorded."""
        recorded = self._market.candles[row.underlying].get(day)
        if recorded is None:
            return []
        bars = recorded.bars(day)
        if row.expiry is not None:
            return [self._contract_bar(row, bar) for bar in bars]
        hours = hours_of(day)
        closes = int((hours.index_close if row.is_index else hours.cash_close).timestamp())
        return [bar for bar in bars if bar.start < closes]

    def days(self, row: Instrument, since: date = date.min) -> Bars:
        """Daily bars of the earlier days from `since` that are known, oldest first, stamped at midnight."""
        daily = self._market.daily.get(row.tradingsymbol, {})
        found = {day: bar for day, bar in daily.items() if since <= day}
        for day in self._market.history:
            if day < since:
                continue
            whole = self._known_day(row, day) if row.expiry is None else self._whole_day(row, day)
            if whole is not None:
                found[day] = whole
        return [found[day] for day in sorted(found)]

    def _known_day(self, row: Instrument, day: date) -> Bar | None:
        key = row.token, day
        if key not in self._whole:
            self._whole[key] = self._whole_day(row, day)
        return self._whole[key]

    def _whole_day(self, row: Instrument, day: date) -> Bar | None:
        bars = self.minutes(row, day)
        if not bars:
            return None
        match = self.match(row, day, bars[-1].close)
        return aggregate([*bars, match] if match else bars, _WHOLE_DAY)[-1]

    def previous(self, row: Instrument) -> Bar | None:
        """The daily bar of an index or share on the last day before the session that has one."""
        days = self.days(row)
        return days[-1] if days else None

    def match(self, row: Instrument, day: date, last: int) -> Bar | None:
        """What the day's closing auction makes of an index or share after its `last` price, if anything."""
        if row.expiry is not None or row.tradingsymbol == VIX:
            return None
        if row.is_index:
            return closing_value(day, last, self._auction_changes(day))
        return closing_print(row.tradingsymbol, day, last, self._typical[row.token], row.tick)

    def _auction_changes(self, day: date) -> list[float]:
        """By how much each share's price moved in the day's auction, as fractions."""
        if day not in self._changes:
            self._changes[day] = list(self._auctioned(day))
        return self._changes[day]

    def _auctioned(self, day: date) -> Iterator[float]:
        for row in self._shares:
            bars = self.minutes(row, day)
            match = self.match(row, day, bars[-1].close) if bars else None
            if match is not None:
                yield match.close / bars[-1].close - 1

    def _contract_bar(self, row: Instrument, bar: Bar) -> Bar:
        prices = [self._quote(row, spot, bar.start + 60).bid for spot in bar[1:5]]
        volume = row.lot * (1 + (bar.start // 60 * 7919 + row.exchange_token) % 97)
        oi = self._interest(row.token)
        return Bar(bar.start, prices[0], max(prices), min(prices), prices[3], volume, oi)
