"""What to watch: what the desk table says, and where the spots are."""

import logging
from collections.abc import Mapping
from datetime import date

from functions.ingester.subscription import Subscription
from patang.approvals.proposal import Proposal
from patang.execution.intent import OrderIntent
from patang.keys import DECIDED_APPROVALS, LIVE_INTENTS, OPEN_POSITIONS, PENDING_APPROVALS, universe_key
from patang.market.instruments import FeedMode, Universe
from patang.market.universe import load_universe
from patang.portfolio.position import Position
from patang.ports import Attributes, ObjectStore, StateStore
from patang.records import load_index

__all__ = ["Watch"]

log = logging.getLogger("patang.ingester")


class Watch:
    """The newest universe that was stored, and what of it to subscribe: `modes`, by token.

    `left_out`: how many instruments were too many for the connections.
    """

    def __init__(self, store: StateStore, objects: ObjectStore) -> None:
        self._store = store
        self._objects = objects
        self._seen: Attributes | None = None
        self._universe: Universe | None = None
        self._subscription: Subscription | None = None
        self._under_way: frozenset[int] = frozenset()
        self.modes: Mapping[int, FeedMode] = {}

    @property
    def left_out(self) -> int:
        return 0 if self._subscription is None else self._subscription.left_out

    def changed_universe(self) -> Universe | None:
        """The newest universe if it is another than last time, else None. Read only if it has changed."""
        newest = self._store.query(universe_key(date.min).partition, newest_first=True, limit=1)
        if not newest or newest[0] == self._seen:
            return None
        universe = load_universe(self._store, self._objects, date.fromisoformat(newest[0]["day"]))
        if universe is not None:
            self._seen = newest[0]
            self._universe = universe
            self._subscription = Subscription(universe, self.modes)
        return universe

    def note_under_way(self) -> None:
        """Read which contracts are held, ordered, or wait for a person's yes, in any account and mode."""
        if self._universe is None:
            return
        try:
            self._under_way = _under_way(self._store, self._universe)
        except Exception:
            # Nobody knows what is held: nothing that is watched now may be let go.
            log.exception("positions and orders could not be read; everything that is watched stays so")
            self._under_way = frozenset(self.modes)

    def follow(self, spots: Mapping[int, float], each_side: int, most: int) -> None:
        """Choose anew what is near the money, at most `most` instruments in all."""
        if self._subscription is None:
            return
        before, self.modes = self.modes, self._subscription.choose(spots, self._under_way, each_side, most)
        if self.modes.keys() != before.keys():
            log.info(
                "watching %d instruments, %d of them new, %d let go",
                len(self.modes),
                len(self.modes.keys() - before.keys()),
                len(before.keys() - self.modes.keys()),
            )
            if self.left_out:
                log.error("%d instruments are more than one key may watch: left out", self.left_out)


def _under_way(store: StateStore, universe: Universe) -> frozenset[int]:
    tokens = {position.instrument_token for position in load_index(store, Position, OPEN_POSITIONS)}
    by_identifier = universe.by_identifier()
    for intent in load_index(store, OrderIntent, LIVE_INTENTS):
        instrument = by_identifier.get(f"{intent.terms.exchange}:{intent.terms.tradingsymbol}")
        if instrument is not None:
            tokens.add(instrument.instrument_token)
    for place in (PENDING_APPROVALS, DECIDED_APPROVALS):
        tokens |= {proposal.signal.instrument_token for proposal in load_index(store, Proposal, place)}
    return frozenset(tokens)
