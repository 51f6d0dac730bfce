"""What the rules would have bought, minute by minute: the first half of all research, without an account."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from patang.backtest.minutes import Tape
from patang.settings import Settings
from patang.strategies.base import Strategy
from patang.strategies.deciding import Found, find

__all__ = ["found_by_rules"]


def found_by_rules(tape: Tape, strategies: Sequence[Strategy], settings: Settings) -> Iterator[Found]:
    """What the live rules found in each minute of the tape that they were asked about, in order of time.

    A candidate becomes a signal by `patang.strategies.deciding.signal_of`, and its later prices are
    `tape.bars(candidate.instrument, found.as_of, ...)`. Minutes without a candidate may be left out.
    """
    looks = tape.looks(strategies, settings)
    for as_of, of_minute in groupby(looks, key=lambda look: look.market.as_of):
        found = [find(look.market, look.strategies, settings) for look in of_minute]
        yield Found(
            as_of,
            tuple(wish for part in found for wish in part.wanted),
            tuple(left for part in found for left in part.left_alone),
        )
