"""The circuit breaker: losses that stop an account's entries by themselves."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from patang.risk.account_view import AccountView
from patang.settings import Settings

__all__ = ["BREAKER", "Breach", "breach"]

# Who halted, where the breaker did.
BREAKER = "circuit-breaker"


@dataclass(frozen=True, slots=True)
class Breach:
    """A limit that was passed: its name and the sentence that tells by how much.

    `only_day`: the halt ends with that market day; None: a person must resume.
    """

    gate: str
    reason: str
    only_day: date | None


def breach(view: AccountView, settings: Settings) -> Breach | None:
    """The first limit that losses, realised and not, have reached."""
    start = settings.capital.starting_capital_inr
    daily_limit = start * settings.capital.daily_loss_limit_pct / 100
    daily_loss = -(view.day.realised_pnl + view.unrealised)
    if daily_loss >= daily_limit:
        reason = _tell("the day's loss", daily_loss, "daily limit", daily_limit)
        return Breach("DAILY_LOSS_LIMIT", reason, view.day.day)
    drawdown_limit = start * settings.capital.max_drawdown_pct / 100
    drawdown = view.state.peak_realised - view.state.realised_total - min(view.unrealised, Decimal(0))
    if drawdown >= drawdown_limit:
        reason = _tell("the drawdown", drawdown, "limit", drawdown_limit)
        return Breach("MAX_DRAWDOWN", reason, None)
    return None


def _tell(what: str, loss: Decimal, limit_name: str, limit: Decimal) -> str:
    return f"{what} of {loss:.2f} rupees has reached the {limit_name} of {limit:.2f}"
