"""What an account has bought and sold, whoever told of it, and what each day of it cost by our rates."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict

from patang.market.sessions import IST
from patang.risk.charges import Execution, Side
from patang.risk.contract_note import ExecutedOrder
from patang.trade_log.fill import OrderFill

__all__ = ["CASH", "Deal", "by_day", "deal_of_fill", "orders_of"]

# Where shares are traded; contracts are on the exchanges that Kite calls NFO and BFO.
CASH = frozenset({"NSE", "BSE"})


class Deal(BaseModel):
    """Units that changed hands at a price in rupees. `order` is the broker's id, or ours where there is none.

    `source`: a fill of the desk; what its owner sold beside it (`outside`: price and time are as the desk
    booked them); a line of the broker's trade book that is no order of the desk's.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    account: str
    exchange: str
    symbol: str
    product: str
    side: Side
    quantity: int
    price: Decimal
    time: datetime
    order: str
    source: Literal["desk", "outside", "tradebook"] = "desk"

    @property
    def day(self) -> date:
        """The market day, which is that of the contract note."""
        return self.time.astimezone(IST).date()

    @property
    def value(self) -> Decimal:
        """Rupees."""
        return self.price * self.quantity


class _Order(NamedTuple):
    order: str
    exchange: str
    symbol: str
    product: str
    side: Side


def deal_of_fill(fill: OrderFill) -> Deal:
    """A fill as a deal."""
    return Deal(
        account=fill.account,
        exchange=fill.exchange,
        symbol=fill.symbol,
        product=fill.product,
        side=fill.transaction_type,
        quantity=fill.quantity,
        price=fill.price,
        time=fill.as_of,
        order=fill.broker_order_id or fill.intent_id,
    )


def by_day(deals: Iterable[Deal]) -> dict[date, list[Deal]]:
    """Deals by their market day, the first day first."""
    days: dict[date, list[Deal]] = defaultdict(list)
    for deal in sorted(deals, key=lambda deal: (deal.time, deal.order)):
        days[deal.day].append(deal)
    return dict(days)


def orders_of(deals: Iterable[Deal]) -> list[ExecutedOrder]:
    """One account's deals of a day by the orders they belong to: brokerage is an order's."""
    executions: dict[_Order, list[Execution]] = defaultdict(list)
    for deal in deals:
        place = _Order(deal.order, deal.exchange, deal.symbol, deal.product, deal.side)
        executions[place].append(Execution(deal.price, deal.quantity))
    return [
        ExecutedOrder(place.exchange, place.symbol, place.product, place.side, tuple(parts))
        for place, parts in executions.items()
    ]
