"""The trades of a session, minute by minute, drawn from its candles and a seed."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from patang.market.contract_terms import INDEX_OF, STRIKE_STEP, UNDERLYINGS
from patang_workbench.exchange.candles import Bar, MarketData
from patang_workbench.exchange.instruments import STRIKES_EACH_SIDE, Instrument
from patang_workbench.exchange.ticks import MIN_TICKS, expand, pick_seconds
from patang_workbench.exchange.vix import VIX

__all__ = ["Density", "Event", "Tape"]

_NEAR = STRIKES_EACH_SIDE + 0.5
"""Strikes from the money up to which an option trades all the time."""


class Event(NamedTuple):
    """Something that happens to an instrument in one second.

    A recorded price in paise, or 0 for a contract, which is priced from its underlying when its second comes;
    the units traded; and two draws in [0, 1): which side traded, and how deep the book is.
    """

    token: int
    price: int
    quantity: int
    side: float
    depth: float


@dataclass(frozen=True, slots=True)
class Density:
    """Ticks a minute: indices every second by default, shares, options near the money and around it, futures
    of indices. All other contracts tick once in `quiet_minutes`.
    """

    index: int = 60
    share: int = 6
    near_option: int = 10
    far_option: int = 4
    future: int = 20
    quiet_minutes: int = 4


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
        cash = [_recorded(row, market) for row in instruments if row.expiry is None]
        cash.sort(key=lambda share: not share.instrument.is_index)
        self._cash = [share for share in cash if share.instrument.tradingsymbol != VIX]
        self._volatility = [share for share in cash if share.instrument.tradingsymbol == VIX]
        opens = {name: int(market.candles[index][market.session].open[0]) for name, index in INDEX_OF.items()}
        self._distance = {
            row.token: abs(row.strike - opens[row.name]) / (STRIKE_STEP[row.name] * 100)
            for row in instruments
            if row.is_option
        }
        self._options = [row for row in instruments if row.is_option and self._distance[row.token] <= _NEAR]
        self._futures = [row for row in instruments if row.is_future and row.name in UNDERLYINGS]
        busy = {row.token for row in (*self._options, *self._futures)}
        self._quiet = [row for row in instruments if row.expiry is not None and row.token not in busy]
        self.bar_volume = {share.instrument.token: _typical(share.bars) for share in cash}
        """Units that trade in a typical minute, by token."""

    def minute(self, index: int) -> list[list[Event]]:
        """The events of the session's minute `index` as sixty lists, underlyings before their contracts."""
        if not 0 <= index < self._minutes:
            raise ValueError(f"minute {index} is outside the session of {self._minutes} minutes")
        rng = np.random.default_rng([*self._seed, index])
        seconds: list[list[Event]] = [[] for _ in range(60)]
        for share in self._cash:
            self._trade(share, index, seconds, rng)
        for option in self._options:
            self._option(option, seconds, rng)
        # Drawn apart, so that what is listed beside them changes no price of the above.
        rng = np.random.default_rng([*self._seed, index, 1])
        for share in self._volatility:
            self._trade(share, index, seconds, rng)
        for future in self._futures:
            self._future(future, seconds, rng)
        self._now_and_then(index, seconds, rng)
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

    def _future(self, row: Instrument, seconds: list[list[Event]], rng: np.random.Generator) -> None:
        places = pick_seconds(self._density.future, rng)
        lots = rng.geometric(0.08, len(places)).tolist()
        sides = rng.random((len(places), 2)).tolist()
        for second, traded, (side, depth) in zip(places, lots, sides, strict=True):
            seconds[second].append(Event(row.token, 0, traded * row.lot, side, depth))

    def _now_and_then(self, index: int, seconds: list[list[Event]], rng: np.random.Generator) -> None:
        """One tick of every contract whose turn this minute is, which need not be a trade."""
        turn = self._quiet[index % self._density.quiet_minutes :: self._density.quiet_minutes]
        places = rng.integers(0, 60, len(turn)).tolist()
        lots = (rng.geometric(0.6, len(turn)) - 1).tolist()
        draws = rng.random((len(turn), 2)).tolist()
        for row, second, traded, (side, depth) in zip(turn, places, lots, draws, strict=True):
            seconds[second].append(Event(row.token, 0, traded * row.lot, side, depth))


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
