"""What many routes are asked alike: whose, of which day, which page, and at which price."""

import re
from datetime import date
from decimal import Decimal
from typing import Annotated

from fastapi import Query
from pydantic import BeforeValidator, Field, WithJsonSchema

from patang.errors import BadInput

__all__ = ["Cursor", "Day", "Limit", "MarketDay", "OneAccount", "Price"]

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_LONGEST_PRICE = 20
_HIGHEST_PRICE = 10**7


def _written_out(value: object) -> object:
    # Left alone, a number would be taken for the seconds since 1970.
    if isinstance(value, str) and not _DAY.fullmatch(value):
        raise ValueError("write a day as YYYY-MM-DD")
    # A day all the same, so that it is no fault of its form.
    if isinstance(value, str) and not value.startswith("20"):
        raise BadInput(f"{value} is no day of the desk's: give one of the years 2000 to 2099")
    return value


def _short(value: object) -> object:
    # A price is repeated in messages, so that it has to be as short as prices are.
    if isinstance(value, str) and len(value) > _LONGEST_PRICE:
        raise ValueError(f"write a price in {_LONGEST_PRICE} characters at most")
    return value


Day = Annotated[date, BeforeValidator(_written_out)]

OneAccount = Annotated[str | None, Query(max_length=40, description="one of yours; all of them without")]
MarketDay = Annotated[Day | None, Query(description="a market day; the running one without")]
Cursor = Annotated[str | None, Query(max_length=400, description="`next` of the page before")]
Limit = Annotated[int, Query(ge=1, le=500, description="how many a page has at most")]
Price = Annotated[
    Decimal,
    Field(gt=0, le=_HIGHEST_PRICE),
    BeforeValidator(_short),
    WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "maximum": _HIGHEST_PRICE}),
]
"""Rupees a unit; a number, or the text of one."""
