"""Kill any process before or after anything it does to the world: one order each, and no state is lost."""

import random
from decimal import Decimal

import pytest

from patang.keys import slippage_partition
from patang.records import load_all
from patang.risk.slippage import SlippageTally
from tests.unit.execution.samples import equity_signal, option_signal, proposal_of
from tests.unit.execution.session import Session
from tests.unit.execution.trading_desk import TradingDesk

EQUITY_DAY = [Decimal("1500.00")] * 16 + [Decimal("1516.00")] * 200
OPTION_DAY = [Decimal("100.00")] * 16 + [Decimal("151.00")] * 200


def session(desk: TradingDesk, kind: str = "equity") -> Session:
    if kind == "equity":
        return Session(desk, proposal_of(equity_signal(), 20), EQUITY_DAY)
    return Session(desk, proposal_of(option_signal(), 130), OPTION_DAY)


def assert_sound(run: Session) -> None:
    """Nothing was sent twice, the books agree with the exchange, and nothing is left hanging."""
    desk = run.desk
    tags = desk.exchange.sent
    assert len(tags) == len(set(tags)), f"sent twice: {tags}"
    assert all(len([o for o in desk.exchange.book.values() if o["tag"] == tag]) <= 1 for tag in tags)
    assert desk.exchange.oversold == [], "more stood to be sold than was held"
    held = sum(position.open_quantity for position in desk.positions())
    assert held == desk.exchange.net_quantity(run.symbol)
    assert [intent for intent in desk.intents() if not intent.is_final] == []
    assert desk.risk().reservations == {}
    assert run.stored().state == "CONCLUDED"
    closed = [position for position in desk.positions() if position.state == "CLOSED"]
    assert desk.day().realised_pnl == sum((p.realised_pnl or Decimal(0) for p in closed), Decimal(0))
    assert desk.day().closed_trades == len(closed)
    filled = [
        intent
        for intent in desk.intents()
        if intent.kind in ("ENTRY", "EXIT", "PROTECT") and intent.average_price
    ]
    tallies = load_all(desk.store, SlippageTally, slippage_partition(desk.settings.mode))
    assert sum(tally.fills for tally in tallies) == len(filled), "slippage of each filled order, once"


@pytest.mark.parametrize("kind", ["equity", "option"])
def test_an_undisturbed_session_buys_and_sells_once(kind: str) -> None:
    run = session(TradingDesk(), kind)
    run.run()
    assert_sound(run)
    (position,) = run.desk.positions()
    assert position.state == "CLOSED"
    assert position.exit_reason == "TARGET"
    assert (position.realised_pnl or 0) > 0
    assert len(run.desk.exchange.sent) == 2
    assert run.stored().outcome == "FILLED"


def steps_of_a_session() -> int:
    run = session(TradingDesk())
    run.run()
    return run.desk.fuse.steps


@pytest.mark.parametrize("fate", ["before", "after"])
def test_killed_at_each_single_step(fate: str) -> None:
    for victim in range(1, steps_of_a_session() + 1):
        desk = TradingDesk()
        desk.fuse.kill = lambda step, victim=victim: fate if step == victim else ""
        run = session(desk)
        run.run(120)
        try:
            assert_sound(run)
        except AssertionError as error:
            raise AssertionError(f"killed {fate} step {victim}: {error}") from error
        assert all(position.state == "CLOSED" for position in desk.positions())


@pytest.mark.parametrize("seed", range(40))
def test_killed_again_and_again(seed: int) -> None:
    chance = random.Random(seed)
    desk = TradingDesk()
    desk.fuse.kill = lambda step: (
        chance.choice(["before", "after"]) if step < 60 and chance.random() < 0.15 else ""
    )
    run = session(desk, chance.choice(["equity", "option"]))
    run.run(160)
    assert_sound(run)


@pytest.mark.parametrize("seed", range(60))
def test_a_bad_broker_and_a_bad_line_while_processes_are_killed(seed: int) -> None:
    assert_sound(bad_day(seed))


def bad_day(seed: int) -> Session:
    chance = random.Random(1000 + seed)
    desk = TradingDesk()
    deaths = chance.choice([0.0, 0.02, 0.06])
    desk.fuse.kill = lambda step: (
        chance.choice(["before", "after"]) if step < 150 and chance.random() < deaths else ""
    )
    kind = chance.choice(["equity", "option"])
    desk.exchange.mishaps = [
        ""
        if chance.random() < 0.5
        else chance.choice(["lost", "unheard", "late", "refuse", "busy", "expired"])
        for _ in range(4)
    ]
    desk.exchange.fill_at_most = chance.choice([None, 65 if kind == "option" else 7])
    run = session(desk, kind)
    desk.fuse.contention, desk.fuse.contended = random.Random(seed), chance.choice([0.0, 0.0, 0.3])
    run.line = random.Random(seed) if chance.random() < 0.5 else None
    run.run(240)
    return run
