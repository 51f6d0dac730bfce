"""The owner's word on orders that were asked for: taken once, in time, to the terms shown, and then acted on.

    WAITING --decide--> APPROVED --looked at again--> SENT | REFUSED
       |  \\--> DECLINED
       \\--the time is over--> EXPIRED

A program's own token says no to what a program has asked for, never yes: that takes the signed-in owner.
After a crash between the yes and the sending the reconciler's sweep sends it within a minute of the yes, or
gives it up.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Literal

from patang.approvals.outcome import DecisionResult, Reduction, Verdict
from patang.approvals.requests.limits import asked_on, recounted, released
from patang.approvals.requests.record import OrderRequest, asked_key
from patang.approvals.requests.sending import RequestSender
from patang.approvals.requests.telling import told_event
from patang.approvals.requests.wishes import fewer, title_of
from patang.errors import PatangError
from patang.execution.following.consequences import Notice, tell
from patang.execution.journal import DESK
from patang.execution.orders.persons_orders import PersonsOrders
from patang.identity.principal import Principal
from patang.keys import LIVE_REQUESTS
from patang.ports import Clock, Metrics, Notifier, StateStore, Write, WriteConflict
from patang.records import change, load, load_index, replace

__all__ = ["RequestDecisions"]

# Wall time within which a yes is still acted on; the market has moved on after it.
_GOOD_FOR = timedelta(seconds=60)

type _Found = OrderRequest | DecisionResult


class RequestDecisions:
    """`sender` is asked for when something is to be sent."""

    def __init__(
        self,
        store: StateStore,
        orders: Callable[[], PersonsOrders],
        sender: Callable[[], RequestSender],
        notifier: Notifier,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._store = store
        self._orders = orders
        self._sender = sender
        self._notifier = notifier
        self._clock = clock
        self._metrics = metrics

    def find(self, account: str, approval_id: str) -> OrderRequest | None:
        """One request in whatever state."""
        return load(self._store, OrderRequest, asked_key(account, approval_id))

    def decide(
        self,
        principal: Principal,
        account: str,
        approval_id: str,
        state: Literal["APPROVED", "DECLINED"],
        terms_digest: str,
    ) -> Verdict:
        """A person's answer to the terms with this digest; a yes is acted on before it returns."""
        if state == "APPROVED" and not principal.in_person:
            return Verdict("NOT_IN_PERSON")
        now = self._clock.now()
        result, decided = change(
            self._store,
            lambda: self._decide(account, approval_id, state, terms_digest, principal.actor, now),
        )
        self._metrics.count("approval_decisions", result=result, order_id=approval_id)
        if decided is None or result != "APPROVED":
            return Verdict(result)
        return self._send(decided)

    def reduce(
        self, principal: Principal, account: str, approval_id: str, quantity: int, terms_digest: str
    ) -> Reduction:
        """Makes the quantity of one order less, and the terms with it; the time to decide stays. Raises as
        the reads of Broker and MarketData do."""
        now = self._clock.now()
        found = self._open(account, approval_id, terms_digest, now)
        if not isinstance(found, OrderRequest):
            return Reduction(found)
        wish = fewer(found.wanted(), quantity)
        if wish is None:
            return Reduction("NOT_REDUCED", why=f"{quantity} is not less than what one order is asked for")
        decision = self._orders().look(account, found.request_id, wish, found.actor)
        if decision.broken:
            return Reduction("NOT_REDUCED", why="; ".join(rule.text for rule in decision.broken))
        figures = self._sender().figures(decision, wish).in_account_of(found.figures)
        smaller = found.evolve(
            wish=wish.model_dump(mode="json", exclude_none=True),
            proposed_quantity=found.proposed_quantity or getattr(found.wanted(), "quantity", None),
            figures=figures,
        ).sealed()
        counted = recounted(asked_on(self._store, account, found.day), found.figures, figures)
        event = told_event(smaller, "APPROVAL_REDUCED", now, principal.actor)
        try:
            self._store.write(replace(smaller), counted, event)
        except WriteConflict:
            return Reduction("NOT_REDUCED", why="something else was asked for at this moment: try again")
        return Reduction("REDUCED", smaller.terms_digest)

    def sweep(self, account: str) -> int:
        """Ends what nobody answered in time, and sends or gives up what a crash has left approved."""
        now, found = self._clock.now(), 0
        for request in load_index(self._store, OrderRequest, LIVE_REQUESTS, f"{account}#"):
            if request.state == "WAITING":
                found += change(self._store, partial(self._expire, request, now))
            elif request.state == "APPROVED":
                self._send(request)
                found += 1
        return found

    def _decide(
        self,
        account: str,
        approval_id: str,
        state: Literal["APPROVED", "DECLINED"],
        terms_digest: str,
        actor: str,
        now: datetime,
    ) -> tuple[tuple[DecisionResult, OrderRequest | None], list[Write]]:
        found = self._open(account, approval_id, terms_digest, now)
        if not isinstance(found, OrderRequest):
            return (found, None), []
        decided = found.evolve(state=state, decided_by=actor, decided_at=now)
        writes: list[Write] = [replace(decided), told_event(decided, f"APPROVAL_{state}", now, actor)]
        if state == "DECLINED":
            writes.append(released(self._store, decided))
        return (state, decided), writes

    def _open(self, account: str, approval_id: str, terms_digest: str, now: datetime) -> _Found:
        """The request while these terms wait for a word, or why nothing can be said (any more)."""
        request = self.find(account, approval_id)
        if request is None:
            return "UNKNOWN"
        if request.state != "WAITING":
            return "EXPIRED" if request.state == "EXPIRED" else "ALREADY_DECIDED"
        if request.expires_at_time is None or now >= request.expires_at_time:
            change(self._store, lambda: self._expire(request, now))
            return "EXPIRED"
        return request if terms_digest == request.terms_digest else "TERMS_CHANGED"

    def _expire(self, request: OrderRequest, now: datetime) -> tuple[bool, list[Write]]:
        found = self.find(request.account, request.approval_id)
        ends = None if found is None else found.expires_at_time
        if found is None or found.state != "WAITING" or (ends is not None and now < ends):
            return False, []
        expired = found.evolve(state="EXPIRED", decided_at=now)
        event = told_event(expired, "APPROVAL_EXPIRED", now, DESK)
        return True, [replace(expired), event, released(self._store, expired)]

    def _send(self, request: OrderRequest) -> Verdict:
        """Acts on a yes. What cannot be looked at now stays APPROVED for the sweep, and not for long."""
        waited = self._clock.now() - (request.decided_at or request.asked_at)
        if waited > _GOOD_FOR:
            return self._give_up(request, f"the yes was {waited.seconds} s old before it could be acted on")
        try:
            receipt = self._sender().approved(request)
        except (PatangError, WriteConflict) as error:
            self._metrics.alarm("approval_failed", error=type(error).__name__, order_id=request.approval_id)
            return Verdict("APPROVED", f"it could not be sent yet: {error}")
        if receipt.accepted:
            return Verdict("APPROVED")
        return self._give_up(request, "; ".join(rule.text for rule in receipt.broken))

    def _give_up(self, request: OrderRequest, why: str) -> Verdict:
        now = self._clock.now()

        def once() -> tuple[bool, list[Write]]:
            found = self.find(request.account, request.approval_id)
            if found is None or found.state != "APPROVED":
                return False, []
            refused = found.evolve(state="REFUSED", outcome=why)
            event = told_event(refused, "APPROVAL_REFUSED", now, DESK)
            return True, [replace(refused), event, released(self._store, refused)]

        if not change(self._store, once):
            return Verdict("ALREADY_DECIDED")
        text = f"{title_of(request.wanted())} was approved and not sent: {why}."
        tell(self._notifier, self._metrics, [Notice("Approved, but not sent", text)])
        return Verdict("REFUSED", why)
