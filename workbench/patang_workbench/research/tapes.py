"""The past, opened for research: bars of a place, premiums for its options, settings that trade them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from patang.backtest.history import History
from patang.backtest.history_tape import HistoryTape
from patang.backtest.informed import trading
from patang.settings import Settings
from patang_workbench.research.option_archive import premiums_of
from patang_workbench.research.sources import load_history

__all__ = ["Opened", "open_tape"]


@dataclass(frozen=True, slots=True)
class Opened:
    """A history, the tape of it, and the settings whose rules are asked about it."""

    history: History
    tape: HistoryTape
    settings: Settings


def open_tape(place: str, first: date, last: date, symbols: Sequence[str], settings: Settings) -> Opened:
    """The minutes of `first` to `last` of a place as `load_history` reads them.

    With `symbols` these are what is traded, whatever the settings name. Raises BadInput as `load_history`.
    """
    history = load_history(place, first, last, symbols)
    traded = trading(settings, history) if symbols else settings
    return Opened(history, HistoryTape(history, premiums_of(place, history, traded)), traded)
