"""`patang positions adjust`: the owner gives the ratio of a corporate action."""

import json
from datetime import date
from decimal import Decimal
from types import SimpleNamespace

import pytest

from patang.audit.event import AuditEvent
from patang.execution.market_clock import MarketClock
from patang.keys import outbox_partition
from patang.portfolio.position import Position, PriceBreak
from patang.records import create, load_all
from patang_workbench.cli import main, positions
from tests.fakes import FixedClock, MemoryStore
from tests.unit.risk.samples import AS_OF, position

D = Decimal


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> MemoryStore:
    found, clock = MemoryStore(), FixedClock()
    broken = PriceBreak(day=AS_OF.date(), kept=D(100), told=D(12))
    found.write(
        create(position(product="CNC", price_break=broken)),
        create(MarketClock(market_time=AS_OF, seen_at=clock.now())),
    )
    desk = SimpleNamespace(store=found, clock=clock)
    monkeypatch.setattr(positions, "deployed_desk", lambda _stage: desk)
    monkeypatch.setattr(positions, "caller", lambda: "arn:owner")
    return found


def test_the_position_becomes_one_of_the_new_shares(
    store: MemoryStore, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["positions", "adjust", "main", "P260818INFY", "--ratio", "1:8", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "position_id": "P260818INFY",
        "symbol": "INFY",
        "ratio": "1:8",
        "quantity": 800,
        "entry_price": 12.5,
        "stop_loss_price": 12.4,
        "target_price": 12.9,
    }
    (stored,) = load_all(store, Position, "ACCOUNT#main", "POSITION#")
    assert (stored.quantity, stored.price_exits_suspended) == (800, False)
    (event,) = load_all(store, AuditEvent, outbox_partition("main", date(2026, 8, 18)))
    assert (event.kind, event.actor, event.details["ratio"]) == ("POSITION_REBASED", "arn:owner", "1:8")


@pytest.mark.parametrize(
    ("name", "ratio", "message"),
    [
        ("P260818INFY", "8", "'8' is no ratio"),
        ("P-other", "1:8", "no open position 'P-other'"),
    ],
)
def test_what_cannot_be_adjusted_is_said_and_nothing_changes(
    store: MemoryStore, capsys: pytest.CaptureFixture[str], name: str, ratio: str, message: str
) -> None:
    writes = store.writes
    assert main(["positions", "adjust", "main", name, "--ratio", ratio]) == 1
    assert message in capsys.readouterr().err
    assert store.writes == writes


def test_without_a_ratio_the_command_is_not_understood(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["positions", "adjust", "main", "P260818INFY"])
    assert left.value.code == 2
    assert "--ratio" in capsys.readouterr().err
