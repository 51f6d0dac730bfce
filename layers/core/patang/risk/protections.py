"""Protections from trading on: a pause after several stops, of a symbol after its exit, of options after an
entry.

Pure functions of what ended or was entered lately, in market time.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from patang.market.sessions import IST
from patang.portfolio.account_state import RiskState
from patang.portfolio.position_book import ClosedTrade
from patang.risk.refusals import Refusal
from patang.settings.limits import RiskSettings

__all__ = ["losing_stops", "option_cooldown", "stop_loss_guard", "symbol_cooldown"]

_STOPS = ("STOP", "TRAILING_STOP")


def stop_loss_guard(closed: Sequence[ClosedTrade], bounds: RiskSettings, as_of: datetime) -> Refusal | None:
    """No entry for a while after so many stops, all within the window, that lost money."""
    stops = sorted(_stopped_out(closed, as_of))
    limit = bounds.stop_loss_guard_stops
    window = timedelta(minutes=bounds.stop_loss_guard_window_minutes)
    pause = timedelta(minutes=bounds.stop_loss_guard_pause_minutes)
    for first, last in zip(stops, stops[limit - 1 :], strict=False):
        if last - first <= window and as_of - last < pause:
            return Refusal(
                "STOP_LOSS_GUARD",
                f"{limit} stops between {first:%H:%M} and {last:%H:%M}: no entry before {last + pause:%H:%M}",
                {"stops": limit, "until": (last + pause).isoformat()},
            )
    return None


def losing_stops(closed: Iterable[ClosedTrade], bounds: RiskSettings, as_of: datetime) -> int:
    """Stops of the window that ends now: what one more would be counted with."""
    window = timedelta(minutes=bounds.stop_loss_guard_window_minutes)
    return sum(as_of - stopped <= window for stopped in _stopped_out(closed, as_of))


def _stopped_out(closed: Iterable[ClosedTrade], as_of: datetime) -> list[datetime]:
    """When trades were stopped out that lost money."""
    return [
        trade.exit_time
        for trade in closed
        if trade.exit_reason in _STOPS and (trade.realised_pnl or 0) < 0 and trade.exit_time <= as_of
    ]


def symbol_cooldown(
    closed: Sequence[ClosedTrade], underlying: str, bounds: RiskSettings, as_of: datetime
) -> Refusal | None:
    """No entry into an underlying for a while after it was sold."""
    exits = [
        trade.exit_time for trade in closed if trade.underlying == underlying and trade.exit_time <= as_of
    ]
    until = max(exits) + timedelta(minutes=bounds.symbol_cooldown_minutes) if exits else None
    if until is None or as_of >= until:
        return None
    return Refusal(
        "SYMBOL_COOLDOWN",
        f"{underlying} was sold at {max(exits):%H:%M}: no entry before {until:%H:%M}",
        {"minutes": bounds.symbol_cooldown_minutes, "until": until.isoformat()},
    )


def option_cooldown(state: RiskState, hours: int, as_of: datetime) -> Refusal | None:
    """No option for so many hours after the account's last, nor while one is on its way."""
    last, pause = state.last_option_entry, timedelta(hours=hours)
    if last is not None and as_of - last < pause:
        until = last + pause
        text = (
            f"the last option was entered at {last.astimezone(IST):%d %b %H:%M}: "
            f"none before {until.astimezone(IST):%d %b %H:%M}"
        )
        return Refusal(
            "OPTION_COOLDOWN",
            text,
            {"last_entry": last.isoformat(), "hours": hours, "until": until.isoformat()},
        )
    coming = [name for name, reserved in state.reservations.items() if reserved.option]
    if coming and hours > 0:
        # Its fill would begin the pause, and may come before this one's.
        text = (
            f"an option is on its way ({', '.join(sorted(coming))}); {hours} hours must pass after its fill"
        )
        return Refusal("OPTION_COOLDOWN", text, {"on_their_way": len(coming), "hours": hours})
    return None
