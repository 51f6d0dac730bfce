"""What everything that is shown is made of: flat models, amounts as numbers in rupees, times in IST."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict

from patang.market.sessions import IST

__all__ = ["Moment", "Rupees", "ShownModel"]


def _amount(value: object) -> object:
    return float(value) if isinstance(value, Decimal) else value


def _in_ist(moment: datetime) -> datetime:
    return moment.astimezone(IST)


type Rupees = Annotated[float, BeforeValidator(_amount)]
type Moment = Annotated[datetime, AfterValidator(_in_ist)]


class ShownModel(BaseModel):
    """Base of what is shown."""

    model_config = ConfigDict(frozen=True, extra="forbid")
