"""The trades that a model took out of sample, in the shape that the gates count in."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from patang.training.evidence import Outcomes

__all__ = ["Taken", "day_returns", "taken"]

type Floats = NDArray[np.float64]

_IST_AHEAD, _DAY = 5 * 3600 + 1800, 86_400


@dataclass(frozen=True, slots=True, eq=False)
class Taken:
    """A row a trade, in order of time. `day`: days since 1970-01-01, IST; `minute`: of that day; returns in
    percent of the entry price; `weight`: uniqueness, so that ten entries into one move count as about one."""

    day: NDArray[np.int64]
    minute: NDArray[np.int64]
    net_pct: Floats
    slippage_pct: Floats
    weight: Floats
    modelled: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.day)

    @property
    def effective(self) -> float:
        """How many independent trades they are worth."""
        return float(self.weight.sum())

    def net_at(self, slippage: float) -> Floats:
        """Net returns where fills slip that many times what was assumed."""
        return self.net_pct - (slippage - 1) * self.slippage_pct

    def rows(self, chosen: NDArray[np.bool_]) -> "Taken":
        """Some of the trades."""
        return Taken(*(getattr(self, field.name)[chosen] for field in fields(self)))


def taken(*stretches: Outcomes) -> Taken:
    """The trades of stretches that follow each other."""
    rows = [
        (moment.timestamp(), *rest)
        for part in stretches
        for yes, moment, *rest in zip(
            part.taken, part.entered, part.net_pct, part.slippage_pct, part.weight, part.modelled, strict=True
        )
        if yes
    ]
    columns = np.array(rows, np.float64).reshape(len(rows), 5).T
    seconds = columns[0].astype(np.int64) + _IST_AHEAD
    return Taken(
        day=seconds // _DAY,
        minute=seconds % _DAY // 60,
        net_pct=columns[1],
        slippage_pct=columns[2],
        weight=columns[3],
        modelled=columns[4].astype(np.bool_),
    )


def day_returns(of: Taken, days: NDArray[np.int64]) -> Floats:
    """The sum of each day's net returns, each by its uniqueness: what a desk that holds one of several
    entries into the same move makes, in percent of the stake. 0 on a day without a trade."""
    return np.array([float(of.net_pct[here] @ of.weight[here]) for here in (of.day == day for day in days)])
