"""How many days of candles the broker tells in one request."""

from collections.abc import Mapping
from typing import Final

__all__ = ["RANGE_DAYS"]

# Longest range by the broker's interval, https://kite.trade/docs/connect/v3/historical/
RANGE_DAYS: Final[Mapping[str, int]] = {
    "minute": 60,
    "3minute": 100,
    "5minute": 100,
    "10minute": 100,
    "15minute": 200,
    "30minute": 200,
    "60minute": 400,
    "day": 2000,
}
