"""Requests of people and assistants, each done once: the same id again is the same intents."""

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import BaseModel

from patang.errors import BadInput
from patang.execution.amendments import enqueue
from patang.execution.intent import OrderIntent
from patang.execution.journal import journal
from patang.execution.orders.broken import Broken
from patang.keys import OPEN_BASKETS, intent_key, request_count_key, request_key
from patang.ports import Clock, IntentQueue, Key, StateStore, Write
from patang.records import Record, change, create, load, replace

__all__ = ["Decision", "PersonsRequest", "Receipt", "RequestBook", "check_id", "wish_digest"]

_KEPT = timedelta(days=30)
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
# A decision asks the broker and the market; a conflict twice in a row is somebody else at the same account.
_ATTEMPTS = 3


class PersonsRequest(Record):
    """What was asked for under an id, and the intents made of it. `digest` is of the wish itself, `label`
    the person's own name for it. `cancel_rest`: of a basket, whether what stands goes when one order ends in
    vain; `cancels` are the intents that have cancelled it, `settled`: all of its orders have ended. `as_of`
    is market time, `written_at` wall time.
    """

    account: str
    request_id: str
    kind: str
    digest: str
    actor: str
    label: str | None = None
    intent_ids: tuple[str, ...]
    cancel_rest: bool = False
    cancels: tuple[str, ...] = ()
    settled: bool = False
    as_of: datetime
    written_at: datetime

    def key(self) -> Key:
        return request_key(self.account, self.request_id)

    def index(self) -> Key | None:
        if not self.cancel_rest or self.settled:
            return None
        return Key(OPEN_BASKETS, f"{self.account}#{self.request_id}")

    def expires_at(self) -> int | None:
        return int((self.written_at + _KEPT).timestamp())


class RequestCount(Record):
    """How many requests an account has taken: two at once cannot both decide on what only one of them saw."""

    account: str
    taken: int = 0

    def key(self) -> Key:
        return request_count_key(self.account)


@dataclass(frozen=True, slots=True)
class Decision:
    """What a request comes to: the rules it breaks, or its intents with the records that change with them.

    `known` are intents that exist already and are what was asked for. `along` are writes of the same
    transaction.
    """

    as_of: datetime
    broken: tuple[Broken, ...] = ()
    intents: tuple[OrderIntent, ...] = ()
    changed: tuple[Record, ...] = ()
    known: tuple[str, ...] = ()
    along: tuple[Write, ...] = ()

    @property
    def intent_ids(self) -> tuple[str, ...]:
        """All intents that the request stands for."""
        return (*self.known, *(intent.intent_id for intent in self.intents))


@dataclass(frozen=True, slots=True)
class Receipt:
    """The answer to a request: `accepted` with the ids of its intents, or the rules that it breaks.

    `repeated`: it had been accepted before, and nothing new was made.
    """

    account: str
    request_id: str
    accepted: bool
    intent_ids: tuple[str, ...] = ()
    broken: tuple[Broken, ...] = ()
    repeated: bool = False


class RequestBook:
    """Writes a request with its intents in one transaction and tells the lane."""

    def __init__(self, store: StateStore, queue: IntentQueue, clock: Clock) -> None:
        self._store = store
        self._queue = queue
        self._clock = clock

    def submit(
        self,
        account: str,
        request_id: str,
        wish: BaseModel,
        actor: str,
        decide: Callable[[], Decision],
    ) -> Receipt:
        """`decide` is asked only where this id is new; it may read whatever it needs, and be asked again.

        What is refused leaves no trace: the same id may come back with the order put right. Raises BadInput
        for an id that is none or stands for another wish, WriteConflict where the account is too busy, and
        what `decide` raises.
        """
        check_id(request_id)
        digest = wish_digest(wish)

        def once() -> tuple[tuple[Receipt, Sequence[OrderIntent]], Sequence[Write]]:
            before = load(self._store, PersonsRequest, request_key(account, request_id))
            if before is not None:
                return self._repeated(before, digest), ()
            count = load(self._store, RequestCount, request_count_key(account))
            decision = decide()
            if decision.broken:
                return (Receipt(account, request_id, accepted=False, broken=decision.broken), ()), ()
            ids = decision.intent_ids
            request = PersonsRequest(
                account=account,
                request_id=request_id,
                kind=type(wish).__name__,
                digest=digest,
                actor=actor,
                label=getattr(wish, "tag", None),
                intent_ids=ids,
                cancel_rest=getattr(wish, "cancel_rest", False),
                as_of=decision.as_of,
                written_at=self._clock.now(),
            )
            return (Receipt(account, request_id, accepted=True, intent_ids=ids), decision.intents), [
                create(request),
                _counted(account, count),
                *map(create, decision.intents),
                *map(replace, decision.changed),
                *decision.along,
                self._told(request, wish),
            ]

        receipt, intents = change(self._store, once, _ATTEMPTS)
        for intent in intents:
            enqueue(self._queue, intent)
        return receipt

    def _repeated(self, before: PersonsRequest, digest: str) -> tuple[Receipt, Sequence[OrderIntent]]:
        """Those of its intents that nobody has claimed are told to the lane again: who wrote them may have
        died before he did."""
        if before.digest != digest:
            raise BadInput(
                f"request id is {before.request_id!r}, which stands for another {before.kind} of "
                f"{before.written_at:%Y-%m-%d %H:%M}: give a new id"
            )
        found = (load(self._store, OrderIntent, intent_key(before.account, i)) for i in before.intent_ids)
        waiting = [intent for intent in found if intent is not None and intent.state == "NEW"]
        receipt = Receipt(before.account, before.request_id, True, before.intent_ids, repeated=True)
        return receipt, waiting

    def _told(self, request: PersonsRequest, wish: BaseModel) -> Write:
        return journal(
            request.account,
            "ORDER_ASKED",
            request.request_id,
            request.as_of,
            request.written_at,
            request.actor,
            request_id=request.request_id,
            asked=request.kind,
            wish=wish.model_dump(mode="json", exclude_none=True),
            intent_ids=list(request.intent_ids),
        )


def _counted(account: str, count: RequestCount | None) -> Write:
    if count is None:
        return create(RequestCount(account=account, taken=1))
    return replace(count.evolve(taken=count.taken + 1))


def check_id(request_id: str) -> None:
    """Raises BadInput for what is no id of a request."""
    if not _ID.fullmatch(request_id):
        raise BadInput(f"request id is {request_id!r}: give 1 to 64 letters, digits, - or _")


def wish_digest(wish: BaseModel) -> str:
    """SHA-256 in hex of the kind and the fields of a wish."""
    words = {"kind": type(wish).__name__} | wish.model_dump(mode="json", exclude_none=True)
    canonical = json.dumps(words, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
