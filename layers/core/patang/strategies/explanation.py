"""What the rules and the model made of a minute, before any account is looked at."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from patang.strategies.rules import KeptRule, Refusal
from patang.strategies.signal import Signal

__all__ = ["LeftAlone", "MarketDecisions"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LeftAlone(_Part):
    """Something that a strategy looked at and left alone: the gate, and the rules up to the one that failed.

    `subject` is an underlying, a share, or a strategy whose hours are over.
    """

    strategy: str
    subject: str
    gate: str
    rules: tuple[KeptRule, ...]

    @classmethod
    def told(cls, strategy: str, refusal: Refusal) -> "LeftAlone":
        """What the strategy's own log says; it is not validated again, a cycle may leave hundreds alone."""
        return cls.model_construct(
            strategy=strategy, subject=refusal.subject, gate=refusal.gate, rules=refusal.rules
        )


class MarketDecisions(_Part):
    """A cycle's signals, taken and refused, with their rules and contributions, and what was left alone.

    `reason` says why the cycle has no signal, where it has none.
    """

    schema_version: int = 1
    run_id: str
    as_of: datetime
    reason: str
    signals: tuple[Signal, ...]
    left_alone: tuple[LeftAlone, ...]
