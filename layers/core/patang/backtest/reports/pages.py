"""A run as one HTML page that needs nothing else: no script, no other file, no request."""

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from markupsafe import Markup

from patang.backtest.reports.backtest_view import backtest_page
from patang.backtest.reports.pieces import Facts, Table
from patang.backtest.reports.prices import ChartBars
from patang.backtest.reports.training_view import training_page
from patang.backtest.trade import BacktestResult
from patang.training.run import TrainingRun

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["Run", "report_page"]

type Run = BacktestResult | TrainingRun


def report_page(run: Run, bars: Sequence[ChartBars] = ()) -> str:
    """The report of a run; the same run gives the same page. `bars` are those its trades are drawn on."""
    page = backtest_page(run, bars) if isinstance(run, BacktestResult) else training_page(run)
    return _templates().get_template("page.html").render(page=page)


@cache
def _templates() -> "Environment":
    # Here, not at the top: nothing of a desk that trades draws a report.
    from jinja2 import Environment, PackageLoader, StrictUndefined

    templates = Environment(
        loader=PackageLoader("patang.backtest.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.tests |= {
        name: lambda part, kind=kind: isinstance(part, kind)
        for name, kind in (("chart", Markup), ("table", Table), ("facts", Facts))
    }
    return templates
