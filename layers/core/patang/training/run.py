"""A training run as it is kept and drawn: what it has shown, and what the gates said to it."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from patang.training.evidence import Evidence
from patang.training.gates.verdict import Verdict

__all__ = ["TrainingRun"]


class TrainingRun(BaseModel):
    """The evidence of one strategy's model, or of its walk-forward, with the verdict on it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    evidence: Evidence
    verdict: Verdict
