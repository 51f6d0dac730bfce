"""A cycle that was really decided: the shipped models on a simulated session, with an account's answer."""

from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path

from patang.keys import signal_partition
from patang.market.candles import ClosedMinute
from patang.market.cycle import Cycle, run_id_of
from patang.market.minutes import MinuteClose
from patang.market.universe import save_universe
from patang.model.signal_model import load_models
from patang.ports import ObjectStore, StateStore
from patang.records import create, load_all
from patang.risk.service import RiskService
from patang.settings import Settings
from patang.strategies.deciding import decide
from patang.strategies.market import market_at
from patang.strategies.registry import strategies
from patang.strategies.service import SignalService
from patang.strategies.signal import Signal
from patang_workbench.demo.profile import DEMONSTRATION
from patang_workbench.exchange.synthetic import synthetic_market
from tests.fakes import FixedClock, RecordedMetrics
from tests.unit.risk.samples import halts
from tests.unit.strategies.markets import Session

ARTIFACTS = Path(__file__).parents[3] / "model_artifacts"


@cache
def session() -> Session:
    return Session(synthetic_market(7, date(2026, 8, 18), 3))


@cache
def busy() -> ClosedMinute:
    """The first minute whose decision has a signal that goes on, and others that do not."""
    models = load_models(ARTIFACTS)
    for minute in session().minutes():
        as_of = minute.minute + timedelta(minutes=1)
        market = market_at([minute], session().universe, as_of)
        found = decide(market, strategies(), lambda: models, DEMONSTRATION, 90)
        if any(not signal.refused for signal in found.signals) and any(
            left.rules for left in found.left_alone
        ):
            return minute
    raise AssertionError("nothing was decided all day")


def decide_on(
    store: StateStore, objects: ObjectStore, minute: ClosedMinute, settings: Settings = DEMONSTRATION
) -> tuple[datetime, list[Signal]]:
    """Runs the cycle of a minute as (signals) does; when it was, and its signals."""
    as_of = minute.minute + timedelta(minutes=1)
    save_universe(store, objects, session().universe)
    path = ClosedMinute.path(minute.minute, minute.shard)
    objects.put(path, minute.model_dump_json().encode())
    close = MinuteClose(minute=minute.minute, shard=minute.shard, path=path, candles=1)
    store.write(create(close), create(Cycle(run_id=run_id_of(as_of), as_of=as_of, state="STARTED")))
    models = load_models(ARTIFACTS)
    service = SignalService(
        store, objects, strategies(), lambda: models, lambda: settings, FixedClock(), RecordedMetrics()
    )
    service.run(run_id_of(as_of), as_of)
    return as_of, load_all(store, Signal, signal_partition(as_of.date()), f"{as_of:%H%M}#")


def assess(
    store: StateStore,
    objects: ObjectStore,
    as_of: datetime,
    account: str = "main",
    settings: Settings = DEMONSTRATION,
) -> dict[str, object]:
    """An account's answer to that cycle, as (risk) gives it."""
    metrics, stops = RecordedMetrics(), halts(store, settings)
    service = RiskService(store, objects, FixedClock(), lambda: settings, stops, metrics)
    return service.assess(account, run_id_of(as_of), as_of)
