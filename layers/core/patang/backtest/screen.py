"""Which bars may let a strategy's rules find something: necessary conditions, over whole arrays at once.

A bar that passes is put to the live rules, which alone decide. A bar that does not pass holds no candidate:
each condition restates one that the rules cannot do without, on the same numbers. A strategy that has no
screen here is asked about every minute.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from patang.backtest.history import SymbolHistory
from patang.features.vector import CANDLE_FEATURES
from patang.settings import Settings
from patang.settings.strategies import EntryRules
from patang.strategies.base import Strategy
from patang.strategies.playbook.equity import Equity
from patang.strategies.playbook.long_options import LongOptions

__all__ = ["Screen", "is_cycle", "screen_of"]

type Floats = NDArray[np.float64]
type Flags = NDArray[np.bool_]
# The bars of a symbol whose close a strategy has to be asked about.
type Screen = Callable[[SymbolHistory, Settings], Flags]

_IST_AHEAD, _DAY, _HOUR, _MINUTE = 5 * 3600 + 1800, 86_400, 3600, 60
_COLUMN = {name: number for number, name in enumerate(CANDLE_FEATURES)}
_NEEDED = [_COLUMN[name] for name in CANDLE_FEATURES if name != "historical_vol_20"]


def screen_of(strategy: Strategy) -> Screen | None:
    """The screen of a strategy of the playbook; None for any other, a derived one among them."""
    if type(strategy) is Equity:
        return _equity
    return _long_options if type(strategy) is LongOptions else None


def is_cycle(closes: NDArray[np.int64], settings: Settings) -> Flags:
    """The minutes' ends, epoch seconds, at which entries are decided."""
    past_the_hour = (closes + _IST_AHEAD) % _HOUR // _MINUTE * _MINUTE
    cycles: Flags = past_the_hour % settings.cycle_interval_seconds == 0
    return cycles


def _equity(bars: SymbolHistory, settings: Settings) -> Flags:
    rules = settings.equity
    if not rules.enabled or bars.instrument.identifier not in {
        f"NSE:{s}" for s in settings.universe.equities
    }:
        return np.zeros(len(bars), np.bool_)
    with np.errstate(invalid="ignore", divide="ignore"):
        atr_pct = 100 * bars.features[:, _COLUMN["atr_14"]] / bars.close
        steady = (atr_pct >= rules.min_atr_pct) & (atr_pct <= rules.max_atr_pct)
    rising, _ = _setups(bars, rules)
    return steady & rising & _within(bars, rules.first_entry, rules.last_entry)


def _long_options(bars: SymbolHistory, settings: Settings) -> Flags:
    rules = settings.options
    if not rules.enabled or bars.symbol not in rules.underlyings:
        return np.zeros(len(bars), np.bool_)
    rising, falling = _setups(bars, rules)
    return (rising | falling) & _within(bars, rules.first_entry, rules.last_entry)


def _within(bars: SymbolHistory, first: str, last: str) -> Flags:
    clock = (bars.starts + _MINUTE + _IST_AHEAD) % _DAY
    return (clock >= _seconds(first)) & (clock <= _seconds(last))


def _seconds(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * _HOUR + int(minutes) * _MINUTE


def _setups(bars: SymbolHistory, rules: EntryRules) -> tuple[Flags, Flags]:
    """Where any of the wanted setups may ask for what rises, and for what falls."""
    rising = falling = np.zeros(len(bars), np.bool_)
    with np.errstate(invalid="ignore"):
        known = np.isfinite(bars.features[:, _NEEDED]).all(axis=1)
        known &= bars.features[:, _COLUMN["atr_14"]] > 0
        for setup in rules.setups:
            look = _momentum if setup == "momentum" else _reversion
            up, down = look(bars, rules)
            rising, falling = rising | up, falling | down
    return rising & known, falling & known


def _momentum(bars: SymbolHistory, rules: EntryRules) -> tuple[Flags, Flags]:
    fast, slow, rsi, adx = (_of(bars.features, name) for name in ("ema_12", "ema_26", "rsi_14", "adx_14"))
    above = [_macd_above(features) for features in (bars.features, bars.features_5m, bars.features_15m)]
    up, down = (sum(column.astype(int) for column in side) for side in zip(*above, strict=True))
    strong = adx >= rules.min_adx
    one_up, one_down = above[0]
    rising = strong & (fast > slow) & one_up & (rsi > 50) & (rsi < rules.max_rsi) & (up >= rules.min_frames)
    falling = strong & (fast < slow) & one_down & (rsi < 50) & (rsi > 100 - rules.max_rsi)
    return rising, falling & (down >= rules.min_frames)


def _reversion(bars: SymbolHistory, rules: EntryRules) -> tuple[Flags, Flags]:
    five, fifteen = (_of(features, "z_score_20") for features in (bars.features_5m, bars.features_15m))
    five, fifteen = (np.where(np.isfinite(z), z, 0.0) for z in (five, fifteen))
    stretch = np.where(np.abs(five) >= np.abs(fifteen), five, fifteen)
    calm = (np.abs(stretch) >= rules.min_stretch) & (
        _of(bars.features_15m, "adx_14") <= rules.max_reversion_adx
    )
    above, below = _macd_above(bars.features)
    rsi = _of(bars.features, "rsi_14")
    rising = calm & (stretch < 0) & above & (rsi < rules.max_rsi)
    return rising, calm & (stretch >= 0) & below & (rsi > 100 - rules.max_rsi)


def _macd_above(features: Floats) -> tuple[Flags, Flags]:
    """MACD above its signal, and below it."""
    difference = _of(features, "macd") - _of(features, "macd_signal")
    return difference > 0, difference < 0


def _of(features: Floats, name: str) -> Floats:
    column: Floats = features[:, _COLUMN[name]]
    return column
