"""The momentum rule that both strategies begin with."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

__all__ = ["Momentum", "momentum"]

_NEEDED = ("ema_12", "ema_26", "macd", "macd_signal", "rsi_14", "adx_14", "atr_14", "bb_position",
           "z_score_20", "roc_20", "std_dev_20")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Momentum:
    """A trend with room left: +1 up, -1 down, and the sentence that explains it."""

    direction: Literal[1, -1]
    reason: str


def momentum(
    features: Mapping[str, float], *, min_adx: float, max_rsi: float
) -> Momentum | Literal["FEATURES_MISSING", "NO_MOMENTUM"]:
    """The direction that EMA, MACD, RSI and ADX of one-minute bars agree on, or the gate that said no.

    Up: EMA 12 above EMA 26, MACD above its signal, RSI above 50 but below `max_rsi`, ADX at least `min_adx`.
    Down is the mirror.
    """
    if not all(math.isfinite(features.get(name, math.nan)) for name in _NEEDED) or features["atr_14"] <= 0:
        return "FEATURES_MISSING"
    rsi, adx = features["rsi_14"], features["adx_14"]
    fast, slow = features["ema_12"], features["ema_26"]
    macd, signal = features["macd"], features["macd_signal"]
    if adx < min_adx:
        return "NO_MOMENTUM"
    if fast > slow and macd > signal and 50 < rsi < max_rsi:
        return Momentum(1, _tell("above", macd, signal, rsi, adx))
    if fast < slow and macd < signal and 100 - max_rsi < rsi < 50:
        return Momentum(-1, _tell("below", macd, signal, rsi, adx))
    return "NO_MOMENTUM"


def _tell(side: str, macd: float, signal: float, rsi: float, adx: float) -> str:
    return (
        f"EMA 12 {side} EMA 26, MACD {macd:.2f} {side} its signal {signal:.2f}, RSI {rsi:.0f}, ADX {adx:.0f}"
    )
