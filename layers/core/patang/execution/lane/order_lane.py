"""The order lane: the only sender. Each intent leaves at most once, whatever is repeated or breaks.

    NEW --claim--> SENDING --reply--> ACKED | REJECTED      (and further by order updates)
                      |
                      +--no clear reply--> UNKNOWN          (resolved by the broker's books, never sent again)

The claim is a conditional write before the call. Who finds SENDING or UNKNOWN looks the order up; only who
wins the claim sends.

A message may come back only while its intent is NEW: what fails before the claim is raised, and nothing has
been sent. From the claim on every outcome ends the message, so that nothing behind it waits; what the lane
could not write down, order updates and the reconciler find out.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from patang.accounts.health import note_failure
from patang.errors import AddressRefused, AskOwner, BadInput, BrokerRefused, PatangError, TryAgain
from patang.execution.following.consequences import Notice, name_of, tell
from patang.execution.following.settlement import settle
from patang.execution.following.slices import named
from patang.execution.intent import PLACING, IntentState, OrderIntent
from patang.execution.journal import journal
from patang.execution.lane.answers import answer
from patang.execution.lane.clearance import TERMS_CHANGED, refusal
from patang.execution.lane.resolution import Resolution
from patang.execution.lane.second_try import SecondTry
from patang.execution.lane.sending import Answered, send
from patang.execution.lane.tokens import LaneTokens
from patang.execution.preflight.egress import address_refused
from patang.execution.protection.protector import Protector
from patang.execution.reconciliation.polling import Polling
from patang.keys import intent_key
from patang.ports import Broker, Clock, Metrics, Notifier, StateStore, Workflows, Write
from patang.records import change, load, replace
from patang.settings import Mode, Settings
from patang.trail.ids import learned

__all__ = ["OrderLane"]

_NOTHING = Answered()


class OrderLane:
    """Sends intents. `broker` gives an account's broker in a mode, `settings` what entries go by now,
    `standing` what everything else goes by."""

    def __init__(
        self,
        store: StateStore,
        broker: Callable[[str, Mode], Broker],
        resolution: Resolution,
        protector: Protector,
        tokens: LaneTokens,
        second_try: SecondTry,
        polling: Polling,
        workflows: Workflows,
        settings: Callable[[], Settings],
        standing: Callable[[], Settings],
        clock: Clock,
        notifier: Notifier,
        metrics: Metrics,
    ) -> None:
        self._store = store
        self._broker = broker
        self._resolution = resolution
        self._protector = protector
        self._tokens = tokens
        self._second_try = second_try
        self._polling = polling
        self._workflows = workflows
        self._settings = settings
        self._standing = standing
        self._clock = clock
        self._notifier = notifier
        self._metrics = metrics

    def process(self, body: Mapping[str, Any]) -> str:
        """The state the intent `{"account", "intent_id"}` is in when the lane has done what it can.

        Raises BadInput if the body names no intent, and what the state store raises while the intent is NEW.
        """
        account, intent_id = body.get("account"), body.get("intent_id")
        if not isinstance(account, str) or not isinstance(intent_id, str):
            raise BadInput(f"the lane takes an account and an intent_id, not {dict(body)!r:.300}")
        intent = self._load(account, intent_id)
        learned(order_id=intent.order_id, position_id=intent.position_id)
        if intent.state == "NEW":
            intent = self._drop_or_send(intent)
        elif intent.state in ("SENDING", "UNKNOWN"):
            intent = self._look_up(intent)
        elif intent.refused_at is not None and not intent.is_final:
            intent = self._try_again(intent, Answered(intent.broker_order_id, message=intent.status_message))
        if intent.state != "NEW":
            self._pass_on(intent)
        self._metrics.count("lane_intents", state=intent.state, kind=intent.kind, intent_id=intent_id)
        return intent.state

    def _pass_on(self, intent: OrderIntent) -> None:
        """Tells who waits for it. What fails here others repeat, and must not bring the message back."""
        answer(self._store, self._workflows, self._metrics, intent)
        try:
            if intent.kind != "ENTRY":
                # What was changed at the broker may be what the position's sale or protection has waited for.
                self._protector.follow(intent, intent.as_of)
            if intent.state in ("ACKED", "UNKNOWN"):
                self._polling.begin_soon(intent.account)
        except Exception as error:
            text = f"{type(error).__name__}: {error}"
            self._metrics.count("lane_pass_on_failed", intent_id=intent.intent_id, error=text)

    def _load(self, account: str, intent_id: str) -> OrderIntent:
        intent = load(self._store, OrderIntent, intent_key(account, intent_id))
        if intent is None:
            raise BadInput(f"account {account!r} has no intent {intent_id!r}")
        return intent

    def _drop_or_send(self, intent: OrderIntent) -> OrderIntent:
        why = refusal(self._store, intent, self._clock.now(), self._settings, self._standing)
        if why is not None:
            return self._dropped(intent, why)
        try:
            seen = self._look_before(intent)
            turn = None if seen is None else self._tokens.take(intent)
        except BrokerRefused as error:
            return self._record(intent, "REJECTED", message=str(error))
        except PatangError as error:
            return self._record(intent, "REJECTED", message=f"not sent: {error}")
        if seen is None or turn is None or turn.comes == "later":
            return self._load(intent.account, intent.intent_id)
        if turn.comes == "never":
            return self._dropped(intent, turn.why)
        claimed = self._claim(intent, seen)
        if claimed is None:
            return self._look_up(self._load(intent.account, intent.intent_id))
        return self._send(claimed)

    def _look_before(self, intent: OrderIntent) -> Mapping[str, Any] | None:
        """What has to be known of the broker before the claim; None if there is nothing left to send.

        Triggers and conversions carry no tag: without this nobody could tell later what has become of them.
        """
        if intent.kind == "GTT_PLACE":
            why = self._resolution.adopt_late_triggers(intent)
            if why is not None:
                self._dropped(intent, why)
                return None
        if intent.kind == "CONVERT":
            return {"held_before": self._resolution.held_of(intent)}
        return {}

    def _dropped(self, intent: OrderIntent, why: str) -> OrderIntent:
        if why.startswith(TERMS_CHANGED):
            text = f"{name_of(intent)} was not sent: {why}."
            tell(self._notifier, self._metrics, [Notice("An order was tampered with", text, "terms_changed")])
        return self._record(intent, "DROPPED", reason=why)

    def _claim(self, intent: OrderIntent, seen: Mapping[str, Any]) -> OrderIntent | None:
        """The claimed intent; None if somebody else has it."""
        now = self._clock.now()
        # What was read a moment ago will do, since the write names its revision: one trip to the table less.
        read = [intent]

        def decide() -> tuple[OrderIntent | None, list[Write]]:
            current = read.pop() if read else self._load(intent.account, intent.intent_id)
            if current.state != "NEW" or current.terms_hash != intent.terms_hash:
                return None, []
            claimed = current.evolve(state="SENDING", sending_at=now, **seen)
            event = journal(
                current.account,
                "ORDER_SENDING",
                current.intent_id,
                current.as_of,
                now,
                intent_id=current.intent_id,
                order_kind=current.kind,
                terms=current.terms.model_dump(mode="json", exclude_none=True),
                terms_hash=current.terms_hash,
            )
            return claimed, [replace(claimed), event]

        claimed = change(self._store, decide)
        if claimed is not None:
            waited = (now - claimed.written_at).total_seconds() * 1000
            self._metrics.duration_ms("order_waited", waited, kind=claimed.kind)
        return claimed

    def _send(self, intent: OrderIntent) -> OrderIntent:
        """Raises nothing: from here on the intent is not NEW, and its message need not come again."""
        begun = self._clock.now()
        state, answered = self._ask(intent, begun)
        try:
            if state == "REJECTED":
                return self._try_again(intent, answered, begun)
            return self._record(intent, state, answered, answered.message, begun=begun)
        except Exception as error:
            # What was sent is sent. The intent stays SENDING, and is found by updates and by the reconciler.
            text = f"{type(error).__name__}: {error}"
            self._metrics.alarm("lane_record_failed", intent_id=intent.intent_id, state=state, error=text)
            return intent

    def _try_again(
        self, refused: OrderIntent, answered: Answered, begun: datetime | None = None
    ) -> OrderIntent:
        """The refused intent as it has ended: with another in its place, where other terms cure it."""
        followed = self._second_try.follow(refused, answered.message)
        if followed is None:
            return self._record(refused, "REJECTED", answered, answered.message, begun=begun)
        ended, notice = followed
        tell(self._notifier, self._metrics, [notice])
        return ended

    def _ask(self, intent: OrderIntent, begun: datetime) -> tuple[IntentState, Answered]:
        try:
            answered = send(self._broker(intent.account, intent.terms.mode), intent)
        except BrokerRefused as refused:
            return "REJECTED", Answered(message=str(refused))
        except AddressRefused as error:
            mode, now = intent.terms.mode, self._clock.now()
            address_refused(self._store, self._metrics, mode, intent.as_of, now, str(error))
            return "REJECTED", Answered(message=f"not sent: {error}")
        except (AskOwner, TryAgain) as error:
            # Both are promised only where nothing can have reached the order book.
            return "REJECTED", Answered(message=f"not sent: {error}")
        except PatangError as error:
            return "UNKNOWN", Answered(message=str(error))
        except Exception as error:
            # The request may be on its way: whatever went wrong, its outcome is not known.
            note_failure(self._store, intent.account, error, begun)
            return "UNKNOWN", Answered(message=f"{type(error).__name__}: {error}")
        return "ACKED" if intent.kind in PLACING else "COMPLETE", answered

    def _record(
        self,
        sent: OrderIntent,
        state: IntentState,
        answered: Answered = _NOTHING,
        message: str = "",
        *,
        reason: str = "",
        begun: datetime | None = None,
    ) -> OrderIntent:
        """Writes what came of it, unless an order update has been faster and knows more."""
        now = self._clock.now()
        latency = None if begun is None else (now - begun).total_seconds() * 1000
        if latency is not None:
            self._metrics.duration_ms("order_sent", latency, kind=sent.kind, state=state)
            if sent.approved_at is not None and sent.attempt == 1:
                since_yes = (now - sent.approved_at).total_seconds() * 1000
                self._metrics.duration_ms("order_latency", since_yes, intent_id=sent.intent_id)

        def decide() -> tuple[tuple[OrderIntent, list[Notice]], list[Write]]:
            current = self._load(sent.account, sent.intent_id)
            measured = current.latency_ms if latency is None else latency
            if _gives_way(current, sent, answered):
                new = current.evolve(
                    state=state,
                    reason=reason or current.reason,
                    status_message=message,
                    broker_order_id=answered.order_id,
                    slices=answered.slices,
                    all_named=bool(answered.slices),
                    target_gtt_id=answered.gtt_id or current.target_gtt_id,
                    latency_ms=measured,
                )
            else:
                new = current if current.latency_ms is not None else current.evolve(latency_ms=measured)
                new = named(new, answered.slices) if answered.slices and not current.is_final else new
                if new.state == current.state:
                    return (current, []), [replace(new)] if new != current else []
            done = settle(self._store, current, new, current.as_of, now, "lane")
            return (new.evolve(revision=current.revision + 1), done.notices), done.writes

        intent, notices = change(self._store, decide)
        tell(self._notifier, self._metrics, notices)
        if intent.state == "UNKNOWN":
            self._metrics.count("order_unknown", intent_id=intent.intent_id, message=message)
        return intent

    def _look_up(self, intent: OrderIntent) -> OrderIntent:
        """A message for an intent that was claimed before: find out, do not send."""
        if intent.state not in ("SENDING", "UNKNOWN"):
            return intent
        self._metrics.count("lane_redelivered", state=intent.state, intent_id=intent.intent_id)
        try:
            self._resolution.look_up(intent)
        except Exception as error:
            self._metrics.count("lookup_failed", intent_id=intent.intent_id, error=repr(error))
        return self._load(intent.account, intent.intent_id)


def _gives_way(current: OrderIntent, sent: OrderIntent, answered: Answered) -> bool:
    """Whether the reply to the lane's own call is news to what is stored now.

    It is while nobody else knows better: an order update does, a look-up that found nothing does not.
    """
    if current.state == sent.state or current.state == "UNKNOWN":
        return True
    return current.never_arrived and (answered.order_id or answered.gtt_id) is not None
