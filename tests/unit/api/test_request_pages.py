"""The page of an order that somebody asks for: what it shows, and the owner's word on it."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest

from patang.approvals.requests.limits import asked_on, counted
from patang.approvals.requests.record import OrderRequest, RequestFigures, approval_id_of, asked_key
from patang.execution.orders.request_book import wish_digest
from patang.execution.orders.requests import PlaceOrder
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
    desk.store.write(counted(asked_on(desk.store, account, DAY), figures))
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
