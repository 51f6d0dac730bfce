"""Alerts that place orders (ATO), as a person or an assistant may ask for them."""

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from patang.alerts.terms import AlertTerms
from patang.execution.orders.form_rules import product_broken

__all__ = ["DeleteAlert", "ModifyAlert", "PlaceAlert"]


class _Wish(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PlaceAlert(_Wish):
    """A new alert with the orders that it places when it goes off."""

    alert: AlertTerms

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if not self.alert.places_orders:
            raise ValueError("orders: say at least one; an alert that only notifies is no order")
        found = [
            product_broken(order.exchange, order.product, f"orders[{number}].product")
            for number, order in enumerate(self.alert.orders)
        ]
        wrong = [broken.text for broken in found if broken is not None]
        if wrong:
            raise ValueError("; ".join(wrong))
        return self


class ModifyAlert(PlaceAlert):
    """All of such an alert as it is to stand from now on."""

    uuid: str = Field(pattern=r"^[0-9A-Za-z-]{1,64}$")


class DeleteAlert(_Wish):
    """The end of such an alert."""

    uuid: str = Field(pattern=r"^[0-9A-Za-z-]{1,64}$")
