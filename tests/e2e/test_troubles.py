"""What goes wrong on the way has a clear end, and takes nothing else with it."""

import pytest

from patang.audit.event import AuditEvent
from patang_workbench.local_stack.stack import DESK_ACCOUNT
from tests.e2e.evidence import Evidence
from tests.e2e.troubled_day import GARBAGE, REFUSAL, UNKNOWN_TOKEN, UNLISTED, Day

pytestmark = pytest.mark.timeout(280)


def _events(day: Day) -> list[AuditEvent]:
    return [
        entry.event() for entry in day.stack.desk.audit_log().page(DESK_ACCOUNT, day.stack.day, limit=1000)
    ]


def _minutes_closed(evidence: Evidence, after: str) -> int:
    return sum(f"{start:%H:%M}" >= after for start in evidence.candles("NIFTY"))


def test_an_unreadable_record_ends_with_the_dead_letters_and_stops_nothing(
    day: Day, evidence: Evidence
) -> None:
    assert evidence.letters
    assert {letter["content"] for letter in evidence.letters} == {GARBAGE}
    assert all("not a tick record" in letter["reason"] for letter in evidence.letters)
    assert any(letter["source"].startswith("ticks/") for letter in evidence.letters)
    assert _minutes_closed(evidence, f"{day.script.disturbed_at:%H:%M}") >= 3


def test_ticks_of_an_unknown_instrument_are_counted_by_name_and_used_for_nothing(
    day: Day, evidence: Evidence
) -> None:
    told = evidence.metrics("unknown_instrument")
    assert [line["unknown_instrument"] for line in told] == [1.0]
    assert str(UNKNOWN_TOKEN) in told[0]["tokens"]
    assert all(item["instrument_token"] != UNKNOWN_TOKEN for item in evidence.items("POSITION"))


def test_a_share_that_is_not_listed_is_named_in_the_morning_and_left_out(
    day: Day, evidence: Evidence
) -> None:
    problems = [line["problem"] for line in evidence.metrics("morning_problem")]
    assert f"{UNLISTED} is not in the instruments of NSE: it is not watched" in problems
    assert not evidence.stored(f"historical_candles/symbol={UNLISTED}/")
    assert evidence.stored("historical_candles/symbol=TCS/")


def test_an_approval_that_nobody_gives_ends_without_an_order(day: Day, evidence: Evidence) -> None:
    proposal = evidence.proposal_behind(0)
    assert (proposal["state"], proposal["outcome"]) == ("CONCLUDED", "APPROVAL_EXPIRED")
    assert "intent_id" not in proposal
    assert not [i for i in evidence.items("INTENT") if i.get("order_id") == proposal["order_id"]]
    assert proposal["order_id"] not in evidence.risk["reservations"]
    workflow = evidence.execution("OrderWorkflowArn", proposal["order_id"])
    assert workflow["status"] == "SUCCEEDED"
    assert "Submit" not in workflow["states"]


def test_the_link_of_an_approval_that_is_over_says_so(day: Day) -> None:
    page = day.owner.open(day.script.answers[0].link)
    assert page.status_code == 410
    assert "Too late" in page.text
    assert "<form" not in page.text.partition("<main")[2]


def test_a_second_yes_is_told_of_the_first_and_orders_nothing(day: Day, evidence: Evidence) -> None:
    assert day.script.answers[day.script.met("approved twice")].statuses == (200, 409)
    proposal = evidence.proposal_behind(day.script.met("approved twice"))
    assert len(evidence.orders_of(proposal["intent_id"])) == 1
    told = [e for e in _events(day) if e.details.get("order_id") == proposal["order_id"]]
    assert [e.kind for e in told].count("APPROVAL_APPROVED") == 1


def test_a_refused_order_is_told_to_the_owner_and_frees_its_capital(day: Day, evidence: Evidence) -> None:
    proposal = evidence.proposal_behind(day.script.met("refused"))
    assert (proposal["state"], proposal["outcome"]) == ("CONCLUDED", "REJECTED")
    intent = evidence.item("INTENT", proposal["intent_id"])
    assert (intent["state"], intent["status_message"]) == ("REJECTED", REFUSAL)
    assert proposal["order_id"] not in evidence.risk["reservations"]
    assert [mail for mail in day.mails if "Entry rejected" in mail and REFUSAL in mail]
    (order,) = evidence.orders_of(proposal["intent_id"])
    assert (order.status, order.filled_quantity) == ("REJECTED", 0)
    later = [p for p in evidence.items("POSITION") if p["entry_time"] > proposal["as_of"]]
    assert len(later) == 2


def test_a_lost_reply_is_no_second_order(day: Day, evidence: Evidence) -> None:
    """The client gave up after seven seconds; what became of the order was found out by its tag."""
    proposal = evidence.proposal_behind(day.script.met("reply lost"))
    intent = evidence.item("INTENT", proposal["intent_id"])
    assert float(intent["latency_ms"]) >= 7000
    assert intent["state"] == "COMPLETE"
    (order,) = evidence.orders_of(intent["intent_id"])
    assert intent["broker_order_id"] == order.order_id
    assert proposal["outcome"] == "FILLED"
    assert evidence.execution("OrderWorkflowArn", proposal["order_id"])["status"] == "SUCCEEDED"


def test_a_killed_ingester_comes_back_and_says_that_ticks_are_missing(day: Day, evidence: Evidence) -> None:
    assert day.script.killed_at is not None
    assert day.stack.ingester.restarts == 1
    gaps = [head.market_time for head, _ in evidence.stream if head is not None and head.kind == "gap"]
    assert [gap > day.script.killed_at for gap in gaps] == [False, True]
    markers = [h.market_time for h, _ in evidence.stream if h is not None and h.kind == "marker"]
    assert any(marker > gaps[1] for marker in markers)


def test_minutes_go_on_to_close_after_the_kill(day: Day, evidence: Evidence) -> None:
    minutes = sorted(f"{start:%H:%M}" for start in evidence.candles("NIFTY"))
    killed = f"{day.script.killed_at:%H:%M}"
    assert len([minute for minute in minutes if minute > killed]) >= 3
    # One record a shard and minute, also of the minutes in which ticks are missing.
    client, date = day.stack.emulator.client("dynamodb"), day.stack.day.isoformat()
    for minute in ("09:15", "09:16", killed, minutes[-1]):
        found = client.query(
            TableName=day.stack.outputs["DeskTable"],
            KeyConditionExpression="PK = :p",
            ExpressionAttributeValues={":p": {"S": f"CLOSES#{date}#{minute.replace(':', '')}"}},
        )
        assert found["Count"] == 1, minute


def test_the_position_of_the_kill_was_guarded_to_its_end(day: Day, evidence: Evidence) -> None:
    position = evidence.item("POSITION", day.script.killed_with)
    assert position["state"] == "CLOSED"
    assert position["entry_time"] < day.script.killed_at.isoformat() < position["exit_time"]
    assert position["exit_reason"] in ("TARGET", "STOP", "TIME")
    assert len(evidence.orders_of(position["exit_intent_id"])) == 1
