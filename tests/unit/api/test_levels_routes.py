"""A person's word on what is held and what stands, by HTTP: levels, exits, cancels."""

from decimal import Decimal

import pytest
from starlette.testclient import TestClient

from functions.api.app import build_app
from patang.audit.event import AuditEvent
from patang.execution.orders.requests import PlaceOrder
from patang.keys import mark_key, outbox_partition, position_key
from patang.portfolio.position import Mark, Position
from patang.ports import Put
from patang.records import load, load_all, replace
from patang.risk.account_view import view_account
from tests.unit.api.ordered_desk import ASKED, OrderedDesk
from tests.unit.api.sample_desk import DAY, HOSTILE, position
from tests.unit.execution.orders.order_room import bought_by_patang


def patched(browser, body, where="p1"):
    return browser.patch(f"/api/positions/{where}", json=body, headers={"X-CSRF-Token": browser.csrf})


def held(desk, position_id="p1", account="main") -> Position:
    return load(desk.store, Position, position_key(account, position_id))


def told(desk) -> list[AuditEvent]:
    events = load_all(desk.store, AuditEvent, outbox_partition("main", DAY))
    return [event for event in events if event.kind == "POSITION_LEVELS_SET"]


def test_a_stop_and_a_target_are_set_and_the_answer_says_so(owner, desk):
    answer = patched(owner, {"stop_loss_price": 1010, "target_price": 1040.5, "reason": "before the news"})
    assert answer.status_code == 200
    said = answer.json()
    assert said["message"] == "RELIANCE: stop 988.10 -> 1010, target 1031.40 -> 1040.5."
    assert (said["stop_before"], said["target_before"]) == (988.1, 1031.4)
    shown = said["position"]
    assert (shown["stop_loss_price"], shown["target_price"], shown["by_hand"]) == (
        1010,
        1040.5,
        ["stop", "target"],
    )
    assert held(desk).stop_loss_price == 1010
    [event] = told(desk)
    assert (event.actor, event.details["reason"]) == ("person:asha", "before the news")


def test_what_is_shown_of_a_position_has_what_a_form_needs(owner, desk):
    mark = load(desk.store, Mark, mark_key("p1"))
    trailed = mark.evolve(trailing_stop=Decimal("1001.25"))
    desk.store.write(Put(mark.key(), trailed.model_dump(mode="json", exclude_none=True)))
    [shown] = owner.get("/api/positions").json()["items"]
    assert (shown["tick_size"], shown["trailing_stop"], shown["by_hand"]) == (0.05, 1001.25, [])


@pytest.mark.parametrize(
    ("body", "field", "words"),
    [
        ({"stop_loss_price": 1022}, "stop_loss_price", "below the last price of 1021.35"),
        ({"stop_loss_price": 1000.02}, "stop_loss_price", "give 1000.00 or 1000.05"),
        ({"target_price": 1040.00001}, "target_price", "give 1040.00 or 1040.05"),
        ({"stop_loss_price": 1e-9}, "stop_loss_price", "prices come in steps of 0.05"),
        ({"target_price": 1021}, "target_price", "above the last price of 1021.35"),
        ({}, "stop_loss_price", "give stop_loss_price, target_price, or both"),
    ],
)
def test_what_is_wrong_is_told_at_its_field(owner, desk, body, field, words):
    before = dict(desk.store.items)
    answer = patched(owner, body)
    assert (answer.status_code, answer.json()["error_type"]) == (400, "LevelsRefused")
    [wrong] = answer.json()["details"]
    assert wrong["field"] == field
    assert words in wrong["message"]
    assert desk.store.items == before


@pytest.mark.parametrize(
    "body",
    [
        {"stop_loss_price": 0},
        {"stop_loss_price": -1},
        {"stop_loss_price": "NaN"},
        {"stop_loss_price": "1e400"},
        {"stop_loss_price": "0." + "0" * 5000 + "1"},
        {"target_price": 1e9},
        {"stop": 1000},
        {"stop_loss_price": 1000, "reason": "see https://evil.example"},
        {"stop_loss_price": 1000, "reason": "two\nlines"},
    ],
)
def test_what_no_price_and_no_reason_can_be_is_refused(owner, desk, body):
    before = dict(desk.store.items)
    assert patched(owner, body).status_code == 422
    assert desk.store.items == before


def test_nothing_is_set_while_it_is_being_sold(owner, desk):
    desk.store.write(replace(held(desk).evolve(state="CLOSING", exit_reason="TARGET")))
    answer = patched(owner, {"stop_loss_price": 1000})
    assert (answer.status_code, answer.json()["details"]) == (409, None)
    assert "it is being sold already (TARGET)" in answer.json()["message"]
    assert patched(owner, {"stop_loss_price": 1000}, "p3").status_code == 409, "closed"


def test_a_lower_stop_is_the_owners_and_one_beyond_a_limit_has_to_be_meant(owner, desk, stranger, bearer):
    headers = bearer("read", "trade")
    raised = stranger.patch("/api/positions/p1", json={"stop_loss_price": 1000}, headers=headers)
    assert raised.status_code == 200
    lower = stranger.patch(
        "/api/positions/p1", json={"stop_loss_price": 990, "beyond_limits": True}, headers=headers
    )
    assert (lower.status_code, lower.json()["error_type"]) == (403, "AuthenticationError")
    assert patched(owner, {"stop_loss_price": 990}).status_code == 200
    much = patched(owner, {"stop_loss_price": 600})
    assert much.status_code == 400
    assert "Say beyond_limits" in much.json()["details"][0]["message"]
    meant = patched(owner, {"stop_loss_price": 600, "beyond_limits": True})
    assert meant.status_code == 200
    [limit] = meant.json()["limits_passed"]
    assert f"Beyond a limit: {limit}." in meant.json()["message"]


def test_a_lower_stop_counts_in_the_day_at_once(owner, desk):
    """What the account may still lose, which an entry is held against, is less by it."""

    def left() -> Decimal:
        settings, now = desk.standing_settings(), desk.clock.now()
        view = view_account(desk.store, "main", desk.desk_view().market_now(), now, settings)
        return view.daily_loss_left(settings)

    before = left()
    assert patched(owner, {"stop_loss_price": 980}).status_code == 200
    assert before - left() == 20 * Decimal("8.10")


def test_anothers_position_is_none(owner, desk):
    for where in ("p2", "nobody"):
        answer = patched(owner, {"stop_loss_price": 1000}, where)
        assert (answer.status_code, answer.json()["message"]) == (404, "you have no such position")
        left = owner.post(f"/api/positions/{where}/exit", json={}, headers={"X-CSRF-Token": owner.csrf})
        assert (left.status_code, left.json()["message"]) == (404, "you have no such position")
    assert held(desk, "p2", "other").stop_loss_price == Decimal("988.10")


def test_a_page_of_another_site_sets_nothing(owner, desk):
    assert owner.patch("/api/positions/p1", json={"stop_loss_price": 1000}).status_code == 403
    assert owner.post("/api/positions/p1/exit", json={}).status_code == 403
    assert owner.post("/api/orders/N260818I1/cancel", json={}).status_code == 403
    assert held(desk).state == "OPEN"


def test_a_hostile_reason_is_kept_as_text(owner, desk):
    assert patched(owner, {"stop_loss_price": 1000, "reason": HOSTILE}).status_code == 200
    assert told(desk)[0].details["reason"] == HOSTILE
    assert HOSTILE not in owner.get("/").text


@pytest.fixture
def room_desk():
    desk = OrderedDesk()
    desk.room.market["INFY"] = 1500.0
    return desk


def program(desk: OrderedDesk) -> TestClient:
    [account] = desk.accounts().list()
    secret = desk.tokens().issue(account.principal, "test", ("read", "trade"), days=1).secret
    client = TestClient(build_app(desk), follow_redirects=False)
    client.headers["Authorization"] = f"Bearer {secret}"
    return client


def test_leaving_twice_is_one_exit(room_desk):
    found = bought_by_patang(room_desk.room)
    client = program(room_desk)
    first = client.post(f"/api/positions/{found.position_id}/exit", json={})
    assert first.status_code == 200, first.text
    assert first.json()["state"] == "SENT"
    again = client.post(f"/api/positions/{found.position_id}/exit", json={})
    assert again.json()["intent_ids"] == first.json()["intent_ids"]
    assert load(room_desk.store, Position, found.key()).state == "CLOSING"


def test_leaving_at_a_limit_off_the_tick_is_refused_with_the_rule(room_desk):
    found = bought_by_patang(room_desk.room)
    client = program(room_desk)
    answer = client.post(f"/api/positions/{found.position_id}/exit", json={"price": 1499.99})
    assert answer.status_code == 400
    assert answer.json()["details"]["broken"][0]["field"] == "price"
    assert load(room_desk.store, Position, found.key()).state == "OPEN"


def test_an_order_that_stands_is_taken_back_and_what_protects_is_not(room_desk):
    room, client = room_desk.room, program(room_desk)
    room.market["INFY"] = 800.0
    room.taken(
        PlaceOrder.model_validate({k: v for k, v in ASKED.items() if k not in ("account_id", "request_id")})
    )
    room.run_lane()
    [standing] = [order for order in room.exchange.book.values() if order["status"] == "OPEN"]
    answer = client.post(f"/api/orders/{standing['order_id']}/cancel", json={"account": "main"})
    assert (answer.status_code, answer.json()["state"]) == (200, "SENT"), answer.text
    room.run_lane()
    assert room.exchange.book[standing["order_id"]]["status"] == "CANCELLED"
    room.market["INFY"] = 1500.0
    found = bought_by_patang(room)
    client = program(room_desk)
    room.run_lane()
    stop = load(room.store, Position, found.key()).protection
    refused = client.post(f"/api/orders/{stop.intent_id}/cancel", json={})
    assert refused.status_code == 400
    assert "exit that, or leave it" in refused.json()["message"]
    assert client.post("/api/orders/N0/cancel", json={}).status_code == 400


def test_a_position_of_a_disabled_account_is_not_there(owner, desk):
    desk.keep(position("family", "p7", "SBIN", "OPEN"))
    assert patched(owner, {"account": "family", "stop_loss_price": 1000}, "p7").status_code == 404
