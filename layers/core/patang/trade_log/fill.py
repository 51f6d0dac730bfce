"""One fill of an order: the part by which its running total grew when the desk heard of its price."""

from datetime import datetime
from decimal import Decimal
from typing import Literal

from patang.execution.intent import IntentKind, OrderIntent
from patang.keys import fill_key
from patang.ports import Key
from patang.records import Record
from patang.settings import Mode

__all__ = ["OrderFill", "new_fill"]

_FOUR_PLACES = Decimal("0.0001")


class OrderFill(Record):
    """Units bought or sold at a price in rupees; what was heard of at once is one fill.

    `filled_quantity` and `average_price` are the order's totals with this fill, of what has a price.
    `slippage` is its price less `expected_price` in rupees, `slippage_pct` the same in percent of what was
    expected; None where nothing was. `as_of` is market time, `heard_at` wall time, `source` who brought the
    news: lane, frame, postback, poll or lookup.
    """

    account: str
    intent_id: str
    broker_order_id: str | None = None
    order_id: str | None = None
    position_id: str | None = None
    order_kind: IntentKind
    mode: Mode
    exchange: str
    symbol: str
    product: str
    transaction_type: Literal["BUY", "SELL"]
    quantity: int
    price: Decimal
    filled_quantity: int
    average_price: Decimal
    expected_price: Decimal | None = None
    slippage: Decimal | None = None
    slippage_pct: Decimal | None = None
    as_of: datetime
    heard_at: datetime
    source: str

    def key(self) -> Key:
        return fill_key(self.account, self.intent_id, self.filled_quantity)


def new_fill(
    old: OrderIntent, new: OrderIntent, as_of: datetime, heard_at: datetime, source: str
) -> OrderFill | None:
    """What `new` has filled beyond `old` at a price that was told; None if that is nothing."""
    quantity = new.priced_quantity - old.priced_quantity
    if quantity <= 0 or new.average_price is None:
        return None
    before = old.priced_quantity * (old.average_price or Decimal(0))
    price = (new.priced_quantity * new.average_price - before) / quantity
    terms, expected = new.terms, new.expected_price
    slippage = None if expected is None else price - expected
    return OrderFill(
        account=new.account,
        intent_id=new.intent_id,
        broker_order_id=new.broker_order_id,
        order_id=new.order_id,
        position_id=new.position_id,
        order_kind=new.kind,
        mode=terms.mode,
        exchange=terms.exchange,
        symbol=terms.tradingsymbol,
        product=terms.product,
        transaction_type=terms.transaction_type,
        quantity=quantity,
        price=price.quantize(_FOUR_PLACES),
        filled_quantity=new.priced_quantity,
        average_price=new.average_price,
        expected_price=expected,
        slippage=None if slippage is None else slippage.quantize(_FOUR_PLACES),
        slippage_pct=None
        if slippage is None or not expected
        else (100 * slippage / expected).quantize(_FOUR_PLACES),
        as_of=as_of,
        heard_at=heard_at,
        source=source,
    )
