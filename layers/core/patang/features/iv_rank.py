"""Where today's implied volatility stands in the range of what is known of it."""

import math
from collections.abc import Mapping
from datetime import date
from typing import Any

__all__ = ["VolatilityHistory"]

_DAYS = 252
_FEWEST_MINUTES = 30


class VolatilityHistory:
    """The lowest and highest at-the-money volatility of each day, at most a year back, today's so far."""

    def __init__(self, ranges: Mapping[str, tuple[float, float]] | None = None, minutes: int = 0) -> None:
        self._ranges = dict(ranges or {})
        self._minutes = minutes

    def add(self, day: date, volatility: float) -> None:
        """Take a minute's volatility; NaN is ignored."""
        if math.isnan(volatility):
            return
        low, high = self._ranges.pop(day.isoformat(), (volatility, volatility))
        self._ranges[day.isoformat()] = (min(low, volatility), max(high, volatility))
        self._minutes += 1
        while len(self._ranges) > _DAYS:
            del self._ranges[next(iter(self._ranges))]

    def rank(self, volatility: float) -> float:
        """0 at the lowest known, 1 at the highest; NaN before half an hour is known or without a range."""
        if self._minutes < _FEWEST_MINUTES:
            return float("nan")
        low = min(low for low, _ in self._ranges.values())
        high = max(high for _, high in self._ranges.values())
        return (volatility - low) / (high - low) if high > low else float("nan")

    def to_json(self) -> dict[str, Any]:
        return {"ranges": self._ranges, "minutes": self._minutes}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "VolatilityHistory":
        return cls({day: (low, high) for day, (low, high) in value["ranges"].items()}, int(value["minutes"]))
