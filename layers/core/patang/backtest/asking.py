"""Asking for backtests and looking at what came of them: a run each, told to the audit log, bounded a day."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from patang.audit.event import AuditEvent
from patang.backtest.asked import (
    BacktestWish,
    backtest_job,
    manifest_path,
    report_name,
    run_named,
)
from patang.backtest.jobs import Job, JobResult
from patang.backtest.reported import has_page
from patang.backtest.summary import RunState
from patang.backtest.worker import RUNS, JobEvent, result_path
from patang.errors import AskOwner, Refused
from patang.keys import BACKTESTS, backtest_key, backtests_started_key
from patang.market.sessions import IST
from patang.ports import Clock, Key, ObjectStore, ResearchMachine, StateStore, Write
from patang.records import Record, change, create, load, load_all, replace
from patang.settings.changes import DESK_CHAIN

__all__ = ["MOST_A_DAY", "AskedBacktest", "AskedState", "Backtests"]

# One worker of 2 GB for at most fifteen minutes, three tries: 0.072 USD each at the very most.
MOST_A_DAY: Final = 40
_KEPT: Final = timedelta(days=90)
# Longer than it takes from the record of a run to the start of its execution.
_STARTING: Final = timedelta(minutes=2)
_NOT_HERE: Final = (
    "this desk has no research workers: its owner runs `patang backtest` on a machine of his own and puts "
    "the report here with `patang report FOLDER --store` and the desk's store (s3://BUCKET, or the home "
    "desk's folder store/), or deploys workers in AWS with `cdk deploy -c research=true --all`"
)

_BROKEN_OFF: Final = (
    "the run broke off without a result: the same run_backtest starts it anew; the log of the research "
    "worker says why"
)


class AskedBacktest(Record):
    """A backtest that was asked for. `changed` are settings that differ from the desk's, by path; `attempt`
    counts how often it was started, each time under a name of its own."""

    run: str
    job_key: str
    report: str
    first: date
    last: date
    symbols: tuple[str, ...]
    changed: Mapping[str, Any] = {}
    asked_by: str
    asked_at: datetime
    attempt: int = 1

    def key(self) -> Key:
        return backtest_key(self.run)

    def expires_at(self) -> int | None:
        return int((self.asked_at + _KEPT).timestamp())

    @property
    def execution(self) -> str:
        """How its execution is called: a name is used once."""
        return f"{self.run}-{self.attempt}"


class _StartedOn(Record):
    """How many backtests were started on a day of wall time."""

    day: date
    started: int = 0

    def key(self) -> Key:
        return backtests_started_key(self.day)

    def expires_at(self) -> int | None:
        midnight = datetime(self.day.year, self.day.month, self.day.day, tzinfo=IST)
        return int((midnight + timedelta(days=3)).timestamp())


class AskedState(BaseModel):
    """Where a backtest that was asked for stands; `told` says why there is none, or what to do."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    asked: AskedBacktest
    state: RunState
    told: str | None = None


class Backtests:
    """Runs belong to the desk, as its settings do: every owner sees them.

    `machine` is None where research is not deployed; `models` tells which model artifacts are.
    """

    def __init__(
        self,
        store: StateStore,
        objects: ObjectStore,
        machine: ResearchMachine | None,
        clock: Clock,
        models: str,
    ) -> None:
        self._store = store
        self._objects = objects
        self._machine = machine
        self._clock = clock
        self._models = models

    def ask(self, wish: BacktestWish, changed: Mapping[str, Any], actor: str, as_of: datetime) -> AskedState:
        """Start it, or say how the same one stands that was asked for before: it is not made twice.

        Raises BadInput for a wish that is too large, AskOwner where nothing does research, Refused when as
        many were started on this day as may be.
        """
        wish.check_size()
        if self._machine is None:
            raise AskOwner(_NOT_HERE)
        job = backtest_job(wish, self._models)
        run = run_named(report_name(job))
        known = load(self._store, AskedBacktest, backtest_key(run))
        if known is not None:
            found = self.state(known)
            if found.state != "FAILED":
                if found.state == "RUNNING":
                    # Started once more if whoever wrote it down did not come so far.
                    self._start(known)
                return found
        self._put_manifest(run, job)
        asked = self._write(wish, changed, job, actor, as_of, after=0 if known is None else known.attempt)
        self._start(asked)
        return AskedState(asked=asked, state="RUNNING")

    def find(self, report: str) -> AskedBacktest | None:
        """What was asked for under this report's name; None for a report that came by another way."""
        return load(self._store, AskedBacktest, backtest_key(run_named(report)))

    def all(self) -> list[AskedBacktest]:
        """Those of the last ninety days, the newest first."""
        found = load_all(self._store, AskedBacktest, BACKTESTS)
        return sorted(found, key=lambda asked: asked.asked_at, reverse=True)

    def state(self, asked: AskedBacktest) -> AskedState:
        """How it stands now."""
        found = self._ended(asked)
        if found is not None:
            return found
        running = None if self._machine is None else self._machine.state(asked.execution)
        waited = self._clock.now() - asked.asked_at
        if running == "RUNNING" or (running is None and self._machine and waited < _STARTING):
            return AskedState(asked=asked, state="RUNNING", told="ask again in half a minute")
        # What it wrote at its very end was not there when it was looked for.
        return self._ended(asked) or AskedState(asked=asked, state="FAILED", told=_BROKEN_OFF)

    def _ended(self, asked: AskedBacktest) -> AskedState | None:
        if has_page(self._objects, asked.report):
            return AskedState(asked=asked, state="DONE")
        kept = self._objects.get(result_path(asked.run, asked.job_key))
        refused = None if kept is None else JobResult.model_validate_json(kept).refused
        return None if refused is None else AskedState(asked=asked, state="REFUSED", told=refused)

    def _put_manifest(self, run: str, job: Job) -> None:
        line = JobEvent(run=run, job=job).model_dump_json().encode()
        self._objects.put(manifest_path(run), line, content_type="application/jsonlines")

    def _start(self, asked: AskedBacktest) -> None:
        if self._machine is not None:
            report = f"{RUNS}{asked.run}/map-{asked.execution}"
            self._machine.start(asked.execution, manifest_path(asked.run), report)

    def _write(
        self,
        wish: BacktestWish,
        changed: Mapping[str, Any],
        job: Job,
        actor: str,
        as_of: datetime,
        *,
        after: int,
    ) -> AskedBacktest:
        """The run's next attempt, the count of the day and the audit's event, all or none.

        Where somebody else has begun the attempt behind `after` meanwhile, his is taken.
        """
        now = self._clock.now()
        report = report_name(job)
        run, today = run_named(report), now.astimezone(IST).date()

        def decide() -> tuple[AskedBacktest, Sequence[Write]]:
            before = load(self._store, AskedBacktest, backtest_key(run))
            if before is not None and before.attempt > after:
                return before, ()
            counted = load(self._store, _StartedOn, _StartedOn(day=today).key())
            started = counted.started if counted is not None else 0
            if started >= MOST_A_DAY:
                raise Refused(
                    f"{started} backtests were started today, as many as may be ({MOST_A_DAY}): the next can "
                    "be asked for tomorrow, or run `patang backtest` on a machine of your own"
                )
            asked = AskedBacktest(
                run=run,
                job_key=job.key,
                report=report,
                first=wish.first,
                last=wish.last,
                symbols=wish.symbols,
                changed=changed,
                asked_by=actor,
                asked_at=now,
                attempt=1 if before is None else before.attempt + 1,
                revision=0 if before is None else before.revision,
            )
            count = _StartedOn(day=today, started=started + 1, revision=counted.revision if counted else 0)
            return asked, [
                create(asked) if before is None else replace(asked),
                create(count) if counted is None else replace(count),
                create(_event(asked, as_of)),
            ]

        return change(self._store, decide)


def _event(asked: AskedBacktest, as_of: datetime) -> AuditEvent:
    return AuditEvent(
        event_id=f"backtest#{asked.execution}",
        account=DESK_CHAIN,
        kind="BACKTEST_ASKED",
        as_of=as_of,
        written_at=asked.asked_at,
        actor=asked.asked_by,
        details={
            "report": asked.report,
            "first": asked.first.isoformat(),
            "last": asked.last.isoformat(),
            "symbols": list(asked.symbols),
            "changed": dict(asked.changed),
            "attempt": asked.attempt,
        },
    )
