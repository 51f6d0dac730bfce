"""Charts of what became of the capital, and of scores: equity, drawdown, paths, trials, windows."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from patang.backtest.reports.axes import Axis, number_axis, time_axis
from patang.backtest.reports.drawing import Plot
from patang.backtest.reports.wording import amount, number, percent, short_amount
from patang.market.sessions import IST

__all__ = [
    "drawdown_chart",
    "equity_chart",
    "histogram",
    "result_chart",
    "spread_chart",
    "trials_chart",
]

type Floats = NDArray[np.float64]

# Stretches that say what they are when pointed at; more are too narrow to point at.
_STRETCHES = 120
# The part of the capital from which amounts on an axis are told in thousands and lakhs.
_SHORT_FROM = 0.02


def equity_chart(days: Sequence[date], equity: Floats, capital: float) -> Markup:
    """The worth of the account at the end of each session, against what it began with. Rupees."""
    moved = max(*equity, capital) - min(*equity, capital)
    # Four figures of a lakh do not tell rupees apart.
    label = _short if moved > _SHORT_FROM * capital else _long
    plot = Plot(_day_axis(days), number_axis([*equity, capital], label))
    x = np.arange(len(days))
    plot.area(x, equity, capital, "a")
    plot.level(capital, "base", "capital")
    plot.line(x, equity, "a")
    plot.say(_stretches(days, lambda n: f"{days[n]}: {amount(equity[n])}"))
    told = (
        f"from {amount(capital)} to {amount(float(equity[-1]))}, at most {amount(float(equity.max()))}, at "
        f"least {amount(float(equity.min()))}"
    )
    return plot.figure("Equity", told)


def result_chart(days: Sequence[date], summed: Floats, begins: Sequence[tuple[date, str]]) -> Markup:
    """The running sum of returns by day, percent; `begins`: where a part begins, and its name."""
    axis = _day_axis(days)
    plot = Plot(axis, number_axis(summed, percent, zero=True))
    x = np.arange(len(days))
    plot.area(x, summed, 0.0, "a")
    plot.level(0.0, "base")
    plot.line(x, summed, "a")
    for day, name in begins:
        at = next((n for n, each in enumerate(days) if each >= day), len(days)) - 0.5
        plot.band(at, axis.high, "part")
        plot.note(at, name)
    plot.say(_stretches(days, lambda n: f"{days[n]}: {percent(summed[n], signed=True)}"))
    told = f"{percent(float(summed[-1]), signed=True)} summed, over {len(days)} days with an entry"
    return plot.figure("Net result of the entries that the model takes", told)


def drawdown_chart(days: Sequence[date], depths: Floats) -> Markup:
    """The drawdown at the end of each session, percent."""
    plot = Plot(_day_axis(days), number_axis(depths, percent, zero=True))
    x = np.arange(len(days))
    plot.area(x, depths, 0.0, "loss")
    plot.line(x, depths, "loss")
    plot.say(_stretches(days, lambda n: f"{days[n]}: {percent(depths[n])} below the highest"))
    deepest = int(np.argmin(depths))
    deepest_text = f"deepest {percent(float(depths[deepest]))} on {days[deepest]}"
    told = deepest_text if depths[deepest] < 0 else "there was none"
    return plot.figure("Drawdown", told, shape="low")


def spread_chart(values: Sequence[float], title: str, told: str) -> Markup:
    """Each of some scores as a point, with zero and their median."""
    known = np.sort(np.asarray([v for v in values if np.isfinite(v)]))
    plot = Plot(number_axis(known, number, zero=True), Axis(0, 1, ()))
    plot.stroke((0, 0), (0, 1), "base")
    for n, value in enumerate(known.tolist()):
        # Spread over the height, so that equal ones do not hide each other.
        kind = "gain" if value > 0 else "loss"
        plot.mark(value, 0.2 + 0.6 * ((n * 0.618) % 1), "●", kind, number(value))
    if len(known):
        middle = float(np.median(known))
        plot.stroke((middle, middle), (0, 1), "a")
    return plot.figure(title, told, shape="low")


def histogram(values: Sequence[float], one: float | None, name: str, title: str, told: str) -> Markup:
    """How often values lie where, and where `one` other value lies among them, which has a `name`."""
    known = np.asarray(values, float)
    counts, edges = np.histogram(known, bins=min(40, max(8, round(len(known) ** 0.5))))
    x = number_axis([*edges, *([] if one is None else [one])], percent)
    plot = Plot(x, number_axis(counts, _whole, zero=True))
    for count, left, right in zip(counts.tolist(), edges[:-1], edges[1:], strict=True):
        if count:
            plot.box((left + right) / 2, 0.45 * (right - left), 0.0, count, "count")
    if one is not None:
        plot.stroke((one, one), (0, float(counts.max())), "warn")
        plot.note(one, f"{name}: {percent(one, 3, signed=True)}")
    return plot.figure(title, told, shape="low")


def trials_chart(numbers: Sequence[int], scores: Sequence[float], told: str) -> Markup:
    """The score of each trial in the order they were made; the best so far as a line."""
    known = np.asarray(scores, float)
    x = number_axis(numbers, _whole)
    plot = Plot(x, number_axis(known, number))
    best = np.fmax.accumulate(known)
    plot.line(numbers, best, "a")
    for n, score in zip(numbers, known.tolist(), strict=True):
        if np.isfinite(score):
            plot.mark(n, score, "●", "small", f"trial {n}: {score:.6g}")
    return plot.figure("Trials", told, shape="low")


def _day_axis(days: Sequence[date]) -> Axis:
    moments = [datetime.combine(day, time(), IST).timestamp() for day in days]
    return time_axis(np.asarray(moments, np.int64))


def _stretches(days: Sequence[date], told: Callable[[int], str]) -> Iterator[tuple[float, float, str]]:
    """(from, to, what the last day in it says)."""
    width = max(1, -(-len(days) // _STRETCHES))
    for first in range(0, len(days), width):
        last = min(first + width, len(days))
        yield first - 0.5, last - 0.5, told(last - 1)


def _short(value: float, places: int) -> str:
    del places
    return short_amount(value)


def _long(value: float, places: int) -> str:
    whole, _, paise = amount(value).partition(".")
    return f"{whole}.{paise}" if places else whole


def _whole(value: float, places: int) -> str:
    """Nothing between two counts."""
    return "" if places else f"{value:.0f}"
