"""Signals of a cycle: the rules of every strategy, then the model, once a closed minute."""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from patang.errors import BadInput, StopTrading
from patang.features.options import option_reasons
from patang.keys import cycle_key, signal_partition
from patang.market.cycle import Cycle
from patang.market.minutes import load_minute
from patang.market.universe import load_universe
from patang.model.inputs import StrategyName
from patang.model.signal_model import Prediction, SignalModel
from patang.ports import Metrics, ObjectStore, StateStore, Write
from patang.records import change, create, load, load_all, replace
from patang.settings import Settings
from patang.strategies.base import Candidate, Market, Strategy, market_at
from patang.strategies.signal import Signal

__all__ = ["SignalService"]

type Models = Mapping[StrategyName, SignalModel]

_MINUTE = timedelta(minutes=1)
# A transaction of the table takes a hundred items; the cycle is one of them.
_MOST_SIGNALS = 90


class SignalService:
    """`models` gives the verified model of each strategy; it raises StopTrading for one that is foreign."""

    def __init__(
        self,
        store: StateStore,
        objects: ObjectStore,
        strategies: Sequence[Strategy],
        models: Callable[[], Models],
        settings: Callable[[], Settings],
        metrics: Metrics,
    ) -> None:
        self._store = store
        self._objects = objects
        self._strategies = strategies
        self._models = models
        self._settings = settings
        self._metrics = metrics

    def run(self, run_id: str, as_of: datetime) -> dict[str, int | str]:
        """Decides on the minute that ended at `as_of` and stores every signal, refused ones with their gates.

        Returns {"signals": how many go on to the accounts, "reason": why none}. The same cycle again finds
        its signals stored and answers the same.
        """
        stored = load_all(self._store, Signal, signal_partition(as_of.date()), f"{as_of:%H%M}#")
        if stored:
            return self._answer(sum(not signal.refused for signal in stored), "NO_SIGNAL")
        refusals: Counter[str] = Counter()
        reason = "NO_SIGNAL"
        signals: list[Signal] = []
        try:
            signals = self._decide(as_of, refusals)
        except (StopTrading, BadInput) as error:
            refusals["STOP_TRADING"] += 1
            reason = f"STOP_TRADING: {error}"
            self._metrics.count("stop_trading", reason=str(error))
        going_on = self._keep(run_id, as_of, signals, refusals, reason)
        self._count(going_on, refusals)
        return self._answer(going_on, reason)

    def _decide(self, as_of: datetime, refusals: Counter[str]) -> list[Signal]:
        minutes = load_minute(self._objects, self._store, as_of - _MINUTE)
        if not minutes:
            refusals["NO_CLOSED_MINUTE"] += 1
            return []
        universe = load_universe(self._store, self._objects, as_of.date())
        if universe is None:
            raise StopTrading(f"there is no universe of {as_of.date()}: (morning) has not run for that day")
        market = market_at(minutes, universe, as_of)
        settings = self._settings()
        signals: list[Signal] = []
        for strategy in self._strategies:
            findings = strategy.propose(market, settings)
            refusals.update(findings.refusals)
            if findings.candidates:
                model = self._models()[strategy.name]
                predictions = model.predict([candidate.inputs for candidate in findings.candidates])
                signals += [
                    _signal(candidate, prediction, market, model.version, settings)
                    for candidate, prediction in zip(findings.candidates, predictions, strict=True)
                ]
        refusals.update(gate for signal in signals for gate in signal.refused)
        return sorted(signals, key=lambda s: -s.confidence)[:_MOST_SIGNALS]

    def _keep(
        self, run_id: str, as_of: datetime, signals: list[Signal], refusals: Counter[str], reason: str
    ) -> int:
        """Stores signals and what the cycle came to, together."""
        going_on = sum(not signal.refused for signal in signals)

        def decide() -> tuple[int, Sequence[Write]]:
            if signals and self._store.get(signals[0].key()) is not None:
                # The same cycle ran at the same time and was first; it has decided the same.
                return going_on, ()
            known = load(self._store, Cycle, cycle_key(as_of))
            cycle = known or Cycle(run_id=run_id, as_of=as_of, state="STARTED")
            changed = cycle.evolve(
                signals=going_on,
                refusals=dict(Counter(cycle.refusals) + refusals),
                state=cycle.state if going_on else "FINISHED",
                reason=cycle.reason if going_on else reason,
            )
            write = create(changed) if known is None else replace(changed)
            return going_on, (write, *(create(signal) for signal in signals))

        return change(self._store, decide)

    def _count(self, going_on: int, refusals: Counter[str]) -> None:
        self._metrics.count("signals", going_on)
        for gate, times in refusals.items():
            self._metrics.count("refusals", times, gate=gate)

    @staticmethod
    def _answer(signals: int, reason: str) -> dict[str, int | str]:
        return {"signals": signals, "reason": "" if signals else reason}


def _signal(
    candidate: Candidate, prediction: Prediction, market: Market, version: str, settings: Settings
) -> Signal:
    instrument = candidate.instrument
    p_win, expected = prediction.p_win, prediction.expected_return_pct
    known = {**candidate.told, **candidate.inputs}
    return Signal(
        signal_id=f"S{market.as_of:%Y%m%d%H%M}-{instrument.tradingsymbol}",
        as_of=market.as_of,
        strategy=candidate.strategy,
        signal_type=candidate.signal_type,
        symbol=instrument.tradingsymbol,
        underlying=instrument.underlying,
        exchange=instrument.exchange,
        instrument_token=instrument.instrument_token,
        lot_size=instrument.lot_size,
        tick_size=instrument.tick_size,
        expiry=instrument.expiry,
        entry_price=candidate.entry_price,
        stop_loss_price=candidate.stop_loss_price,
        target_price=candidate.target_price,
        bid=candidate.bid,
        ask=candidate.ask,
        expected_return_pct=round(expected, 4),
        confidence=round(p_win, 4),
        holding_period=candidate.holding_period,
        exit_by=candidate.exit_by,
        reason=f"{candidate.reason}; P(win) {p_win:.2f}, expected return {expected:.2f} %",
        model_version=version,
        features={name: round(value, 4) for name, value in known.items() if math.isfinite(value)},
        undefined=option_reasons(candidate.told),
        refused=("CONFIDENCE_TOO_LOW",) if p_win < settings.risk.min_confidence else (),
    )
