"""Reports in a store: which there are, their figures, their trades, their pages."""

import json

from pydantic import ValidationError

from patang.backtest.asked import REPORTS, report_path
from patang.backtest.summary import ReportSummary
from patang.backtest.trade import BacktestResult, Trade
from patang.errors import BadInput
from patang.ports import ObjectStore

__all__ = ["has_page", "named_reports", "page_of", "summary_of_report", "trades_of_report"]

_PAGE = "report.html"


def named_reports(objects: ObjectStore) -> list[str]:
    """The names of the reports that are whole, the last of the alphabet first: names often begin alike and
    end with a day."""
    found = {path.split("/")[1] for path in objects.list(REPORTS) if path.endswith(f"/{_PAGE}")}
    return sorted(found, reverse=True)


def has_page(objects: ObjectStore, report: str) -> bool:
    """Whether there is a report of this name, as a whole: its page is the last of its files."""
    return bool(objects.list(report_path(report, _PAGE)))


def summary_of_report(objects: ObjectStore, report: str) -> ReportSummary | None:
    """The figures of a report; None where there are none. Raises BadInput for figures of another version."""
    path = report_path(report, "summary.json")
    content = objects.get(path)
    if content is None:
        return None
    try:
        return ReportSummary.model_validate_json(content)
    except ValidationError as error:
        raise BadInput(f"{path} is of another version ({error}): run it again") from error


def trades_of_report(objects: ObjectStore, report: str) -> tuple[Trade, ...]:
    """The trades of a backtest in the order of their exits; none of a training.

    Raises BadInput for a run of another version.
    """
    path = report_path(report, "run.json")
    content = objects.get(path)
    if content is None or "evidence" in json.loads(content):
        return ()
    try:
        return BacktestResult.model_validate_json(content).trades
    except ValidationError as error:
        raise BadInput(f"{path} is of another version ({error}): run it again") from error


def page_of(objects: ObjectStore, report: str) -> bytes | None:
    """The report's page, which needs no other file; None where there is no such report."""
    return objects.get(report_path(report, _PAGE))
