"""What a model has to reach: one table, which docs/concepts/model-gates.md shows too."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

__all__ = ["THRESHOLDS", "Threshold"]


class Threshold(NamedTuple):
    """`value` compared with `bound` has to hold; `asks` says in words what for."""

    comparison: Literal["<", "<=", ">", ">="]
    bound: float
    asks: str


# In the order in which they are told. "Trades" are entries that the model would have traded, of the
# walk-forward and the final window, none of which any model of theirs had seen.
THRESHOLDS: Mapping[str, Threshold] = {
    "effective_size": Threshold(">=", 100, "independent trades: the sum of their uniqueness"),
    "recorded_prices": Threshold(
        ">=", 100, "independent trades whose own prices were recorded, not modelled"
    ),
    "brier_skill": Threshold(
        ">", 0, "the lower of the skills against the base rate, in the walk-forward and in the final window"
    ),
    "calibration_error": Threshold(
        "<=", 0.05, "expected calibration error of all foretold entries, beyond what luck explains"
    ),
    "expectancy": Threshold(
        ">", 0, "percent a trade after charges, spread and slippage: the low end of its 95 % interval"
    ),
    "expectancy_slipped": Threshold(">", 0, "the same where fills slip twice what was assumed"),
    "final_expectancy": Threshold(
        ">", 0, "percent a trade after costs in the final window alone, its mean; lower with every look at it"
    ),
    "random_entries": Threshold(
        "<=", 0.05, "how often entries at random, at the same times and by the same exits, earned as much"
    ),
    "deflated_sharpe": Threshold(
        ">=", 0.95, "probability that the Sharpe ratio is above zero, given all that was tried"
    ),
    "overfitting": Threshold(
        "<",
        0.2,
        "probability that the best trial of one half is below the middle in the other and loses there",
    ),
}
