"""All that was ever tried and asked, in a file that only grows.

The best of many tries looks good by luck alone. A figure is worth what it says only next to the number of
tries behind it, those of earlier runs and of runs that were given up included.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from patang.errors import BadInput
from patang.model.inputs import StrategyName
from patang.training.evidence import Trial

__all__ = ["FinalAsked", "Subject", "TrialKept", "TrialLedger"]


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")


class Subject(_Line):
    """What was learnt from: `source` is where the candles came from, `sha256` that of the data set's rows."""

    strategy: StrategyName
    source: str
    sha256: str

    def same_source(self, other: "Subject") -> bool:
        """Whether both are of one strategy on candles of one place, or on the very same rows: a place can be
        written in two ways, and be copied."""
        same = self.source == other.source or self.sha256 == other.sha256
        return self.strategy == other.strategy and same


class TrialKept(_Line):
    """A choice of parameters that was tried."""

    kind: Literal["trial"] = "trial"
    subject: Subject
    seed: int
    trial: Trial


class FinalAsked(_Line):
    """A final window that was looked at, by a model that had been chosen before. `bounds` is the SHA-256 of
    strategy, source, begin and end, `model` that of the models' bytes; `min_confidence` is the p_win from
    which they traded. Another model, or another bound of the same one, is another question."""

    kind: Literal["final_window"] = "final_window"
    subject: Subject
    seed: int
    begin: datetime
    end: datetime
    bounds: str
    parameters: Mapping[str, float]
    # Lines of before they were kept have none.
    model: str = ""
    min_confidence: float | None = None


_LINE: TypeAdapter[TrialKept | FinalAsked] = TypeAdapter(TrialKept | FinalAsked)


class TrialLedger:
    """JSON Lines in a file. Lines are appended whole, so that runs beside each other can share it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def tried(self, kept: TrialKept) -> None:
        """Keep a trial."""
        self._append(kept)

    def ask_final(self, asked: FinalAsked) -> int:
        """Keep that a final window is about to be looked at; how many looks at any part of it there were by
        now, for this strategy on this source. What is asked a second time is not untouched any more; the
        very same question again is no further look, since its answer is known."""
        # First, so that of two runs beside each other at least one knows of both.
        self._append(asked)
        others = {
            line.model_dump_json()
            for line in self.lines()
            if isinstance(line, FinalAsked)
            and line != asked
            and line.subject.same_source(asked.subject)
            and line.begin < asked.end
            and asked.begin < line.end
        }
        return len(others) + 1

    def trials_beside(self, own: Sequence[TrialKept]) -> tuple[Trial, ...]:
        """The other trials that were made for the strategy and source of these, whatever its rows were each
        time, each once and oldest first. A trial that was only made again is one of these."""
        known = {kept.model_dump_json() for kept in own}
        others = {
            line.model_dump_json(): line.trial
            for line in self.lines()
            if isinstance(line, TrialKept) and any(line.subject.same_source(kept.subject) for kept in own[:1])
        }
        return tuple(trial for told, trial in others.items() if told not in known)

    def lines(self) -> Iterator[TrialKept | FinalAsked]:
        """All of them, oldest first. Raises BadInput for one that cannot be read: nothing is left out."""
        if not self._path.exists():
            return
        for number, line in enumerate(self._path.read_text().splitlines(), 1):
            try:
                yield _LINE.validate_json(line)
            except ValidationError as error:
                raise BadInput(f"line {number} of the ledger {self._path} cannot be read: {error}") from error

    def _append(self, line: TrialKept | FinalAsked) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        # Unbuffered: one write, which the system puts behind those of others as a whole.
        with self._path.open("ab", buffering=0) as file:
            file.write(line.model_dump_json().encode() + b"\n")
