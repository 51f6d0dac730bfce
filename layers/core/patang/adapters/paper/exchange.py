"""The exchange that paper orders meet: fills them from the desk's own ticks."""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from patang.adapters.paper.book import PaperFunds, PaperOrder
from patang.adapters.paper.matching import after_ticks
from patang.keys import PAPER_ORDERS, paper_funds_key
from patang.ports import StateStore, WriteConflict
from patang.records import load, load_index, replace

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["PaperExchange"]


class PaperExchange:
    """PaperMatcher over the books of all paper accounts."""

    def __init__(self, store: StateStore) -> None:
        self._store = store

    def match(self, ticks: "NDArray[np.void]", as_of: datetime) -> list[dict[str, Any]]:
        """The changed orders as order frames; `account_id` in each is Patang's name of the account.

        An order that changed in between is left to the next ticks.
        """
        frames = []
        for order in load_index(self._store, PaperOrder, PAPER_ORDERS):
            after = after_ticks(order, ticks[ticks["token"] == order.instrument_token], as_of)
            if after is order:
                continue
            settled = self._settle(order, after)
            if settled is not None:
                frames.append(settled.as_sent())
        return frames

    def _settle(self, before: PaperOrder, after: PaperOrder) -> PaperOrder | None:
        funds = load(self._store, PaperFunds, paper_funds_key(before.account))
        if funds is None:
            return None
        if _overdraws(funds, after):
            after = after.evolve(
                status="REJECTED", average_price=Decimal(0), status_message="Insufficient funds."
            )
        try:
            self._store.write(replace(after), replace(funds.with_order(after)))
        except WriteConflict:
            return None
        return after


def _overdraws(funds: PaperFunds, order: PaperOrder) -> bool:
    """Whether a fill costs more than there is; only a market order can, its price was not known before."""
    if order.status != "COMPLETE" or order.transaction_type == "SELL":
        return False
    free = funds.available + funds.reserved.get(order.order_id, Decimal(0))
    return order.average_price * order.quantity > free
