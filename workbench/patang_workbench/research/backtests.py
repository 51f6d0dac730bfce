"""A backtest from a place of candles to the folder of its run."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

from patang.backtest.engine import backtest
from patang.backtest.fills import FillTerms
from patang.backtest.trade import BacktestResult
from patang.model.artifact import Metadata
from patang.model.signal_model import load_models
from patang.settings import Settings
from patang.strategies.registry import strategies
from patang_workbench.research.run_files import keep_run
from patang_workbench.research.tapes import open_tape

__all__ = ["Wish", "kept_backtest", "learned_until"]

_SYNTHETIC = "synthetic"


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
    asked = {s.name: models[s.model].metadata for s in strategies() if s.model in models}
    result = backtest(
        opened.tape,
        lambda: models,
        strategies(),
        opened.settings,
        fills=FillTerms(wish.latency_bars, wish.volume_share, entries=wish.entries),
        seed=wish.seed,
        on_progress=on_day,
    )
    known = {
        name: last for name, last in learned_until(asked, result.source).items() if name in result.models
    }
    result = result.model_copy(update={"learned_until": known})
    name = f"{result.first}-{result.last}"
    return result, keep_run("backtest", name, result, history=opened.history, out=out)


def learned_until(models: Mapping[str, Metadata], history: str) -> dict[str, date]:
    """The last day of a history's market that each model was trained on; none for one of another market.

    All that was recorded is one market, wherever it is kept; a synthetic one goes by its name.
    """
    found = {}
    for name, metadata in models.items():
        source, last = metadata.data.get("source"), metadata.data.get("last")
        if isinstance(source, str) and isinstance(last, str):
            drawn = source.startswith(_SYNTHETIC) or history.startswith(_SYNTHETIC)
            if not drawn or source == history:
                found[name] = date.fromisoformat(last)
    return found
