"""A line of the broker's instruments dump as it is listed: also of types that a desk does not trade."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, NamedTuple

from pydantic import ValidationError

from patang.errors import BadInput
from patang.market.instruments import INDEX_NAMES, Instrument

__all__ = ["COLUMNS", "DERIVATIVE_TYPES", "Listing", "parse_listing", "texts_of"]

# The dump's columns in its order (https://kite.trade/docs/connect/v3/market-quotes/#instruments), and the
# share's number, which the broker does not tell.
COLUMNS = (
    "instrument_token",
    "exchange_token",
    "tradingsymbol",
    "name",
    "last_price",
    "expiry",
    "strike",
    "tick_size",
    "lot_size",
    "instrument_type",
    "segment",
    "exchange",
    "isin",
)
DERIVATIVE_TYPES = frozenset({"CE", "PE", "FUT"})

_DAY_FIRST = re.compile(r"(\d{2})-(\d{2})-(\d{4})")
_MANY = 1 << 16


class Listing(NamedTuple):
    """A line of the dump: rupees, `lot_size` in units, None where there is none or it is not known.

    `has_derivatives`: a share that futures or options of the same dump are written on.
    """

    instrument_token: int
    exchange_token: int
    tradingsymbol: str
    name: str
    last_price: Decimal
    expiry: date | None
    strike: Decimal | None
    tick_size: Decimal
    lot_size: int
    instrument_type: str
    segment: str
    exchange: str
    isin: str | None = None
    has_derivatives: bool = False

    @property
    def identifier(self) -> str:
        """EXCHANGE:TRADINGSYMBOL, by which it is known from day to day: tokens are given out again."""
        return f"{self.exchange}:{self.tradingsymbol}"

    @property
    def kind(self) -> str:
        """Its type, INDEX for the equity of the segment INDICES."""
        return "INDEX" if self.segment == "INDICES" else self.instrument_type

    @property
    def underlying(self) -> str:
        """What it moves with: the name that a contract is written on, else its own symbol."""
        if self.instrument_type in DERIVATIVE_TYPES:
            return self.name
        return INDEX_NAMES.get(self.tradingsymbol, self.tradingsymbol)

    def instrument(self) -> Instrument:
        """As a desk watches and trades it. Raises BadInput for a type that it does not trade."""
        told = {name: value for name, value in self._asdict().items() if name in Instrument.model_fields}
        told |= {"instrument_type": self.kind, "lot_size": max(self.lot_size, 1)}
        try:
            return Instrument.model_validate(told)
        except ValidationError as error:
            raise BadInput(f"{self.identifier} is no instrument that a desk trades: {error}") from error


def texts_of(row: Mapping[str, Any]) -> list[str]:
    """The values of COLUMNS as a dump would print them, from those of the official client or of Parquet."""
    return [_text(row.get(column)) for column in COLUMNS]


def parse_listing(texts: Sequence[str]) -> Listing:
    """A listing from the texts of COLUMNS. Expiry, strike, name and isin may be empty, a number too.

    Raises ValueError that names the field that is wrong and its value.
    """
    token, exchange_token, symbol, name, last, expiry, strike, tick, lot, kind, segment, exchange, isin = (
        texts
    )
    if not (symbol and exchange and kind and segment):
        raise ValueError("tradingsymbol, exchange, instrument_type and segment must be there")
    # By place: by name it takes half as long again, a hundred thousand times.
    return Listing(
        _whole("instrument_token", token),
        _whole("exchange_token", exchange_token),
        symbol,
        name or symbol,
        _amount("last_price", last),
        _day(expiry),
        _amount("strike", strike) or None,
        _amount("tick_size", tick),
        _whole("lot_size", lot),
        kind,
        segment,
        exchange,
        isin or None,
    )


def _text(value: Any) -> str:
    # What is not there is None, or NaN in a table of floats.
    return "" if value is None or value != value else str(value)


def _whole(column: str, text: str) -> int:
    try:
        return int(text) if text else 0
    except ValueError as error:
        raise ValueError(f"{column} is {text!r}, not a whole number") from error


# A dump repeats a few thousand prices and days a hundred thousand times.
@lru_cache(_MANY)
def _amount(column: str, text: str) -> Decimal:
    try:
        amount = Decimal(text) if text else Decimal(0)
    except InvalidOperation as error:
        raise ValueError(f"{column} is {text!r}, not a number") from error
    if not amount.is_finite():
        raise ValueError(f"{column} is {text!r}, not a number")
    return amount


@lru_cache(_MANY)
def _day(text: str) -> date | None:
    if not text:
        return None
    day_first = _DAY_FIRST.fullmatch(text)
    try:
        return date.fromisoformat("-".join(reversed(day_first.groups())) if day_first else text)
    except ValueError as error:
        raise ValueError(f"expiry is {text!r}, not a day (YYYY-MM-DD)") from error
