"""What many routes are asked alike: whose, of which day, and which page."""

from datetime import date
from typing import Annotated

from fastapi import Query

__all__ = ["Cursor", "Limit", "MarketDay", "OneAccount"]

OneAccount = Annotated[str | None, Query(max_length=40, description="one of yours; all of them without")]
MarketDay = Annotated[date | None, Query(description="a market day; the running one without")]
Cursor = Annotated[str | None, Query(max_length=400, description="`next` of the page before")]
Limit = Annotated[int, Query(ge=1, le=500, description="how many a page has at most")]
