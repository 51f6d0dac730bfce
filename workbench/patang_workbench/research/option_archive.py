"""The source of premiums that a place of candles has."""

from patang.adapters.option_archive import OptionArchive
from patang.backtest.history import History
from patang.backtest.premiums.modelled import ModelledPremiums
from patang.backtest.premiums.recorded import RecordedPremiums
from patang.backtest.premiums.source import PremiumSource
from patang.settings import Settings
from patang_workbench.history.store import store_at

__all__ = ["premiums_of"]


def premiums_of(place: str, history: History, settings: Settings) -> PremiumSource:
    """Where a backtest on `place` has its premiums from: the store's archive where that has a day, else the
    surface. A place that is no store has the surface alone."""
    modelled = ModelledPremiums(history, settings)
    if place.partition(":")[0] in ("synthetic", "recorded"):
        return modelled
    return RecordedPremiums(OptionArchive(store_at(place)), modelled)
