"""What "like the training" means to a model: measured on the rows it was fitted on."""

import numpy as np
from numpy.typing import NDArray

from patang.model.dissimilarity import Dissimilarity

__all__ = ["fit_dissimilarity"]

type Floats = NDArray[np.float64]

QUANTILE = 0.995


def fit_dissimilarity(table: Floats, quantile: float = QUANTILE) -> Dissimilarity:
    """Mahalanobis's distance by the covariance of Ledoit and Wolf, which is never singular, of a table rows x
    inputs. A missing input counts as average."""
    # Here: scikit-learn is a second of waiting, and in no layer.
    from sklearn.covariance import ledoit_wolf

    center = np.nanmean(np.where(np.isfinite(table), table, np.nan), axis=0)
    away = np.where(np.isfinite(table), table - center, 0.0)
    # The shrinkage is towards one variance for all inputs: they have to be of one scale before it.
    scale = np.maximum(away.std(axis=0), 1e-9)
    covariance, _ = ledoit_wolf(away / scale, assume_centered=True)
    values, vectors = np.linalg.eigh(covariance)
    whitening = (vectors / np.sqrt(np.maximum(values, 1e-9))).T / scale
    made = Dissimilarity(
        center=tuple(center.tolist()),
        whitening=tuple(map(tuple, whitening.tolist())),
        quantile=quantile,
        furthest=0.0,
    )
    return made.model_copy(update={"furthest": float(np.quantile(made.distance(table), quantile))})
