"""Intents that nothing moves on: unclaimed, unanswered, or of an outcome that nobody has found out."""

from datetime import datetime, timedelta

from patang.execution.amendments import remind
from patang.execution.answers import answer
from patang.execution.consequences import Notice, name_of, tell
from patang.execution.intent import OrderIntent
from patang.execution.journal import journal, told_first
from patang.execution.resolution import GRACE
from patang.keys import LIVE_INTENTS, UNANSWERED_INTENTS
from patang.ports import Clock, IntentQueue, Metrics, Notifier, StateStore, Workflows
from patang.records import load_index

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
        workflows: Workflows,
        clock: Clock,
        notifier: Notifier,
        metrics: Metrics,
    ) -> None:
        self._store = store
        self._queue = queue
        self._workflows = workflows
        self._clock = clock
        self._notifier = notifier
        self._metrics = metrics

    def run(self, account: str, as_of: datetime) -> int:
        """How many intents of the account were told to the lane again, answered, or complained of."""
        now, found = self._clock.now(), 0
        for intent in load_index(self._store, OrderIntent, LIVE_INTENTS, f"{account}#"):
            if intent.state == "NEW" and now - intent.written_at >= _UNCLAIMED:
                remind(self._queue, intent, now)
                found += 1
            elif intent.state in ("SENDING", "UNKNOWN") and now - _claimed_at(intent) >= _FOUND_OUT:
                self._complain(intent, now, as_of)
                found += 1
            found += self._answer(intent)
        unanswered = load_index(self._store, OrderIntent, UNANSWERED_INTENTS, f"{account}#")
        return found + sum(map(self._answer, unanswered))

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
            tell(self._notifier, self._metrics, [Notice("An order's fate is unknown", text)])
        # Each minute, so that the alarm lasts as long as the doubt.
        self._metrics.alarm("order_unresolved", intent_id=intent.intent_id)


def _claimed_at(intent: OrderIntent) -> datetime:
    return intent.sending_at or intent.written_at
