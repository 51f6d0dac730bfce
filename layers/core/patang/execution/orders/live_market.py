"""The market of one instrument as it is now: asked of the broker, since ticks carry no circuit limits."""

from collections.abc import Callable

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
        row = self._data().quotes([identifier]).get(identifier)
        if row is None:
            raise TryAgain(f"the broker has no quote of {identifier}: nothing is bought without one")
        return MarketQuote.of(identifier, row)
