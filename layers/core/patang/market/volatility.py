"""A year of daily implied volatility of each underlying: kept day by day, ranked in, begun with India VIX.

One value a day, the median of the day's at-the-money volatilities, as one object of the store an underlying.
Until a year of own values is there, the days before them are those of India VIX, scaled to the underlying.
"""

import math
import statistics
from collections.abc import Iterable, Mapping
from datetime import date, timedelta

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from patang.errors import BadInput
from patang.ports import ObjectStore

__all__ = [
    "INDIA_VIX",
    "VolatilityHistory",
    "VolatilityRange",
    "daily_volatility",
    "load_history",
    "save_history",
    "year_before",
]

# The broker's tradingsymbol of the index that NSE computes of the options on NIFTY, in percent a year.
INDIA_VIX = "INDIA VIX"

_SESSIONS_A_YEAR = 252
_YEAR = timedelta(days=366)
_FEWEST_DAYS = 20


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class VolatilityHistory(_Value):
    """Daily volatility by day, oldest first, as fractions a year; at most a year of sessions."""

    name: str
    days: dict[date, float] = Field(default_factory=dict)

    def joined(self, days: Mapping[date, float]) -> "VolatilityHistory":
        """With further days; of a day that was known the later value stays, NaN is left out."""
        known = {day: iv for day, iv in days.items() if math.isfinite(iv) and iv > 0}
        merged = sorted((self.days | known).items())[-_SESSIONS_A_YEAR:]
        return VolatilityHistory(name=self.name, days=dict(merged))


class VolatilityRange(_Value):
    """The lowest and highest daily volatility of the year before a day, and where its days come from."""

    low: float
    high: float
    own_days: int
    vix_days: int

    def rank(self, volatility: float) -> float:
        """0 at the lowest of the year, 1 at the highest; the year's range includes `volatility` itself.

        (volatility - lowest) / (highest - lowest), known as IV rank. NaN for NaN, while fewer than twenty
        days are known, and where all days are the same.
        """
        if math.isnan(volatility) or self.own_days + self.vix_days < _FEWEST_DAYS:
            return math.nan
        low, high = min(self.low, volatility), max(self.high, volatility)
        return (volatility - low) / (high - low) if high > low else math.nan


def year_before(day: date, own: VolatilityHistory, vix: VolatilityHistory) -> VolatilityRange | None:
    """What is known of the year before `day`: own values, and on days without one those of India VIX.

    VIX is multiplied by the median ratio of own value to VIX over the days that have both, by 1 before there
    is such a day: it is the volatility of NIFTY over thirty days, other indices and shorter expiries lie
    elsewhere. None where nothing is known.
    """
    begin = day - _YEAR
    own_days = {d: iv for d, iv in own.days.items() if begin <= d < day}
    vix_days = {d: iv for d, iv in vix.days.items() if begin <= d < day}
    ratios = [own_days[d] / vix_days[d] for d in own_days.keys() & vix_days.keys()]
    ratio = statistics.median(ratios) if ratios else 1.0
    scaled = {d: iv * ratio for d, iv in vix_days.items() if d not in own_days}
    values = [*own_days.values(), *scaled.values()]
    if not values:
        return None
    return VolatilityRange(low=min(values), high=max(values), own_days=len(own_days), vix_days=len(scaled))


def daily_volatility(seen: Iterable[float | None]) -> float:
    """A day's one value: the median of its at-the-money volatilities that were known, NaN if none was."""
    known = [iv for iv in seen if iv is not None and math.isfinite(iv)]
    return statistics.median(known) if known else math.nan


def load_history(objects: ObjectStore, name: str) -> VolatilityHistory:
    """What is kept of an underlying or of INDIA_VIX; empty if nothing is. Raises BadInput if it is broken."""
    content = objects.get(_path(name))
    if content is None:
        return VolatilityHistory(name=name)
    try:
        return VolatilityHistory.model_validate_json(content)
    except ValidationError as error:
        raise BadInput(f"the daily volatility at {_path(name)} does not parse: {error}") from error


def save_history(objects: ObjectStore, history: VolatilityHistory) -> None:
    """Keep it in the place of what was kept before."""
    objects.put(_path(history.name), history.model_dump_json().encode(), content_type="application/json")


def _path(name: str) -> str:
    return f"volatility/{name.replace(' ', '_')}.json"
