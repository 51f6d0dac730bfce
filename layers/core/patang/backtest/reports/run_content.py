"""A run of research as files: what it found, its trades, the bars they are drawn on, and its report.

run.json         BacktestResult, or TrainingRun
summary.json     its figures (ReportSummary)
trades.parquet   a row a trade, or an entry that no model had seen
prices.parquet   bars for the charts, where the history was given
report.html      opens anywhere, needs nothing
"""

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from patang.backtest.metrics import metrics_of
from patang.backtest.reports.pages import Run, report_page
from patang.backtest.reports.prices import ChartBars
from patang.backtest.summary import BacktestFigures, ReportSummary, TrainingFigures
from patang.backtest.trade import BacktestResult
from patang.training.run import TrainingRun

__all__ = [
    "CONTENT_TYPES",
    "PRICES",
    "REPORT",
    "RUN",
    "SUMMARY",
    "RunTables",
    "run_content",
    "summary_of",
]

RUN: Final = "run.json"
SUMMARY: Final = "summary.json"
_TRADES: Final = "trades.parquet"
PRICES: Final = "prices.parquet"
REPORT: Final = "report.html"
_PARQUET: Final = "application/vnd.apache.parquet"
# Every file of a run, with the type that a browser is told; the report last: where that is, all is.
CONTENT_TYPES: Final[Mapping[str, str]] = {
    RUN: "application/json",
    SUMMARY: "application/json",
    _TRADES: _PARQUET,
    PRICES: _PARQUET,
    REPORT: "text/html; charset=utf-8",
}


class RunTables(Protocol):
    """The tables of a run as the bytes of files."""

    def trades(self, run: Run) -> bytes: ...

    def prices(self, bars: Sequence[ChartBars]) -> bytes: ...


def run_content(run: Run, bars: Sequence[ChartBars] | None, tables: RunTables) -> Mapping[str, bytes]:
    """The files of a run in the order of CONTENT_TYPES. `bars`: None where there is no history to draw."""
    content = {
        RUN: run.model_dump_json(indent=1).encode(),
        SUMMARY: summary_of(run).model_dump_json(indent=1).encode(),
        _TRADES: tables.trades(run),
        REPORT: report_page(run, bars or ()).encode(),
    }
    if bars is not None:
        content[PRICES] = tables.prices(bars)
    return {name: content[name] for name in CONTENT_TYPES if name in content}


def summary_of(run: Run) -> ReportSummary:
    """A run's figures. Raises StopTrading as `metrics_of` does."""
    if isinstance(run, BacktestResult):
        figures = BacktestFigures(
            sessions=len(run.days),
            bars=run.bars,
            capital=float(run.capital),
            symbols=tuple(sorted({*run.settings.universe.indices, *run.settings.universe.equities})),
            models=run.models,
            foreknown_sessions=run.foreknown_sessions,
            modelled_share=run.modelled_share,
            refusals=run.refusals,
            skipped=run.skipped,
        )
        return ReportSummary(
            kind="backtest",
            source=run.source,
            first=run.first,
            last=run.last,
            backtest=figures,
            metrics=metrics_of(run),
        )
    return _of_training(run)


def _of_training(run: TrainingRun) -> ReportSummary:
    evidence, verdict = run.evidence, run.verdict
    told = TrainingFigures(
        strategy=evidence.strategy,
        model_version=evidence.model_version,
        promoted=verdict.promoted,
        failed_gates=tuple(gate.name for gate in verdict.failed),
    )
    card = evidence.data
    return ReportSummary(
        kind="training",
        source=str(card.get("source", "")),
        first=card.get("first"),
        last=card.get("last"),
        training=told,
    )
