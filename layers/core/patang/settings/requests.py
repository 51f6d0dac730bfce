"""Orders that a person or a program asks for: whose yes they need, and how much may be asked."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from patang.settings.fields import About, Section
from patang.settings.limits import LONGEST_APPROVAL_SECONDS

__all__ = ["RequestSettings"]


class RequestSettings(Section):
    """Bounds of orders that are asked for by hand or by a program. Cancelling an order and leaving a position
    are never held up by any of them."""

    approval: Annotated[
        Literal["always", "programs"],
        About("word", ("always", "programs")),
        Field(
            description="Whose orders wait for a yes: everybody's, or those of programs and assistants (the "
            "signed-in owner's own press of a button is his yes)."
        ),
    ] = "programs"
    timeout_seconds: Annotated[
        int,
        About("seconds", "up"),
        Field(ge=15, le=LONGEST_APPROVAL_SECONDS, description="How long such an order waits for the yes."),
    ] = 300
    max_order_value_inr: Annotated[
        Decimal,
        About("rupees", "up"),
        Field(gt=0, le=10**9, description="The most that all orders of one request may be worth."),
    ] = Decimal(100_000)
    max_day_value_inr: Annotated[
        Decimal,
        About("rupees", "up"),
        Field(gt=0, le=10**10, description="The most that an account's requests of a day may be worth."),
    ] = Decimal(300_000)
    max_orders_a_day: Annotated[
        int,
        About("orders", "up"),
        Field(ge=0, le=3000, description="Orders that an account may ask for on a day, changes included."),
    ] = 20
    assistant_alone_inr: Annotated[
        Decimal,
        About("rupees", "up"),
        Field(
            ge=0,
            le=50_000,
            description="What an order may be worth to which a program needs no person's yes, whether it "
            "asks for it or the desk proposes it; 0: each needs one.",
        ),
    ] = Decimal(0)
    assistant_alone_day_inr: Annotated[
        Decimal,
        About("rupees", "up"),
        Field(
            ge=0,
            le=100_000,
            description="What all such orders of an account may come to on a day; what is beyond needs a "
            "person's yes, however small it is.",
        ),
    ] = Decimal(50_000)
