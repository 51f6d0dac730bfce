"""The gates of an entry that look at its account, in the order of `GATES`. Each that says no tells why, with
the numbers. Those of the market and of the sessions are asked once a cycle, before (`risk.gate`).
"""

from datetime import datetime

from patang.risk.account_view import AccountView
from patang.risk.breaker import breach, too_many_failures
from patang.risk.protections import option_cooldown, stop_loss_guard, symbol_cooldown
from patang.risk.refusals import Refusal
from patang.risk.reservations import DERIVATIVES, held
from patang.said_by_others import quoted
from patang.settings import Settings
from patang.strategies.signal import Signal

__all__ = ["account_gate", "is_halted", "signal_gate"]


def account_gate(view: AccountView, settings: Settings) -> Refusal | None:
    """Why the account may not enter anything now, or None."""
    return (
        _losses(view, settings)
        or _no_funds(view)
        or _too_many_positions(view, settings)
        or _slow_broker(view, settings)
        or _failures(view, settings)
        or _wrong_address(view)
        or _stopped(view, None)
    )


def signal_gate(view: AccountView, signal: Signal, settings: Settings, as_of: datetime) -> Refusal | None:
    """Why the account may not enter this signal, or None. Sizing and profit are looked at afterwards."""
    return (
        _too_little_for_one_lot(view, signal, settings)
        or _model(signal, settings)
        or _demonstration(signal, settings)
        or stop_loss_guard(view.closed, settings.risk, as_of)
        or symbol_cooldown(view.closed, signal.underlying, settings.risk, as_of)
        or (_options(view, settings, as_of) if signal.exchange in DERIVATIVES else None)
        or _held_already(view, signal)
    )


def is_halted(view: AccountView) -> bool:
    """Stopped by a person, or by the breaker for longer than a day that has ended."""
    return view.state.is_halted_on(view.day.day)


def _losses(view: AccountView, settings: Settings) -> Refusal | None:
    """A limit that is reached, or was reached and is not taken back."""
    found = breach(view, settings)
    losses = ("DAILY_LOSS_LIMIT", "MAX_DRAWDOWN")
    if found is not None and found.refusal.gate in losses:
        return found.refusal
    if view.state.loss_day == view.day.day:
        return Refusal("DAILY_LOSS_LIMIT", "the day's loss had reached its limit", {"day": str(view.day.day)})
    return next((no for gate in losses if (no := _stopped(view, gate)) is not None), None)


def _no_funds(view: AccountView) -> Refusal | None:
    if view.free_funds is None or view.free_funds > 0:
        return None
    text = f"the broker tells {view.free_funds:.2f} rupees as net funds"
    return Refusal("MARGIN_INSUFFICIENT", text, {"free_funds": view.free_funds})


def _too_many_positions(view: AccountView, settings: Settings) -> Refusal | None:
    most = settings.risk.max_concurrent_positions
    if view.holdings < most:
        return None
    text = f"{view.holdings} of {most} positions are taken, by what is open and by orders on their way"
    return Refusal("MAX_CONCURRENT_REACHED", text, {"held": view.holdings, "limit": most})


def _slow_broker(view: AccountView, settings: Settings) -> Refusal | None:
    slowest = settings.risk.max_api_latency_ms
    if view.latency_ms is None or view.latency_ms <= slowest:
        return None
    text = f"the median of the last five calls is {view.latency_ms:.0f} ms; {slowest} are allowed"
    return Refusal("HIGH_LATENCY", text, {"median_ms": view.latency_ms, "limit_ms": slowest})


def _failures(view: AccountView, settings: Settings) -> Refusal | None:
    return too_many_failures(view, settings) or _stopped(view, "TOO_MANY_EXCEPTIONS")


def _wrong_address(view: AccountView) -> Refusal | None:
    return None if view.egress is None else Refusal("EGRESS_IP_MISMATCH", view.egress, {})


def _stopped(view: AccountView, gate: str | None) -> Refusal | None:
    """What the breaker or a person has stopped: because of this gate, or (None) for whatever reason."""
    state = view.state
    if not is_halted(view) or (gate is not None and state.gate != gate):
        return None
    by = state.halted_by or "nobody named"
    ends = "until somebody resumes" if state.halted_day is None else f"until {state.halted_day} is over"
    why = quoted(state.halt_reason) if state.halt_reason else "no reason given"
    text = f"{why} ({by}, {ends})"
    return Refusal(gate or "HALTED", text, {"state": state.state, "by": by})


def _too_little_for_one_lot(view: AccountView, signal: Signal, settings: Settings) -> Refusal | None:
    """Whether the broker's net funds, which foreign positions lower, pay for one lot and the buffer."""
    if view.free_funds is None:
        return None
    cost = signal.entry_price * signal.lot_size * (1 + settings.risk.margin_buffer_pct / 100)
    free = view.free_funds - held(view.state).exposure
    if cost <= free:
        return None
    text = f"one lot needs {cost:.2f} rupees with the buffer and {free:.2f} are free"
    return Refusal("MARGIN_INSUFFICIENT", text, {"needed": cost, "free": free})


def _model(signal: Signal, settings: Settings) -> Refusal | None:
    least = settings.risk.min_confidence
    numbers = {"confidence": signal.confidence, "least": least}
    if signal.refused:
        return Refusal("MODEL_REFUSED", f"refused before: {', '.join(signal.refused)}", numbers)
    if signal.confidence < least:
        text = f"the probability to win is {signal.confidence:.2f}; {least:.2f} are asked for"
        return Refusal("MODEL_REFUSED", text, numbers)
    return None


def _demonstration(signal: Signal, settings: Settings) -> Refusal | None:
    """No real money on the word of a model that could not show an edge."""
    if settings.mode != "live" or signal.model_promoted:
        return None
    text = f"{signal.model_version} has not passed its gates: what it finds is for a person to order, or not"
    return Refusal("MODEL_NOT_PROMOTED", text, {"confidence": signal.confidence})


def _options(view: AccountView, settings: Settings, as_of: datetime) -> Refusal | None:
    most = settings.risk.max_concurrent_options
    if view.options >= most:
        text = f"{view.options} options are held or on their way; {most} are allowed"
        return Refusal("MAX_OPTIONS_REACHED", text, {"held": view.options, "limit": most})
    return option_cooldown(view.state, settings.options.cooldown_hours, as_of)


def _held_already(view: AccountView, signal: Signal) -> Refusal | None:
    exposure = view.exposure(signal.underlying)
    if exposure <= 0:
        return None
    text = f"{exposure:.2f} rupees of {signal.underlying} are held or on their way"
    return Refusal("ALREADY_HELD", text, {"exposure": exposure})
