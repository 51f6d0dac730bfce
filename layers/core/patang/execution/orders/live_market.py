"""The market of instruments as it is now: asked of the broker, since ticks carry no circuit limits."""

from collections.abc import Callable, Iterable, Mapping

from patang.errors import TryAgain
from patang.execution.orders.market_facts import MarketQuote
from patang.ports import MarketData

__all__ = ["LiveMarket"]


class LiveMarket:
    """`data` gives the quotes of the account that supplies data."""

    def __init__(self, data: Callable[[], MarketData]) -> None:
        self._data = data

    def quote(self, identifier: str) -> MarketQuote:
        """EXCHANGE:TRADINGSYMBOL now. Raises TryAgain where the broker has none, and as MarketData does."""
        found = self.quotes([identifier])
        if identifier not in found:
            raise TryAgain(f"the broker has no quote of {identifier}: nothing is bought without one")
        return found[identifier]

    def quotes(self, identifiers: Iterable[str]) -> Mapping[str, MarketQuote]:
        """Those of them that the broker quotes, in one call: he takes one a second. Raises as MarketData
        does.
        """
        rows = self._data().quotes(sorted(set(identifiers)))
        return {identifier: MarketQuote.of(identifier, row) for identifier, row in rows.items()}
