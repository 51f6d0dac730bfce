"""Whole sessions: real candles of 2016, and a future cut off."""

import os
from dataclasses import replace as changed
from datetime import date, datetime, time, timedelta
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from patang.approvals.proposal import Proposal
from patang.market.cycle import run_id_of
from patang.model.signal_model import load_models
from patang.records import load_all
from patang.risk.service import RiskService
from patang.settings import Settings
from patang_workbench.demo.profile import DEMONSTRATION
from patang_workbench.exchange.candles import DayCandles, MarketData
from patang_workbench.exchange.replay import replay_market
from patang_workbench.exchange.synthetic import synthetic_market
from tests.fakes import FixedClock
from tests.unit.risk.samples import halts
from tests.unit.strategies.markets import Session
from tests.unit.strategies.test_signal_service import ARTIFACTS, Desk


def real_market(session: date) -> MarketData:
    root = Path(os.environ.get("PATANG_DATA") or Path(__file__).parents[4] / "shared" / "data")
    if not (root / "index_1m").is_dir():
        pytest.skip(f"{root} holds no candles: set PATANG_DATA to the folder of the shared data")
    return replay_market(root, session, 3)


def test_real_candles_of_2016_bring_an_option_and_equities_with_that_years_charges():
    day = date(2016, 8, 16)
    session = Session(real_market(day))
    desk = Desk(session, load_models(ARTIFACTS))
    wide = DEMONSTRATION.model_copy(
        update={"risk": DEMONSTRATION.risk.model_copy(update={"max_concurrent_positions": 5})}
    )
    risk = RiskService(
        desk.store, desk.objects, FixedClock(), lambda: wide, halts(desk.store, wide), desk.metrics
    )
    for minute in session.minutes():
        as_of = minute.minute + timedelta(minutes=1)
        desk.close(minute)
        if desk.run(as_of)["signals"]:
            risk.assess("main", run_id_of(as_of), as_of)
        if len(load_all(desk.store, Proposal, "ACCOUNT#main", "PROPOSAL#")) >= 3:
            break
    made = sorted(load_all(desk.store, Proposal, "ACCOUNT#main", "PROPOSAL#"), key=lambda p: p.as_of)
    strategies = [proposal.signal.strategy for proposal in made]
    assert strategies[0] == "long_options"
    assert strategies.count("equity") >= 2
    for proposal in made:
        assert proposal.as_of.date() == day
        assert proposal.expected_net_profit >= 0
        # A round trip of 30,000 rupees in shares cost about 18 in 2016 and costs about 30 today.
        if proposal.signal.strategy == "equity" and proposal.quantity * proposal.signal.entry_price > 25_000:
            assert 15 < proposal.expected_charges < 20


# What a desk decides in a session, byte by byte: signals with rules and contributions, what was left alone,
# and an account's answers, by the name of the object that keeps them, which begins with the minute.
type Decisions = dict[str, bytes]


def decided(session: Session, settings: Settings, minutes: int | None = None) -> Decisions:
    """The decisions of the session's first `minutes`, one cycle after the other on one account."""
    desk = Desk(session, load_models(ARTIFACTS), settings)
    risk = RiskService(
        desk.store, desk.objects, FixedClock(), lambda: settings, halts(desk.store, settings), desk.metrics
    )
    for minute in islice(session.minutes(), minutes):
        as_of = minute.minute + timedelta(minutes=1)
        desk.close(minute)
        if desk.run(as_of)["signals"]:
            risk.assess("main", run_id_of(as_of), as_of)
    return {path: kept for path, kept in desk.objects.blobs.items() if path.startswith("decisions/")}


def until(decisions: Decisions, session: Session, minutes: int) -> Decisions:
    """Those of the first `minutes` alone."""
    last = datetime.combine(session.day, time(9, 15)) + timedelta(minutes=minutes)
    end = f"decisions/{session.day}/{last:%H%M}/~"
    return {path: kept for path, kept in decisions.items() if path <= end}


def many_decisions(decisions: Decisions, minutes: int) -> bool:
    """Whether there is something to compare: a cycle a minute, and accounts that were asked."""
    return len(decisions) > minutes and sum("/main-" in path for path in decisions) >= 3


def test_a_synthetic_day_decided_twice_and_without_its_future_gives_the_same_decisions():
    market = synthetic_market(3, date(2026, 8, 18), 2)
    whole = decided(Session(market), DEMONSTRATION, 100)
    assert many_decisions(whole, 100)
    assert decided(Session(market), DEMONSTRATION, 100) == whole
    assert decided(Session(without_future(market, 60)), DEMONSTRATION, 60) == until(
        whole, Session(market), 60
    )


def test_a_day_of_real_candles_decided_twice_and_without_its_future_gives_the_same_decisions():
    """All fifty shares and both indices of a day of 2016, every minute of it."""
    market = real_market(date(2016, 8, 16))
    shares = tuple(sorted(set(market.candles) - set(market.indices)))
    settings = DEMONSTRATION.model_copy(
        update={"universe": DEMONSTRATION.universe.model_copy(update={"equities": shares})}
    )
    session = Session(market)
    whole = decided(session, settings)
    assert many_decisions(whole, 370)
    assert decided(Session(market), settings) == whole
    past = decided(Session(without_future(market, 150)), settings, 150)
    assert past == until(whole, session, 150)
    assert many_decisions(past, 149)


def test_a_desk_that_sees_the_future_is_found_out():
    """The comparison itself: it fails where features are those of the minute after."""
    market = synthetic_market(3, date(2026, 8, 18), 2)

    class Prophet(Session):
        def __init__(self, seen):
            super().__init__(seen)
            self._features = {name: np.roll(rows, -1, axis=0) for name, rows in self._features.items()}

    whole = decided(Prophet(market), DEMONSTRATION, 61)
    assert decided(Prophet(without_future(market, 60)), DEMONSTRATION, 60) != until(
        whole, Prophet(market), 60
    )


def without_future(market: MarketData, minutes: int) -> MarketData:
    def cut(candles: DayCandles) -> DayCandles:
        kept = candles.minute < minutes
        return DayCandles(*(getattr(candles, name)[kept] for name in DayCandles.__slots__))

    days = {
        symbol: {day: cut(c) if day == market.session else c for day, c in by_day.items()}
        for symbol, by_day in market.candles.items()
    }
    return changed(market, candles=days)
