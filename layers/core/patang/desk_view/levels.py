"""What is told of a position's levels that somebody has set."""

from patang.desk_view.trading_views import PositionDetail, PositionLevels
from patang.execution.guarding.levels import LevelChange

__all__ = ["levels_told"]


def levels_told(done: LevelChange, position: PositionDetail) -> PositionLevels:
    """A change that broke no rule, with the position as it is after it."""
    before = done.before
    if before is None or done.position is None:
        raise ValueError(f"{position.position_id}: nothing was found that could have been set")
    moved = [
        f"{name} {was} -> {now}"
        for name, was, now in (
            ("stop", before.stop_loss_price, done.position.stop_loss_price),
            ("target", before.target_price, done.position.target_price),
        )
        if was != now
    ]
    message = f"{position.symbol}: {', '.join(moved) or 'as it was before'}."
    return PositionLevels(
        message=" ".join((message, *(f"Beyond a limit: {limit}." for limit in done.passed))),
        stop_before=before.stop_loss_price,
        target_before=before.target_price,
        limits_passed=done.passed,
        position=position,
    )
