"""Mean reversion: a price far from its mean over 5 or 15 minutes that has turned back within one."""

import math

from patang.strategies.frames import LONGER, Direction, Frames, Setup
from patang.strategies.rules import RuleLog

__all__ = ["mean_reversion"]


def mean_reversion(
    frames: Frames, *, min_stretch: float, max_rsi: float, max_adx: float, log: RuleLog
) -> Setup | str:
    """The direction back to the mean, or the gate that said no.

    Up: the price at least `min_stretch` standard deviations below its mean of 20 bars of 5 or of 15 minutes,
    and MACD of one-minute bars above its signal with RSI below `max_rsi`: it has turned. Down is the mirror.
    Nothing reverts against a trend: ADX of 15 minutes at most `max_adx`.
    """
    stretch = _farthest(frames)
    if not log.holds("stretch", abs(stretch), ">=", min_stretch):
        return "FEATURES_MISSING" if math.isnan(stretch) else "NOT_STRETCHED"
    if not log.holds("adx_14_15m", frames.fifteen.get("adx_14", math.nan), "<=", max_adx):
        return "TREND_TOO_STRONG"
    direction: Direction = 1 if stretch < 0 else -1
    macd, signal, rsi = (frames.one.get(name, math.nan) for name in ("macd", "macd_signal", "rsi_14"))
    if direction > 0:
        turned = log.holds("macd", macd, ">", signal) and log.holds("rsi_14", rsi, "<", max_rsi)
    else:
        turned = log.holds("macd", macd, "<", signal) and log.holds("rsi_14", rsi, ">", 100 - max_rsi)
    if not turned:
        return "NOT_TURNED"
    side, back = ("below", "above") if direction > 0 else ("above", "below")
    return Setup(
        direction,
        f"{abs(stretch):.1f} deviations {side} its mean, MACD {macd:.2f} {back} its signal {signal:.2f}, "
        f"RSI {rsi:.0f}",
    )


def _farthest(frames: Frames) -> float:
    """The greater z-score of 5 and 15 minutes, whichever side it is on; NaN if neither is known."""
    known = [frames.of(minutes).get("z_score_20", math.nan) for minutes in LONGER]
    return max((z for z in known if math.isfinite(z)), key=abs, default=math.nan)
