"""What "like the training" means to a model: measured on the rows it was fitted on."""

import numpy as np
from numpy.typing import NDArray

from patang.model.dissimilarity import Dissimilarity

__all__ = ["fit_dissimilarity"]

type Floats = NDArray[np.float64]

QUANTILE = 0.995
# For an input that never changed.
_RIDGE = 1e-6


def fit_dissimilarity(table: Floats, quantile: float = QUANTILE) -> Dissimilarity:
    """Mahalanobis's distance by the covariance of Ledoit and Wolf, of a table rows x inputs. A missing input
    counts as average."""
    # Here: scikit-learn is a second of waiting, and in no layer.
    from sklearn.covariance import ledoit_wolf

    center = np.nanmean(np.where(np.isfinite(table), table, np.nan), axis=0)
    away = np.where(np.isfinite(table), table - center, 0.0)
    # The shrinkage is towards one variance for all inputs: they have to be of one scale before it.
    scale = np.maximum(away.std(axis=0), 1e-9)
    covariance, _ = ledoit_wolf(away / scale, assume_centered=True)
    precision = np.linalg.inv(covariance + _RIDGE * np.eye(len(covariance)))
    whitening = np.linalg.cholesky(precision).T / scale
    made = Dissimilarity(
        center=_rounded(center),
        whitening=tuple(map(_rounded, whitening)),
        quantile=quantile,
        furthest=0.0,
    )
    furthest = np.quantile(made.distance(table), quantile)
    return made.model_copy(update={"furthest": _rounded(furthest[None])[0]})


def _rounded(numbers: Floats) -> tuple[float, ...]:
    """To ten digits: the last are the processor's own, and an artifact is the same wherever it is made."""
    return tuple(float(f"{number:.10g}") for number in numbers.tolist())
