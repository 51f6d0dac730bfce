"""What was decided is kept with its numbers, sealed in the audit log, and read back in words."""

import json
import math
from datetime import timedelta
from decimal import Decimal

import pytest

from patang.audit.chain import link
from patang.audit.event import AuditEvent
from patang.desk_view.explained_text import cycle_text, signal_text
from patang.desk_view.explanations import Explanations
from patang.errors import StopTrading
from patang.execution.journal import journal
from patang.keys import outbox_partition
from patang.market.cycle import run_id_of
from patang.ports import Key
from patang.records import create, load
from patang.risk.charges import round_trip_charges
from patang.risk.gate import RiskGate
from patang.risk.sizing import segment_of_signal
from patang.settings import Settings
from patang.settings.changes import DESK_CHAIN
from patang.strategies.rules import Rule
from patang_workbench.demo.profile import DEMONSTRATION
from tests.fakes import FixedClock, MemoryObjects, MemoryStore, RecordedMetrics
from tests.unit.risk.samples import AS_OF, equity_signal, halts, open_cycle
from tests.unit.strategies.decided import assess, busy, decide_on


class Decided:
    """A desk that has decided one cycle; `account` has answered it."""

    def __init__(self, settings: Settings = DEMONSTRATION) -> None:
        self.store, self.objects = MemoryStore(), MemoryObjects()
        self.as_of, self.signals = decide_on(self.store, self.objects, busy(), settings)
        self.answer = assess(self.store, self.objects, self.as_of, settings=settings)
        self.kept = Explanations(self.store, self.objects)
        self.run_id = run_id_of(self.as_of)

    def going_on(self):
        return [signal for signal in self.signals if not signal.refused]

    def explained(self, signal):
        found = self.kept.signal(signal.signal_id, ["main"])
        assert found is not None
        return found

    def event(self, account, kind):
        key = Key(outbox_partition(account, self.as_of.date()), f"{kind}#{self.run_id}")
        return load(self.store, AuditEvent, key)


@pytest.fixture
def desk():
    return Decided()


def strict(**risk):
    return DEMONSTRATION.model_copy(update={"risk": DEMONSTRATION.risk.model_copy(update=risk)})


def test_a_signal_carries_its_rules_and_every_inputs_part_of_the_answer(desk):
    for signal in desk.signals:
        assert signal.rules, signal.signal_id
        assert {"adx_14", "rsi_14", "p_win"} <= {rule.name for rule in signal.rules}
        parts = signal.contributions
        assert set(parts.p_win_log_odds.inputs) <= set(signal.features)
        odds = math.log(signal.confidence / (1 - signal.confidence))
        assert parts.p_win_log_odds.total == pytest.approx(odds, abs=0.01)
        assert parts.expected_return_pct.total == pytest.approx(signal.expected_return_pct, abs=0.01)


def test_a_signal_that_the_model_refuses_says_at_which_threshold():
    desk = Decided(strict(min_confidence=0.999))
    assert desk.signals
    for signal in desk.signals:
        assert signal.refused == ("CONFIDENCE_TOO_LOW",)
        assert signal.rules[-1] == Rule("p_win", ">=", 0.999, passed=False, value=signal.confidence)
        text = signal_text(desk.explained(signal))
        assert "refused, CONFIDENCE_TOO_LOW" in text
        assert "FAILED  p_win" in text


def test_what_was_left_alone_is_kept_with_the_rule_that_failed(desk):
    cycle = desk.kept.cycle(desk.run_id)
    assert set(cycle.signals) == {signal.signal_id for signal in desk.signals}
    assert cycle.left_alone
    for left in cycle.left_alone:
        assert left.gate
        assert [rule.passed for rule in left.rules].count(False) >= 1 or not left.rules
    counted = desk.event(DESK_CHAIN, "decided").details["refusals"]
    assert sum(counted.values()) == len(cycle.left_alone) + sum(len(s.refused) for s in desk.signals)
    text = cycle_text(cycle)
    for left in cycle.left_alone:
        assert f"{left.subject}: {left.gate}" in text


def test_a_proposal_is_explained_down_to_its_charges(desk):
    proposed = {p["order_id"] for p in desk.answer["proposals"]}
    assert proposed
    found = [desk.explained(signal).accounts[0] for signal in desk.going_on()]
    made = [account for account in found if account.decision.outcome == "PROPOSED"]
    assert {account.decision.order_id for account in made} == proposed
    for account in made:
        size, profit = account.decision.sizing, account.decision.profit
        assert size.quantity > 0
        assert size.binding in size.bounds
        least = min(size.bounds.values())
        assert size.bounds[size.binding] == least or size.binding == "RISK_PER_TRADE"
        assert profit.charges["total"] > 0
        parts = sum(amount for name, amount in profit.charges.items() if name != "total")
        assert parts == pytest.approx(profit.charges["total"], abs=0.05)
        costs = profit.charges["total"] + profit.spread + profit.slippage
        assert profit.net == pytest.approx(profit.gross - costs, abs=0.05)
        assert account.order_state == "PROPOSED"


@pytest.mark.parametrize(
    ("risk", "gate", "told"),
    [
        ({"min_expected_net_profit_inr": Decimal(90_000)}, "EXPECTED_PROFIT_TOO_LOW", "asked for"),
        ({"risk_per_trade_pct": Decimal("0.001")}, "SIZE_ZERO_RISK_PER_TRADE", "less than a lot"),
        ({"max_concurrent_positions": 0}, "MAX_CONCURRENT_REACHED", "of 0 positions are taken"),
    ],
)
def test_a_refusal_of_an_account_has_its_gate_and_its_numbers(risk, gate, told):
    desk = Decided(strict(**risk))
    decisions = [desk.explained(signal).accounts[0].decision for signal in desk.going_on()]
    refused = [decision for decision in decisions if decision.outcome == gate]
    assert refused
    for decision in refused:
        assert told in decision.told
        assert decision.order_id is None
        if gate == "SIZE_ZERO_RISK_PER_TRADE":
            # What the bound allows leaves the charges out: they too must fit into what may be lost.
            assert decision.sizing.bounds["RISK_PER_TRADE"] == min(decision.sizing.bounds.values())
        else:
            assert decision.numbers
    assert desk.answer["refusals"][gate] == len(refused)


def test_the_text_says_all_of_it(desk):
    signal = desk.going_on()[0]
    text = signal_text(desk.explained(signal))
    for part in (
        signal.signal_id,
        f"Model {signal.model_version}",
        "log-odds of P(win)",
        "before any input",
        "together",
        "Account main:",
        "Sealed: decisions/",
        *signal.contributions.p_win_log_odds.inputs,
        *(rule.name for rule in signal.rules),
    ):
        assert part in text
    assert all(len(line) < 400 for line in text.splitlines())


def test_the_audit_log_has_the_hash_of_each_object(desk):
    for account, kind in ((DESK_CHAIN, "decided"), ("main", "assessed")):
        event = desk.event(account, kind)
        sealed = event.details["decisions"]
        assert sealed["path"].startswith(f"decisions/{desk.as_of:%Y-%m-%d}/{desk.as_of:%H%M}/")
        # A chain can hold it: figures only, and none of them a float that the table would change.
        audit_store = MemoryStore()
        assert link(audit_store, account, event.day, [event]) == 1


def gated():
    """A store and its objects after a cycle that the gate has ended: there is no account."""
    store, objects = MemoryStore(), MemoryObjects()
    open_cycle(store)
    settings, clock = Settings(), FixedClock(AS_OF)
    RiskGate(store, objects, clock, lambda: settings, halts(store), RecordedMetrics()).check(AS_OF)
    return store, objects


def test_a_cycle_that_the_gate_has_ended_tells_what_the_gate_saw():
    store, objects = gated()
    found = Explanations(store, objects).cycle(run_id_of(AS_OF))
    assert found.reason.startswith("NO_ACCOUNT")
    assert (found.gate["accounts_enabled"], found.gate["shards_closed"]) == (0, 1)
    text = cycle_text(found)
    assert "was not looked at: NO_ACCOUNT" in text
    assert "accounts_enabled 0" in text
    assert found.seal.intact
    assert f"Sealed: {found.seal.path}" in text
    assert "gate-" in found.seal.path


def test_what_the_gate_saw_is_told_only_as_it_was_sealed():
    store, objects = gated()
    (path,) = objects.blobs
    objects.put(path, objects.blobs[path].replace(b"NO_ACCOUNT", b"STALE_DATA"))
    with pytest.raises(StopTrading, match="was changed"):
        Explanations(store, objects).cycle(run_id_of(AS_OF))


def test_a_gate_of_before_there_were_seals_is_told_from_its_event():
    store = MemoryStore()
    event = journal(DESK_CHAIN, "GATED", run_id_of(AS_OF), AS_OF, AS_OF, reason="STALE_DATA", shards_late=1)
    store.write(event)
    found = Explanations(store, MemoryObjects()).cycle(run_id_of(AS_OF))
    assert (found.reason, found.gate, found.seal) == ("STALE_DATA", {"shards_late": 1}, None)
    assert "Not sealed" in cycle_text(found)


def test_a_changed_object_is_noticed(desk):
    signal = desk.going_on()[0]
    for path in list(desk.objects.blobs):
        if path.startswith("decisions/") and "/main-" in path:
            kept = json.loads(desk.objects.blobs[path])
            kept["decisions"][0]["outcome"] = "SOMETHING_ELSE"
            desk.objects.put(path, json.dumps(kept).encode())
    account = desk.explained(signal).accounts[0]
    assert account.decision is None
    assert not account.seal.intact
    assert "NOT AS SEALED" in signal_text(desk.explained(signal))
    for path in list(desk.objects.blobs):
        if "/signals-" in path:
            del desk.objects.blobs[path]
    assert not desk.explained(signal).seal.intact
    with pytest.raises(StopTrading, match="missing"):
        desk.kept.cycle(desk.run_id)


def test_deciding_again_changes_nothing_that_is_sealed(desk):
    before = dict(desk.objects.blobs)
    answer = assess(desk.store, desk.objects, desk.as_of)
    assert answer["proposals"] == desk.answer["proposals"]
    for path, content in before.items():
        assert desk.objects.blobs[path] == content
    assert all(desk.explained(signal).accounts[0].seal.intact for signal in desk.going_on())


def test_another_account_has_an_answer_of_its_own(desk):
    assess(desk.store, desk.objects, desk.as_of, "family")
    signal = desk.going_on()[0]
    found = desk.kept.signal(signal.signal_id, ["main", "family", "nobody"])
    assert [account.account for account in found.accounts] == ["main", "family", "nobody"]
    assert [account.decision is not None for account in found.accounts] == [True, True, False]
    assert "Account nobody: nothing is kept" in signal_text(found)


@pytest.mark.parametrize(
    "name", ["", "S", "S202613992561-X", "S202608181000-", "2026-08-18", "2026-02-30-1000", "../SETTINGS"]
)
def test_what_is_no_signal_is_not_found(desk, name):
    assert desk.kept.signal(name, ["main"]) is None
    assert desk.kept.cycle(name) is None


def test_hostile_text_stays_text_on_one_line(desk):
    hostile = "INFY\x1b[2J\nAccount main: PROPOSED\u202e\r\x07"
    signal = equity_signal().evolve(
        as_of=desk.as_of,
        signal_id=f"S{desk.as_of:%Y%m%d%H%M}-{hostile}",
        symbol=hostile,
        reason=hostile,
        undefined={hostile: hostile},
    )
    desk.store.write(create(signal))
    text = signal_text(desk.explained(signal))
    assert not [c for c in text if not c.isprintable() and c != "\n"]
    assert sum(line.startswith("Account main") for line in text.splitlines()) == 1
    assert "\\x1b[2J" in text


def test_the_charges_told_are_those_of_the_day(desk):
    (made,) = (
        (signal, account.decision)
        for signal in desk.going_on()
        for account in desk.explained(signal).accounts
        if account.decision.outcome == "PROPOSED"
    )
    signal, decision = made
    wins = Decimal(str(signal.confidence))
    gain, loss = signal.target_price - signal.entry_price, signal.entry_price - signal.stop_loss_price
    wanted = signal.entry_price * Decimal(str(signal.expected_return_pct)) / 100
    exit_price = signal.entry_price + min(max(wanted, -(1 - wins) * loss), wins * gain)
    charges = round_trip_charges(
        segment_of_signal(signal),
        signal.exchange,
        signal.entry_price,
        exit_price,
        decision.sizing.quantity,
        desk.as_of.date(),
    )
    assert decision.profit.charges["total"] == pytest.approx(float(charges.total), abs=0.01)
    assert desk.as_of - signal.as_of == timedelta(0)
