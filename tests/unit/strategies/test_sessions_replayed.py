"""Whole sessions: real candles of 2016, and a future cut off."""

import os
from collections.abc import Mapping
from dataclasses import replace as changed
from datetime import date, timedelta
from pathlib import Path

import pytest

from patang.approvals.proposal import Proposal
from patang.keys import signal_partition
from patang.market.cycle import run_id_of
from patang.model.signal_model import load_models
from patang.records import load_all
from patang.risk.service import RiskService
from patang.strategies.signal import Signal
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


def test_decisions_do_not_change_when_the_future_is_cut_off():
    market = synthetic_market(3, date(2026, 8, 18), 2)
    whole, cut = decided(Session(market), 100), decided(Session(without_future(market, 100)), 100)
    assert len(whole) > 0
    assert whole == cut


def decided(session: Session, minutes: int) -> list[Mapping[str, object]]:
    desk = Desk(session, load_models(ARTIFACTS))
    for _, minute in zip(range(minutes), session.minutes(), strict=False):
        desk.close(minute)
        desk.run(minute.minute + timedelta(minutes=1))
    return [s.model_dump() for s in load_all(desk.store, Signal, signal_partition(session.day))]


def without_future(market: MarketData, minutes: int) -> MarketData:
    def cut(candles: DayCandles) -> DayCandles:
        kept = candles.minute < minutes
        return DayCandles(*(getattr(candles, name)[kept] for name in DayCandles.__slots__))

    days = {
        symbol: {day: cut(c) if day == market.session else c for day, c in by_day.items()}
        for symbol, by_day in market.candles.items()
    }
    return changed(market, candles=days)
