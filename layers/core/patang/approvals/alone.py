"""What a program may bring about by itself, without a person's yes: small orders, where the owner lets it."""

from datetime import date
from decimal import Decimal

from patang.approvals.requests.limits import asked_on
from patang.execution.graduation import trades_small
from patang.ports import ItemReader
from patang.settings import Settings

__all__ = ["may_alone"]


def may_alone(store: ItemReader, settings: Settings, account: str, day: date, value: Decimal | None) -> bool:
    """Whether orders worth `value` rupees in all need no person, on a market day, after those of the day that
    needed none: many small ones are a large one.

    None does where the worth is not known, nor in an account's first sessions with real money.
    """
    limits = settings.requests
    if value is None or limits.assistant_alone_inr == 0 or value > limits.assistant_alone_inr:
        return False
    if asked_on(store, account, day).alone + value > limits.assistant_alone_day_inr:
        return False
    return not trades_small(store, settings, account, day)
