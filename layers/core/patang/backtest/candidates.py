"""What the rules would have bought, minute by minute: the first half of all research, without an account."""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from operator import attrgetter

from patang.backtest.minutes import Look, Tape
from patang.settings import Settings
from patang.strategies.base import Strategy
from patang.strategies.deciding import Found, find

__all__ = ["found_by_rules"]


def found_by_rules(
    tape: Tape,
    strategies: Sequence[Strategy],
    settings: Settings,
    *,
    spared: Callable[[Look], bool] | None = None,
) -> Iterator[Found]:
    """What the live rules found in each minute of the tape that they were asked about, in order of time.

    A candidate becomes a signal by `patang.strategies.deciding.signal_of`, and its later prices are
    `tape.bars(candidate.instrument, found.as_of, ...)`. Minutes without a candidate may be left out. `spared`
    is asked when a look's turn has come: whether nobody has any use for what it would find.
    """
    for as_of, of_minute in groupby(tape.looks(strategies, settings), key=attrgetter("as_of")):
        found = [
            find(look.market(), look.strategies, settings)
            for look in of_minute
            if spared is None or not spared(look)
        ]
        if found:
            yield Found(
                as_of,
                tuple(wish for part in found for wish in part.wanted),
                tuple(left for part in found for left in part.left_alone),
            )
