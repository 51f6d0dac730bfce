"""The trades of a session, minute by minute, drawn from its candles and a seed."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from patang_workbench.exchange.candles import Bar, MarketData
from patang_workbench.exchange.contracts import INDEX_OF, STRIKE_STEP
from patang_workbench.exchange.instruments import Instrument
from patang_workbench.exchange.ticks import MIN_TICKS, expand, pick_seconds

__all__ = ["Density", "Event", "Tape"]


class Event(NamedTuple):
    """Something that happens to an instrument in one second.

    A recorded price in paise, or 0 for an option, which is priced from the index when its second comes;
    the units traded; and two draws in [0, 1): which side traded, and how deep the book is.
    """

    token: int
    price: int
    quantity: int
    side: float
    depth: float


@dataclass(frozen=True, slots=True)
class Density:
    """Ticks a minute: indices every second by default, shares, options near the money and the others."""

    index: int = 60
    share: int = 6
    near_option: int = 10
    far_option: int = 4


@dataclass(frozen=True, slots=True)
class _Share:
    instrument: Instrument
    bars: dict[int, Bar]
    step: int


class Tape:
    """Deterministic for (market, seed, density), whoever listens and in whatever order minutes are asked."""

    def __init__(
        self,
        market: MarketData,
        instruments: Sequence[Instrument],
        seed: int,
        density: Density | None = None,
    ) -> None:
        self._seed = [seed, market.session.toordinal(), zlib.crc32(b"tape")]
        self._density = density or Density()
        self._minutes = market.hours.minutes
        self._cash = [_recorded(row, market) for row in instruments if not row.is_option]
        self._cash.sort(key=lambda share: not share.instrument.is_index)
        self._options = [row for row in instruments if row.is_option]
        opens = {name: int(market.candles[index][market.session].open[0]) for name, index in INDEX_OF.items()}
        self._distance = {
            row.token: abs(row.strike - opens[row.name]) / (STRIKE_STEP[row.name] * 100)
            for row in self._options
        }
        self.bar_volume = {share.instrument.token: _typical(share.bars) for share in self._cash}
        """Units that trade in a typical minute, by token."""

    def minute(self, index: int) -> list[list[Event]]:
        """The events of the session's minute `index` as sixty lists, indices before shares before options."""
        if not 0 <= index < self._minutes:
            raise ValueError(f"minute {index} is outside the session of {self._minutes} minutes")
        rng = np.random.default_rng([*self._seed, index])
        seconds: list[list[Event]] = [[] for _ in range(60)]
        for share in self._cash:
            self._trade(share, index, seconds, rng)
        for option in self._options:
            self._option(option, seconds, rng)
        return seconds

    def _trade(self, share: _Share, index: int, seconds: list[list[Event]], rng: np.random.Generator) -> None:
        row = share.instrument
        count = self._density.index if row.is_index else self._density.share
        places = pick_seconds(max(count, MIN_TICKS), rng)
        bar = share.bars.get(index)
        if bar is None:
            return
        sides = rng.random((len(places), 2)).tolist()
        for tick, (side, depth) in zip(expand(bar, places, share.step, rng), sides, strict=True):
            seconds[tick.second].append(Event(row.token, tick.price, tick.quantity, side, depth))

    def _option(self, row: Instrument, seconds: list[list[Event]], rng: np.random.Generator) -> None:
        distance = self._distance[row.token]
        count = self._density.near_option if distance <= 4 else self._density.far_option
        places = pick_seconds(count, rng)
        lots = rng.geometric(min(0.05 + 0.04 * distance, 0.6), len(places)).tolist()
        sides = rng.random((len(places), 2)).tolist()
        for second, traded, (side, depth) in zip(places, lots, sides, strict=True):
            seconds[second].append(Event(row.token, 0, (traded - 1) * row.lot, side, depth))


def _recorded(row: Instrument, market: MarketData) -> _Share:
    day = market.candles[row.tradingsymbol][market.session]
    bars = dict(zip(day.minute.tolist(), day.bars(market.session), strict=True))
    # Recorded prices need not sit on the tick of the instruments dump: keep to what they share.
    prices = np.concatenate((day.open, day.high, day.low, day.close))
    step = max(int(np.gcd.reduce(prices)), 1)
    return _Share(row, bars, min(step, row.tick) if row.tick else min(step, 5))


def _typical(bars: dict[int, Bar]) -> int:
    volumes = sorted(bar.volume for bar in bars.values())
    return volumes[len(volumes) // 2] if volumes else 0
