"""Fields of what the broker sends, read with a complaint that names the field, its value and the row."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from patang.errors import BadInput
from patang.market.sessions import IST

__all__ = ["BrokerRow"]


class BrokerRow:
    """A row of `kind` (as in "an order update") in the broker's JSON. Every method raises BadInput."""

    def __init__(self, kind: str, values: Mapping[str, Any]) -> None:
        self._kind = kind
        self.values = values

    def text(self, name: str) -> str:
        """A text that is not empty; whole numbers count as text, as some ids come as one."""
        value = self.values.get(name)
        if not isinstance(value, str | int) or not str(value):
            raise self._wrong(name, "a text")
        return str(value)

    def units(self, name: str, *, signed: bool = False) -> int:
        """A whole number of units, which may come as a float; below 0 only if `signed`."""
        value = self.values.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._wrong(name, "a whole number of units")
        # What is left over is not 0 for infinity and for what is no number either.
        if value % 1 != 0 or (value < 0 and not signed):
            raise self._wrong(name, "a whole number of units")
        return int(value)

    def price(self, name: str) -> str:
        """Rupees as text; what is missing is 0."""
        value = self.values.get(name)
        try:
            price = Decimal(str(value or 0))
        except InvalidOperation:
            price = Decimal("NaN")
        if not price.is_finite() or price < 0:
            raise self._wrong(name, "a price")
        return str(price)

    def time(self, name: str) -> datetime:
        """A time; without an offset it is IST."""
        value = self.values.get(name)
        try:
            moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
        except ValueError as error:
            raise self._wrong(name, "a time") from error
        return moment.replace(tzinfo=IST) if moment.tzinfo is None else moment.astimezone(IST)

    def row(self, name: str) -> "BrokerRow":
        """A row inside this one."""
        value = self.values.get(name)
        if not isinstance(value, Mapping):
            raise self._wrong(name, "an object")
        return BrokerRow(f"{self._kind}'s {name}", value)

    def rows(self, name: str) -> "list[BrokerRow]":
        value = self.values.get(name)
        if not isinstance(value, list) or not all(isinstance(row, Mapping) for row in value):
            raise self._wrong(name, "a list of objects")
        return [BrokerRow(f"{self._kind}'s {name}", row) for row in value]

    def _wrong(self, name: str, wanted: str) -> BadInput:
        told = {
            key: self.values[key]
            for key in ("order_id", "tag", "id", "trade_id", "tradingsymbol")
            if key in self.values
        }
        return BadInput(f"{self._kind}'s {name} is {self.values.get(name)!r}, not {wanted}: {told}")
