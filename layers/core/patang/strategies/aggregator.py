"""From all strategies' signals to the order in which an account looks at them.

    aggregate   a cycle's signals, for all accounts: what two strategies both want is wanted once, and what
                contradicts itself is wanted by nobody
    rank        what has passed an account's gates, cool-downs among them, by what it is expected to earn for
                each rupee at risk; of what moves together only the best

The gates come between the two, so that a signal which may not be entered now never displaces one which may.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from decimal import Decimal
from typing import Protocol

from patang.market.instruments import INDEX_NAMES
from patang.strategies.rules import Refusal, Rule
from patang.strategies.signal import Signal

__all__ = ["Wish", "aggregate", "family_of", "rank"]

# Indices share most of their members, and the rest moves with them.
_INDICES = frozenset(INDEX_NAMES.values()) | {"SENSEX", "BANKEX", "SENSEX50"}


class Wish(Protocol):
    """A signal with what an account's size makes of it."""

    @property
    def signal(self) -> Signal: ...

    @property
    def merit(self) -> Decimal:
        """Expected net profit for each rupee at risk."""
        ...


def aggregate(signals: Iterable[Signal]) -> tuple[list[Signal], dict[str, Refusal]]:
    """The signals to assess as one batch, most confident first, and why each of the others is not, by its id.

    CONTRADICTION: a call and a put on one underlying, or a share bought whose put is: then neither stands.
    DUPLICATE: the same contract or share from several strategies; the most confident stays.
    """
    by_underlying: dict[str, list[Signal]] = defaultdict(list)
    for signal in sorted(signals, key=lambda s: (-s.confidence, s.signal_id)):
        by_underlying[signal.underlying].append(signal)
    kept: list[Signal] = []
    left_out: dict[str, Refusal] = {}
    for group in by_underlying.values():
        falling = sum(signal.signal_type == "PUT" for signal in group)
        if 0 < falling < len(group):
            sides = Rule("opposite_signals", "<=", 0, passed=False, value=min(falling, len(group) - falling))
            left_out |= {s.signal_id: Refusal("CONTRADICTION", s.symbol, (sides,)) for s in group}
            continue
        first: dict[tuple[str, str], Signal] = {}
        for signal in group:
            better = first.setdefault((signal.exchange, signal.symbol), signal)
            if better is signal:
                kept.append(signal)
            else:
                than = Rule("confidence", ">", better.confidence, passed=False, value=signal.confidence)
                left_out[signal.signal_id] = Refusal("DUPLICATE", signal.symbol, (than,))
    kept.sort(key=lambda s: (-s.confidence, s.signal_id))
    return kept, left_out


def rank[W: Wish](wishes: Iterable[W], held: Collection[str] = ()) -> tuple[list[W], dict[str, Refusal]]:
    """The wishes that may be entered beside each other, best first, and why each of the others may not, by
    the signal's id. `held` are the underlyings of positions and of orders on their way.

    DUPLICATE: a better wish, or a position, is on the same underlying. CORRELATED: on another index.
    """
    families: dict[str, Decimal | None] = {family_of(underlying): None for underlying in held}
    underlyings = set(held)
    taken: list[W] = []
    left_out: dict[str, Refusal] = {}
    for wish in sorted(wishes, key=lambda w: (-w.merit, w.signal.signal_id)):
        signal, family = wish.signal, family_of(wish.signal.underlying)
        if family not in families:
            taken.append(wish)
            underlyings.add(signal.underlying)
            families[family] = wish.merit
            continue
        gate = "DUPLICATE" if signal.underlying in underlyings else "CORRELATED"
        left_out[signal.signal_id] = Refusal(gate, signal.symbol, (_against(wish, families[family]),))
    return taken, left_out


def _against(wish: Wish, better: Decimal | None) -> Rule:
    """What a wish lost against: the merit of another, or (None) what is held."""
    if better is None:
        return Rule("held_of_the_family", "<=", 0, passed=False, value=1)
    return Rule("merit", ">", float(better), passed=False, value=float(wish.merit))


def family_of(underlying: str) -> str:
    """What moves together: all indices are one family, a share is its own."""
    return "INDICES" if underlying in _INDICES else underlying
