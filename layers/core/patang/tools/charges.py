"""What orders would block and cost; none of them has to exist."""

from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from patang.errors import BadInput
from patang.execution.orders.wording import Exchange, OrderType, Product, Side, Variety
from patang.kite_replies.charges import BasketMargin, ContractNote, OrderMargin
from patang.ports import OrderRequest
from patang.tools.caller import Caller
from patang.tools.tool import AccountInput, AnyTool, Tool, ToolReply

__all__ = ["TOOLS"]

_MOST = 100


class ImaginedOrder(BaseModel):
    """An order that need not exist. Prices in rupees, quantity in units."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    exchange: Exchange
    tradingsymbol: str = Field(min_length=1, max_length=60)
    transaction_type: Side
    quantity: int = Field(gt=0)
    product: Product
    variety: Variety = "regular"
    order_type: OrderType = "LIMIT"
    price: Decimal | None = Field(default=None, gt=0)
    trigger_price: Decimal | None = Field(default=None, gt=0)

    def request(self) -> OrderRequest:
        """As it would be placed, without a tag: nobody places it."""
        return OrderRequest(
            variety=self.variety,
            exchange=self.exchange,
            tradingsymbol=self.tradingsymbol,
            transaction_type=self.transaction_type,
            quantity=self.quantity,
            order_type=self.order_type,
            product=self.product,
            validity="DAY",
            tag="",
            price=None if self.price is None else str(self.price),
            trigger_price=None if self.trigger_price is None else str(self.trigger_price),
        )


type _Orders = Annotated[tuple[ImaginedOrder, ...], Field(min_length=1, max_length=_MOST)]


class OrdersInput(AccountInput):
    """The orders that are asked about."""

    orders: _Orders


class BasketInput(OrdersInput):
    """Orders that are asked about together."""

    consider_positions: Annotated[bool, Field(description="with what the account holds already")] = True


class OrderMargins(ToolReply):
    """What each order would block, in their order."""

    margins: tuple[OrderMargin, ...]


class OrderCharges(ToolReply):
    """What each order would cost, in their order; `total` of all in rupees."""

    orders: tuple[ContractNote, ...]
    total: float


def _requests(args: OrdersInput) -> list[OrderRequest]:
    return [order.request() for order in args.orders]


def _margins(caller: Caller, args: OrdersInput) -> OrderMargins:
    reads = caller.services.broker_reads(caller.account(args.account_id))
    return OrderMargins(margins=reads.order_margins(_requests(args)))


def _basket(caller: Caller, args: BasketInput) -> BasketMargin:
    reads = caller.services.broker_reads(caller.account(args.account_id))
    return reads.basket_margin(_requests(args), consider_positions=args.consider_positions)


def _charges(caller: Caller, args: OrdersInput) -> OrderCharges:
    for number, order in enumerate(args.orders):
        if order.price is None:
            raise BadInput(f"orders[{number}].price is missing: say at which price it would trade")
    notes = caller.services.broker_reads(caller.account(args.account_id)).charges(_requests(args))
    total = sum((note.charges.total or Decimal(0) for note in notes), Decimal(0))
    return OrderCharges(orders=notes, total=float(total))


_EXAMPLE = {
    "orders": [
        {
            "exchange": "NSE",
            "tradingsymbol": "INFY",
            "transaction_type": "BUY",
            "quantity": 10,
            "product": "CNC",
            "price": 1500,
        }
    ]
}

TOOLS: tuple[AnyTool, ...] = (
    Tool(
        name="get_order_margins",
        title="Margins of orders",
        description="What each order would block in rupees on top of what the account has standing. Nothing "
        "is placed.",
        input=OrdersInput,
        output=OrderMargins,
        effect="looks",
        scope="read",
        run=_margins,
        example=_EXAMPLE,
    ),
    Tool(
        name="get_basket_margins",
        title="Margin of a basket",
        description="What orders would block together in rupees: `initial` to enter them, `final` once those "
        "that hedge each other are counted. Nothing is placed.",
        input=BasketInput,
        output=BasketMargin,
        effect="looks",
        scope="read",
        run=_basket,
        example=_EXAMPLE,
    ),
    Tool(
        name="get_charges",
        title="Charges of orders",
        description="The broker's own figures of what orders would cost in rupees at their prices: "
        "brokerage, taxes, exchange and stamp duty. Nothing is placed.",
        input=OrdersInput,
        output=OrderCharges,
        effect="looks",
        scope="read",
        run=_charges,
        example=_EXAMPLE,
    ),
)
