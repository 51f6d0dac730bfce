"""One position, one order's way, fills, results and funds."""

from datetime import timedelta
from decimal import Decimal

import pytest

from patang.accounts.funds import Funds
from patang.execution.reconciliation.record import Reconciliation
from patang.trade_log.fill import new_fill
from tests.unit.api.sample_desk import DAY, NOW, event, intent, position, proposal

ORDER, INTENT = "o20260818-1021-77", "N260818K1"
SENT = NOW - timedelta(minutes=25)


@pytest.fixture
def reader(stranger, bearer):
    headers = bearer("read")
    return lambda path, **params: stranger.get(path, headers=headers, params=params)


@pytest.fixture
def filled(desk):
    """An entry from its signal to a clean comparison: asked, approved, sent, filled in two parts."""
    asked = proposal("main", ORDER, expires=SENT + timedelta(seconds=60), state="SUBMITTED").evolve(
        decided_by="person:asha", decided_at=SENT - timedelta(seconds=40), intent_id=INTENT
    )
    wanted = intent("main", INTENT, "NEW").evolve(
        order_id=ORDER, expected_price=Decimal("1002.00"), written_at=SENT - timedelta(seconds=1)
    )
    sent = wanted.evolve(state="ACKED", sending_at=SENT, latency_ms=41.5)
    part = sent.evolve(filled_quantity=5, average_price=Decimal("1002.00"))
    done = part.evolve(state="COMPLETE", filled_quantity=20, average_price=Decimal("1002.30"))
    heard = SENT + timedelta(seconds=2)
    desk.keep(
        asked,
        done,
        new_fill(sent, part, NOW, heard, "frame"),
        new_fill(part, done, NOW, heard + timedelta(seconds=1), "postback"),
        event("main", 1, "X", "patang", SENT, {}).evolve(
            event_id=f"order_sending#{INTENT}", kind="ORDER_SENDING"
        ),
        Reconciliation(account="main", mode="paper", as_of=NOW, looked_at=NOW, differences=(), clean=True),
    )
    return desk


def test_an_orders_way_from_the_signal_to_the_comparison(reader, filled):
    told = reader(f"/api/orders/{INTENT}").json()
    assert [step["what"] for step in told["steps"]] == [
        "SIGNAL",
        "ASKED",
        "DECIDED",
        "WRITTEN",
        "ORDER_SENDING",
        "FILLED",
        "FILLED",
        "COMPARED",
    ]
    assert [step["by"] for step in told["steps"]][2:] == [
        "person:asha",
        "patang",
        "patang",
        "frame",
        "postback",
        "broker",
    ]
    assert (told["slippage"], told["slippage_pct"]) == (0.3, 0.0299)
    assert (told["api_latency_ms"], told["sent_in_ms"], told["filled_in_ms"]) == (41.5, 1000.0, 3000.0)
    assert told["decided_in_ms"] == 20_000.0
    assert told["reconciled"] is True
    assert (told["placed_by"], told["user_confirmed"]) == ("person:asha", True)
    assert told["signal_id"] == "s1"
    assert [fill["quantity"] for fill in told["fills"]] == [5, 15]


def test_a_comparison_before_the_fill_says_nothing_of_it(reader, filled):
    for key, item in filled.store.items.items():
        if key.sort == "RECONCILIATION":
            item["looked_at"] = (SENT - timedelta(minutes=1)).isoformat()
    told = reader(f"/api/orders/{INTENT}").json()
    assert told["reconciled"] is None
    assert told["steps"][-1]["what"] == "FILLED"


def test_an_order_that_nobody_was_asked_for(reader):
    told = reader("/api/orders/N260818I1").json()
    assert [step["what"] for step in told["steps"]] == ["WRITTEN"]
    assert (told["placed_by"], told["slippage"], told["fills"]) == ("patang", None, [])


def test_the_fills_of_a_day(reader, filled):
    fills = reader("/api/fills").json()["items"]
    assert [(fill["quantity"], fill["price"], fill["source"]) for fill in fills] == [
        (15, 1002.4, "postback"),
        (5, 1002.0, "frame"),
    ]
    assert reader("/api/fills", day="2026-08-17").json()["items"] == []


def test_one_position(reader):
    found = reader("/api/positions/p1").json()
    assert (found["symbol"], found["open_quantity"], found["last_price"]) == ("RELIANCE", 20, 1021.35)
    assert found["entry_intent_id"] == "ep1"
    closed = reader("/api/positions/p3").json()
    assert (closed["open_quantity"], closed["realised_pnl"], closed["last_price"]) == (0, -324.4, None)


def test_the_day_counts_what_is_open_only_while_it_runs(reader):
    today = reader("/api/pnl").json()
    assert (today["day"], today["unrealised"], today["total"]) == (DAY.isoformat(), 389.4, -345.45)
    before = reader("/api/pnl", day="2026-08-17").json()
    assert (before["unrealised"], before["total"], before["closed_trades"]) == (0, 0, 0)


def test_the_curve_and_the_groups_add_up(reader, desk):
    for number, made in enumerate(("100.10", "-40.05", "0.20")):
        closed = position("main", f"w{number}", "ITC", "CLOSED").evolve(
            realised_pnl=Decimal(made), exit_time=NOW - timedelta(days=3 - number)
        )
        desk.keep(closed)
    days = {"from": "2026-08-15", "to": "2026-08-18"}
    by_trade = reader("/api/pnl/curve", step="trade", **days).json()["points"]
    assert [point["cumulative"] for point in by_trade] == [100.1, 60.05, 60.25, -264.15]
    assert [point["symbol"] for point in by_trade] == ["ITC", "ITC", "ITC", "TCS"]
    by_day = reader("/api/pnl/curve", **days).json()["points"]
    assert [point["realised"] for point in by_day] == [100.1, -40.05, 0.2, -324.4]
    report = reader("/api/pnl/report", by="symbol", **days).json()
    assert [(g["name"], g["trades"], g["wins"], g["realised"]) for g in report["groups"]] == [
        ("ITC", 3, 2, 60.25),
        ("TCS", 1, 0, -324.4),
    ]
    assert report["total"]["realised"] == -264.15
    by_date = reader("/api/pnl/report", by="day", **days).json()
    assert [group["name"] for group in by_date["groups"]] == [f"2026-08-{day}" for day in (15, 16, 17, 18)]


def test_days_the_wrong_way_round_are_told(reader):
    for path in ("/api/pnl/curve", "/api/pnl/report"):
        backwards = reader(path, **{"from": "2026-08-19", "to": "2026-08-18"})
        assert backwards.status_code == 400
        assert "2026-08-19" in backwards.json()["message"]
        assert reader(path, **{"from": "2020-01-01", "to": "2026-08-18"}).status_code == 400


def test_funds_as_the_broker_told_them_in_this_mode(reader, desk):
    assert reader("/api/funds").json()[0]["net"] is None
    told = Funds(account="main", mode="paper", net=Decimal("295000.50"), told_at=NOW)
    desk.keep(told)
    [funds] = reader("/api/funds").json()
    assert (funds["net"], funds["cash"], funds["capital"]) == (295000.5, None, 301405.2)
    desk.store.items[told.key()]["mode"] = "live"
    assert reader("/api/funds").json()[0]["net"] is None
