"""What many routes are asked alike: whose, of which day, and which page."""

import re
from datetime import date
from typing import Annotated

from fastapi import Query
from pydantic import BeforeValidator

__all__ = ["Cursor", "Day", "Limit", "MarketDay", "OneAccount"]

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def _written_out(value: object) -> object:
    # Left alone, a number would be taken for the seconds since 1970.
    if isinstance(value, str) and not _DAY.fullmatch(value):
        raise ValueError("write a day as YYYY-MM-DD")
    return value


Day = Annotated[date, BeforeValidator(_written_out)]

OneAccount = Annotated[str | None, Query(max_length=40, description="one of yours; all of them without")]
MarketDay = Annotated[Day | None, Query(description="a market day; the running one without")]
Cursor = Annotated[str | None, Query(max_length=400, description="`next` of the page before")]
Limit = Annotated[int, Query(ge=1, le=500, description="how many a page has at most")]
