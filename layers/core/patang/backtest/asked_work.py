"""What the research worker makes of a backtest that was asked for: its run, as files below reports/."""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Final

from patang.backtest.asked import BacktestDone, BacktestWish, report_name, report_path
from patang.backtest.fills import FillTerms
from patang.backtest.history import History
from patang.backtest.history_tape import HistoryTape
from patang.backtest.informed import informed_backtest, trading
from patang.backtest.jobs import Job, Read
from patang.backtest.premiums.modelled import ModelledPremiums
from patang.backtest.premiums.recorded import Archive, RecordedPremiums
from patang.backtest.reports.prices import chart_bars
from patang.backtest.reports.run_content import CONTENT_TYPES, RunTables, run_content
from patang.backtest.sifted import KeptCandles, history_of, kept_minutes
from patang.market.named_hours import symbol_of
from patang.model.inputs import StrategyName
from patang.model.signal_model import SignalModel
from patang.ports import ObjectStore
from patang.settings import Settings

__all__ = ["AskedBacktests", "OtherModels"]

_SOURCE: Final = "the desk's store"


class OtherModels(Exception):
    """The models here are not those that the job was asked of: no result, since others may have them."""


class AskedBacktests:
    """The work of a `backtest` job on the candles of the store that the job's result goes to.

    `models` reads the artifacts whose identity is `identity`. A run made twice writes the same files.
    """

    def __init__(
        self,
        candles: KeptCandles,
        options: Archive,
        objects: ObjectStore,
        tables: RunTables,
        models: Callable[[], Mapping[StrategyName, SignalModel]],
        identity: str,
    ) -> None:
        self._candles = candles
        self._options = options
        self._objects = objects
        self._tables = tables
        self._load = models
        self._identity = identity

    @cached_property
    def _models(self) -> Mapping[StrategyName, SignalModel]:
        return self._load()

    def __call__(self, job: Job, _: Read) -> BacktestDone:
        """Raises BadInput where the store has no minutes of what is asked, ModelRefused, OtherModels."""
        if job.parameters["models"] != self._identity:
            raise OtherModels(
                f"the backtest was asked of models {job.parameters['models']!r} and these are "
                f"{self._identity!r}: deploy both stacks of the same version, and ask again"
            )
        wish = BacktestWish.model_validate(job.parameters["wish"])
        history = self._history(wish)
        settings = trading(wish.settings, history) if wish.symbols else _there(wish.settings, history)
        premiums = RecordedPremiums(self._options, ModelledPremiums(history, settings))
        fills = FillTerms(wish.latency_bars, wish.volume_share, entries=wish.entries)
        result = informed_backtest(
            HistoryTape(history, premiums), self._models, settings, fills, seed=job.seed
        )
        report = report_name(job)
        for name, content in run_content(result, chart_bars(history, result.trades), self._tables).items():
            path = report_path(report, name)
            self._objects.put(path, content, content_type=CONTENT_TYPES[name])
        return BacktestDone(folder=report_path(report, ""), trades=len(result.trades))

    def _history(self, wish: BacktestWish) -> History:
        """What was named must be there; of what the settings name, what is there is taken."""
        symbols = tuple(dict.fromkeys(map(symbol_of, wish.looked_at)))
        candles = kept_minutes(self._candles, wish.first, wish.last, symbols)
        return history_of(_SOURCE, candles, wish.first, wish.last, symbols if wish.symbols else ())


def _there(settings: Settings, history: History) -> Settings:
    """The settings without the symbols that the store has no minutes of."""
    known = {symbol.symbol for symbol in history.symbols}
    universe, options = settings.universe, settings.options

    def kept(names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(name for name in names if name in known)

    return settings.model_copy(
        update={
            "universe": universe.model_copy(
                update={"indices": kept(universe.indices), "equities": kept(universe.equities)}
            ),
            "options": options.model_copy(update={"underlyings": kept(options.underlyings)}),
        }
    )
