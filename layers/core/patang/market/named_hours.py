"""Whose hours a symbol keeps, where nothing but its name is known."""

import re

from patang.market.exchange_calendar import Segment
from patang.market.instruments import INDEX_NAMES

__all__ = ["segment_named", "symbol_of"]

_INDICES = frozenset({*INDEX_NAMES, *INDEX_NAMES.values(), "INDIA VIX", "INDIAVIX"})
_DERIVATIVE = re.compile(r"[\d ](CE|PE)$|FUT$|_F\d$")


def segment_named(symbol: str) -> Segment:
    """Whose hours a symbol keeps, by its name alone.

    A share is taken for one with derivatives: those are the hours that ask for the fewest bars.
    """
    if symbol in _INDICES:
        return "index"
    return "derivatives" if _DERIVATIVE.search(symbol) else "cash_with_auction"


def symbol_of(name: str) -> str:
    """The name by which a store keeps what a person calls EXCHANGE:TRADINGSYMBOL, NIFTY 50 or nifty."""
    symbol = name.upper().rpartition(":")[2]
    return INDEX_NAMES.get(symbol, symbol)
