"""From a request to its intents: the one place that sends what people and programs ask for.

Whatever was looked at before is looked at again here, in the decision that the intents are written by: the
rules of orders by PersonsOrders, what a yes was given to and what a day may hold by this module.
"""

import dataclasses
from collections.abc import Callable, Iterator
from decimal import Decimal

from patang.approvals.alone import may_alone
from patang.approvals.requests.figures import identifiers_of, measured
from patang.approvals.requests.limits import asked_on, counted, limits_broken
from patang.approvals.requests.record import OrderRequest, RequestFigures, asked_key
from patang.execution.orders.broken import Broken
from patang.execution.orders.persons_orders import PersonsOrders
from patang.execution.orders.request_book import Decision, Receipt
from patang.execution.orders.requests import PersonsWish, PlaceOrder
from patang.ports import Clock, StateStore
from patang.records import create, load, replace
from patang.settings import Settings

__all__ = ["RequestSender"]


class RequestSender:
    """`settings` are those in force, or the last good ones: a purchase is stopped elsewhere while they are
    wrong."""

    def __init__(
        self, store: StateStore, orders: PersonsOrders, settings: Callable[[], Settings], clock: Clock
    ) -> None:
        self._store = store
        self._orders = orders
        self._settings = settings
        self._clock = clock

    def as_asked(self, account: str, request_id: str, wish: PersonsWish, actor: str) -> Receipt:
        """What only lowers risk: no limit, no count. Raises as PersonsOrders does."""
        return self._orders.submit(account, request_id, wish, actor)

    def again(self, account: str, request_id: str, wish: PersonsWish, actor: str) -> Receipt:
        """What was sent before, and nothing new: a record of it that has gone since it was seen leaves no way
        round the limits and the yes. Raises as PersonsOrders does."""

        def gone(decision: Decision) -> Decision:
            remedy = "it was sent so long ago that it is just being forgotten: ask again by another id"
            return Decision(decision.as_of, (Broken("request_id", request_id, remedy),))

        return self._orders.submit(account, request_id, wish, actor, gone)

    def at_once(self, request: OrderRequest, *, alone: bool) -> Receipt:
        """Without a wait, as its own asker's word is enough; `alone`: a program's is. It is written as SENT
        with its intents, or not at all. Raises as PersonsOrders does."""

        def last_word(decision: Decision) -> Decision:
            today = asked_on(self._store, request.account, request.day)
            limits = limits_broken(request.figures, today, self._settings().requests)
            broken = (*limits, *self._changed(request, decision))
            if alone:
                broken += tuple(self._too_much_alone(request))
            if broken:
                return Decision(decision.as_of, broken)
            sent = request.evolve(state="SENT", intent_ids=decision.intent_ids)
            count = counted(today, request.figures, alone=alone)
            return dataclasses.replace(decision, along=(create(sent), count))

        return self._submit(request, last_word)

    def approved(self, request: OrderRequest) -> Receipt:
        """After the yes: APPROVED becomes SENT in the transaction that writes the intents, once. Raises as
        PersonsOrders does."""

        def last_word(decision: Decision) -> Decision:
            now = load(self._store, OrderRequest, asked_key(request.account, request.approval_id))
            if now is None or now.state != "APPROVED":
                state = "gone" if now is None else now.state
                return Decision(decision.as_of, (Broken("approval", state, "it is not to be sent any more"),))
            broken = (*self._not_agreed_to(now), *self._changed(now, decision))
            if broken:
                return Decision(decision.as_of, broken)
            sent = now.evolve(state="SENT", intent_ids=decision.intent_ids)
            return dataclasses.replace(decision, along=(replace(sent),))

        return self._submit(request, last_word)

    def figures(self, decision: Decision, wish: PersonsWish) -> RequestFigures:
        """What the intents come to at the prices of now."""
        lot = 1
        if isinstance(wish, PlaceOrder):
            lot = self._orders.lot_size(wish.exchange, wish.tradingsymbol)
        missing = identifiers_of(decision.intents)
        return measured(decision, self._orders.last_prices(missing) if missing else {}, lot)

    def _submit(self, request: OrderRequest, last_word: Callable[[Decision], Decision]) -> Receipt:
        return self._orders.submit(
            request.account, request.request_id, request.wanted(), request.actor, last_word
        )

    def _too_much_alone(self, request: OrderRequest) -> Iterator[Broken]:
        """Whether another of the day's has come first, or the owner has changed his mind."""
        value = request.figures.value
        if not may_alone(self._store, self._settings(), request.account, request.day, value):
            yield Broken("value", f"{value}", "programs may do no more of it alone: ask again, its owner is")

    def _not_agreed_to(self, request: OrderRequest) -> Iterator[Broken]:
        """Whether it is still what the yes was given to, and the limits still let it through."""
        if request.digest() != request.terms_digest:
            yield Broken("terms_digest", request.digest(), "the yes was to other terms: ask again")
        settings = self._settings()
        today = asked_on(self._store, request.account, request.day)
        figures = request.figures
        others = today.evolve(
            orders=max(today.orders - figures.orders, 0),
            value=max(today.value - (figures.value or Decimal(0)), Decimal(0)),
        )
        yield from limits_broken(figures, others, settings.requests)

    def _changed(self, request: OrderRequest, decision: Decision) -> Iterator[Broken]:
        """Whether the orders, the mode, the day and the price are those that were looked at."""
        settings = self._settings()
        if settings.mode != request.mode:
            yield Broken("mode", settings.mode, f"it was asked for in mode {request.mode}: ask again")
        if decision.as_of.date() != request.day:
            yield Broken("day", f"{decision.as_of.date()}", f"it was asked for on {request.day}: ask again")
        now = self.figures(decision, request.wanted())
        if now.lines != request.figures.lines:
            yield Broken("orders", "; ".join(now.lines), "they are not the ones shown any more: ask again")
            return
        most = settings.approval.max_price_drift_pct
        for line, then, price in zip(now.lines, request.figures.prices, now.prices, strict=True):
            if then is None or price is None:
                continue
            drift = abs(price - then) / then * 100
            if drift > most:
                told = f"of {line}: {drift:.1f} % from {then}, more than {most} %: ask again"
                yield Broken("price", str(price), f"PRICE_DRIFT {told}")
