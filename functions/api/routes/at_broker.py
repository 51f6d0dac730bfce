"""What accounts have at the broker, as the desk has last seen it; alerts are made and deleted there."""

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from functions.api.gate import Reader, TheDesk, Trader, own_accounts
from functions.api.questions import OneAccount, Price
from patang.desk_view.broker_views import AlertsView, AlertView, HoldingsView, MarginsView
from patang.identity.rights import one_account
from patang.said_by_others import PlainLine

__all__ = ["router"]

router = APIRouter(prefix="/api")


class AlertRequest(BaseModel):
    """The last price of exchange:symbol held against `price` in rupees; an index stands on the exchange
    INDICES. Without a name it is called by what it watches."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"account": "main", "exchange": "NSE", "symbol": "INFY", "operator": ">=", "price": 1600}
            ]
        },
    )

    account: Annotated[str, Field(max_length=40)] | None = None
    exchange: Annotated[str, Field(pattern=r"^(NSE|BSE|NFO|BFO|CDS|BCD|MCX|INDICES)$")]
    symbol: Annotated[PlainLine, Field(min_length=1, max_length=60)]
    operator: Annotated[str, Field(pattern=r"^(<=|>=|<|>|==)$")]
    price: Price
    name: Annotated[PlainLine, Field(min_length=1, max_length=100)] | None = None


@router.get("/holdings")
def holdings(principal: Reader, desk: TheDesk, account: OneAccount = None) -> tuple[HoldingsView, ...]:
    """Shares in the demat account as last seen, with what they are worth; an entry an account."""
    return desk.at_broker().holdings(own_accounts(principal, account))


@router.get("/margins")
def margins(principal: Reader, desk: TheDesk, account: OneAccount = None) -> tuple[MarginsView, ...]:
    """Funds by segment as last seen: what there is and what it is blocked for; an entry an account."""
    return desk.at_broker().margins(own_accounts(principal, account))


@router.get("/alerts")
def alerts(principal: Reader, desk: TheDesk, account: OneAccount = None) -> tuple[AlertsView, ...]:
    """Price alerts at the broker as last seen; an entry an account."""
    return desk.at_broker().alerts(own_accounts(principal, account))


@router.post("/alerts")
def create_alert(wish: AlertRequest, principal: Trader, desk: TheDesk) -> AlertView:
    """An alert at the broker that notifies, once, when its price is there. It places no order.

    One that stands just so already is the answer.
    """
    # Here, not at the top: of those who look at the desk few make alerts.
    from patang.alerts.seen import AlertSeen
    from patang.alerts.terms import AlertTerms
    from patang.tools.errors import checked

    account, price = one_account(principal, wish.account), f"{wish.price:f}"
    told = {
        "name": wish.name or f"{wish.symbol} {wish.operator} {price}",
        "left": {"exchange": wish.exchange, "tradingsymbol": wish.symbol},
        "operator": wish.operator,
        "constant": price,
    }
    terms = checked(AlertTerms, told)
    made = desk.price_alerts().create(account, terms, principal.actor)
    return AlertView(**AlertSeen.of(made).model_dump())


@router.delete("/alerts/{uuid}")
def delete_alert(
    uuid: Annotated[str, Path(pattern=r"^[0-9A-Za-z-]{1,64}$")],
    principal: Trader,
    desk: TheDesk,
    account: OneAccount = None,
) -> AlertView:
    """Delete an alert that notifies; what it was is the answer. One that places orders stays."""
    from patang.alerts.seen import AlertSeen

    gone = desk.price_alerts().delete(one_account(principal, account), uuid, principal.actor)
    return AlertView(**AlertSeen.of(gone).model_dump())
