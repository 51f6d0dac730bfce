"""The circuit breaker: what stops an account's entries by itself, and what ends that."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from patang.risk.account_view import AccountView
from patang.risk.refusals import Refusal
from patang.settings import Settings

__all__ = ["BREAKER", "Breach", "breach", "drawdown", "drawdown_limit", "too_many_failures"]

# Who stopped the entries, where the breaker did.
BREAKER = "circuit-breaker"


@dataclass(frozen=True, slots=True)
class Breach:
    """A limit that was passed. `only_day`: REDUCING until that market day is over; None: HALTED until a
    person resumes."""

    refusal: Refusal
    only_day: date | None


def breach(view: AccountView, settings: Settings) -> Breach | None:
    """The first limit that the account has reached, in the order of the gates."""
    day = view.day.day
    loss, limit = -view.of_the_day, view.loss_limit(settings)
    if loss >= limit:
        return Breach(_over("DAILY_LOSS_LIMIT", "the day's loss", loss, "daily limit", limit, view), day)
    fall, most = drawdown(view), drawdown_limit(view, settings)
    if fall >= most:
        return Breach(_over("MAX_DRAWDOWN", "the drawdown", fall, "limit", most, view), None)
    failures = too_many_failures(view, settings)
    return Breach(failures, day) if failures is not None else None


def drawdown(view: AccountView) -> Decimal:
    """Rupees below the highest result; money that is paid in or out is in neither."""
    return view.state.peak_realised - view.state.realised_total - min(view.unrealised, Decimal(0))


def drawdown_limit(view: AccountView, settings: Settings) -> Decimal:
    """Rupees that may be lost from the highest result."""
    return max(view.paid_in(settings), Decimal(0)) * settings.capital.max_drawdown_pct / 100


def too_many_failures(view: AccountView, settings: Settings) -> Refusal | None:
    """Unexpected errors of the desk's functions within a minute of wall time, as many as are too many."""
    most = settings.risk.max_exceptions_per_minute
    if view.failures < most:
        return None
    text = f"{view.failures} unexpected errors in a minute; {most} are too many"
    return Refusal("TOO_MANY_EXCEPTIONS", text, {"failures": view.failures, "limit": most})


def _over(gate: str, what: str, loss: Decimal, limit_name: str, limit: Decimal, view: AccountView) -> Refusal:
    text = f"{what} of {loss:.2f} rupees has reached the {limit_name} of {limit:.2f}"
    if view.stale:
        text += f"; without a fresh price: {', '.join(view.stale)}"
    return Refusal(gate, text, {"loss": loss, "limit": limit, "unrealised": view.unrealised})
