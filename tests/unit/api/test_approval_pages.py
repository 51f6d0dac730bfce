"""The page behind the link: it shows the exact terms, and takes exactly one answer to them."""

from datetime import timedelta
from decimal import Decimal

import pytest

from patang.approvals.link import ApprovalLink, link_key, new_nonce
from patang.approvals.proposal import Proposal
from patang.approvals.requests.limits import asked_on
from patang.approvals.requests.record import AskedOn
from patang.keys import proposal_key, risk_key
from patang.market.sessions import IST
from patang.portfolio.account_state import Reservation, RiskState
from patang.records import create, replace
from tests.unit.api.sample_desk import HOSTILE, let_alone, signal

ORDER = "o20260818-1046-a1"


def proposal(desk, account="main", order=ORDER) -> Proposal:
    return desk.seen(Proposal, proposal_key(account, order))


def change(desk, **changes) -> None:
    desk.store.write(replace(proposal(desk).evolve(**changes)))


@pytest.fixture
def link(desk):
    """Makes the address in the mail."""

    def make(account="main", order=ORDER) -> str:
        nonce = new_nonce()
        digest = link_key(nonce).partition.removeprefix("NONCE#")
        until = desk.clock.now() + timedelta(hours=2)
        desk.auth_store.write(
            create(ApprovalLink(digest=digest, account=account, order_id=order, valid_until=until))
        )
        return f"/approvals/{nonce}"

    return make


def press(browser, address, desk, decision="approve", digest=None, csrf=None):
    form = {
        "csrf": browser.csrf if csrf is None else csrf,
        "decision": decision,
        "terms_digest": digest or proposal(desk).terms_digest,
    }
    return browser.post(address, data=form)


def test_the_page_says_where_the_order_goes_and_not_what_the_desk_does_now(owner, desk, link):
    terms = proposal(desk).terms.model_copy(update={"mode": "live"})
    change(desk, terms=terms.model_dump(), terms_digest=terms.digest())
    assert desk.settings().mode != "live"
    assert "live · real money" in owner.get(link()).text


def test_the_page_shows_the_terms_and_changes_nothing(owner, desk, link):
    address, before = link(), dict(desk.store.items)
    answer = owner.get(address)
    assert answer.status_code == 200
    for shown in (
        "Buy 65 NIFTY26AUG24500CE",
        "LIMIT at ₹113.50",
        "+₹1,246.30",
        "₹63.18",
        "₹2,993.25",
        "₹67.45",
        "₹168.60",
        "83.0 %",
        "trend up on 1, 5 and 15 minutes",
        "rsi 14",
        'data-seconds-left="97"',
    ):
        assert shown in answer.text
    assert f'value="{proposal(desk).terms_digest}"' in answer.text
    assert f'value="{owner.csrf}"' in answer.text
    assert desk.store.items == before
    assert desk.workflows.answers == {}


def test_the_task_token_never_leaves_the_desk(owner, desk, link):
    token = proposal(desk).task_token
    for address in (link(), f"/proposals/main/{ORDER}", "/", "/api/status", "/api/approvals"):
        assert token not in owner.get(address).text


@pytest.mark.parametrize("decision", ["approve", "decline"])
def test_one_press_decides(owner, desk, link, decision):
    answer = press(owner, link(), desk, decision)
    assert answer.status_code == 200
    decided = proposal(desk)
    assert decided.state == {"approve": "APPROVED", "decline": "DECLINED"}[decision]
    assert decided.decided_by == "person:asha"
    assert desk.workflows.answers[decided.task_token]["decision"] == decision


def test_a_second_press_is_told_so(owner, desk, link):
    address = link()
    press(owner, address, desk)
    again = press(owner, address, desk, "decline")
    assert again.status_code == 409
    assert "Already decided" in again.text
    assert proposal(desk).state == "APPROVED"
    looked = owner.get(address)
    assert looked.status_code == 200
    assert "by person:asha" in looked.text
    assert "<button" not in looked.text


def test_too_late_is_told_so(owner, desk, link):
    address = link()
    desk.clock.advance(98)
    assert owner.get(address).status_code == 410
    answer = press(owner, address, desk)
    assert answer.status_code == 410
    assert "No order is placed" in answer.text
    assert proposal(desk).state == "EXPIRED"
    assert owner.get(address).status_code == 410


def test_terms_that_have_changed_are_not_approved(owner, desk, link):
    address, shown = link(), proposal(desk).terms_digest
    terms = proposal(desk).terms.model_copy(update={"quantity": 130})
    change(desk, terms=terms.model_dump(), terms_digest=terms.digest())
    answer = press(owner, address, desk, digest=shown)
    assert answer.status_code == 409
    assert "terms have changed" in answer.text
    assert proposal(desk).state == "PENDING"


def test_the_word_of_another_session_is_no_good(owner, desk, link, sign_in):
    other = sign_in("other", "XY5678")
    assert press(owner, link(), desk, csrf=other.csrf).status_code == 403
    assert proposal(desk).state == "PENDING"


def test_another_owner_finds_nothing_behind_the_link(desk, link, sign_in):
    ravi = sign_in("other", "XY5678")
    for address in (link(), f"/proposals/main/{ORDER}"):
        looked = ravi.get(address)
        assert looked.status_code == 404
        assert "NIFTY" not in looked.text
        assert press(ravi, address, desk).status_code == 404
    assert proposal(desk).state == "PENDING"


def test_the_owner_decides_from_the_status_page_too(owner, desk):
    address = f"/proposals/main/{ORDER}"
    assert "Approve" in owner.get(address).text
    assert press(owner, address, desk).status_code == 200
    assert proposal(desk).state == "APPROVED"


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"decision": "maybe"},
        {"decision": "approve"},
        {"decision": "approve", "terms_digest": "short"},
        {"decision": ["approve", "decline"], "terms_digest": "Z" * 64},
    ],
)
def test_an_incomplete_press_decides_nothing(owner, desk, link, form):
    answer = owner.post(link(), data=form | {"csrf": owner.csrf})
    assert answer.status_code == 422
    assert proposal(desk).state == "PENDING"


@pytest.mark.parametrize("nonce", ["unknown", "%00", "..%2f..%2fetc", "a" * 3000, "<script>", "%F0%9F%98%80"])
def test_links_that_lead_nowhere(owner, nonce):
    answer = owner.get(f"/approvals/{nonce}")
    assert answer.status_code == 404
    assert "<script>" not in answer.text


def test_hostile_text_is_shown_as_text(owner, desk, link):
    hostile = signal("s1").model_dump() | {"reason": HOSTILE, "features": {HOSTILE: 1.0}}
    change(desk, signal=hostile)
    for page in (owner.get(link()).text, owner.get("/").text):
        assert HOSTILE not in page


def test_programs_decide_by_the_same_rules(stranger, desk, bearer):
    address, digest = f"/api/approvals/{ORDER}/decision", proposal(desk).terms_digest
    wish = {"account": "main", "decision": "approve", "terms_digest": digest}
    trade = bearer("read", "trade")
    other_terms = wish | {"terms_digest": "0" * 64}
    no = other_terms | {"decision": "decline"}
    assert stranger.post(address, json=no, headers=trade).status_code == 409
    assert stranger.post(address, json=wish, headers=bearer("read")).status_code == 403
    ravi = bearer("trade", principal="ravi")
    assert stranger.post(address, json=wish, headers=ravi).status_code == 404
    alone = stranger.post(address, json=wish, headers=trade)
    assert (alone.status_code, alone.json()["error_type"]) == (403, "NOT_IN_PERSON")
    assert proposal(desk).state == "PENDING"
    let_alone(desk, 10_000)
    assert stranger.post(address, json=other_terms, headers=trade).status_code == 409
    done = stranger.post(address, json=wish, headers=trade)
    assert done.json() == {"result": "APPROVED", "order_id": ORDER}
    again = stranger.post(address, json=wish, headers=trade)
    assert again.status_code == 409
    assert again.json()["error_type"] == "ALREADY_DECIDED"
    assert proposal(desk).decided_by.startswith("token:")


def test_what_programs_say_yes_to_in_a_day_has_an_end(stranger, desk, bearer):
    """Whatever they have sent alone counts with it; a yes that comes to nothing is counted once, or not."""
    address, digest = f"/api/approvals/{ORDER}/decision", proposal(desk).terms_digest
    wish = {"account": "main", "decision": "approve", "terms_digest": digest}
    trade, day = bearer("read", "trade"), proposal(desk).as_of.astimezone(IST).date()
    let_alone(desk, 10_000)
    desk.store.write(create(AskedOn(account="main", day=day, alone=Decimal(43_000))))
    assert stranger.post(address, json=wish, headers=trade).json()["error_type"] == "NOT_IN_PERSON"
    desk.store.write(replace(asked_on(desk.store, "main", day).evolve(alone=Decimal(42_000))))
    other = wish | {"terms_digest": "0" * 64}
    assert stranger.post(address, json=other, headers=trade).json()["error_type"] == "TERMS_CHANGED"
    assert stranger.post(address, json=wish, headers=trade).json()["result"] == "APPROVED"
    assert stranger.post(address, json=wish, headers=trade).status_code == 409
    assert asked_on(desk.store, "main", day).alone == 42_000 + proposal(desk).terms.quantity * Decimal(
        "113.5"
    )


def test_waiting_approvals_are_listed_to_their_owner(stranger, bearer):
    listed = stranger.get("/api/approvals", headers=bearer("read")).json()
    assert [entry["account"] for entry in listed] == ["main"]
    assert listed[0]["seconds_left"] == 97


@pytest.fixture
def two_lots(desk):
    """The waiting order, of two lots, with what is held for it; worth its costs with one lot too."""
    terms = proposal(desk).terms.model_copy(update={"quantity": 130})
    rich = signal("s1").model_dump() | {"expected_return_pct": 60.0, "confidence": 0.95}
    change(
        desk,
        quantity=130,
        terms=terms.model_dump(),
        terms_digest=terms.digest(),
        risk_amount="6000.00",
        signal=rich,
    )
    waiting = proposal(desk)
    reserved = Reservation(
        symbol="NIFTY",
        strategy=waiting.signal.strategy,
        option=True,
        exposure=Decimal(16_000),
        risk_amount=Decimal(6_000),
        as_of=waiting.as_of,
    )
    state = desk.seen(RiskState, risk_key("main")) or RiskState(account="main")
    held = state.evolve(reservations={ORDER: reserved})
    desk.store.write(replace(held) if state.revision else create(held))
    return waiting


def fewer(browser, address, digest, quantity=65):
    form = {"csrf": browser.csrf, "terms_digest": digest, "quantity": str(quantity)}
    return browser.post(f"{address}/quantity", data=form)


def test_the_owner_buys_less_and_says_yes_to_those_terms(owner, desk, link, two_lots):
    address, shown = link(), two_lots.terms_digest
    assert 'max="65"' in owner.get(address).text
    answer = fewer(owner, address, shown)
    assert answer.status_code == 303
    assert answer.headers["location"] == address
    page = owner.get(address).text
    assert "Buy 65 NIFTY26AUG24500CE" in page
    assert "130 were proposed. Your yes is to 65." in page
    assert 'id="reduction"' not in page, "one lot is the least"
    assert press(owner, address, desk, digest=shown).status_code == 409, "a yes to what is not on offer"
    assert press(owner, address, desk).status_code == 200
    decided = proposal(desk)
    assert (decided.state, decided.terms.quantity, decided.proposed_quantity) == ("APPROVED", 65, 130)
    assert decided.terms.digest() == decided.terms_digest != shown


@pytest.mark.parametrize(("quantity", "why"), [(130, "not less"), (195, "not less"), (64, "lot of 65")])
def test_it_is_less_and_whole_lots_or_nothing(owner, desk, link, two_lots, quantity, why):
    answer = fewer(owner, link(), two_lots.terms_digest, quantity)
    assert answer.status_code == 409
    assert why in answer.text
    assert proposal(desk) == two_lots


def test_programs_make_it_less_by_the_same_rules(stranger, desk, bearer, two_lots):
    address, shown = f"/api/approvals/{ORDER}/quantity", two_lots.terms_digest
    wish = {"account": "main", "quantity": 65, "terms_digest": shown}
    trade = bearer("read", "trade")
    assert stranger.post(address, json=wish, headers=bearer("read")).status_code == 403
    assert stranger.post(address, json=wish | {"quantity": 0}, headers=trade).status_code == 422
    assert stranger.post(address, json=wish, headers=bearer("trade", principal="ravi")).status_code == 404
    done = stranger.post(address, json=wish, headers=trade).json()
    assert done == {"order_id": ORDER, "quantity": 65, "terms_digest": proposal(desk).terms_digest}
    again = stranger.post(address, json=wish, headers=trade)
    assert (again.status_code, again.json()["error_type"]) == (409, "TERMS_CHANGED")


def test_nobody_else_makes_it_less(desk, link, sign_in, stranger, two_lots):
    ravi, address = sign_in("other", "XY5678"), link()
    assert fewer(ravi, address, two_lots.terms_digest).status_code == 404
    assert stranger.post(f"{address}/quantity", data={"quantity": "65"}).status_code == 401
    assert proposal(desk) == two_lots
