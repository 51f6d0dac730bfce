"""Premiums as the desk archived them: the chain as often as it was kept, and each contract's own bars."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from patang.backtest.premiums.source import OptionBoard, PremiumBars, PremiumSource
from patang.market.candles import Quote
from patang.market.instruments import Instrument
from patang.market.sessions import IST

__all__ = ["Archive", "ArchivedBars", "ArchivedChain", "RecordedPremiums"]

type Floats = NDArray[np.float64]
type Epochs = NDArray[np.int64]

_MINUTE = 60
_ONE_DAY = timedelta(days=1)
_DAYS_HELD = 16
_NOTHING: Mapping[str, Floats] = {
    name: np.zeros(0) for name in ("open", "high", "low", "close", "bid", "ask", "volume")
}


@dataclass(frozen=True, slots=True, eq=False)
class ArchivedChain:
    """A day's chain of one underlying, by time: `quotes[n]` are the contracts as of `moments[n]` (epoch
    seconds of a minute's end)."""

    moments: Epochs
    contracts: Sequence[tuple[Instrument, ...]]
    quotes: Sequence[tuple[Quote, ...]]

    def book_of(self, identifier: str) -> dict[int, tuple[float, float]]:
        """Bid and ask of a contract by the moment, zero for a side without an order."""
        return {
            moment: (quote.bid, quote.ask)
            for moment, of_moment in zip(self.moments.tolist(), self.quotes, strict=True)
            for quote in of_moment
            if quote.identifier == identifier
        }


@dataclass(frozen=True, slots=True, eq=False)
class ArchivedBars:
    """A contract's bars of a day in the order of time; `starts` in epoch seconds, rupees and units."""

    starts: Epochs
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats


class Archive(Protocol):
    """What was archived of options, day by day; None where nothing was."""

    def chain(self, underlying: str, day: date) -> ArchivedChain | None:
        """The chain of an underlying."""
        ...

    def bars(self, contract: Instrument, day: date) -> ArchivedBars | None:
        """The minutes of a contract."""
        ...


class RecordedPremiums:
    """The archive where it has a day's chain, and `otherwise` for all other days."""

    def __init__(self, archive: Archive, otherwise: PremiumSource) -> None:
        self._chain = lru_cache(_DAYS_HELD)(archive.chain)
        self._archive = archive
        self._otherwise = otherwise

    def board(self, underlying: str, as_of: datetime) -> OptionBoard | None:
        """See PremiumSource: the chain as it was last kept up to `as_of`. How old its quotes are they say
        themselves, and the desk's rules judge it."""
        chain = self._chain(underlying, as_of.astimezone(IST).date())
        if chain is None:
            return self._otherwise.board(underlying, as_of)
        at = int(np.searchsorted(chain.moments, int(as_of.timestamp()), side="right")) - 1
        if at < 0:
            return None
        quotes = {quote.identifier: quote for quote in chain.quotes[at]}
        return OptionBoard(chain.contracts[at], quotes, "recorded")

    def bars(self, contract: Instrument, first: datetime, last: datetime) -> PremiumBars:
        """See PremiumSource. What was entered at recorded prices is followed at recorded prices alone: a day
        that was not archived has no bars then, since the model's level is another one."""
        days = _days(first, last)
        if self._chain(contract.underlying, days[0]) is None:
            return self._otherwise.bars(contract, first, last)
        return _joined([self._of_day(contract, day, first, last) for day in days])

    def _of_day(self, contract: Instrument, day: date, first: datetime, last: datetime) -> PremiumBars:
        chain = self._chain(contract.underlying, day)
        found = None if chain is None else self._archive.bars(contract, day)
        if chain is None or found is None:
            return PremiumBars(np.zeros(0, np.int64), **_NOTHING, prices="recorded")
        at = (found.starts >= first.timestamp()) & (found.starts <= last.timestamp())
        book = chain.book_of(contract.identifier)
        sides = [book.get(start + _MINUTE, (0.0, 0.0)) for start in found.starts[at].tolist()]
        both = np.array(sides, np.float64).reshape(-1, 2)
        both[both <= 0] = np.nan
        return PremiumBars(
            found.starts[at],
            found.open[at],
            found.high[at],
            found.low[at],
            found.close[at],
            both[:, 0],
            both[:, 1],
            found.volume[at],
            "recorded",
        )


def _days(first: datetime, last: datetime) -> list[date]:
    begin, end = (moment.astimezone(IST).date() for moment in (first, last))
    return [begin + n * _ONE_DAY for n in range(max((end - begin).days, 0) + 1)]


def _joined(parts: Sequence[PremiumBars]) -> PremiumBars:
    columns = {name: np.concatenate([getattr(part, name) for part in parts]) for name in _NOTHING}
    return PremiumBars(np.concatenate([part.starts for part in parts]), prices="recorded", **columns)
