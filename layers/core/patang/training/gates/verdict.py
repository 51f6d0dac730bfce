"""The answer of the gates: each with its number, threshold and sentence, and whether all of them hold."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

__all__ = ["GateResult", "Verdict"]


class _Value(BaseModel):
    # A score that is not a number must come back from a file as it went: JSON has no word for it.
    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")


class GateResult(_Value):
    """One gate. `value` is None where it could not be measured, which never passes; `told` says what was
    measured, on how much, and what it would take."""

    name: str
    passed: bool
    value: float | None
    comparison: Literal["<", "<=", ">", ">="]
    threshold: float
    told: str


class Verdict(_Value):
    """All gates, in their order. A model is promoted only if every one holds."""

    gates: tuple[GateResult, ...]

    @property
    def promoted(self) -> bool:
        return bool(self.gates) and all(gate.passed for gate in self.gates)

    @property
    def failed(self) -> tuple[GateResult, ...]:
        """The gates that said no."""
        return tuple(gate for gate in self.gates if not gate.passed)
