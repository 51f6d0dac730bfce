"""What was bought and sold in the last five minutes."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from patang.features.undefined import Undefined
from patang.market.bars import ClosedBars

__all__ = ["TradeFlow"]

_MINUTES = 5


class TradeFlow:
    """A row an instrument: the units that lifted the ask or hit the bid, minute by minute."""

    def __init__(self, rows: int) -> None:
        self._bought = np.zeros((rows, _MINUTES), np.int64)
        self._sold = np.zeros((rows, _MINUTES), np.int64)
        self._gaps = np.zeros(_MINUTES, np.bool_)
        self._closed = np.zeros(1, np.int64)

    def add(self, closed: ClosedBars) -> None:
        """Take a closed minute. After a gap the next trade holds all that was missed, its side a guess."""
        for window, now in (
            (self._bought, closed.bars["bought"]),
            (self._sold, closed.bars["sold"]),
            (self._gaps, closed.gap),
        ):
            window[..., :-1] = window[..., 1:]
            window[..., -1] = now
        self._closed += 1

    @property
    def bought(self) -> NDArray[np.int64]:
        """Units bought at the ask, by row."""
        return self._bought.sum(axis=1)

    @property
    def sold(self) -> NDArray[np.int64]:
        """Units sold at the bid, by row."""
        return self._sold.sum(axis=1)

    @property
    def interrupted(self) -> Undefined | None:
        """Why the five minutes do not tell the flow, if they do not."""
        if self._gaps.any():
            return Undefined.GAP
        return Undefined.WARMING_UP if self._closed[0] < _MINUTES else None

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The whole state by name: the arrays themselves, so that restoring writes into them."""
        return {"bought": self._bought, "sold": self._sold, "gaps": self._gaps, "closed": self._closed}
