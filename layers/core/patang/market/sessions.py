"""Trading days and hours of the exchange, in IST."""

from datetime import datetime
from zoneinfo import ZoneInfo

__all__ = ["IST", "minute_of"]

IST = ZoneInfo("Asia/Kolkata")


def minute_of(moment: datetime) -> datetime:
    """The start of the minute that `moment` lies in, in IST."""
    return moment.astimezone(IST).replace(second=0, microsecond=0)
