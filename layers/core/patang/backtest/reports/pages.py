"""A run as one HTML page that needs nothing else: no script, no other file, no request."""

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from patang.backtest.reports.prices import ChartBars
from patang.backtest.trade import BacktestResult
from patang.training.run import TrainingRun

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["Run", "report_page"]

type Run = BacktestResult | TrainingRun


def report_page(run: Run, bars: Sequence[ChartBars] = ()) -> str:
    """The report of a run; the same run gives the same page. `bars` are those its trades are drawn on."""
    name = "backtest.html" if isinstance(run, BacktestResult) else "training.html"
    return _templates().get_template(name).render(run=run, bars=bars)


@cache
def _templates() -> "Environment":
    # Here, not at the top: nothing of a desk that trades draws a report.
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("patang.backtest.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
