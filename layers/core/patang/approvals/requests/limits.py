"""How much an account's requests may come to, one by one and on a day."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from patang.approvals.requests.record import AskedOn, OrderRequest, RequestFigures
from patang.desk_view.money import rupees
from patang.execution.orders.broken import Broken
from patang.ports import ItemReader, StateStore, Write
from patang.records import create, load, replace
from patang.settings.names import name_of
from patang.settings.requests import RequestSettings

__all__ = [
    "asked",
    "asked_on",
    "counted",
    "counted_alone",
    "limits_broken",
    "recounted",
    "released",
    "too_often_asked",
]

# Each question is a message to a person. What he declines or leaves may be asked anew, not without end.
_QUESTIONS_AN_ORDER = 3


def asked_on(store: ItemReader, account: str, day: date) -> AskedOn:
    """What has been asked for on a market day."""
    none = AskedOn(account=account, day=day)
    return load(store, AskedOn, none.key()) or none


def limits_broken(figures: RequestFigures, before: AskedOn, settings: RequestSettings) -> tuple[Broken, ...]:
    """The limits that a request breaks after what was asked for `before` it on its day."""
    return tuple(_limits_broken(figures, before, settings))


def counted(before: AskedOn, figures: RequestFigures, *, alone: bool) -> Write:
    """The write that counts a request; it conflicts where another was counted in between. `alone`: no person
    has said yes to it."""
    value = figures.value or Decimal(0)
    return _moved(before.evolve(alone=before.alone + value) if alone else before, figures.orders, value)


def asked(before: AskedOn, figures: RequestFigures) -> Write:
    """The same for one whose owner is asked."""
    return _moved(before.evolve(questions=before.questions + 1), figures.orders, figures.value or Decimal(0))


def too_often_asked(before: AskedOn, settings: RequestSettings) -> tuple[Broken, ...]:
    """Whether the owner was asked for a yes as often as he may be on a day, whatever he has said."""
    most = settings.max_orders_a_day * _QUESTIONS_AN_ORDER
    if before.questions < most:
        return ()
    remedy = f"its owner was asked {before.questions} times today, {most} is the most: he places it himself"
    return (Broken("approval", "needed", remedy),)


def counted_alone(before: AskedOn, value: Decimal) -> Write:
    """The write that counts so many rupees of a proposal that a program says yes to."""
    return _moved(before.evolve(alone=before.alone + value), 0, Decimal(0))


def recounted(before: AskedOn, old: RequestFigures, new: RequestFigures) -> Write:
    """The write that counts a request anew that has become less."""
    value = (new.value or Decimal(0)) - (old.value or Decimal(0))
    return _moved(before, new.orders - old.orders, value)


def released(store: StateStore, request: OrderRequest) -> Write:
    """The write that counts a request no more, as nothing of it is sent."""
    before, figures = asked_on(store, request.account, request.day), request.figures
    return _moved(before, -figures.orders, -(figures.value or Decimal(0)))


def _moved(before: AskedOn, orders: int, value: Decimal) -> Write:
    after = before.evolve(orders=max(before.orders + orders, 0), value=max(before.value + value, Decimal(0)))
    return create(after) if before.revision == 0 else replace(after)


def _limits_broken(figures: RequestFigures, before: AskedOn, settings: RequestSettings) -> Iterator[Broken]:
    if before.orders + figures.orders > settings.max_orders_a_day:
        yield Broken(
            "orders",
            str(figures.orders),
            f"{before.orders} were asked for today, and {_said('max_orders_a_day')} is "
            f"{settings.max_orders_a_day}: wait for tomorrow, or have the owner raise it",
        )
    if figures.value is None:
        yield Broken("value", "not known", "there is no price to hold against the limits: ask again")
        return
    if figures.value > settings.max_order_value_inr:
        yield Broken(
            "value",
            f"{figures.value}",
            f"{_said('max_order_value_inr')} is {rupees(settings.max_order_value_inr)}: ask for less, or "
            "have the owner raise it",
        )
    if before.value + figures.value > settings.max_day_value_inr:
        yield Broken(
            "value",
            f"{figures.value}",
            f"{rupees(before.value)} were asked for today, and {_said('max_day_value_inr')} is "
            f"{rupees(settings.max_day_value_inr)}: ask for less, or wait for tomorrow",
        )


def _said(name: str) -> str:
    """The setting as people call it."""
    return f"'{name_of(f'requests.{name}')}'"
