"""The day's universe, from the broker's dump and prices and from what is held."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from patang.errors import PatangError
from patang.market.instrument_dumps import save_dump
from patang.market.instrument_table import InstrumentTable
from patang.market.instruments import Universe
from patang.market.isins import load_isins
from patang.market.sessions import Session
from patang.market.universe_choice import choose_universe, index_identifiers
from patang.market.volatility import INDIA_VIX
from patang.portfolio.held import held_identifiers
from patang.ports import MarketData, ObjectStore, StateStore
from patang.settings import Settings

__all__ = ["DayUniverse", "WatchedDay"]

# What the desk watches is listed on the first two; on the others lie positions that somebody else has opened.
_NEEDED = ("NSE", "NFO")
_FURTHER = ("BSE", "BFO")
_MOST_TOLD = 3


@dataclass(frozen=True, slots=True)
class WatchedDay:
    """The universe, what was wished for and not had, and the token of India VIX if it is listed."""

    universe: Universe
    problems: tuple[str, ...]
    vix_token: int | None


class DayUniverse:
    """Reads from the broker what a day lists, and keeps it."""

    def __init__(self, store: StateStore, objects: ObjectStore, data: MarketData) -> None:
        self._store = store
        self._objects = objects
        self._data = data

    def choose(self, session: Session, settings: Settings, closes: Mapping[str, float]) -> WatchedDay:
        """Keeps the day's dump in the store and chooses the universe from it.

        `closes`, of the session before by symbol, stand for prices of indices that the broker does not tell.
        Raises what the broker's calls raise for the dump of NSE or NFO.
        """
        problems: list[str] = []
        table = self._table(problems)
        save_dump(self._objects, session.day, table)
        last = self._last_prices(settings, closes, problems)
        choice = choose_universe(session.day, table, last, settings, held_identifiers(self._store))
        vix = table.get("NSE", INDIA_VIX)
        return WatchedDay(
            choice.universe, (*problems, *choice.problems), None if vix is None else vix.instrument_token
        )

    def share_quotes(self, universe: Universe) -> Mapping[str, Mapping[str, Any]]:
        """The broker's quotes of the shares by EXCHANGE:TRADINGSYMBOL."""
        shares = [i.identifier for i in universe.instruments if i.instrument_type == "EQ"]
        return self._data.quotes(shares) if shares else {}

    def _table(self, problems: list[str]) -> InstrumentTable:
        rows = [row for exchange in _NEEDED for row in self._data.instruments(exchange)]
        for exchange in _FURTHER:
            try:
                rows += self._data.instruments(exchange)
            except PatangError as error:
                problems.append(f"no instruments of {exchange}: {error}")
        table = InstrumentTable.from_rows(rows)
        if table.problems:
            told = "; ".join(table.problems[:_MOST_TOLD])
            problems.append(f"{len(table.problems)} lines of the instruments dump are left out: {told}")
        try:
            return table.with_isins(load_isins(self._objects))
        except PatangError as error:
            problems.append(f"shares are listed without their ISIN: {error}")
            return table

    def _last_prices(
        self, settings: Settings, closes: Mapping[str, float], problems: list[str]
    ) -> dict[str, Decimal]:
        names = index_identifiers(settings)
        quotes: Mapping[str, Mapping[str, Any]] = {}
        try:
            quotes = self._data.quotes(list(names.values())) if names else {}
        except PatangError as error:
            problems.append(f"prices of the indices are those of the session before: {error}")
        told = {symbol: quotes.get(name, {}).get("last_price") for symbol, name in names.items()}
        return {
            symbol: Decimal(str(price or closes[symbol]))
            for symbol, price in told.items()
            if price or closes.get(symbol)
        }
