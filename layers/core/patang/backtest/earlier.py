"""What is remembered of the sessions before a history begins: how loud they were, and where they closed."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["NOTHING_EARLIER", "Earlier", "session_variance"]

type Floats = NDArray[np.float64]

_MINUTES_A_SESSION, _SESSIONS_A_YEAR = 375, 252
_FEWEST = 60


@dataclass(frozen=True, slots=True)
class Earlier:
    """`variances` a year of the sessions before the first bar, the oldest first (see `session_variance`);
    `close`: the last price of the last of them in rupees, None where no session lies before."""

    variances: tuple[float, ...] = ()
    close: float | None = None

    def followed_by(self, days: NDArray[np.int64], closes: Floats) -> "Earlier":
        """The same with more sessions: the day and the close of each of their bars, in the order of time."""
        if not len(closes):
            return self
        _, begins = np.unique(days, return_index=True)
        variances = tuple(session_variance(span) for span in np.split(closes, begins[1:]))
        return Earlier(self.variances + variances, float(closes[-1]))


NOTHING_EARLIER = Earlier()


def session_variance(closes: Floats) -> float:
    """Variance a year of a session's one-minute returns within the session; NaN of fewer than 60 bars."""
    if len(closes) < _FEWEST:
        return float("nan")
    returns = np.diff(np.log(closes))
    return float(np.mean(returns * returns) * _MINUTES_A_SESSION * _SESSIONS_A_YEAR)
