"""The verdict: what is good passes every gate, and each fault fails the gate that is there for it."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from patang.training.evidence import Evidence, Outcomes, RandomEntries
from patang.training.gates.judge import judge
from patang.training.gates.thresholds import THRESHOLDS
from patang.training.gates.verdict import GateResult, Verdict
from tests.unit.training.gates.sample import evidence, metrics, outcomes

PAGE = Path(__file__).parents[4] / "docs/concepts/model-gates.md"


def spoilt(**changes: object) -> Evidence:
    return evidence().model_copy(update=changes)


def each(found: Outcomes, **columns: object) -> Outcomes:
    rows = len(found.entered)
    return found.model_copy(update={name: (value,) * rows for name, value in columns.items()})


def both(change: Callable[[Outcomes], Outcomes]) -> Evidence:
    good = evidence()
    return spoilt(outcomes=change(good.outcomes), final_outcomes=change(good.final_outcomes))


def gate(verdict: Verdict, name: str) -> GateResult:
    (found,) = [one for one in verdict.gates if one.name == name]
    return found


def test_a_good_model_passes_every_gate_and_is_promoted() -> None:
    verdict = judge(evidence())

    assert [one.name for one in verdict.gates] == list(THRESHOLDS)
    assert verdict.failed == ()
    assert verdict.promoted


def half_modelled(found: Outcomes, net: float) -> Outcomes:
    """Every second trade at modelled prices, and earning that."""
    modelled = tuple(row % 2 == 0 for row in range(len(found.entered)))
    pays = tuple(net if of_model else own for of_model, own in zip(modelled, found.net_pct, strict=True))
    return found.model_copy(update={"modelled": modelled, "net_pct": pays})


FAULTS: dict[str, tuple[Evidence, set[str]]] = {
    "few trades": (evidence(days=16), {"effective_size", "recorded_prices"}),
    "overlaps": (both(lambda found: each(found, weight=0.2)), {"effective_size", "recorded_prices"}),
    "modelled premiums": (both(lambda found: each(found, modelled=True)), {"recorded_prices"}),
    "no skill in the end": (spoilt(final=metrics(-0.001)), {"brier_skill"}),
    "no skill before": (spoilt(windows=(metrics(-0.01), metrics(0.001))), {"brier_skill"}),
    "no window": (spoilt(windows=()), {"brier_skill"}),
    "sure of itself": (both(lambda found: each(found, p_win=0.95)), {"calibration_error"}),
    "dear fills": (both(lambda found: each(found, slippage_pct=0.3)), {"expectancy_slipped"}),
    "an end that loses": (
        spoilt(final_outcomes=outcomes(15, -0.05, first_day=60)), {"final_expectancy"}
    ),
    "an end looked at too often": (
        spoilt(final_outcomes=outcomes(15, 0.08, first_day=60, seed=4), final_asked=50), {"final_expectancy"}
    ),
    "an end that pays where premiums are modelled": (
        spoilt(final_outcomes=half_modelled(outcomes(15, -0.05, first_day=60), 2.0)), {"final_expectancy"}
    ),
    "an end that is all modelled": (
        spoilt(final_outcomes=each(evidence().final_outcomes, modelled=True)), {"final_expectancy"}
    ),
    "a market that pays everybody": (
        spoilt(random_entries=RandomEntries(means=(0.2, 0.3) * 200, pool=900)), {"random_entries"}
    ),
    "nothing drawn": (spoilt(random_entries=None), {"random_entries"}),
    "no trial told": (spoilt(trials=()), {"deflated_sharpe", "overfitting"}),
    "one trial": (spoilt(trials=evidence().trials[:1]), {"overfitting"}),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_fails_the_gate_that_is_there_for_it(fault: str) -> None:
    spoilt_one, gates = FAULTS[fault]

    verdict = judge(spoilt_one)

    assert {one.name for one in verdict.failed} >= gates
    assert not verdict.promoted
    if fault not in (
        "few trades",
        "an end that loses",
        "an end that pays where premiums are modelled",
    ):  # which weaken whatever counts money, too
        assert {one.name for one in verdict.failed} == gates


def test_a_mean_that_luck_explains_does_not_pass() -> None:
    verdict = judge(evidence(mean_net=0.02))

    assert {"expectancy", "expectancy_slipped", "deflated_sharpe"} <= {one.name for one in verdict.failed}
    assert gate(verdict, "expectancy").value is not None


def test_a_model_that_trades_nothing_is_not_promoted_and_says_so() -> None:
    verdict = judge(both(lambda found: each(found, taken=False)))

    failed = {one.name: one for one in verdict.failed}
    assert set(failed) >= {"effective_size", "expectancy", "random_entries", "deflated_sharpe"}
    assert failed["expectancy"].value is None
    assert "traded nothing in the final window" in failed["final_expectancy"].told


def test_a_verdict_of_no_gates_promotes_nothing() -> None:
    assert not Verdict(gates=()).promoted


def test_the_same_evidence_is_judged_alike() -> None:
    assert judge(evidence()) == judge(Evidence.model_validate_json(evidence().model_dump_json()))


def test_the_page_shows_the_table_of_the_code() -> None:
    rows = re.findall(
        r"^\| `(\w+)` \| (\S+) ([\d.]+) \| (.*) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE
    )

    told = {name: (comparison, float(bound), asks) for name, comparison, bound, asks in rows}
    assert told == {name: tuple(threshold) for name, threshold in THRESHOLDS.items()}
