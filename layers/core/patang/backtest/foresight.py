"""Models asked ahead: what they will probably be asked, over whole arrays, and the answers until they are.

A prediction knows nothing of the account, but an account that is mostly invested looks at one minute now and
another much later. A model that is asked about one row at a time is busy with being asked. So it is asked
together about all that has passed the screen. What nobody has foreseen it is asked when it is needed: a wrong
guess costs time, and changes nothing.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from patang.backtest.history import SymbolHistory
from patang.backtest.minutes import Ahead
from patang.features.vector import CANDLE_FEATURES
from patang.model.contributions import Explained
from patang.model.inputs import StrategyName, session_fractions, underlying_inputs
from patang.model.prediction import Prediction
from patang.strategies.base import Strategy
from patang.strategies.deciding import Model, Models
from patang.strategies.playbook.equity import Equity

__all__ = ["Foresight", "inputs_of"]

type Rows = NDArray[np.intp]
type Inputs = Mapping[str, float]

_MINUTE = 60


def inputs_of(strategy: Strategy) -> Callable[[SymbolHistory, Rows], list[Inputs]] | None:
    """The inputs that candidates of these bars would have; None for a strategy whose inputs are of more than
    the bars, as an option's are of its premium."""
    return _equity if type(strategy) is Equity else None


class Foresight:
    """`models` as the engine asks them; nothing of them is read before one is needed."""

    def __init__(self, models: Callable[[], Models]) -> None:
        self._models = models
        self._asked: dict[StrategyName, _Asked] = {}
        self._ahead: Ahead | None = None

    def models(self) -> Models:
        """The same models, each with what it was asked ahead."""
        if not self._asked:
            self._asked = {name: _Asked(model) for name, model in self._models().items()}
        return self._asked

    def foresee(self, ahead: Ahead | None) -> None:
        """Ask what comes next, once for all the looks that share it; forget what came before."""
        if ahead is None or ahead is self._ahead:
            return
        self._ahead = ahead
        self.models()
        for name, rows in ahead().items():
            if name in self._asked:
                self._asked[name].foresee(rows)


class _Asked:
    """A model, and the answers to what it was asked last."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._known: dict[tuple[float, ...], Prediction] = {}

    @property
    def version(self) -> str:
        return self._model.version

    @property
    def promoted(self) -> bool:
        return self._model.promoted

    def foresee(self, rows: Sequence[Inputs]) -> None:
        keys = (tuple(row.values()) for row in rows)
        self._known = dict(zip(keys, self._model.predict(rows), strict=True))

    def predict(self, rows: Sequence[Inputs]) -> list[Prediction]:
        known = [self._known.get(tuple(row.values())) for row in rows]
        asked = [row for row, answer in zip(rows, known, strict=True) if answer is None]
        answers = iter(self._model.predict(asked) if asked else ())
        return [next(answers) if answer is None else answer for answer in known]

    def explain(self, rows: Sequence[Inputs]) -> list[Explained]:
        return self._model.explain(rows)


def _equity(bars: SymbolHistory, rows: Rows) -> list[Inputs]:
    columns = dict(zip(CANDLE_FEATURES, bars.features[rows].T, strict=True))
    fraction = session_fractions(bars.starts[rows] + _MINUTE)
    with np.errstate(invalid="ignore", divide="ignore"):
        found = underlying_inputs(columns, bars.close[rows], 1, fraction)
    values = zip(*(column.tolist() for column in found.values()), strict=True)
    return [dict(zip(found, row, strict=True)) for row in values]
