"""The exchange that paper orders meet: fills and triggers them from the desk's own ticks."""

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from patang.adapters.paper.funds import PaperFunds
from patang.adapters.paper.gtt import PaperGtt
from patang.adapters.paper.matching import after_ticks
from patang.adapters.paper.order import PaperOrder
from patang.adapters.paper.triggers import reached, triggered_order
from patang.adapters.paper.validation import check_means
from patang.errors import BrokerRefused
from patang.keys import PAPER_BOOK, paper_funds_key, paper_order_key
from patang.market.sessions import IST
from patang.ports import Clock, StateStore, Write, WriteConflict
from patang.records import create, load, load_all, replace

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["PaperExchange"]


class PaperExchange:
    """PaperMatcher over the books of all paper accounts.

    An instance remembers the volumes it has seen: without one, a tick fills no order that waits in the queue.
    What changed in between is left to the next ticks.
    """

    def __init__(self, store: StateStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._volumes: dict[int, int] = {}

    def match(self, ticks: "NDArray[np.void]", as_of: datetime) -> list[dict[str, Any]]:
        """The changed orders as order frames; `account_id` in each is Patang's name of the account."""
        frames, seen = [], {}
        for row in self._store.query_index(PAPER_BOOK):
            resting: PaperGtt | PaperOrder = (
                PaperGtt.model_validate(dict(row))
                if "trigger_values" in row
                else PaperOrder.model_validate(row)
            )
            of_it = ticks[ticks["token"] == resting.instrument_token]
            if len(of_it):
                seen[resting.instrument_token] = int(of_it[-1]["volume"])
            changed = (
                self._trigger(resting, of_it, as_of)
                if isinstance(resting, PaperGtt)
                else self._fill(resting, of_it, as_of)
            )
            if changed is not None:
                frames.append(changed.as_sent())
        self._volumes = {**self._volumes, **seen}
        return frames

    def _fill(self, order: PaperOrder, ticks: "NDArray[np.void]", as_of: datetime) -> PaperOrder | None:
        """The order if these ticks have changed it."""
        after = after_ticks(order, ticks, as_of, self._volumes.get(order.instrument_token))
        if after is order:
            return None
        funds = self._funds(order.account, as_of)
        if funds is None:
            return None
        if _overdraws(funds, order, after):
            after = order.evolve(
                status="REJECTED", status_message="Insufficient funds.", updated_at=after.updated_at
            )
        settled = funds.with_order(order, after)
        return after if self._wrote(replace(after), replace(settled)) else None

    def _trigger(self, gtt: PaperGtt, ticks: "NDArray[np.void]", as_of: datetime) -> PaperOrder | None:
        """The order that a trigger has placed."""
        if as_of >= gtt.good_until:
            self._wrote(replace(self._ended(gtt, as_of, status="expired")))
            return None
        hit = reached(gtt, ticks)
        if hit is None:
            return None
        place, moment = hit
        funds = self._funds(gtt.account, as_of)
        leg, order = gtt.legs[place], triggered_order(gtt, place, moment, self._clock.now())
        try:
            if funds is None:
                raise BrokerRefused("The account has never traded.")
            check_means(order, funds, self._book(gtt.account))
        except BrokerRefused as refusal:
            legs = gtt.with_leg(place, leg.model_copy(update={"refusal": str(refusal)}))
            self._wrote(replace(self._ended(gtt, moment, status="rejected", legs=legs)))
            return None
        legs = gtt.with_leg(place, leg.model_copy(update={"order_id": order.order_id}))
        done = self._ended(gtt, moment, status="triggered", legs=legs)
        after = funds.with_order(None, order)
        return order if self._wrote(replace(done), create(order), replace(after)) else None

    def _ended(self, gtt: PaperGtt, at: datetime, **changes: Any) -> PaperGtt:
        return gtt.evolve(updated_at=at, written_at=self._clock.now(), **changes)

    def _funds(self, account: str, as_of: datetime) -> PaperFunds | None:
        known = load(self._store, PaperFunds, paper_funds_key(account))
        day: date = as_of.astimezone(IST).date()
        return None if known is None else known.on_day(day)

    def _book(self, account: str) -> list[PaperOrder]:
        first = paper_order_key(account, "")
        return load_all(self._store, PaperOrder, first.partition, first.sort)

    def _wrote(self, *writes: Write) -> bool:
        try:
            self._store.write(*writes)
        except WriteConflict:
            return False
        return True


def _overdraws(funds: PaperFunds, before: PaperOrder, after: PaperOrder) -> bool:
    """Whether fills cost more than there is; only a market order's can, its price was not known before."""
    if after.transaction_type == "SELL" or len(after.fills) == len(before.fills):
        return False
    cost = sum((f.price * f.quantity for f in after.fills[len(before.fills) :]), Decimal(0))
    free = funds.available + funds.reserved.get(after.order_id, Decimal(0))
    return cost + after.charges - before.charges > free
