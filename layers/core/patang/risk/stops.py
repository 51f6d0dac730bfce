"""What a stop makes of an account's state of risk, and what ends it: pure, the caller writes the changes."""

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Any

from patang.identity.principal import is_program
from patang.portfolio.account_state import RiskState
from patang.risk.breaker import Breach

__all__ = ["ACTIVE", "opened_breaker", "over_with_its_day", "stopped"]

ACTIVE: Mapping[str, Any] = MappingProxyType(
    {
        "state": "ACTIVE",
        "gate": None,
        "halt_reason": None,
        "halted_by": None,
        "halted_day": None,
        "flattening": False,
    }
)
"""What a state is changed to when nothing stops it any more."""


def opened_breaker(found: Breach) -> Mapping[str, Any]:
    """The stop that a breach asks for, as `stopped` takes it."""
    state = {
        "state": "HALTED" if found.only_day is None else "REDUCING",
        "gate": found.refusal.gate,
        "halted_day": found.only_day,
    }
    return state | ({"loss_day": found.only_day} if found.refusal.gate == "DAILY_LOSS_LIMIT" else {})


def stopped(
    old: RiskState, reason: str, actor: str, day: date, state: Mapping[str, Any]
) -> Mapping[str, Any] | None:
    """What changes when `actor` stops the account on market day `day`; None where it is stopped for as long
    already. A stop without an end takes the place of one that ends with its day, and of a program's, which
    the program could take back."""
    changes = {"halted_day": None, "halt_reason": reason, "halted_by": actor} | dict(state)
    weaker = old.halted_day is not None or (is_program(old.halted_by) and not is_program(actor))
    stronger = changes["halted_day"] is None and weaker
    if not old.is_halted_on(day) or stronger:
        return changes
    if "flattening" in changes and not old.flattening:
        return {"flattening": True}
    if "loss_day" in changes and old.loss_day != day:
        # Under a stop that lasts longer the day's loss is remembered until that is taken back.
        return {"loss_day": day}
    return None


def over_with_its_day(old: RiskState, day: date) -> Mapping[str, Any] | None:
    """What changes where a stop has ended with an earlier market day; None where nothing did."""
    return ACTIVE if old.halted and not old.is_halted_on(day) else None
