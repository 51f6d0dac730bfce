"""From a tape to a data set: where the live rules would have bought, and how the live exits ended it."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import numpy as np

from patang.backtest.candidates import found_by_rules
from patang.backtest.fills import FillTerms
from patang.backtest.minutes import Tape
from patang.model.inputs import INPUTS, StrategyName
from patang.settings import Settings
from patang.strategies.base import Candidate, Strategy
from patang.strategies.registry import strategy_named
from patang.training.card import DataCard, describe
from patang.training.dataset import Dataset
from patang.training.outcomes import Follower, Outcome
from patang.training.uniqueness import average_uniqueness

__all__ = ["build_dataset"]


def build_dataset(
    tape: Tape,
    strategy: StrategyName,
    settings: Settings,
    *,
    latency_bars: int = 1,
    findings: Mapping[str, int] | None = None,
    on_day: Callable[[date], None] | None = None,
) -> tuple[Dataset, DataCard]:
    """The labelled entries of a strategy, and their card.

    Whether a row is there, and what it says, its weight included, depends on nothing that came after its end.
    `latency_bars` are minutes from a decision to its order, `findings` what the quality checks counted in the
    bars; `on_day` is told each day with an entry as it is reached. Raises BadInput for a tape without bars.
    """
    wanted = strategy_named(strategy)
    fills = FillTerms(latency_bars=latency_bars)
    rows = _Rows(Follower(tape, settings, fills))
    reached: date | None = None
    for found in found_by_rules(tape, [wanted], settings):
        if found.wanted and found.as_of.date() != reached:
            reached = found.as_of.date()
            if on_day is not None:
                on_day(reached)
        for of_strategy, candidate in found.wanted:
            rows.take(of_strategy, candidate, found.as_of)
    data = rows.dataset(strategy)
    outcomes = [row.outcome for row in rows.labelled]
    card = describe(
        data,
        tape.source,
        exits=Counter(outcome.reason for outcome in outcomes),
        one_lot=sum(outcome.one_lot for outcome in outcomes),
        left_out=rows.left_out,
        skipped=tape.skipped,
        findings=findings or {},
        labels=_assumed(strategy, settings, fills),
    )
    return data, card


@dataclass(frozen=True, slots=True)
class _Labelled:
    """A row in the making; `held` is its place among all that was held."""

    as_of: int
    candidate: Candidate
    outcome: Outcome
    held: int


@dataclass(slots=True)
class _Rows:
    """What was found, in order of time.

    `held` has the underlying and the holding period, in minutes of trading, of all that was bought, labelled
    or not: what a row shares its time with is known at its end, whatever becomes of the others.
    """

    follower: Follower
    labelled: list[_Labelled] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    held: list[tuple[str, int, int]] = field(default_factory=list)

    def take(self, strategy: Strategy, candidate: Candidate, as_of: datetime) -> None:
        """Follow one candidate."""
        found = self.follower.follow(strategy, candidate, as_of)
        if isinstance(found, Outcome):
            row = _Labelled(int(as_of.timestamp()), candidate, found, len(self.held))
            self.labelled.append(row)
            self._hold(candidate, found.bought, found.left)
            return
        self.left_out[found.reason] += 1
        if found.bought is not None:
            self._hold(candidate, found.bought, found.until)

    def _hold(self, candidate: Candidate, bought: int, until: int) -> None:
        clock = self.follower.clock(candidate)
        begin = clock.at(bought)
        # A bar outside the calendar's hours takes no minute of theirs; it was held for one all the same.
        end = max(clock.at(until), begin + 1)
        self.held.append((candidate.instrument.underlying, begin, end))

    def dataset(self, strategy: StrategyName) -> Dataset:
        """The labelled ones."""
        names, outcomes = INPUTS[strategy], [row.outcome for row in self.labelled]
        symbol = np.array([name for name, _, _ in self.held], np.str_)
        begin, end = (np.array([of_one[n] for of_one in self.held], np.int64) for n in (1, 2))
        held = [row.held for row in self.labelled]

        def column(name: str) -> np.ndarray[Any, np.dtype[np.float64]]:
            return np.array([getattr(outcome, name) for outcome in outcomes], np.float64)

        inputs = [[row.candidate.inputs[name] for name in names] for row in self.labelled]
        return Dataset(
            strategy=strategy,
            names=names,
            inputs=np.array(inputs, np.float64).reshape(len(inputs), len(names)),
            entered=np.array([row.as_of for row in self.labelled], np.int64),
            left=np.array([outcome.left for outcome in outcomes], np.int64),
            symbol=symbol[held],
            gross_pct=column("gross_pct"),
            net_pct=column("net_pct"),
            slippage_pct=column("slippage_pct"),
            net_pnl=column("net_pnl"),
            weight=average_uniqueness(symbol, begin, end)[held],
            modelled=np.array([outcome.modelled for outcome in outcomes], np.bool_),
        )


def _assumed(strategy: StrategyName, settings: Settings, fills: FillTerms) -> Mapping[str, Any]:
    """The exits and costs that the labels were made with."""
    common: dict[str, Any] = {
        "latency_bars": fills.latency_bars,
        "volume_share": fills.volume_share,
        "cycle_interval_seconds": settings.cycle_interval_seconds,
        "starting_capital_inr": float(settings.capital.starting_capital_inr),
        "charges": "as of the day",
        "slippage": "the desk's prior",
    }
    if strategy == "equity":
        equity = settings.equity
        return common | {
            "setups": list(equity.setups),
            "holding_period": equity.holding_period,
            "target_atr": equity.target_atr,
            "stop_atr": equity.stop_atr,
            "max_hold_minutes": equity.max_hold_minutes,
            "exit_by": equity.exit_by,
        }
    options = settings.options
    return common | {
        "setups": list(options.setups),
        "holding_period": options.holding_period,
        "target_pct": float(options.premium_target_pct),
        "stop_pct": float(options.premium_stop_pct),
        "max_hold_minutes": options.max_hold_minutes,
        "exit_by": options.exit_by,
    }
