"""Charts as SVG between labels that are HTML: shapes stretch with the page, texts and strokes do not.

Everything is escaped by markupsafe. Positions are percent of the plot; the shapes are drawn on a square of
1000 by 1000 that is stretched to it, with strokes that do not scale.
"""

from collections.abc import Iterable

import numpy as np
from markupsafe import Markup
from numpy.typing import ArrayLike, NDArray

from patang.backtest.reports.axes import Axis

__all__ = ["Plot"]

type Floats = NDArray[np.float64]

_SIDE, _MOST_POINTS = 1000, 1200
# A minus at the end of a line would leave its amount a profit: a word joiner keeps them together.
_NO_BREAK = "−\u2060₹"


class Plot:
    """A chart that is being drawn: first what lies below, then what lies above it.

    `kind` arguments are classes of the style sheet (`a` and `b` for series, `gain`, `loss`, `quiet`).
    """

    def __init__(self, x: Axis, y: Axis) -> None:
        self._x, self._y = x, y
        self._shapes: list[Markup] = []
        self._labels: list[Markup] = []
        for value, text in y.ticks:
            self._level(value, "grid")
            self._labels.append(_label("y", "top", 100 - 100 * float(y.at(value)), text))
        for n, (value, text) in enumerate(x.ticks):
            # Every other one makes room on a telephone.
            kind = "x other" if n % 2 else "x"
            self._labels.append(_label(kind, "left", 100 * float(x.at(value)), text))

    def line(self, x: ArrayLike, y: ArrayLike, kind: str) -> None:
        """A line through points in the order of x; it has a gap where a value is not known."""
        points = self._points(x, y)
        for run in _known_runs(_thinned(points)):
            self._shapes.append(Markup('<path class="line {}" d="M{}"/>').format(kind, _path(run)))

    def area(self, x: ArrayLike, y: ArrayLike, base: float, kind: str) -> None:
        """What lies between a line and a level."""
        level = _SIDE * (1 - float(self._y.at(base)))
        for run in _known_runs(_thinned(self._points(x, y))):
            edge = f"M{run[0, 0]:.1f} {level:.1f}L{_path(run)}L{run[-1, 0]:.1f} {level:.1f}Z"
            self._shapes.append(Markup('<path class="area {}" d="{}"/>').format(kind, edge))

    def band(self, first: float, last: float, kind: str) -> None:
        """A stretch of x over the whole height."""
        left, right = _SIDE * self._x.at([first, last])
        self._shapes.append(
            Markup('<rect class="band {}" x="{:.1f}" y="0" width="{:.1f}" height="1000"/>').format(
                kind, left, max(right - left, 0)
            )
        )

    def box(self, x: float, half: float, low: float, high: float, kind: str) -> None:
        """A box from `low` to `high`, `half` as wide to either side."""
        left, right = _SIDE * self._x.at([x - half, x + half])
        top, bottom = _SIDE * (1 - self._y.at([high, low]))
        self._shapes.append(
            Markup('<rect class="box {}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>').format(
                kind, left, top, right - left, max(bottom - top, 1.5)
            )
        )

    def stroke(self, x: tuple[float, float], y: tuple[float, float], kind: str) -> None:
        """A straight line between two points."""
        self._shapes.append(Markup('<path class="line {}" d="M{}"/>').format(kind, _path(self._points(x, y))))

    def level(self, value: float, kind: str, text: str = "") -> None:
        """A line across at a value, with a word at its right end."""
        self._level(value, kind)
        if text:
            top = 100 - 100 * float(self._y.at(value))
            self._labels.append(_label(f"level {kind}", "top", top, text))

    def note(self, x: float, text: str) -> None:
        """A few words at the top, on that side of a place which has more room."""
        place = 100 * float(self._x.at(x))
        self._labels.append(_label("note before" if place > 50 else "note", "left", place, text))

    def mark(self, x: float, y: float, glyph: str, kind: str, told: str) -> None:
        """A sign that keeps its shape at every width; `told` is what it says when it is pointed at."""
        left, top = 100 * float(self._x.at(x)), 100 - 100 * float(self._y.at(y))
        self._labels.append(
            Markup('<span class="mark {}" style="left:{:.2f}%;top:{:.2f}%" title="{}">{}</span>').format(
                kind, left, top, told, glyph
            )
        )

    def say(self, edges: Iterable[tuple[float, float, str]]) -> None:
        """What each stretch of x says when it is pointed at: (from, to, text)."""
        for first, last, text in edges:
            left, right = _SIDE * self._x.at([first, last])
            self._shapes.append(
                Markup('<rect class="slot" x="{:.1f}" y="0" width="{:.1f}" height="1000">').format(
                    left, right - left
                )
                + Markup("<title>{}</title></rect>").format(text)
            )

    def figure(self, title: str, told: str, *, shape: str = "wide", key: Markup | None = None) -> Markup:
        """The chart with its heading; `told` says in words what it shows, for who cannot see it too.

        `shape` is a class of the style sheet: wide, low or square. `key` explains signs and colours.
        """
        drawn = Markup(
            '<svg viewBox="0 0 1000 1000" preserveAspectRatio="none" role="img" aria-label="{}">{}</svg>'
        ).format(f"{title}: {told}", Markup("").join(self._shapes))
        labels = Markup('<div class="labels" aria-hidden="true">{}</div>').format(
            Markup("").join(self._labels)
        )
        caption = Markup("<figcaption><b>{}</b> <span>{}</span>{}</figcaption>").format(
            title, told.replace("−₹", _NO_BREAK), key or Markup("")
        )
        return Markup('<figure class="chart {}">{}<div class="plot">{}{}</div></figure>').format(
            shape, caption, drawn, labels
        )

    def _level(self, value: float, kind: str) -> None:
        self.stroke((self._x.low, self._x.high), (value, value), kind)

    def _points(self, x: ArrayLike, y: ArrayLike) -> Floats:
        return np.column_stack([_SIDE * self._x.at(x), _SIDE * (1 - self._y.at(y))])


def _label(kind: str, edge: str, place: float, text: str) -> Markup:
    return Markup('<span class="{}" style="{}:{:.2f}%">{}</span>').format(kind, edge, place, text)


def _path(points: Floats) -> str:
    return "L".join(f"{x:.1f} {y:.1f}" for x, y in points.tolist())


def _thinned(points: Floats) -> Floats:
    """The lowest and highest of each stretch, where there are more points than a page has pixels."""
    if len(points) <= _MOST_POINTS:
        return points
    kept: set[int] = {0, len(points) - 1}
    for part in np.array_split(np.arange(len(points)), _MOST_POINTS // 2):
        heights = points[part, 1]
        # A stretch of which nothing is known keeps one point, so that the gap stays.
        ends = (np.nanargmin, np.nanargmax) if np.isfinite(heights).any() else (np.argmax,)
        kept |= {int(part[end(heights)]) for end in ends}
    return points[sorted(kept)]


def _known_runs(points: Floats) -> list[Floats]:
    """The stretches without a gap."""
    known = np.isfinite(points).all(axis=1)
    breaks = np.flatnonzero(np.diff(known.astype(np.int8))) + 1
    return [run for run in np.split(points, breaks) if len(run) and np.isfinite(run[0]).all()]
