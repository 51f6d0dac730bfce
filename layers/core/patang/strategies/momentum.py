"""Momentum: a trend that the bars of 1, 5 and 15 minutes share and that has room left."""

import math
from collections.abc import Mapping
from operator import itemgetter
from typing import Literal

from patang.strategies.frames import LONGER, Direction, Frames, Setup
from patang.strategies.rules import RuleLog

__all__ = ["is_known", "momentum", "momentum_over_frames"]

_NEEDED = ("ema_12", "ema_26", "macd", "macd_signal", "rsi_14", "adx_14", "atr_14", "bb_position",
           "z_score_20", "roc_20", "std_dev_20")  # fmt: skip
_needed = itemgetter(*_NEEDED)


def is_known(features: Mapping[str, float]) -> bool:
    """Whether every feature that a decision and its model need has a value, and the price moves at all."""
    try:
        # Asked of every symbol, so in one go: a sum is finite only if all of its parts are.
        return math.isfinite(sum(_needed(features))) and features["atr_14"] > 0
    except KeyError:
        return False


def momentum(
    features: Mapping[str, float], *, min_adx: float, max_rsi: float, log: RuleLog | None = None
) -> Setup | Literal["FEATURES_MISSING", "NO_MOMENTUM"]:
    """The direction that EMA, MACD, RSI and ADX of one-minute bars agree on, or the gate that said no.

    Up: EMA 12 above EMA 26, MACD above its signal, RSI above 50 but below `max_rsi`, ADX at least `min_adx`.
    Down is the mirror. `log` takes the numbers.
    """
    if not is_known(features):
        return "FEATURES_MISSING"
    log = log or RuleLog("")
    rsi, adx = features["rsi_14"], features["adx_14"]
    macd, signal = features["macd"], features["macd_signal"]
    if not log.holds("adx_14", adx, ">=", min_adx):
        return "NO_MOMENTUM"
    fast, slow = features["ema_12"], features["ema_26"]
    if fast >= slow:
        up = (
            log.holds("ema_12", fast, ">", slow)
            and log.holds("macd", macd, ">", signal)
            and log.holds("rsi_14", rsi, ">", 50)
            and log.holds("rsi_14", rsi, "<", max_rsi)
        )
        return Setup(1, _tell("above", macd, signal, rsi, adx)) if up else "NO_MOMENTUM"
    down = (
        log.holds("ema_12", fast, "<", slow)
        and log.holds("macd", macd, "<", signal)
        and log.holds("rsi_14", rsi, "<", 50)
        and log.holds("rsi_14", rsi, ">", 100 - max_rsi)
    )
    return Setup(-1, _tell("below", macd, signal, rsi, adx)) if down else "NO_MOMENTUM"


def momentum_over_frames(
    frames: Frames, *, min_adx: float, max_rsi: float, min_frames: int, log: RuleLog
) -> Setup | str:
    """The momentum of one-minute bars, if MACD is on the same side of its signal in at least `min_frames` of
    the bars of 1, 5 and 15 minutes. A frame that is not known does not agree.
    """
    found = momentum(frames.one, min_adx=min_adx, max_rsi=max_rsi, log=log)
    if not isinstance(found, Setup):
        return found
    longer = [minutes for minutes in LONGER if _agrees(frames.of(minutes), found.direction)]
    if not log.holds("frames_agreeing", 1 + len(longer), ">=", min_frames):
        return "FRAMES_DISAGREE"
    told = ", ".join(map(str, (1, *longer)))
    return Setup(found.direction, f"{found.reason}, MACD agrees over {told} min")


def _agrees(features: Mapping[str, float], direction: Direction) -> bool:
    difference = features.get("macd", math.nan) - features.get("macd_signal", math.nan)
    return direction * difference > 0


def _tell(side: str, macd: float, signal: float, rsi: float, adx: float) -> str:
    return (
        f"EMA 12 {side} EMA 26, MACD {macd:.2f} {side} its signal {signal:.2f}, RSI {rsi:.0f}, ADX {adx:.0f}"
    )
