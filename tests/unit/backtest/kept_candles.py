"""A store of candles with an edge in them, drawn from a seed, and a worker that makes backtests of it."""

from datetime import datetime
from types import SimpleNamespace

from patang.adapters.candle_archive import CandleArchive
from patang.adapters.option_archive import OptionArchive
from patang.adapters.parquet import ParquetTables
from patang.adapters.run_tables import ParquetRuns
from patang.backtest.asked_work import AskedBacktests
from patang.backtest.history import History
from patang.backtest.worker import ResearchWorker
from patang.market.sessions import IST
from patang.ports import ObjectStore
from patang_workbench.history.store import CandleStore
from tests.unit.strategies.test_signal_service import SureModel

__all__ = ["MODELS", "keep_history", "worker_at"]

_PRICES = ("open", "high", "low", "close", "volume")


def _sure(p_win: float, expected: float) -> SureModel:
    model = SureModel(p_win, expected)
    model.metadata = SimpleNamespace(data={"source": "elsewhere", "last": "2026-06-29"})
    return model


MODELS = {"long_options": _sure(0.9, 5), "equity": _sure(0.9, 2)}


def keep_history(objects: ObjectStore, history: History) -> None:
    """The minutes of a history as the day's end would have archived them."""
    store = CandleStore(objects, ParquetTables())
    for symbol in history.symbols:
        columns = zip(symbol.starts.tolist(), *(getattr(symbol, n).tolist() for n in _PRICES), strict=True)
        rows = [
            {
                "symbol": symbol.symbol,
                "timestamp": datetime.fromtimestamp(start, IST),
                **dict(zip(_PRICES, values, strict=True)),
                "oi": None,
            }
            for start, *values in columns
        ]
        store.put(symbol.symbol, "minute", rows)


def worker_at(objects: ObjectStore, models: str = "m1") -> ResearchWorker:
    """The research worker of a store, with models that are sure of everything."""
    candles = CandleArchive(objects)
    asked = AskedBacktests(candles, OptionArchive(candles), objects, ParquetRuns(), lambda: MODELS, models)
    return ResearchWorker(objects, {"backtest": asked})
