"""How far a frequency that was counted may be from the true one."""

from math import sqrt

__all__ = ["wilson_interval"]

# The normal quantile of a two-sided interval of 95 %.
_Z = 1.959964


def wilson_interval(observed: float, count: int) -> tuple[float, float]:
    """Where the true frequency lies with 95 % after `count` looks of which the share `observed` came true:
    Wilson's score interval (JASA 22, 1927, p. 209). `count` is 1 or more."""
    z2 = _Z * _Z
    middle = (observed + z2 / (2 * count)) / (1 + z2 / count)
    half = _Z * sqrt(observed * (1 - observed) / count + z2 / (4 * count * count)) / (1 + z2 / count)
    return middle - half, middle + half
