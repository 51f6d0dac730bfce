"""The report of a training run: the gates' answers first, then what they were given to judge."""

from collections.abc import Mapping, Sequence

from patang.backtest.reports.calibration import Bin, bin_table, reliability_chart
from patang.backtest.reports.curves import histogram, spread_chart, trials_chart
from patang.backtest.reports.outcome_sections import (
    cost_section,
    result_section,
    sorted_section,
    taken_mean,
)
from patang.backtest.reports.pieces import (
    Cell,
    Facts,
    Page,
    Section,
    Table,
    Text,
    card_facts,
    of_sign,
    share_bars,
)
from patang.backtest.reports.wording import number, percent, plain
from patang.training.evidence import Evidence, Reliability, WindowMetrics
from patang.training.gates.verdict import GateResult, Verdict
from patang.training.run import TrainingRun

__all__ = ["training_page"]

_INPUTS = 30
_SIGNS = {"<": "<", "<=": "≤", ">": ">", ">=": "≥"}


def training_page(run: TrainingRun) -> Page:
    """The page of a training run."""
    evidence, verdict = run.evidence, run.verdict
    modelled = sum(evidence.outcomes.modelled) + sum(evidence.final_outcomes.modelled)
    rows = len(evidence.outcomes.entered) + len(evidence.final_outcomes.entered)
    warnings = []
    if modelled:
        warnings.append(
            f"Modelled prices: {modelled} of {rows} entries have prices that a model made from the "
            "underlying, not recorded ones. Such results never promote a model alone."
        )
    final = evidence.final
    return Page(
        title=f"Model {evidence.model_version}",
        what=f"Training of {evidence.strategy}; nothing was chosen on {final.first} to {final.last}",
        verdict=_verdict(verdict),
        warnings=warnings,
        sections=[
            _gates(verdict),
            result_section(evidence.outcomes, evidence.final_outcomes),
            _windows(evidence.windows, evidence.final),
            _calibration(evidence.reliability, evidence.final.calibration_error),
            _contributions(evidence),
            sorted_section(evidence.outcomes, evidence.final_outcomes),
            *_luck(evidence),
            cost_section(evidence.outcomes, evidence.final_outcomes),
            _search(evidence),
            Section("Data", [Text("The card of the data set.", "quiet"), card_facts(evidence.data)]),
        ],
    )


def _verdict(verdict: Verdict) -> Text:
    if verdict.promoted:
        return Text(f"Promoted: all {len(verdict.gates)} gates hold.", "gain")
    if not verdict.gates:
        return Text("Not promoted, for demonstration only: no gate was asked.", "loss")
    names = ", ".join(gate.name.replace("_", " ") for gate in verdict.failed)
    return Text(
        f"Not promoted, for demonstration only: {len(verdict.failed)} of {len(verdict.gates)} gates say no "
        f"({names}).",
        "loss",
    )


def _gates(verdict: Verdict) -> Section:
    rows = [
        (
            Cell(gate.name.replace("_", " "), head=True),
            Cell("✓ holds" if gate.passed else "✗ fails", "gain" if gate.passed else "loss"),
            Cell(_measured(gate)),
            Cell(f"{_SIGNS[gate.comparison]} {plain(gate.threshold)}"),
            Cell(gate.told, prose=True),
        )
        for gate in verdict.gates
    ]
    columns = ("gate", "answer", "value", "must be", "what was measured")
    caption = "A model is promoted only if every gate holds"
    return Section("Gates", [Table(caption, columns, rows, texts=len(columns))])


def _measured(gate: GateResult) -> str:
    return "not measurable" if gate.value is None else plain(float(f"{gate.value:.4g}"))


def _windows(windows: Sequence[WindowMetrics], final: WindowMetrics) -> Section:
    rows = [_window(window) for window in (*windows, final)]
    columns = (
        "window", "days", "entries", "effective", "won", "base rate", "accuracy", "F1", "AUC", "Brier",
        "Brier skill", "calibration error", "return R²",
    )  # fmt: skip
    told = (
        "Each window was unseen by the model that is measured on it; the last row is the final window. "
        "Brier skill is told against the base rate of the rows the model was fitted on: above zero, it knew "
        "more than that rate."
    )
    return Section("Windows", [Text(told, "quiet"), Table("Scores by window", columns, rows, texts=2)])


def _window(window: WindowMetrics) -> tuple[Cell, ...]:
    scores = (window.accuracy, window.f1, window.auc, window.brier)
    return (
        Cell(window.name, head=True),
        Cell(f"{window.first} – {window.last}"),
        Cell(f"{window.rows:,}"),
        Cell(number(window.effective_rows, 1)),
        Cell(percent(100 * window.won, 1)),
        Cell(percent(100 * window.base_rate, 1)),
        *(Cell(number(score, 3)) for score in scores),
        Cell(number(window.brier_skill, 4, signed=True), of_sign(window.brier_skill)),
        Cell(number(window.calibration_error, 4)),
        Cell(number(window.return_r2, 4, signed=True), of_sign(window.return_r2)),
    )


def _calibration(reliability: Reliability, error: float) -> Section:
    parts = zip(reliability.predicted, reliability.observed, reliability.count, strict=True)
    bins = [Bin(*part) for part in parts if part[2]]
    if not bins:
        return Section("Calibration", [Text("There are no predictions to compare with what came true.")])
    told = (
        f"{sum(b.count for b in bins):,} predictions in bins of equal count, with intervals of 95 % that "
        f"take them for independent; calibration error of the final window {number(error, 4)}"
    )
    return Section("Calibration and reliability", [], tiled=[reliability_chart(bins, told), bin_table(bins)])


def _contributions(evidence: Evidence) -> Section:
    by_size = sorted(evidence.contributions.items(), key=lambda item: (-item[1], item[0]))
    shown = by_size[:_INPUTS]
    bars = share_bars([value for _, value in shown])
    rows = [
        (
            Cell(name, head=True),
            Cell(number(value, 4), bar=bar),
            Cell(plain(evidence.importance.get(name, 0.0))),
        )
        for (name, value), bar in zip(shown, bars, strict=True)
    ]
    told = (
        "The mean absolute contribution of each input to a prediction (Shapley values, in log-odds) and the "
        "gain of its splits, both as XGBoost computes them. They tell what the model looks at, not what "
        f"moves the market. {len(shown)} of {len(by_size)} inputs."
    )
    columns = ("input", "contribution", "gain")
    return Section("Feature contributions", [Text(told, "quiet"), Table("By size", columns, rows)])


def _luck(evidence: Evidence) -> list[Section]:
    drawn = evidence.random_entries
    if drawn is None or not drawn.means:
        return []
    told = (
        f"{len(drawn.means)} sets drawn from {drawn.pool:,} entries, at the clock times of the trades and "
        "through the same exits: mean net result of a trade. A model that only had luck lies among them"
    )
    mean = taken_mean(evidence.outcomes, evidence.final_outcomes)
    chart = histogram(drawn.means, mean, "the model", "Entries at random", told)
    return [Section("Against luck", [chart])]


def _search(evidence: Evidence) -> Section:
    parts = [
        Text("Every trial is here: the best of many looks good by chance alone.", "quiet"),
        _asked(evidence),
    ]
    charts = []
    if evidence.trials:
        best = max(evidence.trials, key=lambda trial: trial.score)
        told = f"{len(evidence.trials)} trials, the best score {plain(best.score)} is of number {best.number}"
        numbers, scores = ([getattr(t, name) for t in evidence.trials] for name in ("number", "score"))
        charts.append(trials_chart(numbers, scores, told))
    if evidence.combinations:
        lost = sum(sharpe <= 0 for sharpe in evidence.combinations)
        told = f"{len(evidence.combinations)} paths, {lost} of them not above zero"
        charts.append(spread_chart(evidence.combinations, "Sharpe ratios of the combinatorial paths", told))
    trials = Table("All trials", *_trials(evidence), texts=0, folded=True)
    return Section("Search", [*parts, *charts, _parameters(evidence.parameters, evidence.seed), trials])


def _asked(evidence: Evidence) -> Text:
    again = evidence.final_asked > 1
    text = (
        f"The final window was asked {'for the first time' if not again else f'{evidence.final_asked} times'}"
    )
    if again:
        text += ": it is not untouched any more, and what it says is worth less"
    if evidence.earlier_trials:
        text += (
            f". Earlier runs on this source made {evidence.earlier_trials} more trials, which are not below"
        )
    return Text(f"{text}.", "warn" if again else "quiet")


def _trials(evidence: Evidence) -> tuple[Sequence[str], Sequence[Sequence[Cell]]]:
    names = sorted({name for trial in evidence.trials for name in trial.parameters})
    rows = [
        (
            Cell(str(trial.number), head=True),
            Cell(plain(trial.score)),
            *(Cell(plain(trial.parameters.get(name))) for name in names),
        )
        for trial in evidence.trials
    ]
    return ("trial", "score", *names), rows


def _parameters(parameters: Mapping[str, float], seed: int) -> Facts:
    chosen = [(name.replace("_", " "), Cell(plain(value))) for name, value in sorted(parameters.items())]
    return Facts([("seed", Cell(str(seed))), *chosen])
