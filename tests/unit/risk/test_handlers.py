"""(risk) and (signals): an event in, one service called, a small answer out."""

from datetime import timedelta

import pytest

from functions.risk import handler as risk
from functions.signals import handler as signals
from patang.app import Desk
from patang.errors import BadInput
from patang.records import create
from tests.fakes import FixedClock, MemoryObjects, MemoryStore, RecordedMetrics
from tests.unit.risk.samples import AS_OF, RUN_ID, add_account, equity_signal, open_cycle


@pytest.fixture
def desk(monkeypatch):
    """The functions' desk, on stand-ins."""
    made = Desk({"MODEL_PATH": "nowhere"})
    parts = {
        "store": MemoryStore(),
        "objects": MemoryObjects(),
        "clock": FixedClock(),
        "metrics": RecordedMetrics(),
    }
    vars(made).update(parts)
    monkeypatch.setattr(risk, "desk", made)
    monkeypatch.setattr(signals, "desk", made)
    open_cycle(made.store)
    add_account(made.store, made.clock)
    return made


def event(**more):
    # The moment as another zone would write it: the desk thinks in IST.
    utc = (AS_OF - timedelta(hours=5, minutes=30)).replace(tzinfo=None).isoformat() + "+00:00"
    return {"run_id": RUN_ID, "as_of": utc} | more


def test_the_gate_names_the_accounts(desk):
    assert risk.handler(event(op="gate"), None) == {"proceed": True, "reason": "", "accounts": ["main"]}


def test_an_account_answers_with_its_proposals(desk):
    desk.store.write(create(equity_signal()))
    answer = risk.handler(event(op="assess", account="main"), None)
    assert [proposal["account"] for proposal in answer["proposals"]] == ["main"]


def test_an_unknown_operation_is_refused(desk):
    with pytest.raises(BadInput, match="'dance'"):
        risk.handler(event(op="dance"), None)


def test_signals_answer_how_many_go_on(desk):
    assert signals.handler(event(), None)["signals"] == 0
