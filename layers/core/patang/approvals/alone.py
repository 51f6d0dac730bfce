"""What a program may bring about by itself, without a person's yes: small orders, where the owner lets it."""

from datetime import date
from decimal import Decimal

from patang.execution.graduation import trades_small
from patang.ports import ItemReader
from patang.settings import Settings

__all__ = ["may_alone"]


def may_alone(store: ItemReader, settings: Settings, account: str, day: date, value: Decimal | None) -> bool:
    """Whether orders worth `value` rupees in all need no person, on a market day.

    None does where the worth is not known, nor in an account's first sessions with real money.
    """
    most = settings.requests.assistant_alone_inr
    if value is None or most == 0 or value > most:
        return False
    return not trades_small(store, settings, account, day)
