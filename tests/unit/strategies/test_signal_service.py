"""Signals of a cycle, and a whole session decided from its first minute to its first trades."""

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from patang.approvals.proposal import Proposal
from patang.errors import ModelRefused
from patang.features.undefined import Undefined
from patang.keys import cycle_key, risk_key, signal_partition
from patang.market.candles import ClosedMinute
from patang.market.cycle import Cycle, run_id_of
from patang.market.minutes import MinuteClose
from patang.market.universe import save_universe
from patang.model.contributions import Contributions, Explained
from patang.model.signal_model import Prediction, load_models
from patang.portfolio.account_state import RiskState
from patang.records import create, load, load_all, replace
from patang.risk.service import RiskService
from patang.settings import Settings
from patang.strategies.registry import strategies
from patang.strategies.service import SignalService
from patang.strategies.signal import Signal
from patang_workbench.demo.profile import DEMONSTRATION
from patang_workbench.exchange.synthetic import synthetic_market
from tests.fakes import FixedClock, MemoryObjects, MemoryStore, RecordedMetrics
from tests.unit.risk.samples import halts
from tests.unit.strategies.markets import Session

ARTIFACTS = Path(__file__).parents[3] / "model_artifacts"


class SureModel:
    """Answers every row alike."""

    version = "sure-1"
    promoted = False

    def __init__(self, p_win: float, expected: float) -> None:
        self.answer = Prediction(p_win, expected)
        self.calls = self.explained = 0

    def predict(self, rows):
        self.calls += 1
        return [self.answer for _ in rows]

    def explain(self, rows):
        self.explained += len(rows)
        parts = [Contributions(base=0.0, inputs=dict.fromkeys(row, 0.1)) for row in rows]
        return [Explained(p_win_log_odds=part, expected_return_pct=part) for part in parts]


class Desk:
    """The deciding half of a desk on one simulated session."""

    def __init__(self, session: Session, models, settings: Settings = DEMONSTRATION) -> None:
        self.store, self.objects, self.metrics = MemoryStore(), MemoryObjects(), RecordedMetrics()
        self.session, self.models, self.settings = session, models, settings
        save_universe(self.store, self.objects, session.universe)

    def close(self, minute: ClosedMinute) -> None:
        path = ClosedMinute.path(minute.minute, minute.shard)
        self.objects.put(path, minute.model_dump_json().encode())
        as_of = minute.minute + timedelta(minutes=1)
        close = MinuteClose(minute=minute.minute, shard=minute.shard, path=path, candles=1)
        cycle = Cycle(run_id=run_id_of(as_of), as_of=as_of, state="STARTED")
        self.store.write(create(close), create(cycle))

    def signals(self) -> SignalService:
        return SignalService(
            self.store,
            self.objects,
            strategies(),
            lambda: self.models() if callable(self.models) else self.models,
            lambda: self.settings,
            FixedClock(),
            self.metrics,
        )

    def run(self, as_of):
        return self.signals().run(run_id_of(as_of), as_of)

    def stored(self, as_of):
        return load_all(self.store, Signal, signal_partition(as_of.date()), f"{as_of:%H%M}#")


@pytest.fixture(scope="module")
def session():
    return Session(synthetic_market(7, date(2026, 8, 18), 3))


@pytest.fixture(scope="module")
def minutes(session):
    return list(session.minutes())


@pytest.fixture(scope="module")
def busy(session, minutes):
    """A minute on which a rule agrees."""
    settings = DEMONSTRATION
    for minute in minutes[60:]:
        desk = Desk(session, {"long_options": SureModel(0.9, 5), "equity": SureModel(0.9, 5)}, settings)
        desk.close(minute)
        if desk.run(minute.minute + timedelta(minutes=1))["signals"]:
            return minute
    raise AssertionError("no rule agreed all day")


def models(p_win=0.9, expected=5.0):
    return {"long_options": SureModel(p_win, expected), "equity": SureModel(p_win, expected)}


def end_of(minute):
    return minute.minute + timedelta(minutes=1)


def test_signals_carry_the_models_answer_and_the_numbers_behind_it(session, busy):
    desk = Desk(session, models())
    desk.close(busy)
    answer = desk.run(end_of(busy))
    stored = desk.stored(end_of(busy))
    assert answer == {"signals": len(stored), "reason": ""}
    for signal in stored:
        assert (signal.confidence, signal.expected_return_pct, signal.model_version) == (0.9, 5.0, "sure-1")
        assert signal.as_of == end_of(busy)
        assert signal.exit_by > signal.as_of
        assert {"rsi", "adx", "macd_atr"} <= set(signal.features)
        if signal.strategy == "long_options":
            of_contract = {"iv_from_options", "delta", "theta", "vega", "time_value"}
            assert of_contract <= set(signal.features)
            assert signal.undefined["iv_rank"] == Undefined.NO_HISTORY
            assert signal.undefined["oi_trend"] == Undefined.NO_OPEN_INTEREST
        assert "P(win) 0.90" in signal.reason
    cycle = load(desk.store, Cycle, cycle_key(end_of(busy)))
    assert (cycle.state, cycle.signals) == ("STARTED", len(stored))


def test_each_model_is_asked_once_a_cycle(session, busy):
    asked = models()
    desk = Desk(session, asked)
    desk.close(busy)
    desk.run(end_of(busy))
    assert max(model.calls for model in asked.values()) == 1


def test_the_same_cycle_again_stores_nothing_twice(session, busy):
    desk = Desk(session, models())
    desk.close(busy)
    first, stored = desk.run(end_of(busy)), desk.stored(end_of(busy))
    assert desk.run(end_of(busy)) == first
    assert desk.stored(end_of(busy)) == stored


@pytest.mark.parametrize("promoted", [False, True])
def test_a_signal_says_whether_its_model_may_decide_about_money(session, busy, promoted):
    asked = models()
    for model in asked.values():
        model.promoted = promoted
    desk = Desk(session, asked)
    desk.close(busy)
    assert desk.run(end_of(busy))["signals"] > 0
    assert {signal.model_promoted for signal in desk.stored(end_of(busy))} == {promoted}


def test_an_unsure_model_is_refused_and_counted(session, busy):
    desk = Desk(session, models(p_win=0.79), Settings())
    desk.close(busy)
    assert desk.run(end_of(busy)) == {"signals": 0, "reason": "NO_SIGNAL"}
    stored = desk.stored(end_of(busy))
    assert {signal.refused for signal in stored} == {("CONFIDENCE_TOO_LOW",)}
    cycle = load(desk.store, Cycle, cycle_key(end_of(busy)))
    assert (cycle.state, cycle.reason) == ("FINISHED", "NO_SIGNAL")
    assert cycle.refusals["CONFIDENCE_TOO_LOW"] == len(stored)


def test_a_foreign_model_stops_entries_and_says_so(session, busy):
    def foreign():
        raise ModelRefused("the model was trained on other inputs")

    desk = Desk(session, foreign)
    desk.close(busy)
    answer = desk.run(end_of(busy))
    assert answer["signals"] == 0
    assert answer["reason"] == "MODEL_REFUSED: the model was trained on other inputs"
    assert load(desk.store, Cycle, cycle_key(end_of(busy))).refusals == {"MODEL_REFUSED": 1}


def test_without_a_universe_nothing_is_decided(session, busy):
    desk = Desk(session, models())
    desk.store.items.clear()
    desk.close(busy)
    assert "universe" in desk.run(end_of(busy))["reason"]


def test_a_minute_nobody_closed_is_counted(session, busy):
    desk = Desk(session, models())
    assert desk.run(end_of(busy))["signals"] == 0
    assert load(desk.store, Cycle, cycle_key(end_of(busy))).refusals == {"NO_CLOSED_MINUTE": 1}


def test_a_minute_within_which_the_stream_was_interrupted_is_not_traded_on(session, busy):
    desk = Desk(session, models())
    desk.close(busy.model_copy(update={"gap": True}))
    assert desk.run(end_of(busy))["signals"] == 0
    assert load(desk.store, Cycle, cycle_key(end_of(busy))).refusals == {"STREAM_INTERRUPTED": 1}


def test_a_broken_minute_is_told_and_traded_on_by_nobody(session, busy):
    desk = Desk(session, models())
    desk.close(busy)
    desk.objects.put(ClosedMinute.path(busy.minute, busy.shard), b"{")
    assert "does not parse" in desk.run(end_of(busy))["reason"]


def test_the_demonstration_trades_an_option_first_and_then_an_equity(session, minutes):
    """The shipped models and the demonstration profile, on a session they have not learned from."""
    desk = Desk(session, load_models(ARTIFACTS))
    stops = halts(desk.store, DEMONSTRATION)
    risk = RiskService(desk.store, desk.objects, FixedClock(), lambda: DEMONSTRATION, stops, desk.metrics)
    made = []
    for minute in minutes:
        as_of = end_of(minute)
        desk.close(minute)
        if desk.run(as_of)["signals"]:
            risk.assess("main", run_id_of(as_of), as_of)
        state = load(desk.store, RiskState, risk_key("main"))
        if state is None or not state.reservations:
            continue
        (order_id,) = state.reservations
        proposal = next(
            p for p in load_all(desk.store, Proposal, "ACCOUNT#main", "PROPOSAL#") if p.order_id == order_id
        )
        if proposal not in made:
            made.append(proposal)
        if as_of >= proposal.signal.exit_by:
            # Filled when it was proposed, sold when its time was over.
            entered = (
                proposal.as_of if proposal.signal.strategy == "long_options" else state.last_option_entry
            )
            desk.store.write(replace(state.evolve(reservations={}, last_option_entry=entered)))
        if len(made) == 2:
            break
    first, second = made
    assert (first.signal.strategy, second.signal.strategy) == ("long_options", "equity")
    assert second.as_of - first.as_of < timedelta(hours=4)
    for proposal in made:
        assert proposal.expected_net_profit >= 0
        assert proposal.expected_charges > 0
        assert 0.35 <= proposal.signal.confidence <= 1
        assert proposal.signal.exit_by - proposal.as_of <= timedelta(minutes=45)


def test_the_safe_defaults_refuse_the_demonstration_models(session, minutes):
    desk = Desk(session, load_models(ARTIFACTS), Settings())
    for minute in minutes[:120]:
        desk.close(minute)
        assert desk.run(end_of(minute))["signals"] == 0
    assert desk.metrics.counts["refusals"] > 0


def test_a_day_decided_twice_decides_the_same(session, minutes):
    def decide():
        desk = Desk(session, load_models(ARTIFACTS))
        for minute in minutes[:60]:
            desk.close(minute)
            desk.run(end_of(minute))
        found = load_all(desk.store, Signal, signal_partition(session.day))
        return [signal.model_dump() for signal in found]

    first = decide()
    assert first == decide()
    assert all(isinstance(signal["entry_price"], Decimal) for signal in first)
