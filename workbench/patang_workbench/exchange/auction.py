"""The closing auction: one print a share after the match, and the value of an index that they make."""

import zlib
from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np

from patang_workbench.exchange.candles import Bar
from patang_workbench.exchange.hours import hours_of

__all__ = ["closing_print", "closing_value"]

_BEFORE_THE_END = timedelta(minutes=5)
"""The match comes after ten minutes of orders, five minutes before the last moment of its prints."""
_TYPICAL_MINUTES = 12
"""Minutes of continuous trading that the auction trades as much as."""
_INDEX_STEP = 5


def closing_print(symbol: str, day: date, last: int, typical: int, tick: int) -> Bar | None:
    """What the auction of `day` trades, or None on a day without one.

    `last` is the last continuous price and `tick` the tick size, in paise; `typical` the units that trade in
    a minute. The same whenever it is asked for.
    """
    hours = hours_of(day)
    if hours.auction_close is None:
        return None
    rng = np.random.default_rng([day.toordinal(), zlib.crc32(symbol.encode()), zlib.crc32(b"auction")])
    moment = int((hours.auction_close - _BEFORE_THE_END).timestamp()) + int(rng.integers(1, 60))
    price = last + tick * round(float(rng.normal(0.0, 0.0006)) * last / tick)
    quantity = max(round(typical * _TYPICAL_MINUTES * float(rng.lognormal(0.0, 0.3))), 1)
    return Bar(moment, price, price, price, price, quantity)


def closing_value(day: date, last: int, changes: Sequence[float]) -> Bar | None:
    """An index at the auction's end: its `last` value, in paise, moved by the mean of its shares' changes."""
    hours = hours_of(day)
    if hours.auction_close is None or not changes:
        return None
    value = round(last * (1 + sum(changes) / len(changes)) / _INDEX_STEP) * _INDEX_STEP
    return Bar(int(hours.auction_close.timestamp()), value, value, value, value, 0)
