"""The order lane: the only sender. Each intent leaves at most once, whatever is repeated or breaks.

    NEW --claim--> SENDING --reply--> ACKED | REJECTED      (and further by order updates)
                      |
                      +--no clear reply--> UNKNOWN          (resolved by tag, never sent again)

The claim is a conditional write before the call. Who finds SENDING or UNKNOWN looks the order up; only who
wins the claim sends.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from patang.accounts.health import note_failure
from patang.errors import AskOwner, BadInput, BrokerRefused, PatangError, StopTrading, TryAgain
from patang.execution.consequences import tell
from patang.execution.intent import IntentState, OrderIntent
from patang.execution.journal import journal
from patang.execution.preflight import entry_refusal
from patang.execution.resolution import Resolution
from patang.execution.settlement import settle
from patang.keys import intent_key, risk_key
from patang.portfolio.account_state import RiskState
from patang.ports import (
    Broker,
    Clock,
    Metrics,
    Notifier,
    OrderRequest,
    StateStore,
    Workflows,
    Write,
)
from patang.records import change, load, replace
from patang.settings import Mode, Settings

__all__ = ["OrderLane"]


class OrderLane:
    """Sends intents. `broker` gives an account's broker in a mode, `settings` what entries go by now,
    `standing` what everything else goes by."""

    def __init__(
        self,
        store: StateStore,
        broker: Callable[[str, Mode], Broker],
        resolution: Resolution,
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
        self._workflows = workflows
        self._settings = settings
        self._standing = standing
        self._clock = clock
        self._notifier = notifier
        self._metrics = metrics

    def process(self, body: Mapping[str, Any]) -> str:
        """The state the intent `{"account", "intent_id"}` is in when the lane has done what it can.

        Raises BadInput if the body names no intent; every other outcome is a state.
        """
        account, intent_id = body.get("account"), body.get("intent_id")
        if not isinstance(account, str) or not isinstance(intent_id, str):
            raise BadInput(f"the lane takes an account and an intent_id, not {dict(body)!r:.300}")
        intent = self._load(account, intent_id)
        if intent.state == "NEW":
            intent = self._drop_or_send(intent)
        elif intent.state in ("SENDING", "UNKNOWN"):
            intent = self._look_up(intent)
        self._answer(intent)
        self._metrics.count("lane_intents", state=intent.state, kind=intent.kind, intent_id=intent_id)
        return intent.state

    def _load(self, account: str, intent_id: str) -> OrderIntent:
        intent = load(self._store, OrderIntent, intent_key(account, intent_id))
        if intent is None:
            raise BadInput(f"account {account!r} has no intent {intent_id!r}")
        return intent

    def _drop_or_send(self, intent: OrderIntent) -> OrderIntent:
        try:
            why = self._why_not(intent)
        except StopTrading as error:
            why = str(error)
        if why is not None:
            return self._record(intent, "DROPPED", reason=why)
        claimed = self._claim(intent)
        if claimed is None:
            return self._look_up(self._load(intent.account, intent.intent_id))
        return self._send(claimed)

    def _why_not(self, intent: OrderIntent) -> str | None:
        """Why an intent that was not sent yet must not be sent now. Raises StopTrading for an entry."""
        # Exits go on by the last good settings while the stored ones are wrong.
        settings = self._settings() if intent.kind == "ENTRY" else self._standing()
        if intent.terms.mode != settings.mode:
            return f"it was made in mode {intent.terms.mode}, and the desk is in mode {settings.mode} now"
        if intent.kind in ("MODIFY", "CANCEL"):
            target = load(self._store, OrderIntent, intent_key(intent.account, intent.target_intent_id or ""))
            return f"order {intent.target_order_id} has ended" if target and target.is_final else None
        if intent.kind == "EXIT":
            return None
        now = self._clock.now()
        if intent.stale_after is not None and now >= intent.stale_after:
            return f"stale: it waited until {now:%H:%M:%S} and was good until {intent.stale_after:%H:%M:%S}"
        risk = load(self._store, RiskState, risk_key(intent.account))
        if risk is not None and risk.is_halted_on(intent.as_of.date()):
            return f"trading is halted: {risk.halt_reason or 'no reason given'}"
        return entry_refusal(self._store, settings, intent.as_of.date())

    def _claim(self, intent: OrderIntent) -> OrderIntent | None:
        """The claimed intent; None if somebody else has it."""
        now = self._clock.now()

        def decide() -> tuple[OrderIntent | None, list[Write]]:
            current = self._load(intent.account, intent.intent_id)
            if current.state != "NEW":
                return None, []
            claimed = current.evolve(state="SENDING", sending_at=now)
            event = journal(
                current.account,
                "ORDER_SENDING",
                current.intent_id,
                current.as_of,
                now,
                intent_id=current.intent_id,
                order_kind=current.kind,
                terms=current.terms.model_dump(mode="json", exclude_none=True),
            )
            return claimed, [replace(claimed), event]

        claimed = change(self._store, decide)
        if claimed is not None:
            waited = (now - claimed.written_at).total_seconds() * 1000
            self._metrics.duration_ms("order_waited", waited, kind=claimed.kind)
        return claimed

    def _send(self, intent: OrderIntent) -> OrderIntent:
        begun = self._clock.now()
        try:
            broker_order_id = self._call(intent)
        except BrokerRefused as refusal:
            return self._record(intent, "REJECTED", message=str(refusal), begun=begun)
        except (AskOwner, TryAgain) as error:
            # Both are promised only where nothing can have reached the order book.
            return self._record(intent, "REJECTED", message=f"not sent: {error}", begun=begun)
        except PatangError as error:
            return self._record(intent, "UNKNOWN", message=str(error), begun=begun)
        except Exception as error:
            # The request may be on its way: whatever went wrong, its outcome is not known.
            note_failure(self._store, intent.account, error, begun)
            return self._record(intent, "UNKNOWN", message=f"{type(error).__name__}: {error}", begun=begun)
        done: IntentState = "ACKED" if intent.kind in ("ENTRY", "EXIT") else "COMPLETE"
        return self._record(intent, done, broker_order_id=broker_order_id, begun=begun)

    def _call(self, intent: OrderIntent) -> str | None:
        broker, terms = self._broker(intent.account, intent.terms.mode), intent.terms
        if intent.kind == "CANCEL":
            broker.cancel(terms.variety, intent.target_order_id or "")
            return intent.target_order_id
        if intent.kind == "MODIFY":
            broker.modify(terms.variety, intent.target_order_id or "", {"price": str(terms.price)})
            return intent.target_order_id
        return broker.place(_request(intent))

    def _record(
        self,
        sent: OrderIntent,
        state: IntentState,
        *,
        reason: str = "",
        message: str = "",
        broker_order_id: str | None = None,
        begun: datetime | None = None,
    ) -> OrderIntent:
        """Writes what came of it, unless an order update has been faster and knows more."""
        now = self._clock.now()
        latency = None if begun is None else (now - begun).total_seconds() * 1000
        if latency is not None:
            self._metrics.duration_ms("order_sent", latency, kind=sent.kind, state=state)

        def decide() -> tuple[tuple[OrderIntent, list[Any]], list[Write]]:
            current = self._load(sent.account, sent.intent_id)
            if not _gives_way(current, sent, broker_order_id):
                if latency is None or current.latency_ms is not None:
                    return (current, []), []
                return (current, []), [replace(current.evolve(latency_ms=latency))]
            new = current.evolve(
                state=state,
                reason=reason or current.reason,
                status_message=message,
                broker_order_id=broker_order_id,
                latency_ms=latency,
            )
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
            self._resolution.resolve(intent, self._broker(intent.account, intent.terms.mode).orders())
        except PatangError as error:
            self._metrics.count("lookup_failed", intent_id=intent.intent_id, error=str(error))
        return self._load(intent.account, intent.intent_id)

    def _answer(self, intent: OrderIntent) -> None:
        """Completes the workflow's task. One that no longer waits has heard of it before."""
        if intent.task_token is None or intent.state in ("NEW", "SENDING"):
            return
        result = {
            "ok": intent.state in ("ACKED", "COMPLETE"),
            "reason": intent.state,
            "intent_id": intent.intent_id,
            "message": intent.status_message or intent.reason,
        }
        self._workflows.succeed(intent.task_token, result)


def _gives_way(current: OrderIntent, sent: OrderIntent, broker_order_id: str | None) -> bool:
    """Whether the reply to the lane's own call is news to what is stored now.

    It is while nobody else knows better: an order update does, a look-up that found nothing does not.
    """
    if current.state == sent.state or current.state == "UNKNOWN":
        return True
    return current.never_arrived and broker_order_id is not None


def _request(intent: OrderIntent) -> OrderRequest:
    terms = intent.terms
    return OrderRequest(
        variety=terms.variety,
        exchange=terms.exchange,
        tradingsymbol=terms.tradingsymbol,
        transaction_type=terms.transaction_type,
        quantity=terms.quantity,
        order_type=terms.order_type,
        product=terms.product,
        validity=terms.validity,
        tag=intent.intent_id,
        price=None if terms.price is None else str(terms.price),
        trigger_price=None if terms.trigger_price is None else str(terms.trigger_price),
        market_protection=None if terms.market_protection is None else str(terms.market_protection),
    )
