"""Why a value of a closed minute is missing, as it is written down: whatever does not go without saying
(patang.features.missing)."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from patang.features.missing import UNSAID, reason_name
from patang.features.undefined import REASONS

__all__ = ["by_name", "worth_saying"]


def worth_saying(names: Sequence[str], reasons: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Reasons (rows x features, places in REASONS) without those that go without saying: 0 in their place."""
    unsaid = np.array([REASONS.index(UNSAID.get(name)) for name in names], np.uint8)
    return np.where(reasons == unsaid, 0, reasons)


def by_name(names: Sequence[str], reasons: NDArray[np.uint8], minutes: int) -> dict[str, str]:
    """The reasons of one row as they are written down."""
    return {
        reason_name(names[at], minutes): str(REASONS[reasons[at]]) for at in np.flatnonzero(reasons).tolist()
    }
