"""Training: a classifier for winning, a regressor for the return, a calibration on later entries.

The same data, parameters and seed give the same bytes: one thread, no sampling.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from importlib.metadata import version
from typing import Any, Literal

import numpy as np
import xgboost
from numpy.typing import NDArray

from patang.errors import BadInput
from patang.model.artifact import Calibration
from patang.model.dissimilarity import Dissimilarity
from patang.model.inference import Answers, Inference
from patang.model.inputs import StrategyName
from patang.training.calibration import fit_calibration
from patang.training.dataset import Dataset
from patang.training.nearness import fit_dissimilarity

__all__ = ["LEAST_COVERAGE", "Parameters", "Trained", "covered", "fit", "fit_and_calibrate", "in_two"]

type Floats = NDArray[np.float64]

# Of the rows that are fitted on. A live row that lacks what the model was hardly ever without is refused;
# one that the model could not count on is not asked for at all.
LEAST_COVERAGE = 0.8
_LEAST_ROWS = 30
_IST_AHEAD, _DAY = 5 * 3600 + 1800, 86_400


@dataclass(frozen=True, slots=True)
class Parameters:
    """Small trees, on purpose: entries overlap, and there are fewer independent ones than rows.

    `min_child_weight` is the least sum of second derivatives in a leaf: of a row's uniqueness for the
    regressor, of about a quarter of it for the classifier.
    """

    rounds: int = 60
    max_depth: int = 2
    eta: float = 0.05
    min_child_weight: float = 250.0
    reg_lambda: float = 20.0

    @classmethod
    def of(cls, numbers: Mapping[str, float]) -> "Parameters":
        """From numbers by name, as a trial keeps them. Raises BadInput for a name it does not know."""
        types: Mapping[str, Any] = {field.name: field.type for field in fields(cls)}
        foreign = sorted(set(numbers) - set(types))
        if foreign:
            raise BadInput(f"there is no parameter {', '.join(foreign)}: choose among {', '.join(types)}")
        return cls(**{name: types[name](number) for name, number in numbers.items()})

    def numbers(self) -> Mapping[str, float]:
        """By name."""
        return asdict(self)

    def booster(self, objective: str, seed: int, method: str) -> dict[str, Any]:
        """As XGBoost wants them."""
        return {
            "objective": objective,
            "max_depth": self.max_depth,
            "eta": self.eta,
            "min_child_weight": self.min_child_weight,
            "reg_lambda": self.reg_lambda,
            "tree_method": method,
            "nthread": 1,
            "seed": seed,
        }


@dataclass(frozen=True)
class Trained:
    """Models as bytes of XGBoost's JSON, with all that is needed to ask them and to say what they are.

    `base_rate` (winners), `mean_gross_pct` and `cost_pct` (charges, spread and slippage in percent of the
    entry price) are the means of the rows that were fitted on.
    """

    strategy: StrategyName
    names: tuple[str, ...]
    classifier: bytes
    regressor: bytes
    calibration: Calibration
    dissimilarity: Dissimilarity
    parameters: Parameters
    method: str
    seed: int
    rows_fit: int
    rows_calibrate: int
    effective_rows: float
    base_rate: float
    mean_gross_pct: float
    cost_pct: float

    @cached_property
    def inference(self) -> Inference:
        """What the desk asks, of these bytes."""
        return Inference(self.classifier, self.regressor, self.calibration, self.dissimilarity)

    def answers(self, data: Dataset) -> Answers:
        """What it says of each row, with the inputs it knows."""
        return self.inference.answers(self.table(data))

    def table(self, data: Dataset) -> Floats:
        """The inputs of `data` that the model knows, in its order."""
        return data.inputs[:, [data.names.index(name) for name in self.names]]

    def taken(self, answers: Answers, min_confidence: float) -> NDArray[np.bool_]:
        """Whether the desk would trade each: like the training, sure enough, and worth more than it costs."""
        near = answers.distance <= self.dissimilarity.furthest
        worth = answers.expected_return_pct > self.cost_pct
        chosen: NDArray[np.bool_] = near & (answers.p_win >= min_confidence) & worth
        return chosen

    def told(self) -> dict[str, Any]:
        """How it was trained, for its metadata."""
        return {
            **self.parameters.numbers(),
            "tree_method": self.method,
            "seed": self.seed,
            "rows_fit": self.rows_fit,
            "rows_calibrate": self.rows_calibrate,
            "effective_rows": round(self.effective_rows, 1),
            "base_rate": round(self.base_rate, 4),
            "cost_pct": round(self.cost_pct, 4),
        }

    @property
    def libraries(self) -> dict[str, str]:
        """What computed it, by version."""
        return {"xgboost": xgboost.__version__, **{name: version(name) for name in ("numpy", "scikit-learn")}}


def fit(known: Dataset, parameters: Parameters, seed: int) -> Trained:
    """A model of all that is known: fitted on the earlier rows, calibrated on the later quarter of the days.

    Raises BadInput for too few rows, or rows that all won or all lost.
    """
    return fit_and_calibrate(*in_two(known), parameters, seed)


def in_two(known: Dataset, calibrate: float = 0.25) -> tuple[Dataset, Dataset]:
    """To fit on, and to calibrate on: the share of rows that was entered last, cut where a day begins;
    without rows that were still held at the cut."""
    if not len(known):
        return known, known
    wanted = int(np.quantile(known.entered, 1 - calibrate))
    cut = (wanted + _IST_AHEAD) // _DAY * _DAY - _IST_AHEAD
    return known.rows(known.left < cut), known.rows(known.entered >= cut)


def fit_and_calibrate(
    early: Dataset,
    later: Dataset,
    parameters: Parameters,
    seed: int,
    method: Literal["hist", "exact"] = "hist",
) -> Trained:
    """A model fitted on `early` and calibrated on `later`, which has no row of it; raises as `fit` does."""
    for name, part in (("fit", early), ("calibrate", later)):
        winners = int(part.won.sum())
        if len(part) < _LEAST_ROWS or not 0 < winners < len(part):
            raise BadInput(
                f"{len(part)} entries to {name} on, {winners} of them winners: at least {_LEAST_ROWS} are "
                "needed, and both kinds; more and more varied entries are needed"
            )
    names = covered(early)
    columns = [early.names.index(name) for name in names]
    table = early.inputs[:, columns]
    classifier, regressor = (
        _boosted(table, label, early.weight, parameters.booster(objective, seed, method), parameters.rounds)
        for label, objective in ((early.won, "binary:logistic"), (early.gross_pct, "reg:squarederror"))
    )
    margin = np.asarray(
        classifier.inplace_predict(later.inputs[:, columns], predict_type="margin"), np.float64
    )
    return Trained(
        strategy=early.strategy,
        names=names,
        classifier=bytes(classifier.save_raw(raw_format="json")),
        regressor=bytes(regressor.save_raw(raw_format="json")),
        calibration=fit_calibration(margin, later.won, later.weight),
        dissimilarity=fit_dissimilarity(table),
        parameters=parameters,
        method=method,
        seed=seed,
        rows_fit=len(early),
        rows_calibrate=len(later),
        effective_rows=early.effective_rows,
        base_rate=float(np.average(early.won, weights=early.weight)),
        mean_gross_pct=float(np.average(early.gross_pct, weights=early.weight)),
        cost_pct=float(np.average(early.gross_pct - early.net_pct, weights=early.weight)),
    )


def covered(data: Dataset) -> tuple[str, ...]:
    """The inputs that at least LEAST_COVERAGE of the rows know. Raises BadInput if there are none."""
    share = np.isfinite(data.inputs).mean(axis=0)
    names = tuple(name for name, known in zip(data.names, share, strict=True) if known >= LEAST_COVERAGE)
    if not names:
        raise BadInput(f"no input is known in {LEAST_COVERAGE:.0%} of {len(data)} rows: look at the history")
    return names


def _boosted(
    table: Floats, label: Floats, weight: Floats, settings: dict[str, Any], rounds: int
) -> xgboost.Booster:
    matrix = xgboost.DMatrix(table, label=label, weight=weight, nthread=1)
    return xgboost.train(settings, matrix, num_boost_round=rounds)
