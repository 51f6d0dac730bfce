"""Protections from trading on after bad trades: a pause after several stops, one of a symbol after its exit.

Pure functions of the trades that ended lately, in market time.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from patang.portfolio.position_book import ClosedTrade
from patang.risk.refusals import Refusal
from patang.settings.limits import RiskSettings

__all__ = ["stop_loss_guard", "symbol_cooldown"]

_STOPS = ("STOP", "TRAILING_STOP")


def stop_loss_guard(closed: Sequence[ClosedTrade], bounds: RiskSettings, as_of: datetime) -> Refusal | None:
    """No entry for a while after so many stops, all within the window, that lost money."""
    stops = sorted(
        trade.exit_time
        for trade in closed
        if trade.exit_reason in _STOPS and (trade.realised_pnl or 0) < 0 and trade.exit_time <= as_of
    )
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
