"""Labelled entries in order of time, and the split that keeps the future out of the past."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from patang.errors import BadInput

__all__ = ["Dataset", "Split", "split_by_time"]

type Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """One row an entry. `inputs` is rows x names; `entered` and `left` are epoch seconds.

    `gross_pct` is the return in percent of the entry price before costs, `net_pct` after them.
    """

    names: tuple[str, ...]
    inputs: Floats
    entered: NDArray[np.int64]
    left: NDArray[np.int64]
    gross_pct: Floats
    net_pct: Floats

    def __len__(self) -> int:
        return len(self.entered)

    @property
    def won(self) -> Floats:
        """1 for a profit after costs, else 0."""
        return (self.net_pct > 0).astype(np.float64)

    def rows(self, chosen: NDArray[np.bool_]) -> "Dataset":
        return Dataset(
            self.names,
            self.inputs[chosen],
            self.entered[chosen],
            self.left[chosen],
            self.gross_pct[chosen],
            self.net_pct[chosen],
        )


@dataclass(frozen=True, slots=True)
class Split:
    """Three stretches of time, each wholly before the next: to fit on, to calibrate on, to measure on."""

    fit: Dataset
    calibrate: Dataset
    measure: Dataset


def split_by_time(data: Dataset, fit: float = 0.6, calibrate: float = 0.2) -> Split:
    """Cut at quantiles of the entry time; entries whose outcome reaches across a cut are purged.

    Raises BadInput when a stretch would be empty or hold one class only.
    """
    first, second = (int(np.quantile(data.entered, q)) for q in (fit, fit + calibrate))
    before, after = data.entered < first, data.entered >= second
    parts = Split(
        fit=data.rows(before & (data.left < first)),
        calibrate=data.rows(~before & ~after & (data.left < second)),
        measure=data.rows(after),
    )
    for name, part in (("fit", parts.fit), ("calibrate", parts.calibrate), ("measure", parts.measure)):
        if len(part) == 0 or not 0 < part.won.mean() < 1:
            raise BadInput(
                f"the {name} part of {len(data)} entries has {len(part)} rows and {part.won.sum():.0f} "
                "winners: more and more varied entries are needed"
            )
    return parts
