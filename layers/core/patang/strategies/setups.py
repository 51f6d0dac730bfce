"""Which setup asks for an entry: momentum or mean reversion, as far as the settings want them."""

from patang.settings.strategies import EntryRules
from patang.strategies.frames import Frames, Setup
from patang.strategies.mean_reversion import mean_reversion
from patang.strategies.momentum import is_known, momentum_over_frames
from patang.strategies.rules import RuleLog

__all__ = ["find_setup"]


def find_setup(frames: Frames, rules: EntryRules, log: RuleLog) -> Setup | str:
    """The first of the wanted setups that is there, or the gate: NO_SETUP where several say no differently.

    Both want MACD of one-minute bars on the trade's side of its signal, so they never ask for opposites.
    """
    if not is_known(frames.one):
        return "FEATURES_MISSING"
    gates: set[str] = set()
    for name in rules.setups:
        found = _look(name, frames, rules, log)
        if isinstance(found, Setup):
            return found
        gates.add(found)
    return gates.pop() if len(gates) == 1 else "NO_SETUP"


def _look(name: str, frames: Frames, rules: EntryRules, log: RuleLog) -> Setup | str:
    if name == "momentum":
        return momentum_over_frames(
            frames, min_adx=rules.min_adx, max_rsi=rules.max_rsi, min_frames=rules.min_frames, log=log
        )
    return mean_reversion(
        frames,
        min_stretch=rules.min_stretch,
        max_rsi=rules.max_rsi,
        max_adx=rules.max_reversion_adx,
        log=log,
    )
