"""A backtest by a desk's own strategies, which says what its models had been told of the days it ran on."""

from collections.abc import Callable, Mapping
from datetime import date

from patang.backtest.engine import backtest
from patang.backtest.fills import FillTerms
from patang.backtest.history import History
from patang.backtest.minutes import Tape
from patang.backtest.trade import BacktestResult
from patang.model.artifact import Metadata
from patang.model.inputs import StrategyName
from patang.model.signal_model import SignalModel
from patang.settings import Settings
from patang.strategies.registry import strategies

__all__ = ["informed_backtest", "learned_until", "trading"]

_SYNTHETIC = "synthetic"


def informed_backtest(
    tape: Tape,
    models: Mapping[StrategyName, SignalModel],
    settings: Settings,
    fills: FillTerms,
    *,
    seed: int = 0,
    on_day: Callable[[date], None] | None = None,
) -> BacktestResult:
    """As `engine.backtest`, with `learned_until` of the models that were asked.

    Raises BadInput, ModelRefused.
    """
    asked = {s.name: models[s.model].metadata for s in strategies() if s.model in models}
    result = backtest(
        tape, lambda: models, strategies(), settings, fills=fills, seed=seed, on_progress=on_day
    )
    told = learned_until(asked, result.source)
    known = {name: last for name, last in told.items() if name in result.models}
    return result.model_copy(update={"learned_until": known})


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


def trading(settings: Settings, history: History) -> Settings:
    """The settings with the shares and the indices of a history in the place of those they name."""
    indices: list[str] = []
    shares: list[str] = []
    for symbol in history.symbols:
        (indices if symbol.instrument.instrument_type == "INDEX" else shares).append(symbol.symbol)
    universe = settings.universe.model_copy(update={"indices": tuple(indices), "equities": tuple(shares)})
    options = settings.options.model_copy(update={"underlyings": tuple(indices)})
    return settings.model_copy(update={"universe": universe, "options": options})
