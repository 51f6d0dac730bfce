"""Research as the desk keeps it: reports of backtests and trainings, and the parity of its days."""

import json
from collections.abc import Sequence
from datetime import date

from pydantic import ValidationError

from patang.backtest.asked import report_path
from patang.backtest.asking import AskedBacktest, Backtests
from patang.backtest.parity.told import told_of
from patang.backtest.reported import has_page, named_reports, summary_of_report
from patang.desk_view.research_views import ParityDay, ParityOfADay, ReportLine, ReportLines, ReportTold
from patang.errors import BadInput
from patang.execution.graduation import ParityReport
from patang.keys import parity_key
from patang.ports import ObjectStore, StateStore
from patang.records import load, load_all
from patang.training.gates.verdict import GateResult, Verdict

__all__ = ["Research"]


class Research:
    """Reports belong to the desk, as its settings do; what differed on a day belongs to its accounts."""

    def __init__(self, store: StateStore, objects: ObjectStore, backtests: Backtests) -> None:
        self._store = store
        self._objects = objects
        self._backtests = backtests

    def reports(self, start: int, limit: int) -> ReportLines:
        """A part: those that were asked for in ninety days, newest first, then those that were put there."""
        asked = {one.report: one for one in self._backtests.all()}
        drawn = named_reports(self._objects)
        names = [*asked, *(name for name in drawn if name not in asked)]
        # What is told of a report is read from the store: only of the part that is shown.
        shown = names[start : start + limit]
        lines = tuple(self._line(name, asked.get(name), done=name in drawn) for name in shown)
        return ReportLines(reports=lines, total=len(names))

    def report(self, name: str) -> ReportTold | None:
        """A report at length; None where there is none of this name, BadInput for what cannot be one."""
        asked, drawn = self._backtests.find(name), has_page(self._objects, name)
        if asked is None and not drawn:
            return None
        found = None if asked is None else self._backtests.state(asked)
        summary = summary_of_report(self._objects, name)
        return ReportTold(
            report=name,
            state="DONE" if found is None else found.state,
            told=None if found is None else found.told,
            asked_by=None if asked is None else asked.asked_by,
            asked_at=None if asked is None else asked.asked_at,
            changed={} if asked is None else dict(asked.changed),
            summary=summary,
            gates=self._gates(name) if summary and summary.training else (),
            has_page=drawn,
        )

    def parity_days(self, limit: int) -> tuple[ParityDay, ...]:
        """The last days that were compared, the last one in front."""
        found = load_all(
            self._store, ParityReport, parity_key(date.min).partition, newest_first=True, limit=limit
        )
        return tuple(map(_parity_day, found))

    def parity_of(self, accounts: Sequence[str], day: date) -> ParityOfADay:
        """What differed on a day, of these accounts."""
        noted = load(self._store, ParityReport, parity_key(day))
        told = (told_of(self._objects, account, day) for account in accounts)
        return ParityOfADay(
            day=day,
            noted=None if noted is None else _parity_day(noted),
            accounts=tuple(one for one in told if one is not None),
        )

    def _line(self, report: str, asked: AskedBacktest | None, *, done: bool) -> ReportLine:
        figures = summary_of_report(self._objects, report) if done else None
        metrics = figures.metrics if figures else None
        training = figures.training if figures else None
        days = figures or asked
        return ReportLine(
            report=report,
            state="DONE" if done or asked is None else self._backtests.state(asked).state,
            kind=figures.kind if figures else "backtest" if asked else None,
            first=days.first if days else None,
            last=days.last if days else None,
            asked_at=asked.asked_at if asked else None,
            net_return_pct=round(metrics.net_return_pct, 2) if metrics else None,
            trades=metrics.all.trades if metrics else None,
            promoted=training.promoted if training else None,
        )

    def _gates(self, report: str) -> tuple[GateResult, ...]:
        """What each gate said: of the whole run, which is long, the verdict alone is looked at."""
        path = report_path(report, "run.json")
        content = self._objects.get(path)
        if content is None:
            return ()
        try:
            return Verdict.model_validate(json.loads(content).get("verdict")).gates
        except ValidationError as error:
            raise BadInput(f"{path} is of another version ({error}): run it again") from error


def _parity_day(noted: ParityReport) -> ParityDay:
    return ParityDay(day=noted.day, compared=noted.compared, unexplained=noted.unexplained)
