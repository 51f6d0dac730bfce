"""Orders that somebody asks for. Names and arguments of place, modify and cancel are the broker's own.

Every one is a request (patang.approvals.requests): rules and limits first, then the owner's yes where the
settings want it, then the order lane. No tool speaks to the broker.
"""

import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Annotated

from pydantic import BaseModel, Field

from patang.approvals.requests.answer import RequestAnswer
from patang.desk_view.views import Moment, Rupees
from patang.execution.orders.requests import (
    Basket,
    CancelOrder,
    ConvertPosition,
    ExitPosition,
    ModifyOrder,
    PersonsWish,
    PlaceOrder,
)
from patang.execution.orders.wording import Variety
from patang.tools.approvals import approval_url
from patang.tools.caller import Caller
from patang.tools.errors import OrderRefused
from patang.tools.tool import AccountInput, AnyTool, Progress, Tool, ToolReply

__all__ = ["TOOLS", "OrderAnswer", "RequestInput", "ask"]

_ASKED = (
    " Answers REFUSED with the rules it breaks, WAITING until the owner says yes on the desk's page, or SENT "
    "with what the broker made of it. Repeat a call with the same request_id: it is the same request."
)


class RequestInput(AccountInput):
    """What every request says beside its wish."""

    request_id: Annotated[
        str | None,
        Field(
            pattern=r"^[A-Za-z0-9_-]{1,64}$",
            description="your own id: the same is one request, however often it comes; made if absent",
        ),
    ] = None
    wait_seconds: Annotated[
        int, Field(ge=0, le=20, description="how long to wait for the broker's word once it is sent")
    ] = 3


class PlaceOrderInput(RequestInput, PlaceOrder):
    """An order. Prices in rupees, quantities in units, `validity_ttl` in minutes, `market_protection` in
    percent; LIMIT needs a price, SL and SL-M a trigger_price, TTL a validity_ttl, an iceberg its legs."""


class ModifyOrderInput(RequestInput, ModifyOrder):
    """A change of an order that stands; what is not said stays."""


class CancelOrderInput(RequestInput, CancelOrder):
    """The end of an order that stands."""

    variety: Annotated[Variety | None, Field(description="not needed: the desk knows the order's own")] = None


class ExitPositionInput(RequestInput, ExitPosition):
    """The sale of a position of the desk's, all of it."""


class ConvertPositionInput(RequestInput, ConvertPosition):
    """A position's change of product."""


class BasketInput(RequestInput, Basket):
    """Orders that are sent if all of them may be."""


class RequestStateInput(AccountInput):
    """Which request."""

    request_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
    wait_seconds: Annotated[int, Field(ge=0, le=20)] = 0


class IntentReply(ToolReply):
    """One thing asked of the broker. `answered`: its word is known, or it was never sent. Rupees a unit."""

    intent_id: str
    kind: str
    state: str
    answered: bool
    broker_order_id: str | None = None
    gtt_id: str | None = None
    broker_status: str | None = None
    message: str = ""
    tradingsymbol: str
    transaction_type: str
    quantity: int
    filled_quantity: int
    average_price: Rupees | None = None
    followed_by: str | None = None
    as_of: Moment


class OrderAnswer(RequestAnswer, Progress):
    """What has become of a request. A yes has to name `terms_digest`, at `approval_id`, before `expires_at`;
    `approval_url` is the desk's page where its owner, signed in, says it.

    `cancels` are intents that take back the rest of a basket of which one order ended in vain.
    """

    approval_url: str | None = None
    intents: tuple[IntentReply, ...] = ()
    cancels: tuple[str, ...] = ()

    @property
    def on_its_way(self) -> bool:
        waits = self.state in ("WAITING", "APPROVED")
        return waits or any(not intent.answered for intent in self.intents)


def ask(caller: Caller, args: RequestInput, wish: PersonsWish, *, modification: bool = False) -> OrderAnswer:
    """Hands the wish in. Raises OrderRefused where it breaks a rule or a limit."""
    account = caller.account(args.account_id)
    request_id = args.request_id or f"r{secrets.token_hex(12)}"
    answer = caller.services.order_requests().submit(caller.principal, account, request_id, wish)
    if answer.state == "REFUSED":
        told = answer.model_dump(mode="json", exclude_none=True)
        raise OrderRefused(answer.message, told, modification=modification)
    return _with_intents(caller, answer, args.wait_seconds)


def _with_intents(caller: Caller, answer: RequestAnswer, seconds: int) -> OrderAnswer:
    if answer.state != "SENT":
        link = approval_url(caller, answer.account, answer.approval_id) if answer.approval_id else None
        return OrderAnswer(**answer.model_dump(), approval_url=link)
    state = caller.services.persons_orders().state(
        answer.account, answer.request_id, timedelta(seconds=seconds)
    )
    names = IntentReply.model_fields
    intents = tuple(
        IntentReply.model_validate({name: getattr(view, name) for name in names}) for view in state.intents
    )
    return OrderAnswer(**answer.model_dump(), intents=intents, cancels=state.cancels)


def _asks[In: RequestInput](
    kind: type[PersonsWish], *, modification: bool = False
) -> Callable[[Caller, In], OrderAnswer]:
    """The tool whose arguments are a wish of `kind` and those of every request."""
    fields: type[BaseModel] = kind

    def run(caller: Caller, args: In) -> OrderAnswer:
        wish = kind.model_validate({name: getattr(args, name) for name in fields.model_fields})
        return ask(caller, args, wish, modification=modification)

    return run


def _state(caller: Caller, args: RequestStateInput) -> OrderAnswer:
    account = caller.account(args.account_id)
    answer = caller.services.order_requests().answer(caller.principal, account, args.request_id)
    return _with_intents(caller, answer, args.wait_seconds)


_PLACE = {
    "variety": "regular",
    "exchange": "NSE",
    "tradingsymbol": "INFY",
    "transaction_type": "BUY",
    "quantity": 1,
    "product": "CNC",
    "order_type": "LIMIT",
    "price": 1500.5,
}

TOOLS: tuple[AnyTool, ...] = (
    Tool(
        name="place_order",
        title="Place an order",
        description="Ask for an order, exactly as its owner wants it." + _ASKED,
        input=PlaceOrderInput,
        output=OrderAnswer,
        effect="orders",
        scope="trade",
        run=_asks(PlaceOrder),
        example=_PLACE | {"account_id": "main", "request_id": "infy-1"},
        destructive=True,
        idempotent=False,
    ),
    Tool(
        name="modify_order",
        title="Modify an order",
        description="Ask for a change of an order that stands, by the desk's id or the broker's; what is not "
        "said stays. Of a cover order only price and trigger_price can change." + _ASKED,
        input=ModifyOrderInput,
        output=OrderAnswer,
        effect="orders",
        scope="trade",
        run=_asks(ModifyOrder, modification=True),
        example={"variety": "regular", "order_id": "260818000123456", "order_type": "LIMIT", "price": 1499.0},
        destructive=True,
        idempotent=False,
    ),
    Tool(
        name="cancel_order",
        title="Cancel an order",
        description="Take an order back that stands, by the desk's id or the broker's. Needs no yes, unless "
        "it is a stop.",
        input=CancelOrderInput,
        output=OrderAnswer,
        effect="orders",
        scope="trade",
        run=_asks(CancelOrder, modification=True),
        example={"variety": "regular", "order_id": "260818000123456"},
        destructive=True,
    ),
    Tool(
        name="exit_position",
        title="Leave a position",
        description="Sell a position of the desk's, all of it, at market within the protection or at a "
        "limit. Needs no yes. desk_positions names them.",
        input=ExitPositionInput,
        output=OrderAnswer,
        effect="orders",
        scope="trade",
        run=_asks(ExitPosition),
        example={"account_id": "main", "position_id": "p1"},
        destructive=True,
    ),
    Tool(
        name="convert_position",
        title="Convert a position",
        description="Ask for a change of a position's product, such as MIS to CNC." + _ASKED,
        input=ConvertPositionInput,
        output=OrderAnswer,
        effect="orders",
        scope="trade",
        run=_asks(ConvertPosition, modification=True),
        example={
            "exchange": "NSE",
            "tradingsymbol": "INFY",
            "transaction_type": "BUY",
            "position_type": "day",
            "quantity": 10,
            "old_product": "MIS",
            "new_product": "CNC",
        },
        destructive=True,
        idempotent=False,
    ),
    Tool(
        name="place_basket",
        title="Place several orders",
        description="Ask for up to 20 orders that are sent if all of them may be. `cancel_rest`: when one "
        "ends in vain, those that still stand are cancelled." + _ASKED,
        input=BasketInput,
        output=OrderAnswer,
        effect="orders",
        scope="trade",
        run=_asks(Basket),
        example={"orders": [_PLACE, _PLACE | {"tradingsymbol": "TCS", "price": 3010}], "cancel_rest": True},
        destructive=True,
        idempotent=False,
    ),
    Tool(
        name="request_state",
        title="What became of a request",
        description="The state of a request by its id, with what the broker made of each order. Of a basket "
        "that wants it, it takes the rest back once one order has ended in vain.",
        input=RequestStateInput,
        output=OrderAnswer,
        effect="orders",
        scope="trade",
        run=_state,
        example={"account_id": "main", "request_id": "infy-1"},
    ),
)
