"""How an account's calls to the broker and the desk's own functions are doing: two small records.

Wall time throughout: neither a market minute nor a replayed day makes the broker faster. Both are views and
no states: of two calls at once one may be lost, and a failure to write is no failure of what was done.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from statistics import median

from pydantic import BaseModel, ConfigDict

from patang.errors import PatangError
from patang.keys import broker_calls_key, failures_key
from patang.ports import Clock, ItemReader, Key, Put, StateStore, Write
from patang.records import Record, change, create, load, replace

__all__ = [
    "DESK",
    "BrokerCalls",
    "Failures",
    "counting_failures",
    "failures_now",
    "health_keys",
    "median_latency_ms",
    "note_call",
    "note_failure",
]

# Whose failures those are that met no single account: every account counts them. No account is called so.
DESK = "DESK"

_CALLS = 5
# Older calls say nothing about the broker now; the reconciler makes one a minute.
_CALLS_FOR = timedelta(minutes=10)
_KEPT_FOR = timedelta(days=2)
# Stands in the traceback too.
_COUNTED = "counted as an unexpected error"


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
    """Unexpected errors of functions that worked for an account, or for DESK, in one minute of wall time."""

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


def median_latency_ms(store: ItemReader, account: str, now: datetime) -> float | None:
    """The median of the last five calls; None where fewer were made in the last ten minutes."""
    known = load(store, BrokerCalls, broker_calls_key(account))
    recent = [call.milliseconds for call in known.calls if now - call.at <= _CALLS_FOR] if known else []
    return median(recent) if len(recent) == _CALLS else None


def note_failure(store: StateStore, account: str, error: Exception, now: datetime) -> None:
    """Counts an unexpected error against this wall minute, once however many hands it passes through.

    Never raises: where it cannot be counted, the error itself says so.
    """
    if _COUNTED in getattr(error, "__notes__", ()):
        return
    minute = now.replace(second=0, microsecond=0)
    key = failures_key(account, minute)

    def one_more() -> tuple[None, Sequence[Write]]:
        known = load(store, Failures, key)
        counted = known or Failures(account=account, minute=minute)
        counted = counted.evolve(count=counted.count + 1, last=type(error).__name__)
        return None, [create(counted) if known is None else replace(counted)]

    try:
        change(store, one_more)
    except Exception as why:
        error.add_note(f"it could not be counted against {account}: {type(why).__name__}: {why}")
    else:
        error.add_note(_COUNTED)


@contextmanager
def counting_failures(store: StateStore, clock: Clock, account: str = DESK) -> Iterator[None]:
    """Counts an unexpected error of what is done inside, and lets it pass on. Without an error it does
    nothing. Inside of each other the innermost counts: it knows best whom the error has met."""
    try:
        yield
    except PatangError:
        raise
    except Exception as error:
        note_failure(store, account, error, clock.now())
        raise


def failures_now(store: ItemReader, account: str, now: datetime) -> int:
    """Those of the account and of the desk, the greater sum of this wall minute and the one before: a cycle
    begins with a new minute."""
    return max(_failures_of(store, account, minute) for minute in _minutes(now))


def health_keys(account: str, now: datetime) -> tuple[Key, ...]:
    """What `median_latency_ms` and `failures_now` look at."""
    failures = (failures_key(whose, minute) for minute in _minutes(now) for whose in (account, DESK))
    return (broker_calls_key(account), *failures)


def _failures_of(store: ItemReader, account: str, minute: datetime) -> int:
    found = (load(store, Failures, failures_key(whose, minute)) for whose in (account, DESK))
    return sum(failures.count for failures in found if failures is not None)


def _minutes(now: datetime) -> tuple[datetime, datetime]:
    minute = now.replace(second=0, microsecond=0)
    return minute, minute - timedelta(minutes=1)


def _put(store: StateStore, record: Record) -> None:
    attributes = record.model_dump(mode="json", exclude_none=True)
    store.write(Put(record.key(), attributes, expires_at=record.expires_at()))
