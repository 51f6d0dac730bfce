"""What a person calls an instrument, looked up in the broker's dump of the day."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from difflib import get_close_matches
from functools import cache
from typing import Any

from patang.errors import BadInput
from patang.market.instruments import INDEX_NAMES, Instrument
from patang.market.universe import parse_instrument

__all__ = ["Dump"]

_LISTED_AS = {symbol: tradingsymbol for tradingsymbol, symbol in INDEX_NAMES.items()}
_CASH, _DERIVATIVES = "NSE", "NFO"
_CONTRACT = re.compile(r"^[A-Z0-9&-]+\d{2}([A-Z]{3}|[0-9OND]\d{2})(FUT|[0-9.]+(CE|PE))$")


class Dump:
    """The instruments that the broker lists. `rows` fetches those of an exchange; each is fetched once."""

    def __init__(self, rows: Callable[[str], Sequence[Mapping[str, Any]]], today: date) -> None:
        self._by_name = cache(lambda exchange: {str(row["tradingsymbol"]): row for row in rows(exchange)})
        self._today = today

    def find(self, name: str) -> Instrument:
        """The instrument called EXCHANGE:TRADINGSYMBOL, or by its symbol alone.

        Raises BadInput that says what is like it, or that a contract has expired.
        """
        exchange, _, symbol = name.rpartition(":")
        symbol = symbol.upper()
        symbol = _LISTED_AS.get(symbol, symbol)
        for place in (exchange.upper(),) if exchange else (_CASH, _DERIVATIVES):
            row = self._by_name(place).get(symbol)
            if row is not None:
                return self._living(row)
        raise BadInput(self._not_found(name, exchange.upper(), symbol))

    def _living(self, row: Mapping[str, Any]) -> Instrument:
        found = parse_instrument(row)
        if found.expiry is not None and found.expiry < self._today:
            raise BadInput(_expired(found.identifier))
        if found.instrument_type != "EQ" or found.exchange != _CASH:
            return found
        names = {str(contract["name"]) for contract in self._by_name(_DERIVATIVES).values()}
        return found.model_copy(update={"has_derivatives": found.tradingsymbol in names})

    def _not_found(self, name: str, exchange: str, symbol: str) -> str:
        if _CONTRACT.match(symbol):
            return _expired(name)
        like = get_close_matches(symbol, self._by_name(exchange or _CASH), n=3)
        hint = f"; like it: {', '.join(like)}" if like else ""
        return f"{name} is not among the broker's instruments of {exchange or 'NSE and NFO'}{hint}"


def _expired(name: str) -> str:
    return (
        f"{name} is not listed any more: the broker serves no candles of expired contracts. "
        "What exists of it was archived while it lived"
    )
