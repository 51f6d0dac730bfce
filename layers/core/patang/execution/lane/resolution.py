"""Finding out what became of an intent whose sending was interrupted, from the broker's own books."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from patang.errors import TryAgain
from patang.execution.following.consequences import Notice, name_of, tell
from patang.execution.following.settlement import settle
from patang.execution.following.updates import OrderUpdates
from patang.execution.ids import intent_letter
from patang.execution.intent import PLACING, IntentState, OrderIntent
from patang.execution.lane.alert_match import fate_of
from patang.execution.lane.amendment_match import has_ended, has_taken, is_pending
from patang.execution.lane.trigger_match import ENDED, GONE, matching, stands_as
from patang.keys import account_partition, intent_key
from patang.market.sessions import IST
from patang.ports import Broker, BrokerOrder, Clock, Gtt, Metrics, Notifier, StateStore, Write
from patang.records import change, load, load_all, replace
from patang.settings import Mode

__all__ = ["GRACE", "Resolution"]

# A timed-out order has been seen in the book about 8 s later, and the client itself waits up to 13 s: before
# this has passed since the claim, absence proves nothing.
GRACE = timedelta(seconds=30)

_ABSENT = "never reached the broker"


class Resolution:
    """Resolves SENDING and UNKNOWN intents; never sends anything."""

    def __init__(
        self,
        store: StateStore,
        broker: Callable[[str, Mode], Broker],
        updates: OrderUpdates,
        clock: Clock,
        notifier: Notifier,
        metrics: Metrics,
    ) -> None:
        self._store = store
        self._broker = broker
        self._updates = updates
        self._clock = clock
        self._notifier = notifier
        self._metrics = metrics

    def look_up(self, intent: OrderIntent) -> None:
        """Reads what tells of such an intent and resolves it. Raises as the reads of Broker do."""
        by_order = intent.kind in PLACING or intent.kind in ("MODIFY", "CANCEL")
        self.resolve(intent, self._at(intent).orders() if by_order else ())

    def resolve(self, intent: OrderIntent, book: Sequence[BrokerOrder]) -> None:
        """`book` must have been read after `intent`. Triggers and positions are read here where they tell."""
        match intent.kind:
            case "ENTRY" | "EXIT" | "PROTECT" | "ORDER":
                self._resolve_order(intent, book)
            case "MODIFY" | "CANCEL":
                self._resolve_amendment(intent, book)
            case "GTT_PLACE":
                self._resolve_new_trigger(intent, self._at(intent).gtts())
            case "GTT_MODIFY" | "GTT_DELETE":
                self._resolve_trigger(intent, self._at(intent).gtts())
            case "CONVERT":
                self._resolve_conversion(intent)
            case "ALERT_PLACE" | "ALERT_MODIFY" | "ALERT_DELETE":
                self._resolve_alert(intent)

    def adopt_late_triggers(self, intent: OrderIntent) -> str | None:
        """Before a trigger is laid: whether one that had been given up as never placed stands after all.

        The first that is as `intent` wants it becomes the intent's, which is COMPLETE then. Others are given
        back to the intents that placed them. Returns why nothing must be sent now, or None. Raises as the
        reads of Broker do.
        """
        lost = [other for other in self._new_triggers(intent) if self._is_lost(other, intent)]
        if not lost:
            return None
        gtts, taken, why = self._at(intent).gtts(), self._taken(intent), None
        for earlier in sorted(lost, key=lambda other: other.written_at):
            found = matching(earlier, gtts, taken)
            if not found:
                continue
            taken.add(found[0].gtt_id)
            why = f"trigger {found[0].gtt_id} of {earlier.intent_id} has turned up and stands"
            if earlier.gtt and intent.gtt and earlier.gtt.sells_as(intent.gtt):
                self._conclude_placed(intent, found, ("NEW",))
            else:
                self._take_back(earlier, found)
        return why

    def late_triggers(self, account: str, day: date) -> list[OrderIntent]:
        """The GTT_PLACE intents of a market day that had been given up and whose triggers stand after all:
        they are COMPLETE now. Raises as the reads of Broker do.
        """
        placed = self._triggers_of(account, f"{intent_letter('gtt_place')}{day:%y%m%d}")
        taken = {other.target_gtt_id for other in placed if other.target_gtt_id}
        found = []
        for lost in (other for other in placed if _is_given_up(other)):
            matches = matching(lost, self._at(lost).gtts(), taken)
            if matches:
                taken.add(matches[0].gtt_id)
                self._take_back(lost, matches)
                found.append(lost.evolve(target_gtt_id=matches[0].gtt_id))
        return found

    def _take_back(self, lost: OrderIntent, found: Sequence[Gtt]) -> None:
        self._conclude_placed(lost, found, ("REJECTED",))
        text = (
            f"Trigger {found[0].gtt_id} of {lost.intent_id}, which had been given up, stands at the broker."
        )
        tell(self._notifier, self._metrics, [Notice("Trigger turned up late", text, "order_turned_up_late")])

    @staticmethod
    def _is_lost(other: OrderIntent, intent: OrderIntent) -> bool:
        """Whether another GTT_PLACE for the same position is taken for never having reached the broker."""
        return _is_given_up(other) and other.position_id == intent.position_id and other.gtt is not None

    def missing(self, intent: OrderIntent, as_of: datetime, *, doubtful: bool = False) -> None:
        """An order that the broker had acknowledged, or one of an earlier day, is not in the book of this
        market day; or a conversion of an earlier day. `doubtful`: nobody knows how its day has ended."""
        if intent.as_of.astimezone(IST).date() < as_of.astimezone(IST).date():
            ended = "its day has ended"
            why = f"as far as anybody knows; {ended}" if doubtful else ended
            self._conclude(intent, "CANCELLED", why, ("ACKED", "SENDING", "UNKNOWN"))
            return
        text = f"{name_of(intent)} was acknowledged as {intent.broker_order_id} and is not in the order book."
        tell(self._notifier, self._metrics, [Notice("Order missing at the broker", text, "order_missing")])

    def held_of(self, intent: OrderIntent) -> int:
        """Units that are held as what a CONVERT wants to leave, less those that the day's trades have brought
        there: what is bought or sold meanwhile moves both, a conversion moves the first alone.

        Raises TryAgain while trades come in, and as the reads of Broker do.
        """
        broker, terms = self._at(intent), intent.terms
        line = terms.exchange, terms.tradingsymbol, terms.product
        before = _trades_of(broker, line)
        held = sum(
            position.quantity
            for position in broker.positions()
            if (position.exchange, position.tradingsymbol, position.product) == line
        )
        if _trades_of(broker, line) != before:
            raise TryAgain(f"{terms.tradingsymbol} trades just now: its units are looked at again")
        return held - sum(before)

    def _at(self, intent: OrderIntent) -> Broker:
        return self._broker(intent.account, intent.terms.mode)

    def _resolve_order(self, intent: OrderIntent, book: Sequence[BrokerOrder]) -> None:
        found = [order for order in book if order.tag == intent.intent_id]
        if found and intent.terms.in_several and self._is_past_grace(intent):
            change(self._store, lambda: self._all_named(intent))
        for order in found:
            self._updates.apply_order(intent.account, order, "lookup")
        first = [order for order in found if not order.raw.get("parent_order_id")]
        if len(first) > 1 and not intent.terms.in_several:
            ids = ", ".join(order.order_id for order in first)
            text = f"{name_of(intent)} stands {len(first)} times in the order book: {ids}."
            tell(self._notifier, self._metrics, [Notice("One order placed twice", text, "duplicate_orders")])
        if not found:
            self._conclude_absence(intent)

    def _all_named(self, intent: OrderIntent) -> tuple[None, Sequence[Write]]:
        """What the book holds of a cut order after the grace is all that there is."""
        current = load(self._store, OrderIntent, intent_key(intent.account, intent.intent_id))
        if current is None or current.is_final or current.all_named:
            return None, ()
        return None, (replace(current.evolve(all_named=True)),)

    def _is_past_grace(self, intent: OrderIntent) -> bool:
        return intent.sending_at is None or self._clock.now() - intent.sending_at >= GRACE

    def _resolve_amendment(self, intent: OrderIntent, book: Sequence[BrokerOrder]) -> None:
        target = next((order for order in book if order.order_id == intent.target_order_id), None)
        if target is not None and has_ended(target):
            self._conclude(intent, "COMPLETE", f"the order ended {target.status}")
        elif target is not None and has_taken(intent, target):
            self._conclude(intent, "COMPLETE", "the order stands as changed")
        elif target is not None and is_pending(intent, target):
            self._conclude(intent, "UNKNOWN", f"the order is {target.status}")
        else:
            self._conclude_absence(intent)

    def _resolve_new_trigger(self, intent: OrderIntent, gtts: Sequence[Gtt]) -> None:
        found = matching(intent, gtts, self._taken(intent))
        if found:
            self._conclude_placed(intent, found)
        else:
            self._conclude_absence(intent)

    def _resolve_trigger(self, intent: OrderIntent, gtts: Sequence[Gtt]) -> None:
        target = next((gtt for gtt in gtts if gtt.gtt_id == intent.target_gtt_id), None)
        if intent.kind == "GTT_DELETE" and (target is None or target.status in GONE):
            self._conclude(intent, "COMPLETE", "the trigger is gone")
        elif target is None or target.status in ENDED:
            how = "gone" if target is None else target.status
            self._conclude(intent, "REJECTED", f"the trigger is {how}")
        elif intent.gtt is not None and intent.kind == "GTT_MODIFY" and stands_as(intent.gtt, target):
            self._conclude(intent, "COMPLETE", "the trigger stands as changed")
        else:
            self._conclude_absence(intent)

    def _resolve_alert(self, intent: OrderIntent) -> None:
        others = self._triggers_of(intent.account, intent.intent_id[:7])
        taken = {one.broker_order_id for one in others if one.intent_id != intent.intent_id}
        fate = fate_of(intent, self._at(intent).alerts(), {uuid for uuid in taken if uuid})
        if fate is None:
            self._conclude_absence(intent)
        else:
            state, message, uuid = fate
            self._conclude(intent, state, message, broker_order_id=uuid)

    def _resolve_conversion(self, intent: OrderIntent) -> None:
        """A conversion leaves less of the old product than there was when it was claimed, whatever was traded
        since. The next morning that tells nothing: an intraday position has ended with its day, a share has
        moved to the holdings.
        """
        if self._is_of_an_earlier_day(intent):
            self._conclude_absence(intent)
            return
        left, before = self.held_of(intent), intent.held_before
        if before is not None and left <= before - intent.terms.quantity:
            gone = f"{before - left} units are no longer {intent.terms.product}"
            self._conclude(intent, "COMPLETE", gone)
        else:
            self._conclude_absence(intent)

    def _conclude_absence(self, intent: OrderIntent) -> None:
        if not self._is_past_grace(intent):
            self._conclude(intent, "UNKNOWN", "not to be seen at the broker yet")
            return
        if intent.kind in (*PLACING, "CONVERT") and self._is_of_an_earlier_day(intent):
            self._conclude(intent, "UNKNOWN", "its day is over, and the broker's book is of another")
            return
        self._conclude(intent, "REJECTED", _ABSENT)

    def _is_of_an_earlier_day(self, intent: OrderIntent) -> bool:
        """The book is empty each morning: absence then tells nothing of an order of the day before."""
        sent, now = intent.sending_at or intent.written_at, self._clock.now()
        return sent.astimezone(IST).date() < now.astimezone(IST).date()

    def _conclude_placed(
        self, intent: OrderIntent, found: Sequence[Gtt], since: Sequence[IntentState] = ("SENDING", "UNKNOWN")
    ) -> None:
        if len(found) > 1:
            # Ours was sent once; the other was made by hand in the same moment.
            ids = ", ".join(gtt.gtt_id for gtt in found)
            self._metrics.count("triggers_alike", intent_id=intent.intent_id, triggers=ids)
        self._conclude(intent, "COMPLETE", "the trigger stands", since, target_gtt_id=found[0].gtt_id)

    def _new_triggers(self, intent: OrderIntent) -> list[OrderIntent]:
        """The account's other GTT_PLACE intents of that day."""
        found = self._triggers_of(intent.account, intent.intent_id[:7])
        return [other for other in found if other.intent_id != intent.intent_id]

    def _triggers_of(self, account: str, prefix: str) -> list[OrderIntent]:
        return load_all(self._store, OrderIntent, account_partition(account), f"INTENT#{prefix}")

    def _taken(self, intent: OrderIntent) -> set[str]:
        return {other.target_gtt_id for other in self._new_triggers(intent) if other.target_gtt_id}

    def _conclude(
        self,
        intent: OrderIntent,
        state: IntentState,
        message: str,
        since: Sequence[IntentState] = ("SENDING", "UNKNOWN"),
        **known: Any,
    ) -> None:
        """Ends the intent if it is still in one of the states `since`; `known` are fields learned of it."""
        now = self._clock.now()
        changes = {"state": state, "status_message": message} | known
        notices = change(self._store, lambda: self._decide(intent, changes, since, now))
        tell(self._notifier, self._metrics, notices)

    def _decide(
        self, intent: OrderIntent, changes: dict[str, Any], since: Sequence[IntentState], now: datetime
    ) -> tuple[list[Notice], list[Write]]:
        current = load(self._store, OrderIntent, intent_key(intent.account, intent.intent_id))
        if current is None or current.state not in since or current.state == changes["state"]:
            return [], []
        new = current.evolve(**changes)
        done = settle(self._store, current, new, current.as_of, now, "lookup")
        if new.state == "REJECTED":
            text = f"{name_of(new)}: {new.status_message}. It is not sent again by itself."
            done.notices.append(Notice("Order never reached the broker", text, "order_never_arrived"))
        return done.notices, done.writes


def _trades_of(broker: Broker, line: tuple[str, str, str]) -> tuple[int, ...]:
    """Units of the day's trades in (exchange, tradingsymbol, product), those sold negative."""
    return tuple(
        trade.quantity if trade.transaction_type == "BUY" else -trade.quantity
        for trade in broker.trades()
        if (trade.exchange, trade.tradingsymbol, trade.product) == line
    )


def _is_given_up(intent: OrderIntent) -> bool:
    return intent.state == "REJECTED" and intent.status_message == _ABSENT
