"""Alerts that place orders (ATO): requests like any order, since they move money when they go off."""

from typing import Annotated

from pydantic import Field

from patang.alerts.terms import AlertOrder, AlertTerms
from patang.execution.orders.requests import DeleteAlert, ModifyAlert, PlaceAlert
from patang.tools.alerts import AlertInput, AlertUuidInput
from patang.tools.caller import Caller
from patang.tools.errors import checked
from patang.tools.orders import OrderAnswer, RequestInput, ask
from patang.tools.tool import AnyTool, Tool

__all__ = ["TOOLS"]


class PlaceAlertInput(RequestInput, AlertInput):
    """An alert and the LIMIT orders of the day that it places when it goes off."""

    orders: Annotated[tuple[AlertOrder, ...], Field(min_length=1, max_length=20)]

    def terms(self) -> AlertTerms:
        said = super().terms().model_dump() | {"orders": [order.model_dump() for order in self.orders]}
        return checked(AlertTerms, said)


class ModifyAlertInput(PlaceAlertInput, AlertUuidInput):
    """All of such an alert as it is to stand from now on."""


class DeleteAlertInput(RequestInput, AlertUuidInput):
    """The end of such an alert."""


def _place(caller: Caller, args: PlaceAlertInput) -> OrderAnswer:
    return ask(caller, args, checked(PlaceAlert, {"alert": args.terms().model_dump()}))


def _modify(caller: Caller, args: ModifyAlertInput) -> OrderAnswer:
    wish = checked(ModifyAlert, {"alert": args.terms().model_dump(), "uuid": args.uuid})
    return ask(caller, args, wish, modification=True)


def _delete(caller: Caller, args: DeleteAlertInput) -> OrderAnswer:
    return ask(caller, args, DeleteAlert(uuid=args.uuid), modification=True)


_UUID = {"uuid": "00000001-0000-4000-8000-000000000123"}
_EXAMPLE = {
    "name": "buy the dip",
    "left": {"exchange": "INDICES", "tradingsymbol": "NIFTY 50"},
    "operator": "<=",
    "constant": 24000,
    "orders": [
        {
            "exchange": "NSE",
            "tradingsymbol": "INFY",
            "transaction_type": "BUY",
            "quantity": 1,
            "product": "CNC",
            "price": 1450,
        }
    ],
}
_ABOUT = (
    " Its orders are LIMIT orders of the day at prices known now; it sells delivered shares (CNC) alone. "
    "Halts and limits of the desk do not reach what goes off at the broker later. Answers as place_order "
    "does. While the desk trades on paper it is refused: its orders would be real."
)

TOOLS: tuple[AnyTool, ...] = (
    Tool(
        name="create_ato_alert",
        title="New alert that places orders",
        description="The broker places the orders, once, when left operator right becomes true." + _ABOUT,
        input=PlaceAlertInput,
        output=OrderAnswer,
        effect="orders",
        scope="trade",
        run=_place,
        example=_EXAMPLE,
        destructive=True,
        idempotent=False,
    ),
    Tool(
        name="modify_ato_alert",
        title="Change an alert that places orders",
        description="Puts another condition and other orders in its place and enables it again." + _ABOUT,
        input=ModifyAlertInput,
        output=OrderAnswer,
        effect="orders",
        scope="trade",
        run=_modify,
        example={**_UUID, **_EXAMPLE},
        destructive=True,
        idempotent=False,
    ),
    Tool(
        name="delete_ato_alert",
        title="Delete an alert that places orders",
        description="Takes such an alert and its orders away. Answers as place_order does.",
        input=DeleteAlertInput,
        output=OrderAnswer,
        effect="orders",
        scope="trade",
        run=_delete,
        example=_UUID,
        destructive=True,
        idempotent=False,
    ),
)
