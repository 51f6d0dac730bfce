"""The page of an order that somebody asks for: what it shows, and the owner's word on it."""

import re
from datetime import timedelta
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest
from starlette.testclient import TestClient

from functions.api.app import build_app
from patang.approvals.requests.limits import asked_on, counted
from patang.approvals.requests.record import OrderRequest, RequestFigures, approval_id_of, asked_key
from patang.execution.intent import OrderIntent
from patang.execution.orders.request_book import wish_digest
from patang.execution.orders.requests import PlaceOrder
from patang.keys import intent_key
from patang.records import load_all
from tests.unit.api.ordered_desk import ASKED, OrderedDesk
from tests.unit.api.sample_desk import DAY, HOSTILE

WISH = PlaceOrder.model_validate(
    {
        "exchange": "NFO",
        "tradingsymbol": "NIFTY26AUG24500CE",
        "transaction_type": "BUY",
        "quantity": 130,
        "order_type": "LIMIT",
        "product": "NRML",
        "price": "113.50",
    }
)
APPROVAL = approval_id_of("main", "r-1")


def waiting(desk, account="main", actor=f"token:t1 of {HOSTILE}") -> OrderRequest:
    now = desk.clock.now()
    figures = RequestFigures(
        lines=("BUY 130 NFO:NIFTY26AUG24500CE LIMIT 113.50 NRML DAY",),
        prices=(Decimal("112.40"),),
        orders=1,
        value=Decimal("14755.00"),
        bought=Decimal("14755.00"),
        charges=Decimal("42.17"),
        margin_needed=Decimal("16230.50"),
        exposure_before=Decimal("20044.00"),
        exposure_after=Decimal("34799.00"),
        exposure_limit=Decimal("90000.00"),
        lot_size=65,
    )
    request = OrderRequest(
        account=account,
        approval_id=approval_id_of(account, "r-1"),
        request_id="r-1",
        mode="paper",
        kind="PlaceOrder",
        wish=WISH.model_dump(mode="json", exclude_none=True),
        asked_digest=wish_digest(WISH),
        figures=figures,
        principal="asha",
        actor=actor,
        as_of=now,
        day=DAY,
        asked_at=now,
        expires_at_time=now + timedelta(seconds=240),
    ).sealed()
    desk.keep(request)
    desk.store.write(counted(asked_on(desk.store, account, DAY), figures, alone=False))
    return request


@pytest.fixture
def request_(desk) -> OrderRequest:
    return waiting(desk)


def stored(desk) -> OrderRequest:
    return desk.seen(OrderRequest, asked_key("main", APPROVAL))


def press(browser, digest, decision="approve", address=f"/proposals/main/{APPROVAL}"):
    form = {"csrf": browser.csrf, "decision": decision, "terms_digest": digest}
    return browser.post(address, data=form)


def test_the_page_shows_what_would_be_sent_and_what_it_comes_to(owner, desk, request_):
    before = dict(desk.store.items)
    answer = owner.get(f"/proposals/main/{APPROVAL}")
    assert answer.status_code == 200
    for shown in (
        "BUY 130 NIFTY26AUG24500CE",
        "BUY 130 NFO:NIFTY26AUG24500CE LIMIT 113.50 NRML DAY",
        "₹14,755.00",
        "₹42.17",
        "₹16,230.50",
        "₹34,799.00",
        "₹90,000.00",
        'data-seconds-left="240"',
        'step="65"',
        "asked for by token:t1",
        request_.terms_digest,
    ):
        assert shown in answer.text
    assert HOSTILE not in answer.text
    assert desk.store.items == before


def test_nothing_on_the_page_comes_from_elsewhere_or_runs_inline(owner, request_):
    page = owner.get(f"/proposals/main/{APPROVAL}").text
    assert not re.findall(r"(?:src|href)=\"(?:https?:)?//", page)
    assert not re.findall(r"<script(?![^>]*src=)|\son\w+=|\sstyle=|<style", page)


def test_a_no(owner, desk, request_):
    answer = press(owner, request_.terms_digest, "decline")
    assert (answer.status_code, stored(desk).state) == (200, "DECLINED")
    assert press(owner, request_.terms_digest).status_code == 409
    looked = owner.get(f"/proposals/main/{APPROVAL}")
    assert "Declined by person:asha" in looked.text
    assert "<button" not in looked.text


def test_both_kinds_stand_in_one_list_and_are_decided_by_one_call(owner, desk, bearer, stranger, request_):
    found = {each["kind"]: each for each in owner.get("/api/approvals").json()}
    assert sorted(found) == ["proposal", "request"]
    assert (found["request"]["order_id"], found["request"]["value"]) == (APPROVAL, 14755)
    assert [each["order_id"] for each in owner.get("/api/status").json()["approvals"]].count(APPROVAL) == 1
    body = {"account": "main", "decision": "approve", "terms_digest": request_.terms_digest}
    address = f"/api/approvals/{APPROVAL}/decision"
    answer = stranger.post(address, json=body, headers=bearer("read", "trade", "admin"))
    assert (answer.status_code, answer.json()["error_type"]) == (403, "NOT_IN_PERSON")
    assert stored(desk).state == "WAITING"
    declined = stranger.post(address, json=body | {"decision": "decline"}, headers=bearer("trade"))
    assert declined.json() == {"result": "DECLINED", "order_id": APPROVAL}


def test_other_terms_and_too_late(owner, desk, request_):
    assert press(owner, "0" * 64).status_code == 409
    desk.clock.advance(240)
    assert owner.get(f"/proposals/main/{APPROVAL}").status_code == 410
    assert press(owner, request_.terms_digest).status_code == 410
    assert stored(desk).state == "EXPIRED"


def test_anothers_request_is_not_there(sign_in, desk, request_):
    ravi = sign_in("other", "XY5678")
    assert ravi.get(f"/proposals/main/{APPROVAL}").status_code == 404
    assert press(ravi, request_.terms_digest).status_code == 404
    assert [each["order_id"] for each in ravi.get("/api/approvals").json()] == ["o20260818-1046-b2"]
    assert stored(desk).state == "WAITING"


# --- the whole way: a program asks over HTTP, its owner's page decides, the lane sends


class OnTheWay:
    """One program and one owner at such a desk."""

    def __init__(self) -> None:
        self.desk = OrderedDesk()
        self.room = self.desk.room
        self._app = build_app(self.desk)
        secret = self.desk.tokens().issue("owner", "test", ["read", "trade"], days=1).secret
        self._program = TestClient(self._app, headers={"Authorization": f"Bearer {secret}"})

    def ask(self, status: int = 200) -> dict:
        answer = self._program.post("/api/kite/execute", json={"tool": "place_order", "args": ASKED})
        assert answer.status_code == status, answer.text
        return answer.json()["data"]

    def sign_in(self) -> TestClient:
        browser = TestClient(self._app, follow_redirects=False)
        login = browser.get("/login", params={"account": "main", "user": "AB1234"})
        passed_on = parse_qs(urlsplit(login.headers["location"]).query)["redirect_params"][0]
        self.desk.kite.logins["r"] = "AB1234"
        back = {"state": parse_qs(passed_on)["state"][0], "request_token": "r"}
        assert browser.get("/kite/callback", params=back).status_code == 303
        browser.csrf = self.desk.sign_in().principal(browser.cookies["patang-session"]).csrf
        return browser

    def intents(self) -> list[OrderIntent]:
        return load_all(self.desk.store, OrderIntent, intent_key("main", "").partition, "INTENT#")


@pytest.fixture
def way() -> OnTheWay:
    return OnTheWay()


def test_a_yes_on_the_page_sends_a_programs_order_once(way):
    asked = way.ask(202)
    assert (asked["state"], way.intents(), way.room.exchange.sent) == ("WAITING", [], [])
    address = f"/proposals/main/{APPROVAL}"
    owner = way.sign_in()
    page = owner.get(f"/approvals/{way.room.nonce()}", follow_redirects=True)
    assert "BUY 10 NSE:INFY LIMIT 800 CNC DAY" in page.text
    digest = way.room.request().terms_digest
    assert press(owner, digest, address=address).status_code == 200
    assert way.room.request().state == "SENT"
    assert press(owner, digest, address=address).status_code == 409
    way.room.run_lane()
    (intent,) = way.intents()
    assert intent.state == "ACKED"
    assert len(way.room.exchange.sent) == 1
    again = way.ask()
    assert (again["state"], again["repeated"]) == ("SENT", True)
    way.room.run_lane()
    assert len(way.room.exchange.sent) == 1


def test_a_no_on_the_page_is_told_to_the_program(way):
    way.ask(202)
    owner = way.sign_in()
    digest = way.room.request().terms_digest
    assert press(owner, digest, "decline").status_code == 200
    told = way.ask()
    assert told["state"] == "DECLINED"
    assert "USER_REJECTED" in told["message"]
    way.room.run_lane()
    assert (way.intents(), way.room.exchange.sent) == ([], [])
