"""The day's result as a line: points of an SVG, and the same in words for whoever does not see it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from patang.desk_view.broker_views import PnlMoment
from patang.desk_view.money import rupees

__all__ = ["Curve", "curve_of"]

WIDTH: Final = 600
HEIGHT: Final = 100


@dataclass(frozen=True, slots=True)
class Curve:
    """`line` are the points of a polyline in a box of 600 x 100, `zero` is the height at which nothing is won
    or lost, `area` closes the line there; `words` tell the four moments."""

    line: str
    area: str
    zero: str
    first: PnlMoment
    last: PnlMoment
    best: PnlMoment
    worst: PnlMoment
    words: str


def curve_of(points: Sequence[PnlMoment]) -> Curve | None:
    """None for less than two points: there is no line to draw."""
    if len(points) < 2:
        return None
    first, last = points[0], points[-1]
    totals = [point.total for point in points]
    lowest, highest = min(0.0, *totals), max(0.0, *totals)
    span = (highest - lowest) or 1.0
    lasted = (last.at - first.at).total_seconds() or 1.0

    def place(point: PnlMoment) -> str:
        x = (point.at - first.at).total_seconds() / lasted * WIDTH
        return f"{x:.1f},{_height(point.total, lowest, span):.1f}"

    line, zero = " ".join(map(place, points)), f"{_height(0.0, lowest, span):.1f}"
    best, worst = max(points, key=lambda one: one.total), min(points, key=lambda one: one.total)
    return Curve(
        line=line,
        area=f"0,{zero} {line} {WIDTH},{zero}",
        zero=zero,
        first=first,
        last=last,
        best=best,
        worst=worst,
        words=f"{_said(first)} to {_said(last)}; best {_said(best)}, worst {_said(worst)}.",
    )


def _height(total: float, lowest: float, span: float) -> float:
    # The box counts downwards.
    return HEIGHT - (total - lowest) / span * HEIGHT


def _said(point: PnlMoment) -> str:
    return f"{rupees(point.total, signed=True)} at {point.at:%H:%M}"
