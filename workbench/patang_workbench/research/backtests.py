"""A backtest from a place of candles to the folder of its run."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

from patang.backtest.fills import FillTerms
from patang.backtest.informed import informed_backtest
from patang.backtest.trade import BacktestResult
from patang.model.signal_model import load_models
from patang.settings import Settings
from patang_workbench.research.run_files import keep_run
from patang_workbench.research.tapes import open_tape

__all__ = ["Wish", "kept_backtest"]


@dataclass(frozen=True, slots=True)
class Wish:
    """What to run: the bars of `place` from `first` to `last`, of `symbols` or of all that the settings name,
    and what is assumed of fills; `models` is their folder."""

    place: str
    first: date
    last: date
    symbols: Sequence[str]
    settings: Settings
    models: Path
    entries: Literal["limit", "market"] = "limit"
    latency_bars: int = 1
    volume_share: float = 0.1
    seed: int = 0


def kept_backtest(
    wish: Wish, out: Path | None, on_day: Callable[[date], None]
) -> tuple[BacktestResult, Path]:
    """Run it and keep it in `out`, or under .patang/research by its days. Raises BadInput, ModelRefused."""
    opened = open_tape(wish.place, wish.first, wish.last, wish.symbols, wish.settings)
    models = load_models(wish.models)
    fills = FillTerms(wish.latency_bars, wish.volume_share, entries=wish.entries)
    result = informed_backtest(opened.tape, models, opened.settings, fills, seed=wish.seed, on_day=on_day)
    name = f"{result.first}-{result.last}"
    return result, keep_run("backtest", name, result, history=opened.history, out=out)
