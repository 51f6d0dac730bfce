"""The address that orders leave from: observed where they leave, and doubted when the broker says so.

Only the lane stands where orders leave. Whoever wants to know the address puts a probe on the lane's queue,
in a group of its own so that no order waits for it; the lane asks an address that echoes where it was asked
from, and writes the answer down.
"""

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from ipaddress import AddressValueError, IPv4Address
from typing import Any

from patang.errors import BadInput, PatangError
from patang.execution.journal import journal
from patang.keys import egress_key, preflight_key
from patang.market.preflight import EGRESS_IP, Check, Preflight
from patang.ports import Clock, IntentQueue, Key, Metrics, StateStore, Write
from patang.records import Record, change, create, load, replace
from patang.settings import Settings
from patang.settings.changes import DESK_CHAIN

__all__ = ["EgressObserver", "EgressProbe", "EgressProbes", "address_refused"]

_GROUP = "probe"
_WAIT = timedelta(seconds=12)
_LOOK_EVERY_SECONDS = 0.5


class EgressProbe(Record):
    """The latest question where orders leave from, and the lane's answer: an address, or a problem.

    Times are wall time.
    """

    probe_id: str
    asked_at: datetime
    answered_at: datetime | None = None
    address: str | None = None
    problem: str | None = None

    def key(self) -> Key:
        return egress_key()


class EgressProbes:
    """Asks the lane, and waits for its answer for a few seconds: a cold lane takes two."""

    def __init__(
        self, store: StateStore, queue: IntentQueue, clock: Clock, sleep: Callable[[float], None]
    ) -> None:
        self._store = store
        self._queue = queue
        self._clock = clock
        self._sleep = sleep

    def ask(self) -> EgressProbe:
        """The probe as it stands when it was answered or the time was over."""
        probe = change(self._store, self._new)
        self._queue.enqueue(_GROUP, probe.probe_id, {"probe": probe.probe_id})
        until = self._clock.now() + _WAIT
        while self._clock.now() < until:
            known = load(self._store, EgressProbe, egress_key())
            if known is not None and known.probe_id == probe.probe_id and known.answered_at is not None:
                return known
            self._sleep(_LOOK_EVERY_SECONDS)
        return probe.evolve(problem=f"the lane did not answer within {_WAIT.seconds} seconds")

    def _new(self) -> tuple[EgressProbe, list[Write]]:
        known = load(self._store, EgressProbe, egress_key())
        probe = EgressProbe(probe_id=f"probe{secrets.token_hex(8)}", asked_at=self._clock.now())
        if known is None:
            return probe, [create(probe)]
        probe = probe.evolve(revision=known.revision)
        return probe, [replace(probe)]


class EgressObserver:
    """The lane's side. `echo` asks an address and returns what it answered; it raises TryAgain."""

    def __init__(
        self,
        store: StateStore,
        echo: Callable[[str], str],
        settings: Callable[[], Settings],
        clock: Clock,
    ) -> None:
        self._store = store
        self._echo = echo
        self._settings = settings
        self._clock = clock

    def answer(self, probe_id: str) -> str:
        """Observes and writes down. Returns OBSERVED, FAILED, or STALE if another probe was asked since."""
        address, problem = None, None
        try:
            address = self._observed()
        except PatangError as error:
            problem = str(error)
        now = self._clock.now()

        def decide() -> tuple[str, list[Write]]:
            asked = load(self._store, EgressProbe, egress_key())
            if asked is None or asked.probe_id != probe_id or asked.answered_at is not None:
                return "STALE", []
            answered = asked.evolve(answered_at=now, address=address, problem=problem)
            return ("FAILED" if address is None else "OBSERVED"), [replace(answered)]

        return change(self._store, decide)

    def _observed(self) -> str:
        told = self._echo(self._settings().egress_echo_url).strip()
        try:
            return str(IPv4Address(told))
        except AddressValueError as error:
            raise BadInput(
                f"{self._settings().egress_echo_url} answered {told[:60]!r}, which is no IPv4 address: set "
                "egress_echo_url to one that answers with the caller's address and nothing else"
            ) from error


def address_refused(
    store: StateStore, metrics: Metrics, mode: str, as_of: datetime, now: datetime, message: str
) -> None:
    """Takes the day's preflight back: the broker has refused an order because of where it came from.

    `as_of` is market time, `now` wall time. It stays refused for the day, or until a person has the checks
    made anew: what the lane can observe of itself did not see this coming.
    """

    def decide() -> tuple[bool, list[Write]]:
        known = load(store, Preflight, preflight_key(as_of.date()))
        if known is None or known.mode != mode or known.address_refused is not None:
            return False, []
        kept = tuple(check for check in known.checks if check.name != EGRESS_IP)
        refused = known.evolve(
            passed=False,
            address_refused=message,
            reason="; ".join([f"{EGRESS_IP}: {message}", *([known.reason] if known.reason else [])]),
            checks=[*kept, _refused_check(message)],
        )
        event = journal(
            DESK_CHAIN, "EGRESS_REFUSED", f"{known.day}#{known.revision}", as_of, now, message=message
        )
        return True, [replace(refused), event]

    try:
        news, problem = change(store, decide), ""
    except Exception as error:
        # The lane's own record of the order goes before; the next order is refused and comes here again.
        news, problem = True, f"{type(error).__name__}: {error}"
    if news:
        metrics.alarm("egress_ip_mismatch", message=message, problem=problem)


def _refused_check(message: str) -> dict[str, Any]:
    return Check(
        name=EGRESS_IP,
        passed=False,
        found=f"the broker refused an order because of its address: {message}",
        expected="an address that the broker knows",
        to_do="register the lane's address with the broker, then run `patang preflight`",
    ).model_dump()
