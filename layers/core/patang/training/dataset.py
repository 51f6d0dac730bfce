"""Labelled entries in order of time, and the split that keeps the future out of the past."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from patang.errors import BadInput
from patang.model.inputs import StrategyName

__all__ = ["DATASET_COLUMNS", "Dataset", "Split", "split_by_time"]

type Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """Entries of one strategy in the order in which they were entered, one row each.

    `inputs` is rows x names, NaN where history did not know one. `entered` and `left` are epoch seconds of
    market time: what the row knows is known at `entered`, what became of it at `left`. `symbol` is the
    underlying, or the share. `gross_pct` is the return in percent of the entry price before any cost (the
    regressor's label: expected_profit takes the costs off itself), `net_pct` after charges, spread and
    slippage, `slippage_pct` the slippage of both sides that is in it; `net_pnl` is the same in rupees at the
    quantity that the desk would have bought. `weight` is the row's uniqueness, above 0 and up to 1: rows
    whose holding periods overlap on one underlying tell less than rows that stand alone. `modelled`: the
    prices of what was bought were made from its underlying by a model.

    Raises BadInput where columns differ in length or rows are not in order of time.
    """

    strategy: StrategyName
    names: tuple[str, ...]
    inputs: Floats
    entered: NDArray[np.int64]
    left: NDArray[np.int64]
    symbol: NDArray[np.str_]
    gross_pct: Floats
    net_pct: Floats
    slippage_pct: Floats
    net_pnl: Floats
    weight: Floats
    modelled: NDArray[np.bool_]

    def __post_init__(self) -> None:
        rows = len(self.entered)
        for name in DATASET_COLUMNS:
            if len(getattr(self, name)) != rows:
                raise BadInput(f"{name} has {len(getattr(self, name))} rows and entered has {rows}")
        if self.inputs.shape != (rows, len(self.names)):
            raise BadInput(f"inputs of shape {self.inputs.shape} for {rows} rows of {len(self.names)} names")
        if np.any(np.diff(self.entered) < 0):
            raise BadInput("the entries are not in the order of time: sort them by entered")

    def __len__(self) -> int:
        return len(self.entered)

    @property
    def won(self) -> Floats:
        """trade_profitable: 1 for a profit after all costs, else 0."""
        return (self.net_pct > 0).astype(np.float64)

    @property
    def effective_rows(self) -> float:
        """How many independent entries the rows are worth: the sum of their uniqueness."""
        return float(self.weight.sum())

    def rows(self, chosen: NDArray[np.bool_] | NDArray[np.intp] | slice) -> "Dataset":
        """Some of the rows, by mask, by ascending places or by a slice; weights stay what they were."""
        columns = {name: getattr(self, name)[chosen] for name in DATASET_COLUMNS}
        return Dataset(self.strategy, self.names, **columns)


DATASET_COLUMNS = tuple(field.name for field in fields(Dataset) if field.name not in ("strategy", "names"))


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
