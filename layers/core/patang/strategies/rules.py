"""Rules as they were applied: a number, the threshold it was held against, and whether it passed."""

import operator
from dataclasses import dataclass, field
from math import isfinite, isnan
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import PlainSerializer

__all__ = ["KeptRule", "Refusal", "Rule", "RuleLog"]

type Comparison = Literal["<", "<=", ">", ">="]

_COMPARE = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


# A tuple, since a cycle makes thousands of them: a frozen dataclass takes four times as long to make.
class Rule(NamedTuple):
    """One rule. `value` is None where it is not known, which passes only what says so."""

    name: str
    comparison: Comparison
    threshold: float
    passed: bool
    value: float | None = None

    def __str__(self) -> str:
        value = "unknown" if self.value is None else f"{self.value:g}"
        return f"{self.name} {value} {'' if self.passed else 'not '}{self.comparison} {self.threshold:g}"


def _named(rule: Rule) -> dict[str, Any]:
    return {name: value for name, value in rule._asdict().items() if value is not None}


# What `Rule(...)` does too, after a call that takes as long again.
_new_rule = tuple.__new__

# A rule as it is stored and told: by the names of its fields.
type KeptRule = Annotated[Rule, PlainSerializer(_named)]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A gate that said no to something, with the rules up to the one that failed.

    `subject` is what was looked at: an underlying, a share, or a strategy whose hours are over.
    """

    gate: str
    subject: str
    rules: tuple[Rule, ...] = ()

    def __str__(self) -> str:
        told = "; ".join(str(rule) for rule in self.rules if not rule.passed)
        return f"{self.subject}: {self.gate}" + (f" ({told})" if told else "")


@dataclass(slots=True)
class RuleLog:
    """The rules that one subject was held against, in their order."""

    subject: str
    rules: list[Rule] = field(default_factory=list)

    def holds(self, name: str, value: float, comparison: Comparison, threshold: float) -> bool:
        """Whether it does; written down either way. NaN never holds."""
        value, threshold = float(value), float(threshold)
        passed: bool = _COMPARE[comparison](value, threshold)
        known = value if isfinite(value) else None
        self.rules.append(_new_rule(Rule, (name, comparison, threshold, passed, known)))
        return passed

    def allows(self, name: str, value: float, comparison: Comparison, threshold: float) -> bool:
        """As `holds`, but what is not known passes: no history refuses nothing."""
        if isnan(value):
            self.rules.append(Rule(name, comparison, float(threshold), passed=True))
            return True
        return self.holds(name, value, comparison, threshold)

    def refuse(self, gate: str) -> Refusal:
        return Refusal(gate, self.subject, tuple(self.rules))
