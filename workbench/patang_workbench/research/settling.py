"""What research makes of bars, each with the market time at which it stood fast: to be worked out again
without the bars that came later (`patang.backtest.look_ahead`).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from patang.backtest.candidates import found_by_rules
from patang.backtest.engine import backtest
from patang.backtest.featured import MinuteBars, featured
from patang.backtest.history import History, SymbolHistory
from patang.backtest.history_tape import HistoryTape
from patang.backtest.look_ahead import Settled, Telling
from patang.backtest.premiums.modelled import ModelledPremiums
from patang.market.sessions import IST
from patang.settings import Settings
from patang.strategies.base import Strategy
from patang.strategies.deciding import Models
from patang.training.building import build_dataset

__all__ = ["Settling"]

_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Settling:
    """Rules, models and settings as they are asked; `features` computes what the rules read from bars."""

    strategies: Sequence[Strategy]
    models: Models
    settings: Settings
    features: Callable[[Sequence[MinuteBars]], Sequence[SymbolHistory]] = featured

    def __call__(self, bars: Sequence[MinuteBars]) -> Telling:
        """Features of the bars; decisions of the rules, labels of their entries, fills of a backtest."""
        history = History("bars", self.features(bars), {})
        tape = HistoryTape(history, ModelledPremiums(history, self.settings))
        return history.symbols, [*self._decisions(tape), *self._labels(tape), *self._fills(tape)]

    def _decisions(self, tape: HistoryTape) -> Iterator[Settled]:
        for found in found_by_rules(tape, self.strategies, self.settings):
            for strategy, wish in found.wanted:
                numbers = (wish.entry_price, wish.stop_loss_price, wish.target_price, wish.exit_by)
                told = repr((*map(str, numbers), sorted(wish.inputs.items())))
                name = f"{strategy.name} {wish.instrument.tradingsymbol}"
                yield Settled("decision", found.as_of, name, told)

    def _labels(self, tape: HistoryTape) -> Iterator[Settled]:
        for model in {strategy.model for strategy in self.strategies}:
            data, _ = build_dataset(tape, model, self.settings)
            columns = (data.entered, data.left, data.symbol, data.gross_pct, data.net_pct, data.weight)
            for entered, left, symbol, gross, net, weight in zip(*(c.tolist() for c in columns), strict=True):
                told = repr((gross, net, weight))
                name = f"{model} {symbol} {_moment(entered):%Y-%m-%d %H:%M}"
                yield Settled("label", _moment(left), name, told)

    def _fills(self, tape: HistoryTape) -> Iterator[Settled]:
        result = backtest(tape, lambda: self.models, self.strategies, self.settings)
        # What the rest of an order paid is in the price of all of it.
        ordered = timedelta(seconds=self.settings.entry_order_seconds) + _MINUTE
        for trade in result.trades:
            bought = repr((str(trade.entry_price), trade.entered_at.isoformat()))
            yield Settled("fill", trade.entered_at + ordered, f"{trade.trade_id} bought", bought)
            if trade.exit_reason != "END":
                # What is sold at an open is known once its bar has closed.
                told = trade.model_dump_json()
                yield Settled("fill", trade.exited_at + _MINUTE, f"{trade.trade_id} sold", told)


def _moment(epoch: int) -> datetime:
    return datetime.fromtimestamp(epoch, IST)
