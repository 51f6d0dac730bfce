"""Signals of a cycle, once a closed minute: what is decided is stored, and sealed in the audit log."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from patang.audit.decisions import keep
from patang.errors import BadInput, ModelRefused, StopTrading
from patang.execution.journal import journal
from patang.keys import cycle_key, signal_partition
from patang.market.cycle import Cycle
from patang.market.minutes import load_minute
from patang.market.universe import load_universe
from patang.ports import Clock, Metrics, ObjectStore, StateStore, Write
from patang.records import change, create, load, load_all, replace
from patang.settings import Settings
from patang.settings.changes import DESK_CHAIN
from patang.strategies.base import Strategy
from patang.strategies.deciding import Decided, Models, decide
from patang.strategies.direction import keep_directions
from patang.strategies.explanation import LeftAlone, MarketDecisions
from patang.strategies.market import market_at
from patang.strategies.signal import Signal

__all__ = ["MOST_SIGNALS", "SignalService"]

_MINUTE = timedelta(minutes=1)
# A transaction of the table takes a hundred items; the cycle and its event are two of them.
MOST_SIGNALS = 90


class SignalService:
    """`models` gives the verified model of each strategy; it raises ModelRefused for one that is foreign."""

    def __init__(
        self,
        store: StateStore,
        objects: ObjectStore,
        strategies: Sequence[Strategy],
        models: Callable[[], Models],
        settings: Callable[[], Settings],
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._store = store
        self._objects = objects
        self._strategies = strategies
        self._models = models
        self._settings = settings
        self._clock = clock
        self._metrics = metrics

    def run(self, run_id: str, as_of: datetime) -> dict[str, int | str]:
        """Decides on the minute that ended at `as_of` and stores every signal, refused ones with their gates.

        Returns {"signals": how many go on to the accounts, "reason": why none}. The same cycle again finds
        its signals stored and answers the same.
        """
        stored = load_all(self._store, Signal, signal_partition(as_of.date()), f"{as_of:%H%M}#")
        if stored:
            return self._answer(sum(not signal.refused for signal in stored), "NO_SIGNAL")
        reason = "NO_SIGNAL"
        try:
            decided = self._decide(as_of)
        except (StopTrading, BadInput) as error:
            gate = "MODEL_REFUSED" if isinstance(error, ModelRefused) else "STOP_TRADING"
            decided = _nothing(gate)
            reason = f"{gate}: {error}"
            self._metrics.count("stop_trading", reason=str(error))
        going_on = self._keep(run_id, as_of, decided, reason)
        keep_directions(self._store, decided.signals)
        self._count(going_on, decided.refusals)
        for signal in decided.signals:
            if not signal.refused:
                self._metrics.count("signal_passed", signal_id=signal.signal_id, symbol=signal.symbol)
        return self._answer(going_on, reason)

    def _decide(self, as_of: datetime) -> Decided:
        minutes = load_minute(self._objects, self._store, as_of - _MINUTE)
        if not minutes:
            return _nothing("NO_CLOSED_MINUTE")
        if any(minute.gap for minute in minutes):
            # Its highs and lows may have been missed, and the last price may be older than it looks.
            return _nothing("STREAM_INTERRUPTED")
        universe = load_universe(self._store, self._objects, as_of.date())
        if universe is None:
            raise StopTrading(f"there is no universe of {as_of.date()}: (morning) has not run for that day")
        market = market_at(minutes, universe, as_of)
        return decide(market, self._strategies, self._models, self._settings(), MOST_SIGNALS)

    def _keep(self, run_id: str, as_of: datetime, decided: Decided, reason: str) -> int:
        """Stores signals, what the cycle came to, and the event that seals all of it, together."""
        going_on = sum(not signal.refused for signal in decided.signals)
        kept = MarketDecisions(
            run_id=run_id,
            as_of=as_of,
            reason="" if going_on else reason,
            signals=decided.signals,
            left_alone=decided.left_alone,
        )
        event = journal(
            DESK_CHAIN,
            "DECIDED",
            run_id,
            as_of,
            self._clock.now(),
            signals=going_on,
            refusals=decided.refusals,
            decisions=keep(self._objects, as_of, "signals", kept).model_dump(),
        )

        def write() -> tuple[int, Sequence[Write]]:
            if self._store.get(event.key) is not None:
                # The same cycle ran at the same time and was first; it has decided the same.
                return going_on, ()
            known = load(self._store, Cycle, cycle_key(as_of))
            cycle = known or Cycle(run_id=run_id, as_of=as_of, state="STARTED")
            changed = cycle.evolve(
                signals=going_on,
                refusals=dict(Counter(cycle.refusals) + decided.refusals),
                state=cycle.state if going_on else "FINISHED",
                reason=cycle.reason if going_on else reason,
            )
            ended = create(changed) if known is None else replace(changed)
            return going_on, (ended, event, *(create(signal) for signal in decided.signals))

        return change(self._store, write)

    def _count(self, going_on: int, refusals: Counter[str]) -> None:
        self._metrics.count("signals", going_on)
        for gate, times in refusals.items():
            self._metrics.count("refusals", times, gate=gate)

    @staticmethod
    def _answer(signals: int, reason: str) -> dict[str, int | str]:
        return {"signals": signals, "reason": "" if signals else reason}


def _nothing(gate: str) -> Decided:
    """A market that could not be looked at."""
    return Decided(left_alone=(LeftAlone(strategy="", subject="market", gate=gate, rules=()),))
