"""A trade from the first tick to the closed position, as boto3 finds it in the emulated cloud."""

from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from patang.audit.entry import AuditEntry
from patang.execution.intent import PLACING
from patang.market.instruments import INDEX_NAMES
from patang.market.preflight import load_preflight
from patang.market.ticks import unpack
from patang.risk.charges import leg_charges
from patang_workbench.local_stack.stack import DESK_ACCOUNT
from tests.e2e.evidence import Evidence, Item
from tests.e2e.troubled_day import PLAN, Day

# The first test waits for the whole day.
pytestmark = pytest.mark.timeout(280)


@pytest.fixture
def trade(day: Day, evidence: Evidence) -> Item:
    """The position of the asking that was approved twice, with its proposal and intents."""
    proposal = evidence.proposal_behind(day.script.met("approved twice"))
    (position,) = (p for p in evidence.items("POSITION") if p["entry_intent_id"] == proposal["intent_id"])
    return position | {
        "proposal": proposal,
        "entry": evidence.item("INTENT", position["entry_intent_id"]),
        "exit": evidence.item("INTENT", position["exit_intent_id"]),
    }


def test_the_day_came_to_its_end(day: Day) -> None:
    assert day.report["closed_trades"] == PLAN.until_trades
    assert day.report["open_positions"] == 0
    assert list(dict.fromkeys(answer.trouble for answer in day.script.answers)) == [
        "expired",
        "refused",
        "reply lost",
        "approved twice",
    ]


def test_the_cycle_that_found_it_has_succeeded(trade: Item, evidence: Evidence) -> None:
    proposal = trade["proposal"]
    cycle = evidence.execution("TradingCycleArn", proposal["run_id"])
    assert cycle["status"] == "SUCCEEDED"
    assert cycle["input"] == {"run_id": proposal["run_id"], "as_of": proposal["as_of"]}
    assert proposal["order_id"] in cycle["told"]


def test_the_order_workflow_has_gone_through_every_step(trade: Item, evidence: Evidence) -> None:
    proposal = trade["proposal"]
    workflow = evidence.execution("OrderWorkflowArn", proposal["order_id"])
    assert workflow["status"] == "SUCCEEDED"
    assert workflow["input"] == {"account": DESK_ACCOUNT, "order_id": proposal["order_id"]}
    steps = [state for state in workflow["states"] if not state.endswith("?")]
    assert [s for s in steps if s != "Outcome"] == [
        "Construct",
        "Validate",
        "RequestApproval",
        "Recheck",
        "Submit",
        "Conclude",
    ]
    assert trade["entry_intent_id"] in workflow["told"]


def test_every_cycle_has_succeeded(day: Day) -> None:
    assert set(day.report["executions"]["trading_cycle"]) == {"SUCCEEDED"}


def test_the_items_tell_the_same_story(trade: Item) -> None:
    proposal, entry, exit_ = trade["proposal"], trade["entry"], trade["exit"]
    assert (proposal["state"], proposal["outcome"]) == ("CONCLUDED", "FILLED")
    assert proposal["decided_by"] == "person:owner"
    assert (entry["state"], exit_["state"]) == ("COMPLETE", "COMPLETE")
    assert entry["order_id"] == proposal["order_id"]
    # The stop that rested at the broker has become the sell.
    assert (entry["kind"], exit_["kind"]) == ("ENTRY", "PROTECT")
    assert entry["terms"] == proposal["terms"]
    assert entry["filled_quantity"] == exit_["filled_quantity"] == trade["quantity"]
    assert exit_["position_id"] == trade["position_id"]
    assert trade["state"] == "CLOSED"
    assert trade["exit_reason"] in ("TARGET", "STOP", "TIME")
    assert trade["entry_time"] < trade["exit_time"]


def test_profit_is_what_the_exchange_paid_less_the_charges_of_both_legs(
    day: Day, trade: Item, evidence: Evidence
) -> None:
    (bought,) = evidence.orders_of(trade["entry_intent_id"])
    (sold,) = evidence.orders_of(trade["exit_intent_id"])
    paid, got = Decimal(bought.average_price), Decimal(sold.average_price)
    quantity = bought.filled_quantity
    assert quantity == sold.filled_quantity == trade["quantity"]
    charges = sum(
        leg_charges("options", "NFO", side, price, quantity, day.stack.day).total
        for side, price in (("BUY", paid), ("SELL", got))
    )
    assert charges > 40
    expected = ((got - paid) * quantity - charges).quantize(Decimal("0.01"))
    assert Decimal(trade["realised_pnl"]) == expected
    (told,) = (t for t in day.report["trades"] if t["position_id"] == trade["position_id"])
    assert told["realised_pnl"] == float(expected)


def test_the_days_result_is_the_sum_of_its_trades(day: Day, evidence: Evidence) -> None:
    (result,) = evidence.items("DAY")
    trades = [Decimal(p["realised_pnl"]) for p in evidence.items("POSITION") if p["state"] == "CLOSED"]
    assert int(result["closed_trades"]) == len(trades) == 2
    assert Decimal(result["realised_pnl"]) == sum(trades)


def test_no_intent_became_two_orders(evidence: Evidence) -> None:
    tags = Counter(order.tag for order in evidence.broker_orders)
    intents = {intent["intent_id"] for intent in evidence.items("INTENT")}
    assert set(tags) <= intents
    assert set(tags.values()) == {1}
    placed = {
        intent["intent_id"]
        for intent in evidence.items("INTENT")
        if intent["kind"] in PLACING and intent.get("broker_order_id")
    }
    assert placed == set(tags)


def test_the_ticks_it_was_decided_on_are_in_the_stream(trade: Item, evidence: Evidence) -> None:
    heads = [head for head, _ in evidence.stream if head is not None]
    assert {"ticks", "marker", "gap"} == {head.kind for head in heads}
    as_of = trade["proposal"]["as_of"]
    before = [
        unpack(data)
        for head, data in evidence.stream
        if head is not None and head.kind == "ticks" and head.market_time.isoformat() < as_of
    ]
    assert any(trade["instrument_token"] in record.ticks["token"] for record in before)
    markers = [head.market_time for head in heads if head.kind == "marker"]
    assert max(markers).isoformat() > trade["exit_time"]


def test_archived_candles_are_those_that_the_exchange_made_its_ticks_from(
    day: Day, evidence: Evidence
) -> None:
    """But for what the killed ingester missed."""
    back = next(
        head.market_time
        for head, _ in evidence.stream
        if head is not None and head.kind == "gap" and head.market_time > day.script.killed_at
    )
    missed = {f"{day.script.killed_at:%H:%M}", f"{back:%H:%M}"}
    equal, different = 0, set()
    for name, bars in day.stack.exchange.candles().items():
        symbol = INDEX_NAMES.get(name, name)
        if symbol not in ("NIFTY", "BANKNIFTY", "RELIANCE", "TCS"):
            continue
        archived = {f"{start:%H:%M}": row for start, row in evidence.candles(symbol).items()}
        for start, *values in bars:
            minute = start[11:16]
            if minute >= f"{day.report['trades'][-1]['exit_time'][11:16]}":
                break
            row = archived.get(minute, {})
            if [row.get(part) for part in ("open", "high", "low", "close", "volume")] == values:
                equal += 1
            else:
                different.add(minute)
    assert equal >= 20
    assert all(min(missed) <= minute <= max(missed) for minute in different), (different, missed)


def test_the_audit_chain_holds_the_whole_trade(day: Day, trade: Item) -> None:
    log, today = day.stack.desk.audit_log(), day.stack.day
    result = log.verify(DESK_ACCOUNT, today)
    assert result.ok, result.reason
    events = [entry.event() for entry in log.page(DESK_ACCOUNT, today, limit=1000)]
    assert len(events) == result.entries

    def told_of(kind: str, **details: str) -> int:
        return sum(e.kind == kind and details.items() <= e.details.items() for e in events)

    order_id, position_id = trade["proposal"]["order_id"], trade["position_id"]
    assert told_of("APPROVAL_ASKED", order_id=order_id) == 1
    assert told_of("APPROVAL_APPROVED", order_id=order_id) == 1
    assert told_of("ORDER_SENDING", intent_id=trade["entry_intent_id"]) == 1
    assert told_of("POSITION_ENTERED", position_id=position_id) == 1
    assert told_of("EXIT_BEGUN", position_id=position_id) == 1
    assert told_of("ORDER_SENDING", intent_id=trade["exit_intent_id"]) == 1
    assert told_of("POSITION_CLOSED", position_id=position_id) == 1


def test_a_changed_entry_would_be_found(day: Day) -> None:
    """The chain of this very day, with one character of one entry changed in the table."""
    client, table = day.stack.emulator.client("dynamodb"), day.stack.outputs["AuditTable"]
    log, today = day.stack.desk.audit_log(), day.stack.day
    (entry,) = log.page(DESK_ACCOUNT, today, after=4, limit=1)
    key = {"PK": {"S": entry.key().partition}, "SK": {"S": entry.key().sort}}

    def write(changed: AuditEntry) -> None:
        client.update_item(
            TableName=table,
            Key=key,
            UpdateExpression="SET event_json = :text",
            ExpressionAttributeValues={":text": {"S": changed.event_json}},
        )

    write(entry.evolve(event_json=entry.event_json.replace("main", "mine", 1)))
    try:
        found = log.verify(DESK_ACCOUNT, today)
    finally:
        write(entry)
    assert (found.ok, found.first_bad) == (False, 5)
    assert log.verify(DESK_ACCOUNT, today).ok


def test_the_store_holds_the_day(day: Day, evidence: Evidence) -> None:
    date = day.stack.day.isoformat()
    assert len(evidence.stored(f"universe/{date}")) == 1
    assert len(evidence.stored("historical_candles/symbol=NIFTY/")) == 1
    logged = evidence.table(f"trade_logs/trades_{date}.parquet")
    assert {row["position_id"] for row in logged} == {t["position_id"] for t in day.report["trades"]}


def test_the_command_line_reads_the_same_from_the_desk(
    day: Day, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    from patang_workbench.cli import main

    monkeypatch.setenv("PATANG_TOKEN", day.owner.token("a test", ["read"]))
    date = day.stack.day.isoformat()
    address = ["--url", day.stack.address]
    assert main(["audit", "verify", "--account", DESK_ACCOUNT, "--date", date, *address]) == 0
    assert "every hash" in capsys.readouterr().out
    assert main(["status", "--json", *address]) == 0
    assert '"profile"' in capsys.readouterr().out
    monkeypatch.setenv("PATANG_TOKEN", "no token of this desk")
    assert main(["status", *address]) == 1
    assert "401" in capsys.readouterr().err


def test_the_days_preflight_ran_by_its_schedule_and_passed(day: Day) -> None:
    found = load_preflight(day.stack.desk.store, day.stack.day)
    assert found is not None
    assert found.passed, found.reason
    checked = {check.name for check in found.checks}
    assert checked >= {"session", "model", "instruments", "market_data", "funds", "rate_tokens"}
