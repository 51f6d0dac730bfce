"""Intents that nothing moves on: unclaimed, unanswered, or of an outcome that nobody has found out."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from patang.errors import PatangError
from patang.execution.amendments import enqueue, remind
from patang.execution.following.consequences import Notice, name_of, tell
from patang.execution.following.slices import may_lack_orders
from patang.execution.ids import intent_id
from patang.execution.intent import OrderIntent
from patang.execution.journal import journal, told_first
from patang.execution.lane.answers import answer
from patang.execution.lane.resolution import GRACE, Resolution
from patang.keys import LIVE_INTENTS, UNANSWERED_INTENTS, position_key
from patang.market.sessions import IST
from patang.portfolio.position import Position
from patang.ports import Clock, IntentQueue, Metrics, Notifier, StateStore, Workflows, Write
from patang.records import change, create, load, load_index

__all__ = ["IntentSweep"]

# Wall time after which an intent that nobody has claimed is told to the lane under a new id. Before that the
# guard and the reconciler have done so under its own, which the queue swallows if it has seen it.
_UNCLAIMED = timedelta(seconds=70)
# The reconciler looks every minute: what it has not found out twice after the grace, a person has to.
_FOUND_OUT = GRACE + timedelta(seconds=120)


class IntentSweep:
    """Once a minute, whatever the broker says or does not say."""

    def __init__(
        self,
        store: StateStore,
        queue: IntentQueue,
        resolution: Resolution,
        workflows: Workflows,
        clock: Clock,
        notifier: Notifier,
        metrics: Metrics,
    ) -> None:
        self._store = store
        self._queue = queue
        self._resolution = resolution
        self._workflows = workflows
        self._clock = clock
        self._notifier = notifier
        self._metrics = metrics

    def run(self, account: str, as_of: datetime) -> int:
        """How many intents of the account were told to the lane again, answered, or complained of."""
        now, found = self._clock.now(), 0
        for intent in load_index(self._store, OrderIntent, LIVE_INTENTS, f"{account}#"):
            if intent.state == "NEW" and now - intent.written_at >= _UNCLAIMED:
                # Once in a minute of wall time, however fast the market's minutes pass: a lane that is behind
                # must not be given more messages than it has intents.
                remind(self._queue, intent, now.replace(second=0, microsecond=0))
                found += 1
            elif intent.state in ("SENDING", "UNKNOWN") and now - _claimed_at(intent) >= _FOUND_OUT:
                self._complain(intent, now, as_of)
                found += 1
            elif may_lack_orders(intent) and now - _claimed_at(intent) >= GRACE:
                self._look_for_more(intent)
                found += 1
            found += self._answer(intent)
        unanswered = load_index(self._store, OrderIntent, UNANSWERED_INTENTS, f"{account}#")
        return found + sum(map(self._answer, unanswered)) + self._late_triggers(account, as_of)

    def _look_for_more(self, intent: OrderIntent) -> None:
        """What the book holds of a cut order by now is all of it."""
        try:
            self._resolution.look_up(intent)
        except PatangError as error:
            self._metrics.count("lookup_failed", intent_id=intent.intent_id, error=str(error))

    def _late_triggers(self, account: str, as_of: datetime) -> int:
        """Triggers that turn up after they were given up: those that nobody needs any more are deleted."""
        try:
            late = self._resolution.late_triggers(account, as_of.astimezone(IST).date())
        except PatangError as error:
            self._metrics.count("lookup_failed", account=account, error=f"{type(error).__name__}: {error}")
            return 0
        for intent in late:
            self._delete_unneeded(intent, as_of)
        return len(late)

    def _delete_unneeded(self, late: OrderIntent, as_of: datetime) -> None:
        wish = change(self._store, lambda: self._unneeded(late, as_of))
        if wish is not None:
            enqueue(self._queue, wish)

    def _unneeded(self, late: OrderIntent, as_of: datetime) -> tuple[OrderIntent | None, Sequence[Write]]:
        """The intent that deletes a trigger which its position has replaced meanwhile."""
        if late.position_id is None:
            return None, ()
        position = load(self._store, Position, position_key(late.account, late.position_id))
        resting = None if position is None else position.protection
        if resting is not None and resting.gtt_id == late.target_gtt_id:
            return None, ()
        gtt_id, now = late.target_gtt_id or "", self._clock.now()
        wish = OrderIntent(
            account=late.account,
            intent_id=intent_id(late.account, "gtt_delete", as_of.date(), late.intent_id, gtt_id),
            kind="GTT_DELETE",
            terms=late.terms,
            as_of=as_of,
            written_at=now,
            position_id=late.position_id,
            reason="it turned up after another protection had taken its place",
            target_intent_id=late.intent_id,
            target_gtt_id=gtt_id,
        )
        if self._store.get(wish.key()) is not None:
            return None, ()
        event = journal(
            late.account, "GTT_DELETE_WANTED", wish.intent_id, as_of, now, gtt_id=gtt_id, reason=wish.reason
        )
        return wish, (create(wish), event)

    def _answer(self, intent: OrderIntent) -> int:
        if not intent.awaits_answer:
            return 0
        answer(self._store, self._workflows, self._metrics, intent)
        return 1

    def _complain(self, intent: OrderIntent, now: datetime, as_of: datetime) -> None:
        text = (
            f"{name_of(intent)} was sent at {_claimed_at(intent):%H:%M:%S}; what became of it is not known: "
            "look for its tag in the broker's order book. It is not sent again."
        )
        event = journal(
            intent.account, "ORDER_UNRESOLVED", intent.intent_id, as_of, now, intent_id=intent.intent_id
        )
        if told_first(self._store, event):
            notice = Notice("An order's fate is unknown", text, kind="alarm")
            tell(self._notifier, self._metrics, [notice])
        # Each minute, so that the alarm lasts as long as the doubt.
        self._metrics.alarm("order_unresolved", intent_id=intent.intent_id)


def _claimed_at(intent: OrderIntent) -> datetime:
    return intent.sending_at or intent.written_at
