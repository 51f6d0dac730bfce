"""Whether anything that was known, decided, bought or labelled depends on what came after it.

Everything is worked out twice from the bars: with all of them, and with those alone that had closed by a
moment. Whatever was settled by that moment must be the same to the last digit. What cannot be found this way
is a strategy that brings the future with it, in a table of its own.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from patang.backtest.featured import MinuteBars
from patang.backtest.history import SymbolHistory
from patang.features.vector import CANDLE_FEATURES
from patang.market.sessions import IST

__all__ = ["Cuts", "Leak", "Settled", "Telling", "cuts_of", "leaks"]

type Kind = Literal["feature", "decision", "label", "fill"]
# The features of bars, and what was settled on them.
type Telling = tuple[Sequence[SymbolHistory], Iterable[Settled]]

# Which moments a check is made at, of all that was settled.
type Cuts = Callable[[Sequence[Settled]], Sequence[datetime]]

_MINUTE = 60
_KINDS: tuple[Kind, ...] = ("decision", "fill", "label")
_FRAMES = ("features", "features_5m", "features_15m")


class Settled(NamedTuple):
    """Something that stood fast at a market time: its name, unique of its kind and time, and what it was."""

    kind: Kind
    at: datetime
    name: str
    what: str


@dataclass(frozen=True, slots=True)
class Leak:
    """Something settled by `cut` that later bars change; None where it is not there at all."""

    kind: Kind
    at: datetime
    name: str
    cut: datetime
    with_future: str | None
    without: str | None


def cuts_of(bars: Sequence[MinuteBars], number: int, settled: Iterable[Settled] = ()) -> list[datetime]:
    """That many moments: spread over the bars, at each another minute of the session, and days apart; half of
    them, where anything is settled, those at which something just was. What looks but a bar ahead differs
    there and hardly anywhere else."""
    ends = np.unique(np.concatenate([b.starts for b in bars])) + _MINUTE
    # By kinds: labels are many, fills few.
    just = {
        kind: sorted({s.at for s in settled if s.kind == kind and _is_within(s.at, ends)}) for kind in _KINDS
    }
    kinds = [moments for moments in just.values() if moments]
    wanted = number // 2 if kinds else 0
    chosen: set[datetime] = set()
    for turn in range(wanted):
        moments = kinds[turn % len(kinds)]
        chosen.add(moments[(2 * (turn // len(kinds)) + 1) * len(moments) // (2 * -(-wanted // len(kinds)))])
    places = np.linspace(0, len(ends) - 1, number - len(chosen) + 2).astype(int)[1:-1]
    spread = (datetime.fromtimestamp(int(ends[place]), IST) for place in np.unique(places))
    return sorted({*spread, *chosen})


def leaks(
    bars: Sequence[MinuteBars], tell: Callable[[Sequence[MinuteBars]], Telling], cuts: Cuts
) -> Iterator[tuple[datetime, list[Leak]]]:
    """What depends on its future, cut by cut. `tell` says what follows from bars, `cuts` where they are cut
    off, of all that was settled."""
    features, settled = tell(bars)
    whole = list(settled)
    for cut in cuts(whole):
        last = int(cut.timestamp()) - _MINUTE
        past = [rest for b in bars if len(rest := b.rows(b.starts <= last))]
        known, settled = tell(past)
        yield cut, [*_features_that_differ(features, known, cut), *_settled_otherwise(whole, settled, cut)]


def _is_within(moment: datetime, ends: NDArray[np.int64]) -> bool:
    return bool(ends[0] <= moment.timestamp() < ends[-1])


def _settled_otherwise(whole: Iterable[Settled], past: Iterable[Settled], cut: datetime) -> Iterator[Leak]:
    then, now = (
        {(s.at, s.kind, s.name): s.what for s in settled if s.at <= cut} for settled in (whole, past)
    )
    for at, kind, name in sorted(then.keys() | now.keys()):
        with_future, without = then.get((at, kind, name)), now.get((at, kind, name))
        if with_future != without:
            yield Leak(kind, at, name, cut, with_future, without)


def _features_that_differ(
    whole: Sequence[SymbolHistory], past: Sequence[SymbolHistory], cut: datetime
) -> Iterator[Leak]:
    """The first bar of each symbol and length of bars whose features are not the same."""
    now = {bars.symbol: bars for bars in past}
    for bars in whole:
        cut_off = now.get(bars.symbol)
        rows = 0 if cut_off is None else len(cut_off)
        for frame in _FRAMES if cut_off is not None else ():
            then, again = getattr(bars, frame)[:rows], getattr(cut_off, frame)
            differs = ~((then == again) | (np.isnan(then) & np.isnan(again)))
            if differs.any():
                row, column = (int(place[0]) for place in np.nonzero(differs))
                closed = datetime.fromtimestamp(int(bars.starts[row]), IST) + timedelta(minutes=1)
                name = f"{bars.symbol} {CANDLE_FEATURES[column]}{frame.removeprefix('features')}"
                yield Leak(
                    "feature",
                    closed,
                    name,
                    cut,
                    repr(float(then[row, column])),
                    repr(float(again[row, column])),
                )
