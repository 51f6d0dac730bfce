"""The exchange that paper orders meet: fills and triggers them from the desk's own ticks, and ends what is
intraday at the broker's hour."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from patang.adapters.paper.funds import PaperFunds
from patang.adapters.paper.gtt import PaperGtt
from patang.adapters.paper.keys import PAPER_BOOK, paper_funds_key, paper_order_key
from patang.adapters.paper.matching import after_ticks
from patang.adapters.paper.order import PaperOrder
from patang.adapters.paper.square_off import CANCELLED_BY_BROKER, closing_orders, is_intraday_over
from patang.adapters.paper.triggers import reached, triggered_order
from patang.adapters.paper.validation import check_means
from patang.adapters.paper.varieties import next_leg, stop_of
from patang.errors import BrokerRefused
from patang.market.sessions import IST
from patang.ports import Clock, StateStore, Write, WriteConflict
from patang.records import create, load, load_all, replace
from patang.settings import Settings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["PaperExchange"]


class PaperExchange:
    """PaperMatcher over the books of all paper accounts.

    An instance remembers the volumes it has seen: without one, a tick fills no order that waits in the queue.
    What changed in between is left to the next ticks.
    """

    def __init__(self, store: StateStore, clock: Clock, settings: Callable[[], Settings]) -> None:
        self._store = store
        self._clock = clock
        self._settings = settings
        self._volumes: dict[int, int] = {}

    def match(self, ticks: "NDArray[np.void]", as_of: datetime) -> list[dict[str, Any]]:
        """The changed orders as order frames; `account_id` in each is Patang's name of the account."""
        changed, seen = [], {}
        rows = self._store.query_index(PAPER_BOOK)
        for row in (row for row in rows if "cash" not in row):
            resting: PaperGtt | PaperOrder = (
                PaperGtt.model_validate(dict(row))
                if "trigger_values" in row
                else PaperOrder.model_validate(row)
            )
            of_it = ticks[ticks["token"] == resting.instrument_token]
            if len(of_it):
                seen[resting.instrument_token] = int(of_it[-1]["volume"])
            if isinstance(resting, PaperGtt):
                placed = self._trigger(resting, of_it, as_of)
                changed += [] if placed is None else [placed]
            else:
                changed += self._fill(resting, of_it, as_of)
        for row in (row for row in rows if "cash" in row):
            changed += self._square_off(PaperFunds.model_validate(row), as_of)
        self._volumes = {**self._volumes, **seen}
        return [order.as_sent() for order in changed]

    def _fill(self, order: PaperOrder, ticks: "NDArray[np.void]", as_of: datetime) -> list[PaperOrder]:
        """The order if these ticks have changed it, and what its variety makes of that."""
        after = after_ticks(order, ticks, as_of, self._volumes.get(order.instrument_token))
        if after.is_resting and self._is_over(after, as_of):
            after = after.evolve(status="CANCELLED", status_message=CANCELLED_BY_BROKER, updated_at=as_of)
        if after is order:
            return []
        funds = self._funds(order.account, as_of)
        if funds is None:
            return []
        if _overdraws(funds, order, after):
            after = order.evolve(
                status="REJECTED", status_message="Insufficient funds.", updated_at=after.updated_at
            )
        if order.status == "AMO REQ RECEIVED":
            # It is an order of this day, and stands in its book.
            after = after.evolve(written_at=self._clock.now())
        settled = funds.with_order(order, after)
        further = self._further(order, after)
        for new in (one for one in further if one.revision == 0):
            settled = settled.with_order(None, new)
        writes = [create(one) if one.revision == 0 else replace(one) for one in further]
        return [after, *further] if self._wrote(replace(after), *writes, replace(settled)) else []

    def _further(self, before: PaperOrder, after: PaperOrder) -> list[PaperOrder]:
        """The next leg of an iceberg, or the stop of a cover order, that a fill brings."""
        if len(after.fills) == len(before.fills):
            return []
        at, wall_time = after.updated_at, self._clock.now()
        if after.variety == "co" and after.parent_order_id is None:
            legs = [leg for leg in self._book(after.account) if leg.parent_order_id == after.order_id]
            stop = stop_of(after, legs, at, wall_time)
            return [] if stop is None else [stop]
        leg = next_leg(after, at, wall_time)
        return [] if leg is None else [self._with_means(leg, before, after)]

    def _with_means(self, leg: PaperOrder, before: PaperOrder, after: PaperOrder) -> PaperOrder:
        """The leg as it is taken, or rejected for want of what it sells or costs."""
        funds = self._funds(leg.account, leg.placed_at)
        try:
            if funds is None:
                raise BrokerRefused("The account has never traded.")
            others = [order for order in self._book(leg.account) if order.order_id != after.order_id]
            check_means(leg, funds.with_order(before, after), others)
        except BrokerRefused as refusal:
            return leg.evolve(status="REJECTED", status_message=str(refusal))
        return leg

    def _is_over(self, order: PaperOrder, as_of: datetime) -> bool:
        """Whether the broker ends what the account has asked for intraday."""
        asked = order.product == "MIS" and order.placed_by is None and order.status != "AMO REQ RECEIVED"
        return asked and is_intraday_over(order.exchange, as_of, self._settings())

    def _square_off(self, seen: PaperFunds, as_of: datetime) -> list[PaperOrder]:
        """The broker's own orders against intraday positions whose time has come."""
        due = [
            name for name in seen.intraday if is_intraday_over(name.split(":")[0], as_of, self._settings())
        ]
        funds = self._funds(seen.account, as_of) if due else None
        if funds is None:
            return []
        wall_time, settings = self._clock.now(), self._settings()
        orders = closing_orders(funds, self._book(seen.account), as_of, wall_time, settings)
        return [order for order in orders if self._wrote(create(order))]

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
