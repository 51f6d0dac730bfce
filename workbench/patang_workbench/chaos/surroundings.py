"""What stands around the desk's services: a clock, a store that may fail, workflows, the owner's mail. Each
thing done to them is a numbered step."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, override

from patang.ports import (
    Attributes,
    DeadLetters,
    EventKind,
    Key,
    Metrics,
    Notifier,
    ObjectStore,
    StateStore,
    Workflows,
    Write,
)
from patang_workbench.chaos.steps import Steps

__all__ = [
    "Counted",
    "FragileStore",
    "KeptObjects",
    "KeptSecrets",
    "Letters",
    "Owner",
    "Tasks",
    "VirtualClock",
]


class VirtualClock:
    """Wall time that only moves when `seconds` does."""

    def __init__(self, begin: datetime, seconds: Callable[[], float]) -> None:
        self._begin = begin
        self._seconds = seconds

    def now(self) -> datetime:
        return self._begin + timedelta(seconds=self._seconds())


class FragileStore:
    """A StateStore each of whose calls is a step."""

    def __init__(self, store: StateStore, steps: Steps) -> None:
        self._store = store
        self._steps = steps

    def get(self, key: Key) -> Attributes | None:
        return self._steps.take(lambda: self._store.get(key), stores=True)

    def get_many(self, keys: Sequence[Key]) -> list[Attributes | None]:
        return self._steps.take(lambda: self._store.get_many(keys), stores=True)

    def query(
        self,
        partition: str,
        *,
        prefix: str = "",
        newest_first: bool = False,
        limit: int | None = None,
        after: str | None = None,
    ) -> list[Attributes]:
        return self._steps.take(
            lambda: self._store.query(
                partition, prefix=prefix, newest_first=newest_first, limit=limit, after=after
            ),
            stores=True,
        )

    def query_index(self, partition: str, *, prefix: str = "") -> list[Attributes]:
        return self._steps.take(lambda: self._store.query_index(partition, prefix=prefix), stores=True)

    def write(self, *writes: Write) -> None:
        self._steps.take(lambda: self._store.write(*writes), writes=True, stores=True)


class Tasks(Workflows):
    """Waiting tasks of workflows: each is answered once."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self.answers: dict[str, Mapping[str, Any]] = {}

    @override
    def start(self, workflow: str, name: str, payload: Mapping[str, Any]) -> bool:
        return False

    def succeed(self, task_token: str, output: Mapping[str, Any]) -> bool:
        return self._steps.take(lambda: self._answer(task_token, output))

    def _answer(self, task_token: str, output: Mapping[str, Any]) -> bool:
        if task_token in self.answers:
            return False
        self.answers[task_token] = dict(output)
        return True


@dataclass(slots=True)
class Owner(Notifier):
    """Who is told; keeps how often, by subject."""

    steps: Steps
    told: Counter[str] = field(default_factory=Counter)

    @override
    def send(self, subject: str, text: str, kind: EventKind) -> None:
        def told() -> None:
            self.told[subject] += 1

        self.steps.take(told)


@dataclass(slots=True)
class Counted(Metrics):
    """Metrics as sums."""

    sums: Counter[str] = field(default_factory=Counter)

    @override
    def count(self, name: str, value: float = 1, **details: str) -> None:
        self.sums[name] += int(value)

    @override
    def duration_ms(self, name: str, value: float, **details: str) -> None:
        """Durations of virtual time say nothing."""

    @override
    def alarm(self, name: str, **details: str) -> None:
        self.sums[name] += 1


@dataclass(slots=True)
class KeptSecrets:
    """Secrets in memory."""

    kept: dict[str, dict[str, str]] = field(default_factory=dict)

    def get(self, name: str) -> Mapping[str, str] | None:
        return self.kept.get(name)

    def put(self, name: str, values: Mapping[str, str]) -> None:
        self.kept[name] = dict(values)

    def delete(self, name: str) -> None:
        self.kept.pop(name, None)


@dataclass(slots=True)
class KeptObjects(ObjectStore):
    """Blobs in memory."""

    blobs: dict[str, bytes] = field(default_factory=dict)

    @override
    def put(self, path: str, content: bytes, *, content_type: str = "application/octet-stream") -> None:
        self.blobs[path] = content

    def get(self, path: str) -> bytes | None:
        return self.blobs.get(path)

    def list(self, prefix: str) -> list[str]:
        return sorted(path for path in self.blobs if path.startswith(prefix))


@dataclass(slots=True)
class Letters(DeadLetters):
    """Dead letters."""

    reasons: list[str] = field(default_factory=list)

    @override
    def send(self, source: str, data: bytes, reason: str) -> None:
        self.reasons.append(f"{source}: {reason}")
