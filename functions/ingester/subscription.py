"""What to watch of a universe: everything but the options far from the money, which moves during the day."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from patang.market.instruments import FeedMode, Instrument, Universe

__all__ = ["Subscription"]

# A contract that has come into the chain is let go this many strikes farther out than it came in, so that a
# spot that wavers between two strikes changes nothing.
_STRIKES_OF_GRACE = 2

# What is left out first when there is more than the connections may carry.
_UNDER_WAY, _SPOT, _FUTURE, _OPTION = range(4)


@dataclass(frozen=True, slots=True, eq=False)
class _Chain:
    """Options of one underlying and expiry, by strike: `ranks` counts the listed strikes from the lowest."""

    tokens: NDArray[np.int64]
    ranks: NDArray[np.intp]
    strikes: NDArray[np.float64]

    def distances(self, spot: float) -> NDArray[np.intp]:
        """How many strikes each option is from the money."""
        middle = int(np.argmin(np.abs(self.strikes - spot)))
        return np.abs(self.ranks - middle)


class Subscription:
    """The instruments to watch, and in which modes, as the spots move.

    An option is watched from when it is within `each_side` strikes of the money, in its own expiry's chain,
    until it is two more away; as long as its underlying's price is not known, if it was watched before. Those
    whose underlying is not in the universe are always watched.
    """

    def __init__(self, universe: Universe, before: Mapping[int, FeedMode]) -> None:
        self._universe = universe
        self._modes: Mapping[int, FeedMode] = {i.instrument_token: i.feed for i in universe.instruments}
        self._spot_of = {i.symbol: i.instrument_token for i in universe.instruments if i.is_spot}
        self._chains = _chains(universe, self._spot_of)
        self._watched: Collection[int] = before.keys()
        self.left_out = 0

    def choose(
        self, spots: Mapping[int, float], under_way: Collection[int], each_side: int, most: int
    ) -> dict[int, FeedMode]:
        """Modes by token. `spots`: last prices by token; `under_way`: contracts that are held or ordered,
        which are watched however far they are; `most` instruments at all, the others count as `left_out`."""
        rank: dict[int, int] = {}
        for instrument in self._universe.instruments:
            if not self._is_in_a_chain(instrument):
                kind = _SPOT if instrument.is_spot else _FUTURE if not instrument.is_option else _OPTION
                rank[instrument.instrument_token] = kind
        for spot_token, chain in self._chains:
            rank |= self._near(chain, spots.get(spot_token), each_side)
        rank |= {token: _UNDER_WAY for token in under_way if token in self._modes}
        chosen = sorted(rank, key=lambda token: (rank[token], token))
        self.left_out = max(0, len(chosen) - most)
        self._watched = frozenset(chosen[:most])
        return {token: self._modes[token] for token in sorted(self._watched)}

    def _near(self, chain: _Chain, spot: float | None, each_side: int) -> dict[int, int]:
        tokens = chain.tokens.tolist()
        if spot is None:
            return {token: _OPTION for token in tokens if token in self._watched}
        return {
            token: _OPTION + distance
            for token, distance in zip(tokens, chain.distances(spot).tolist(), strict=True)
            if distance <= each_side + (_STRIKES_OF_GRACE if token in self._watched else 0)
        }

    def _is_in_a_chain(self, instrument: Instrument) -> bool:
        return instrument.is_option and instrument.underlying in self._spot_of


def _chains(universe: Universe, spot_of: Mapping[str, int]) -> list[tuple[int, _Chain]]:
    """The token of the spot and the chain, for each underlying and expiry."""
    options: dict[tuple[int, date | None], list[Instrument]] = defaultdict(list)
    for instrument in universe.instruments:
        if instrument.is_option and instrument.underlying in spot_of:
            options[spot_of[instrument.underlying], instrument.expiry].append(instrument)
    return [(spot, _chain(listed)) for (spot, _), listed in options.items()]


def _chain(options: list[Instrument]) -> _Chain:
    strikes, ranks = np.unique([float(option.strike or 0) for option in options], return_inverse=True)
    return _Chain(np.array([option.instrument_token for option in options], np.int64), ranks, strikes)
