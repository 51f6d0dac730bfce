"""How far a row is from what a model was trained on: beyond that, its answer is a guess."""

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, model_validator

__all__ = ["Dissimilarity"]

type Floats = NDArray[np.float64]

# Rows at a time: each takes the square of its inputs in memory.
_TOGETHER = 8192


class Dissimilarity(BaseModel):
    """Mahalanobis's distance from the rows of the training, in standard deviations of a whitened space.

    `center` is their mean and `whitening` a square root of their inverse covariance, row by row, both in the
    order of the model's inputs. `furthest` is the distance that the share `quantile` of those rows keeps to:
    hardly any row of the training was like one that is beyond it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    center: tuple[float, ...]
    whitening: tuple[tuple[float, ...], ...]
    quantile: float
    furthest: float

    @model_validator(mode="after")
    def _square(self) -> "Dissimilarity":
        width = len(self.center)
        if any(len(row) != width for row in self.whitening) or len(self.whitening) != width:
            raise ValueError(f"whitening is not {width} x {width}, as the {width} inputs of center demand")
        return self

    def distance(self, table: Floats) -> Floats:
        """The distance of each row of a table rows x inputs; an input that is NaN counts as average.

        A row's distance does not depend on the rows beside it, to the last bit.
        """
        return np.concatenate(
            [self._distance(table[at : at + _TOGETHER]) for at in range(0, max(len(table), 1), _TOGETHER)]
        )

    def _distance(self, table: Floats) -> Floats:
        center, whitening = np.array(self.center), np.array(self.whitening)
        away = np.nan_to_num(np.ascontiguousarray(table) - center, nan=0.0, posinf=np.inf, neginf=-np.inf)
        # No product of matrices: linear algebra adds in another order for one row than for many.
        spread = (away[:, None, :] * whitening).sum(axis=2)
        distance: Floats = np.sqrt((spread * spread).sum(axis=1))
        return distance
