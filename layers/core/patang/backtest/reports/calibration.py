"""Charts of how well probabilities were kept: what was predicted against how often it came true."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup
from numpy.typing import ArrayLike

from patang.backtest.reports.axes import number_axis
from patang.backtest.reports.drawing import Plot
from patang.backtest.reports.pieces import Cell, Table
from patang.backtest.reports.wording import number, percent
from patang.model.wilson import wilson_interval

__all__ = ["Bin", "bin_table", "bins_of", "reliability_chart"]


@dataclass(frozen=True, slots=True)
class Bin:
    """Predictions that lie together: their mean, how often they came true, and how many they are."""

    predicted: float
    observed: float
    count: int

    @property
    def interval(self) -> tuple[float, float]:
        """Where the true frequency lies with 95 %, by Wilson's score."""
        return wilson_interval(self.observed, self.count)


def bins_of(predicted: ArrayLike, won: ArrayLike, most: int = 10, fewest_in_one: int = 20) -> list[Bin]:
    """Bins of equal count, by prediction; empty where there is too little for one."""
    p, w = np.asarray(predicted, float), np.asarray(won, float)
    count = min(most, len(p) // fewest_in_one)
    if not count:
        return []
    parts = np.array_split(np.argsort(p, kind="stable"), count)
    return [Bin(float(p[part].mean()), float(w[part].mean()), len(part)) for part in parts]


def bin_table(bins: Sequence[Bin]) -> Table:
    """The same in numbers."""
    rows = [
        (
            Cell(percent(100 * each.predicted, 1), head=True),
            Cell(percent(100 * each.observed, 1)),
            Cell(" – ".join(percent(100 * edge, 1) for edge in each.interval)),
            Cell(f"{each.count:,}"),
        )
        for each in bins
    ]
    return Table("Bins of predictions", ("predicted", "came true", "95 % interval", "entries"), rows, texts=0)


def reliability_chart(bins: Sequence[Bin], told: str) -> Markup:
    """Each bin as a point with its interval, and the line on which a kept promise lies."""
    edges = [edge for each in bins for edge in (each.predicted, *each.interval)]
    axis = number_axis(edges, number)
    plot = Plot(axis, axis)
    plot.stroke((axis.low, axis.high), (axis.low, axis.high), "base")
    for each in bins:
        plot.stroke((each.predicted, each.predicted), each.interval, "whisker")
    plot.line([each.predicted for each in bins], [each.observed for each in bins], "a")
    for each in bins:
        says = (
            f"predicted {percent(100 * each.predicted, 1)}, came true {percent(100 * each.observed, 1)} "
            f"of {each.count}"
        )
        plot.mark(each.predicted, each.observed, "●", "a", says)
    return plot.figure("Predicted and observed frequency", told, shape="square")
