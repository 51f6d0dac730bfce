"""What a person calls an instrument, looked up in the broker's dump of the day."""

import re
from datetime import date
from difflib import get_close_matches

from patang.errors import BadInput
from patang.market.instrument_search import Wanted
from patang.market.instrument_table import InstrumentTable
from patang.market.instruments import INDEX_NAMES, Instrument

__all__ = ["find", "find_all"]

_LISTED_AS = {symbol: tradingsymbol for tradingsymbol, symbol in INDEX_NAMES.items()}
_PLACES = ("NSE", "NFO")
# NIFTY26NOV24500CE, NIFTY26N1024500PE, BANKNIFTY26NOVFUT
_CONTRACT = re.compile(r"[A-Z0-9&-]+?\d{2}([A-Z]{3}|[1-9OND]\d{2})(FUT|\d[\d.]*(CE|PE))")


def find(table: InstrumentTable, name: str, today: date) -> Instrument:
    """The instrument called EXCHANGE:TRADINGSYMBOL, or by its symbol alone: an index, a share, a contract.

    Raises BadInput that says what is like it, or that a contract has expired.
    """
    exchange, _, symbol = name.upper().rpartition(":")
    symbol = _LISTED_AS.get(symbol, symbol)
    for place in (exchange,) if exchange else _PLACES:
        listing = table.get(place, symbol)
        if listing is not None:
            if listing.expiry is not None and listing.expiry < today:
                raise BadInput(_expired(listing.identifier))
            return listing.instrument()
    if _CONTRACT.fullmatch(symbol):
        raise BadInput(_expired(name))
    names = [listing.tradingsymbol for listing in table if listing.exchange == (exchange or _PLACES[0])]
    like = get_close_matches(symbol, names, n=3)
    hint = f"; like it: {', '.join(like)}" if like else ""
    raise BadInput(
        f"{name} is not among the broker's instruments of {exchange or ' and '.join(_PLACES)}{hint}"
    )


def find_all(table: InstrumentTable, wanted: Wanted, today: date) -> list[Instrument]:
    """All living instruments that fit. Raises BadInput if none does."""
    found = [listing for listing in table.search(wanted).listings if (listing.expiry or today) >= today]
    if not found:
        raise BadInput("the dump lists nothing that fits: `patang instruments search` takes the same options")
    return [listing.instrument() for listing in found]


def _expired(name: str) -> str:
    return (
        f"{name} is not listed any more: the broker serves no candles of expired contracts. "
        "What exists of it was archived while it lived"
    )
