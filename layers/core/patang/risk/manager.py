"""The gates of an entry, in their order. Each answers with its name when it says no."""

from datetime import datetime, timedelta

from patang.risk.account_view import AccountView
from patang.risk.breaker import breach
from patang.risk.reservations import DERIVATIVES
from patang.settings import Settings
from patang.strategies.signal import Signal

__all__ = ["account_gate", "is_halted", "signal_gate"]


def account_gate(view: AccountView, settings: Settings) -> str | None:
    """Why the account may not enter anything now, or None."""
    if is_halted(view):
        return "HALTED"
    losses = breach(view, settings)
    if losses is not None:
        return losses.gate
    if view.holdings >= settings.risk.max_concurrent_positions:
        return "MAX_CONCURRENT_REACHED"
    return None


def signal_gate(view: AccountView, signal: Signal, settings: Settings, as_of: datetime) -> str | None:
    """Why the account may not enter this signal, or None. Sizing and profit are looked at afterwards."""
    if signal.exchange in DERIVATIVES:
        if view.options >= settings.risk.max_concurrent_options:
            return "MAX_OPTIONS_REACHED"
        last = view.state.last_option_entry
        if last is not None and as_of - last < timedelta(hours=settings.options.cooldown_hours):
            return "OPTION_COOLDOWN"
    if view.exposure(signal.underlying) > 0:
        return "ALREADY_HELD"
    return None


def is_halted(view: AccountView) -> bool:
    """Halted by a person, or by the breaker for longer than a day that has ended."""
    state = view.state
    return state.halted and (state.halted_day is None or state.halted_day >= view.day.day)
