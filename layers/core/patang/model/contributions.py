"""What each input of a model gave to its answer."""

from pydantic import BaseModel, ConfigDict

__all__ = ["Contributions", "Explained"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Contributions(_Part):
    """What an answer is the sum of: `base`, the model's answer before it has seen anything, and what each
    input adds to it. These are the Shapley values of the trees, as XGBoost itself computes them (Lundberg et
    al., "Consistent Individualized Feature Attribution for Tree Ensembles", 2018)."""

    base: float
    inputs: dict[str, float]

    @property
    def total(self) -> float:
        """The answer."""
        return self.base + sum(self.inputs.values())

    @property
    def ranked(self) -> list[tuple[str, float]]:
        """The inputs, those that moved the answer farthest in front."""
        return sorted(self.inputs.items(), key=lambda part: (-abs(part[1]), part[0]))


class Explained(_Part):
    """One candidate's contributions: to the log-odds of p_win, calibration included, and to the expected
    return in percent."""

    p_win_log_odds: Contributions
    expected_return_pct: Contributions
