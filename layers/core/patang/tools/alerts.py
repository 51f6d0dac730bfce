"""Price alerts of the broker: it watches a price and notifies."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from patang.alerts.terms import AlertSide, AlertTerms, Operator
from patang.kite_replies.alerts import Alert, AlertEvent
from patang.tools.caller import Caller
from patang.tools.errors import checked
from patang.tools.lists import ListInput, ListReply, shown
from patang.tools.tool import AccountInput, AnyTool, Tool

__all__ = ["TOOLS", "AlertInput", "AlertUuidInput"]


class AlertsInput(ListInput):
    """Which alerts."""

    status: Literal["enabled", "disabled"] | None = None


class AlertUuidInput(AccountInput):
    """Which alert."""

    uuid: Annotated[str, Field(pattern=r"^[0-9A-Za-z-]{1,64}$", description="as list_alerts has it")]


class AlertInput(AccountInput):
    """What an alert watches: `left operator right`, where right is a constant or another instrument."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    left: AlertSide
    operator: Operator
    constant: Annotated[Decimal | None, Field(gt=0, description="rupees to compare with")] = None
    right: Annotated[AlertSide | None, Field(description="or an instrument to compare with")] = None

    def terms(self) -> AlertTerms:
        """Raises InvalidArguments where the fields do not agree."""
        words = ("name", "left", "operator", "constant", "right")
        return checked(AlertTerms, {name: getattr(self, name) for name in words})


class ModifyAlertInput(AlertUuidInput, AlertInput):
    """All of an alert as it is to stand from now on."""


class AllAlerts(ListReply):
    """Alerts at the broker."""

    alerts: tuple[Alert, ...]


class AlertHistory(ListReply):
    """Each time that an alert went off."""

    events: tuple[AlertEvent, ...]


class AlertHistoryInput(AlertUuidInput, ListInput):
    """Which alert's history."""


def _list(caller: Caller, args: AlertsInput) -> AllAlerts:
    there = caller.services.broker_reads(caller.account(args.account_id)).alerts()
    found = [alert for alert in there if args.status in (None, alert.status)]
    return AllAlerts(**shown(found, args, "alerts", _ALERT))


def _one(caller: Caller, args: AlertUuidInput) -> Alert:
    return caller.services.broker_reads(caller.account(args.account_id)).alert(args.uuid)


def _history(caller: Caller, args: AlertHistoryInput) -> AlertHistory:
    found = caller.services.broker_reads(caller.account(args.account_id)).alert_history(args.uuid)
    return AlertHistory(**shown(found, args, "events", _EVENT))


def _create(caller: Caller, args: AlertInput) -> Alert:
    account, actor = caller.account(args.account_id), caller.principal.actor
    return caller.services.price_alerts().create(account, args.terms(), actor)


def _modify(caller: Caller, args: ModifyAlertInput) -> Alert:
    account, actor = caller.account(args.account_id), caller.principal.actor
    return caller.services.price_alerts().modify(account, args.uuid, args.terms(), actor)


def _delete(caller: Caller, args: AlertUuidInput) -> Alert:
    account, actor = caller.account(args.account_id), caller.principal.actor
    return caller.services.price_alerts().delete(account, args.uuid, actor)


# What a table of each list says.
_ALERT = (
    "uuid", "name", "status", "lhs_exchange", "lhs_tradingsymbol", "operator", "rhs_constant",
    "rhs_tradingsymbol",
)  # fmt: skip
_EVENT = ("created_at", "condition")
_UUID = {"uuid": "00000001-0000-4000-8000-000000000123"}
_EXAMPLE = {
    "name": "INFY above 1600",
    "left": {"exchange": "NSE", "tradingsymbol": "INFY"},
    "operator": ">=",
    "constant": 1600,
}

TOOLS: tuple[AnyTool, ...] = (
    Tool(
        name="list_alerts",
        title="Price alerts",
        description="Alerts that the broker keeps for the account, also those of type ato, which place "
        "orders: condition, status, and how often they went off.",
        input=AlertsInput,
        output=AllAlerts,
        effect="looks",
        scope="read",
        run=_list,
        example={"status": "enabled"},
    ),
    Tool(
        name="get_alert",
        title="A price alert",
        description="One alert; one of type ato with the orders that it places.",
        input=AlertUuidInput,
        output=Alert,
        effect="looks",
        scope="read",
        run=_one,
        example=_UUID,
    ),
    Tool(
        name="get_alert_history",
        title="History of an alert",
        description="Each time that an alert went off, with the market at that moment.",
        input=AlertHistoryInput,
        output=AlertHistory,
        effect="looks",
        scope="read",
        run=_history,
        example=_UUID,
    ),
    Tool(
        name="create_alert",
        title="New price alert",
        description="The broker notifies its owner, once, when left operator right becomes true. Indices "
        "stand on the exchange INDICES. One that is true already is refused. It places no order.",
        input=AlertInput,
        output=Alert,
        effect="changes",
        scope="trade",
        run=_create,
        example=_EXAMPLE,
    ),
    Tool(
        name="modify_alert",
        title="Change a price alert",
        description="Puts another condition in an alert's place and enables it again: say all of it.",
        input=ModifyAlertInput,
        output=Alert,
        effect="changes",
        scope="trade",
        run=_modify,
        example={**_UUID, **_EXAMPLE},
    ),
    Tool(
        name="delete_alert",
        title="Delete a price alert",
        description="Deletes an alert that notifies.",
        input=AlertUuidInput,
        output=Alert,
        effect="changes",
        scope="trade",
        run=_delete,
        example=_UUID,
        destructive=True,
        idempotent=False,
    ),
)
