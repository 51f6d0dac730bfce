"""How an account's calls to the broker and the desk's own functions are doing: two small records.

Wall time throughout: neither a market minute nor a replayed day makes the broker faster. Both are views and
no states: of two writers at once one may be lost, and a failure to write is no failure of what was done.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from statistics import median

from pydantic import BaseModel, ConfigDict

from patang.errors import PatangError
from patang.keys import broker_calls_key, failures_key
from patang.ports import Clock, Key, Put, StateStore
from patang.records import Record, load

__all__ = [
    "BrokerCalls",
    "Failures",
    "counting_failures",
    "failures_now",
    "median_latency_ms",
    "note_call",
    "note_failure",
]

_CALLS = 5
# Older calls say nothing about the broker now; the reconciler makes one a minute.
_CALLS_FOR = timedelta(minutes=10)
_KEPT_FOR = timedelta(days=2)


class Call(BaseModel):
    """One call: when it ended and how long it took."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    at: datetime
    milliseconds: float


class BrokerCalls(Record):
    """The last five calls of an account, oldest first."""

    account: str
    calls: tuple[Call, ...] = ()

    def key(self) -> Key:
        return broker_calls_key(self.account)


class Failures(Record):
    """Unexpected errors of functions that worked for an account, in one minute of wall time."""

    account: str
    minute: datetime
    count: int = 0
    last: str = ""

    def key(self) -> Key:
        return failures_key(self.account, self.minute)

    def expires_at(self) -> int | None:
        return int((self.minute + _KEPT_FOR).timestamp())


def note_call(store: StateStore, account: str, milliseconds: float, now: datetime) -> None:
    """Adds a call to the account's record."""
    known = load(store, BrokerCalls, broker_calls_key(account)) or BrokerCalls(account=account)
    calls = (*known.calls, Call(at=now, milliseconds=round(milliseconds, 1)))[-_CALLS:]
    _put(store, known.evolve(calls=calls, revision=known.revision + 1))


def median_latency_ms(store: StateStore, account: str, now: datetime) -> float | None:
    """The median of the last five calls; None where fewer were made in the last ten minutes."""
    known = load(store, BrokerCalls, broker_calls_key(account))
    recent = [call.milliseconds for call in known.calls if now - call.at <= _CALLS_FOR] if known else []
    return median(recent) if len(recent) == _CALLS else None


def note_failure(store: StateStore, account: str, error: Exception, now: datetime) -> None:
    """Counts an unexpected error against this wall minute."""
    minute = now.replace(second=0, microsecond=0)
    known = load(store, Failures, failures_key(account, minute)) or Failures(account=account, minute=minute)
    changed = known.evolve(count=known.count + 1, last=type(error).__name__, revision=known.revision + 1)
    _put(store, changed)


@contextmanager
def counting_failures(store: StateStore, clock: Clock, account: str) -> Iterator[None]:
    """Counts an unexpected error of what is done inside for the account, and lets it pass on."""
    try:
        yield
    except PatangError:
        raise
    except Exception as error:
        note_failure(store, account, error, clock.now())
        raise


def failures_now(store: StateStore, account: str, now: datetime) -> int:
    """The greater count of this wall minute and the one before: a cycle begins with a new minute."""
    minute = now.replace(second=0, microsecond=0)
    found = (
        load(store, Failures, failures_key(account, then)) for then in (minute, minute - timedelta(minutes=1))
    )
    return max((failures.count for failures in found if failures is not None), default=0)


def _put(store: StateStore, record: Record) -> None:
    attributes = record.model_dump(mode="json", exclude_none=True)
    store.write(Put(record.key(), attributes, expires_at=record.expires_at()))
