"""What all replies have in common: amounts, times and texts as the broker writes them.

The broker computes with binary floats and writes times of Indian wall clocks without saying so. Here amounts
are Decimal and times know their zone. Fields that are not known are passed over; of those that are known only
what tells a row from another has to be there.
"""

from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer, TypeAdapter, ValidationError

from patang.errors import OtherSideFailed
from patang.market.sessions import IST

__all__ = ["Amount", "Day", "Figure", "Moment", "Reply", "Text", "TimeOfDay", "parse"]

# Funds are priced to six places, charges are told to fifteen; behind the eighth stands what floats left over.
_PLACES = 8
# How the broker's own program writes that there is no time.
_NO_TIME = "0001-01-01"
_TOLD_ERRORS = 3


class Reply(BaseModel):
    """A reply, or a part of one. Ids that come as numbers are read as texts."""

    model_config = ConfigDict(frozen=True, extra="ignore", coerce_numbers_to_str=True)


def _amount(value: Any) -> Any:
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise ValueError(f"{value!r} is no amount")
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        raise ValueError(f"{value!r} is no amount") from None
    if not amount.is_finite():
        raise ValueError(f"{value!r} is no amount")
    return _plain(round(amount, _PLACES))


def _plain(amount: Decimal) -> Decimal:
    """Without zeros at the end, and never as a power of ten."""
    short = amount.normalize()
    return short.quantize(Decimal(1)) if short == short.to_integral_value() else short


def _moment(value: Any) -> Any:
    if isinstance(value, str):
        if not value or value.startswith(_NO_TIME):
            return None
        value = datetime.fromisoformat(value)
    if not isinstance(value, datetime):
        return value
    # The official client makes datetimes of some of the texts, of the same wall clock and as silent about it.
    return value.replace(tzinfo=IST) if value.tzinfo is None else value.astimezone(IST)


def _day(value: Any) -> Any:
    if isinstance(value, str):
        return date.fromisoformat(value[:10]) if value and not value.startswith(_NO_TIME) else None
    return value.date() if isinstance(value, datetime) else value


def _time_of_day(value: Any) -> Any:
    if isinstance(value, str):
        return time.fromisoformat(value[-8:]) if value else None
    return value.time() if isinstance(value, datetime) else value


def _text(value: Any) -> Any:
    return "" if value is None else value


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


# In JSON they are numbers again, as the broker wrote them.
_AS_NUMBER = PlainSerializer(_number, return_type=float | None, when_used="json")

Amount = Annotated[Decimal | None, BeforeValidator(_amount), _AS_NUMBER]
"""Rupees, a price, a percentage or units of a fund; None where nothing is said."""
Figure = Annotated[
    Decimal, BeforeValidator(_amount), PlainSerializer(float, return_type=float, when_used="json")
]
"""The same where it has to be said."""
Moment = Annotated[datetime | None, BeforeValidator(_moment)]
"""A moment in IST; None where there is none."""
Day = Annotated[date | None, BeforeValidator(_day)]
"""A day; None where there is none."""
TimeOfDay = Annotated[time | None, BeforeValidator(_time_of_day)]
"""The wall clock of the day alone, IST."""
Text = Annotated[str, BeforeValidator(_text)]
"""A text, empty where the broker says null."""


_adapters: dict[Any, TypeAdapter[Any]] = {}


def _adapter(kind: Any) -> TypeAdapter[Any]:
    if kind not in _adapters:
        _adapters[kind] = TypeAdapter(kind)
    return _adapters[kind]


def parse[T](kind: type[T], data: Any, what: str) -> T:
    """`data` of a reply as `kind`, a model or a tuple or mapping of them; `what` names it in the message.

    Raises OtherSideFailed where the reply does not say what it must: the asker has done nothing wrong.
    """
    try:
        found: T = _adapter(kind).validate_python(data)
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, one['loc'])) or what}: {one['msg']}" for one in error.errors()[:_TOLD_ERRORS]
        )
        raise OtherSideFailed(f"the broker's reply of {what} does not read ({wrong})") from error
    return found
