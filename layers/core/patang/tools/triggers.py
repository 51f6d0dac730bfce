"""Triggers (GTT) that somebody asks for: the broker's own names and arguments."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from patang.errors import BadInput
from patang.execution.orders.broken import Broken
from patang.execution.orders.requests import DeleteGtt, ModifyGtt, PlaceGtt
from patang.execution.orders.wording import Exchange, Side
from patang.tools.caller import Caller
from patang.tools.errors import checked
from patang.tools.orders import OrderAnswer, RequestInput, ask
from patang.tools.tool import AnyTool, Tool

__all__ = ["TOOLS"]

type GttProduct = Literal["CNC", "NRML", "MTF"]
type Price = Annotated[Decimal | None, Field(description="rupees")]
type Units = Annotated[int | None, Field(description="units")]
TriggerId = Annotated[int, Field(gt=0, lt=10**18, description="the trigger's id, as get_gtts has it")]

_SINGLE = ("trigger_value", "quantity", "limit_price")
_TWO = tuple(f"{side}_{name}" for side in ("lower", "upper") for name in _SINGLE)


class _GttInput(RequestInput):
    """A trigger: `trigger_value`, `quantity` and `limit_price` of a single one; a stop (`lower_`) and a
    target (`upper_`) of a two-leg one, of which one cancels the other. Rupees and units."""

    exchange: Exchange
    tradingsymbol: Annotated[str, Field(min_length=1, max_length=60)]
    last_price: Annotated[Decimal | None, Field(description="not needed: the desk asks the market")] = None
    transaction_type: Side
    trigger_type: Literal["single", "two-leg"]
    trigger_value: Price = None
    quantity: Units = None
    limit_price: Price = None
    upper_trigger_value: Price = None
    upper_quantity: Units = None
    upper_limit_price: Price = None
    lower_trigger_value: Price = None
    lower_quantity: Units = None
    lower_limit_price: Price = None

    def sides(self) -> tuple[str, ...]:
        """What the fields of each leg begin with, the stop's first. Raises BadInput for a field too many or
        too few."""
        single = self.trigger_type == "single"
        wanted, others = (_SINGLE, _TWO) if single else (_TWO, _SINGLE)
        wrong = [
            Broken(name, "missing", f"a {self.trigger_type} trigger needs it").text
            for name in wanted
            if getattr(self, name) is None
        ] + [
            Broken(name, str(getattr(self, name)), f"leave it out of a {self.trigger_type} trigger").text
            for name in others
            if getattr(self, name) is not None
        ]
        if wrong:
            raise BadInput("; ".join(wrong))
        return ("",) if single else ("lower_", "upper_")


class PlaceGttInput(_GttInput):
    """A new trigger."""

    product: GttProduct


class ModifyGttInput(_GttInput):
    """All of a trigger as it is to stand from now on."""

    trigger_id: TriggerId
    product: Annotated[GttProduct | None, Field(description="without it: what the trigger has now")] = None


class DeleteGttInput(RequestInput):
    """The end of a trigger."""

    trigger_id: TriggerId


def _fields(args: _GttInput, product: str) -> dict[str, object]:
    sides = args.sides()
    return {
        "kind": args.trigger_type,
        "exchange": args.exchange,
        "tradingsymbol": args.tradingsymbol,
        "trigger_values": tuple(getattr(args, f"{side}trigger_value") for side in sides),
        "legs": tuple(
            {
                "transaction_type": args.transaction_type,
                "quantity": getattr(args, f"{side}quantity"),
                "product": product,
                "price": getattr(args, f"{side}limit_price"),
            }
            for side in sides
        ),
    }


def _place(caller: Caller, args: PlaceGttInput) -> OrderAnswer:
    return ask(caller, args, checked(PlaceGtt, _fields(args, args.product)))


def _modify(caller: Caller, args: ModifyGttInput) -> OrderAnswer:
    trigger_id = str(args.trigger_id)
    product = args.product or _standing_product(caller, args.account_id, trigger_id)
    wish = checked(ModifyGtt, _fields(args, product) | {"gtt_id": trigger_id})
    return ask(caller, args, wish, modification=True)


def _standing_product(caller: Caller, account_id: str | None, trigger_id: str) -> str:
    """The broker's own tool does not ask for the product; a changed one would be another order."""
    found = caller.services.broker_reads(caller.account(account_id)).trigger(trigger_id)
    return found.orders[0].product


def _delete(caller: Caller, args: DeleteGttInput) -> OrderAnswer:
    return ask(caller, args, DeleteGtt(gtt_id=str(args.trigger_id)), modification=True)


_ABOUT = (
    " A trigger is kept for a year and places a LIMIT order when the price is reached; triggered is not "
    "filled. Answers as place_order does."
)
_SINGLE_EXAMPLE = {
    "exchange": "NSE",
    "tradingsymbol": "INFY",
    "transaction_type": "SELL",
    "product": "CNC",
    "trigger_type": "single",
    "trigger_value": 1400,
    "quantity": 1,
    "limit_price": 1395,
}

TOOLS: tuple[AnyTool, ...] = (
    Tool(
        name="place_gtt_order",
        title="Place a trigger (GTT)",
        description="Ask for a good-till-triggered order, single or two-leg (a stop and a target)." + _ABOUT,
        input=PlaceGttInput,
        output=OrderAnswer,
        effect="orders",
        scope="trade",
        run=_place,
        example=_SINGLE_EXAMPLE,
        destructive=True,
        idempotent=False,
    ),
    Tool(
        name="modify_gtt_order",
        title="Modify a trigger (GTT)",
        description="Ask that a trigger stands from now on as these arguments have it, all of it." + _ABOUT,
        input=ModifyGttInput,
        output=OrderAnswer,
        effect="orders",
        scope="trade",
        run=_modify,
        example={
            "trigger_id": 123,
            "exchange": "NSE",
            "tradingsymbol": "INFY",
            "transaction_type": "SELL",
            "product": "CNC",
            "trigger_type": "two-leg",
            "lower_trigger_value": 1400,
            "lower_quantity": 1,
            "lower_limit_price": 1395,
            "upper_trigger_value": 1700,
            "upper_quantity": 1,
            "upper_limit_price": 1699,
        },
        destructive=True,
        idempotent=False,
    ),
    Tool(
        name="delete_gtt_order",
        title="Delete a trigger (GTT)",
        description="Ask that a trigger is taken away. Answers as place_order does.",
        input=DeleteGttInput,
        output=OrderAnswer,
        effect="orders",
        scope="trade",
        run=_delete,
        example={"trigger_id": 123},
        destructive=True,
    ),
)
