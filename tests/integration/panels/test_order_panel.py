"""The order panel in a browser: what it shows of an order, and what it can and cannot do about it."""

from datetime import timedelta

from patang.accounts.session import KiteSession
from patang.approvals.proposal import Proposal
from patang.approvals.requests.record import approval_id_of
from patang.audit.chain import link
from patang.audit.event import AuditEvent
from patang.identity.principal import ALL_SCOPES, Principal
from patang.keys import outbox_partition, proposal_key, session_key
from patang.records import load_all, replace
from tests.unit.api.ordered_desk import ASKED
from tests.unit.api.sample_desk import DAY, proposal

APPROVE = "Approve on the desk’s page"
SAYS = "document.body.innerText.includes"


def test_it_shows_the_order_and_what_it_comes_to(ordering):
    host = ordering.ask()
    host.panel.until(f"{SAYS}('left to decide')")
    shown = host.panel.text()
    figures = ordering.room.request().figures
    assert figures.value == 8000
    for said in (
        "BUY 10 INFY at 800",
        "BUY 10 NSE:INFY LIMIT 800 CNC DAY",
        "₹8,000.00",
        f"₹{figures.charges}",
        f"₹{figures.margin_needed:,.2f}",
        "₹800.00",
        "Simulator",
        "Account main, asked for by token:",
        "Invested after it",
        "Day’s loss",
        APPROVE,
        "Decline",
    ):
        assert said in shown
    assert host.seen("early") == []
    assert host.seen("methods")[:3] == [
        "ui/notifications/sandbox-proxy-ready",
        "ui/initialize",
        "ui/notifications/initialized",
    ]


def test_the_yes_is_said_on_the_desks_page_and_the_panel_follows_the_order_to_its_fill(ordering):
    host = ordering.ask()
    host.click(APPROVE)
    host.page.until("seen.opened.length")
    assert host.seen("opened") == [ordering.page_address]
    assert ordering.state() == "WAITING"
    page = ordering.owners_page(ordering.page_address)
    page.run("document.querySelector('button[value=approve]').click()")
    page.until("document.title.startsWith('Approved')")
    assert ordering.state() == "SENT"
    host.panel.until(f"{SAYS}('Sent to the broker.')")
    assert APPROVE not in host.panel.text()
    ordering.fill()
    host.panel.until(f"{SAYS}('10 of 10 filled at ₹800.00')")
    assert "Filled." in host.panel.text()
    assert len(ordering.room.exchange.sent) == 1
    [told] = host.seen("told")
    name = approval_id_of("main", "r-1")
    assert told["content"] == [{"type": "text", "text": f"The order {name} in account main is SENT now."}]


def test_a_no_in_the_panel(ordering):
    host = ordering.ask()
    host.click("Decline")
    host.panel.until(f"{SAYS}('Declined. Nothing was sent.')")
    assert ordering.state() == "DECLINED"
    assert ordering.room.request().decided_by.startswith("token:")
    ordering.room.run_lane()
    assert ordering.room.exchange.sent == []
    assert host.panel.run("[...document.querySelectorAll('button')].map((b) => b.textContent)") == ["Refresh"]


def test_the_panel_cannot_say_yes_even_where_its_host_passes_on_anything(ordering):
    host = ordering.ask()
    digest = ordering.room.request().terms_digest
    named = "account_id: 'main', order_id: order.tickets[0].id"
    wish = f"{{{named}, decision: 'approve', terms_digest: '{digest}'}}"
    told = host.panel.run(f"host.call('decide_approval', {wish}).catch((error) => error.message)")
    assert told.startswith("NOT_IN_PERSON")
    ordering.room.run_lane()
    assert (ordering.state(), ordering.room.exchange.sent) == ("WAITING", [])


def test_fewer_on_the_page_are_new_terms_in_the_panel(ordering):
    host = ordering.ask()
    page = ordering.owners_page(ordering.page_address)
    page.run(
        "document.getElementById('quantity').value = 4; document.querySelector('#reduction button').click()"
    )
    host.panel.until(f"{SAYS}('BUY 4 INFY at 800')")
    assert "₹3,200.00" in host.panel.text()
    host.click("Decline")
    host.panel.until(f"{SAYS}('Declined. Nothing was sent.')")
    assert ordering.state() == "DECLINED"


def test_a_no_to_terms_that_have_changed_meanwhile_is_not_taken_and_the_new_ones_are_shown(ordering):
    host = ordering.ask()
    host.panel.until(f"{SAYS}('left to decide')")
    host.panel.run("clearTimeout(order.timer)")
    request = ordering.room.request()
    smaller = request.evolve(wish=request.wish | {"quantity": 4}).sealed()
    ordering.desk.store.write(replace(smaller))
    host.click("Decline")
    host.panel.until(f"{SAYS}('TERMS_CHANGED')")
    host.panel.until(f"{SAYS}('BUY 4 INFY at 800')")
    assert ordering.state() == "WAITING"


def test_nobody_answers_in_time(ordering):
    host = ordering.ask()
    host.panel.until(f"{SAYS}('left to decide')")
    ordering.desk.clock.advance(3600)
    assert ordering.room.sweep_requests("main") == 1
    host.panel.until(f"{SAYS}('Nobody answered in time. Nothing was sent.')")
    assert host.panel.run("document.querySelectorAll('.actions').length") == 0


def test_an_order_that_breaks_a_rule_says_which_and_what_to_do(ordering):
    ordering.room.halt()
    host = ordering.ask()
    host.panel.until(f"{SAYS}('Refused. Nothing was sent.')")
    shown = host.panel.text()
    assert "BUY 10 INFY" in shown
    assert "its entries are stopped («a test»): resume it first" in shown
    assert APPROVE not in shown
    assert "Decline" not in shown


def test_without_a_session_at_the_broker_it_leads_to_the_login(ordering):
    session = ordering.desk.seen(KiteSession, session_key("main"))
    ordering.desk.store.write(replace(session.evolve(valid_until=ordering.desk.clock.now())))
    host = ordering.ask()
    host.click("Log in at Kite")
    host.page.until("seen.opened.length")
    assert host.seen("opened") == [f"{ordering.address}/login?account=main"]
    assert ordering.room.exchange.sent == []


def test_arguments_that_are_wrong_are_told(ordering):
    host = ordering.ask(arguments=ASKED | {"quantity": "many"})
    host.panel.until(f"{SAYS}('quantity')")
    assert host.panel.run("document.querySelectorAll('.ticket').length") == 0


def test_a_basket_shows_each_of_its_orders(ordering):
    two = [
        {k: v for k, v in ASKED.items() if k not in ("account_id", "request_id")} | {"quantity": n}
        for n in (3, 4)
    ]
    host = ordering.ask("place_basket", arguments={"account_id": "main", "request_id": "r-1", "orders": two})
    host.panel.until(f"{SAYS}('left to decide')")
    lines = host.panel.run("[...document.querySelectorAll('.lines li')].map((line) => line.textContent)")
    assert lines == ["BUY 3 NSE:INFY LIMIT 800 CNC DAY", "BUY 4 NSE:INFY LIMIT 800 CNC DAY"]
    assert "₹5,600.00" in host.panel.text()


def test_who_may_only_look_can_decline_nothing(ordering):
    ordering.room.wants()
    host = ordering.ask("list_pending_approvals", ("read",), arguments={})
    host.click("Decline")
    host.panel.until(f"{SAYS}(\"scope 'trade'\")")
    assert ordering.state() == "WAITING"


def test_a_host_that_opens_no_links_shows_the_address_and_one_without_tools_is_not_asked(ordering):
    host = ordering.ask(capabilities={})
    host.panel.until(f"{SAYS}('Waits') || {SAYS}('signed in')")
    assert ordering.page_address in host.panel.text()
    assert host.panel.run("document.querySelectorAll('button').length") == 0
    assert host.seen("calls") == []


def test_a_link_that_the_host_refuses_to_open_is_told_with_its_address(ordering):
    host = ordering.ask()
    host.page.run("will.refuseLinks = true")
    host.click(APPROVE)
    host.panel.until(f"{SAYS}('Link opening denied by user. The page is {ordering.page_address}')")


def test_a_cancelled_call(ordering):
    host = ordering.ask(cancelled="stopped by the user")
    host.panel.until(f"{SAYS}('The call was cancelled: stopped by the user')")


def test_all_that_waits_the_desks_proposals_and_what_came_of_them(show, sample):
    desk = sample.desk
    host = show("list_pending_approvals")
    host.panel.until(f"{SAYS}('left to decide')")
    shown = host.panel.text()
    for said in (
        "Buy 65 NIFTY26AUG24500CE",
        "LIMIT at ₹113.50, NRML, DAY, NFO",
        "+₹1,246.30",
        "₹2,993.25",
        "₹63.18",
    ):
        assert said in shown
    for said in (
        "₹67.45",
        "₹168.60",
        "83.0 %",
        "trend up on 1, 5 and 15 minutes",
        "proposed by long options",
    ):
        assert said in shown
    host.panel.run("document.querySelector('summary').click()")
    assert "rsi 14" in host.panel.text()
    another = proposal("main", "o20260818-1047-c3", expires=desk.clock.now() + timedelta(seconds=90))
    desk.keep(another)
    host.click("Refresh")
    host.panel.until("document.querySelectorAll('.ticket').length === 2")
    assert host.panel.run("document.querySelector('details').open")
    host.click("Decline")
    host.panel.until(f"{SAYS}('Declined. Nothing was sent.')")
    stored = [
        desk.seen(Proposal, proposal_key("main", name)).state
        for name in ("o20260818-1046-a1", another.order_id)
    ]
    assert sorted(stored) == ["DECLINED", "PENDING"]


def test_the_clock_runs_down_and_the_buttons_go_with_it(show, sample):
    desk = sample.desk
    found = desk.seen(Proposal, proposal_key("main", "o20260818-1046-a1"))
    desk.store.write(replace(found.evolve(expires_at_time=desk.clock.now() + timedelta(seconds=3))))
    host = show("list_pending_approvals")
    host.panel.until("document.querySelector('.clock.is-late') !== null")
    desk.clock.advance(3)
    host.panel.until(f"{SAYS}('The time is over. Nothing is placed.')")
    assert APPROVE not in host.panel.text()
    assert desk.seen(Proposal, proposal_key("main", "o20260818-1046-a1")).state == "PENDING"


def test_nothing_waits(show, sample):
    desk = sample.desk
    found = desk.seen(Proposal, proposal_key("main", "o20260818-1046-a1"))
    desk.store.write(replace(found.evolve(state="DECLINED")))
    show("list_pending_approvals").panel.until(f"{SAYS}('Nothing waits for your yes.')")


def test_what_became_of_a_proposal_is_read_from_the_log(show, sample):
    desk = sample.desk
    host = show("list_pending_approvals")
    host.panel.until(f"{SAYS}('left to decide')")
    waiting = desk.seen(Proposal, proposal_key("main", "o20260818-1046-a1"))
    person = Principal("asha", "person:asha", ("main",), ALL_SCOPES, csrf="word")
    verdict = desk.decisions().decide(person, "main", waiting.order_id, "approve", waiting.terms_digest)
    assert verdict.result == "APPROVED"
    told = load_all(desk.store, AuditEvent, outbox_partition("main", DAY), "")
    link(desk.audit_store, "main", DAY, [each for each in told if each.kind == "APPROVAL_APPROVED"])
    host.panel.until(f"{SAYS}('Approved.')")
    assert "Decline" not in host.panel.text()
