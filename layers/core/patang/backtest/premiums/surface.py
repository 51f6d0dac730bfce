"""Implied volatility without recorded options: a surface of few parameters on the underlying's own bars.

    ln volatility = ln level + term * ln(days / 30) + last_day * exp(-days)
                    + (skew + skew_by_term * ln(days / 30)) * z + curve * z^2
    z = ln(strike / forward) / (at-the-money volatility * root of the years left), at most `widest` either way
    days = the time left by the clock of variance (see patang.backtest.premiums.clock), years of 365 of them
    ln level = constant + slope * ln(realised) + spot_slope * ln(spot / close of the session before)

`realised` is the volatility of the one-minute returns of the sessions before, faded by `decay` a session: a
level is known before its session opens. Where few sessions lie before, `usual` stands for the missing ones.
The parameters in surface.json come from `python -m patang_workbench.research.calibrate_surface`, which also
wrote how far they are off; docs/concepts/premiums.md tells both.
"""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel, ConfigDict, Field

from patang.backtest.premiums.clock import VarianceClock

__all__ = ["Liquidity", "Surface", "shipped_surface"]

type Floats = NDArray[np.float64]

_MONTH = 30.0
_LOWEST, _HIGHEST = 0.03, 2.0
# Beyond this a day's move is a crash that the slope knows nothing of.
_FARTHEST_MOVE = 0.1


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Liquidity(_Value):
    """The book of contracts of one expiry, as medians have it.

    The spread is `spread_pct` of the price at the money and grows by `spread_by_z2` times z squared of that;
    open interest and a day's volume are lots at the money, falling by exp(-fall_by_z * |z|).
    """

    spread_pct: float = Field(gt=0)
    spread_by_z2: float = Field(ge=0)
    open_interest_lots: float = Field(ge=0)
    volume_lots: float = Field(ge=0)
    fall_by_z: float = Field(ge=0)


class Surface(_Value):
    """The surface's parameters (see the module); `liquidity` by the place of an expiry, the nearest first,
    the last for all later ones. `provenance` and `errors` say what they are from and how far they are off.
    """

    version: int = 2
    clock: VarianceClock
    level_constant: float
    level_slope: float
    decay: float = Field(gt=0, lt=1)
    usual: float = Field(gt=0)
    usual_sessions: float = Field(gt=0)
    spot_slope: float
    term: float
    last_day: float
    skew: float
    skew_by_term: float
    curve: float
    widest: float = Field(gt=0)
    liquidity: tuple[Liquidity, ...] = Field(min_length=1)
    provenance: Mapping[str, str] = {}
    errors: Mapping[str, float] = {}

    def realised(self, variances: Floats) -> Floats:
        """The faded volatility a year known before each session, and after the last: one value more.

        `variances` a year are those of each session's one-minute returns (see patang.backtest.earlier); NaN
        for a session of which nothing is known.
        """
        usual = self.usual**2
        before = self.usual_sessions
        total, weight = before * usual, before
        found = [total / weight]
        for variance in variances.tolist():
            # What is usual is forgotten as old sessions are.
            total, weight = total * self.decay, weight * self.decay
            if np.isfinite(variance):
                total, weight = total + variance, weight + 1.0
            found.append(total / weight)
        return np.sqrt(np.array(found))

    def level(self, realised: ArrayLike, moved: ArrayLike = 0.0) -> Floats:
        """At-the-money volatility a year over thirty days; `moved`: the log of spot over the close before."""
        move = np.clip(np.asarray(moved, np.float64), -_FARTHEST_MOVE, _FARTHEST_MOVE)
        logs = self.level_constant + self.level_slope * np.log(realised) + self.spot_slope * move
        return np.clip(np.exp(logs), _LOWEST, _HIGHEST)

    def at_the_money(self, level: ArrayLike, days: ArrayLike) -> Floats:
        """At-the-money volatility of an expiry `days` of the clock away."""
        left = np.maximum(np.asarray(days, np.float64), 1e-3)
        term = self.term * np.log(left / _MONTH) + self.last_day * np.exp(-left)
        return np.clip(np.asarray(level, np.float64) * np.exp(term), _LOWEST, _HIGHEST)

    def standardised(self, moneyness: ArrayLike, at_the_money: ArrayLike, days: ArrayLike) -> Floats:
        """z: the log of strike over forward in standard deviations of the time left."""
        left = np.maximum(np.asarray(days, np.float64), 1e-3)
        deviation = np.asarray(at_the_money, np.float64) * np.sqrt(left / 365)
        z: Floats = np.asarray(moneyness, np.float64) / deviation
        return z

    def volatility(self, level: ArrayLike, days: ArrayLike, moneyness: ArrayLike) -> Floats:
        """Volatility of contracts, a year of the clock; `moneyness` is the log of strike over forward."""
        left = np.maximum(np.asarray(days, np.float64), 1e-3)
        money = self.at_the_money(level, left)
        z = np.clip(self.standardised(moneyness, money, left), -self.widest, self.widest)
        smile = (self.skew + self.skew_by_term * np.log(left / _MONTH)) * z + self.curve * z * z
        return np.clip(money * np.exp(smile), _LOWEST, _HIGHEST)

    def book_of(self, place: int) -> Liquidity:
        """The book of the expiry at that place, zero for the nearest."""
        return self.liquidity[min(place, len(self.liquidity) - 1)]


@cache
def shipped_surface() -> Surface:
    """The surface that this version of Patang was released with."""
    text = files("patang.backtest.premiums").joinpath("surface.json").read_text("utf-8")
    return Surface.model_validate_json(text)
