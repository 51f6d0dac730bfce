"""The desk panel in a browser: what it shows, and the one thing it can do."""

from datetime import timedelta
from types import SimpleNamespace

import pytest

from patang.accounts.session import KiteSession
from patang.errors import SessionExpired
from patang.execution.market_clock import MarketClock
from patang.keys import market_clock_key, session_key
from patang.kite_replies.alerts import Alert
from patang.portfolio.account_state import RiskState
from patang.records import replace
from tests.unit.api.sample_desk import position
from tests.unit.kite_replies.written import ALERT

SAYS = "document.body.innerText.includes"
BUTTONS = "[...document.querySelectorAll('button')].map((b) => b.textContent)"


def halted(served, *accounts: str) -> list[bool]:
    found = (served.desk.seen(RiskState, RiskState(account=name).key()) for name in accounts)
    return [state.state == "HALTED" for state in found]


@pytest.fixture(autouse=True)
def alerts(sample) -> list[Alert]:
    """What the broker keeps for the accounts."""
    kept = [Alert.model_validate(ALERT | {"alert_count": 2})]
    sample.desk.broker_reads = lambda account: SimpleNamespace(alerts=lambda: tuple(kept))
    return kept


def test_it_shows_the_desk_at_a_glance(show):
    host = show("get_status")
    host.panel.until(f"{SAYS}('1 price alert')")
    shown = host.panel.text()
    for said in (
        "Patang desk",
        "Paper",
        "Market 2026-08-18 10:47:29 IST",
        "1 order waits for your yes",
        "Buy 65 NIFTY26AUG24500CE",
        "1:3",
        "Today, 2 closed trades",
        "−₹345.45",
        "−₹734.85",
        "+₹389.40",
        "₹186.42",
        "₹20,044 of ₹90,422",
        "1 of 2",
        "20 RELIANCE",
        "entry ₹1,002.20, now ₹1,021.35",
        "stop ₹988.10, target ₹1,031.40, account main",
        "buy the dip",
        "INDICES:NIFTY 50 <= ₹24,000.50, places orders",
        "went off 2 times",
    ):
        assert said in shown
    assert "INFY" not in shown, "that is another principal's"
    assert host.seen("early") == []


def test_one_press_halts_and_only_the_desks_page_lets_go_again(show, sample):
    host = show("get_status")
    host.click("Halt entries")
    host.panel.until(f"{SAYS}('halted by hand in the desk panel')")
    assert halted(sample, "main") == [True]
    said = host.panel.run("document.getElementById('said').textContent")
    assert said == "Entries are stopped. Exits go on."
    buttons = host.panel.run(BUTTONS)
    assert "Halt entries" not in buttons
    host.click("Resume on the desk’s page")
    host.page.until("seen.opened.length")
    assert host.seen("opened") == [f"{sample.address}/"]
    assert halted(sample, "main") == [True]
    [told] = host.seen("told")
    assert told["content"][0]["text"] == "Entries are halted by hand in the desk panel, accounts: main."


def test_all_accounts_are_halted_at_once_or_each_by_itself(show, sample):
    desk = sample.desk
    desk.register("second", "CD5678", "asha")
    desk.keep(RiskState(account="second"))
    host = show("get_status")
    host.panel.until(f"({BUTTONS}).includes('Halt all entries')")
    host.panel.run(
        "[...document.querySelectorAll('button')].filter((b) => b.textContent === 'Halt')[1].click()"
    )
    host.panel.until("document.querySelectorAll('.mark.bad').length === 1")
    assert halted(sample, "main", "second") == [False, True]
    host.click("Halt all entries")
    host.panel.until("document.querySelectorAll('.mark.bad').length === 2")
    assert halted(sample, "main", "second") == [True, True]


def test_who_may_only_look_is_told_that_he_cannot_halt(show, sample):
    host = show("get_status", "read")
    host.click("Halt entries")
    host.panel.until(f"{SAYS}('Not halted:')")
    assert halted(sample, "main") == [False]


def test_a_waiting_order_leads_to_its_page(show, sample):
    host = show("get_status")
    host.click("Review")
    host.page.until("seen.opened.length")
    assert host.seen("opened") == [f"{sample.address}/proposals/main/o20260818-1046-a1"]


def test_an_account_without_a_session_leads_to_the_login(show, sample):
    desk = sample.desk
    session = desk.seen(KiteSession, session_key("main"))
    desk.store.write(replace(session.evolve(valid_until=desk.clock.now() - timedelta(minutes=1))))
    host = show("get_status")
    host.click("Log in at Kite")
    host.page.until("seen.opened.length")
    assert host.seen("opened") == [f"{sample.address}/login?account=main"]
    assert "Account main has no session at Kite (expired)." in host.panel.text()


def test_a_broker_that_refuses_the_session_leads_to_the_login_and_the_rest_stands(show, sample):
    def expired():
        raise SessionExpired("Kite does not know this session any more")

    sample.desk.broker_reads = lambda account: SimpleNamespace(alerts=expired)
    host = show("get_status")
    host.panel.until(f"{SAYS}('Account main has to log in again before its alerts can be asked for.')")
    assert "20 RELIANCE" in host.panel.text()
    host.click("Log in at Kite")
    host.page.until("seen.opened.length")
    assert host.seen("opened") == [f"{sample.address}/login?account=main"]


def test_old_data_is_told(show, sample):
    desk = sample.desk
    clock = desk.seen(MarketClock, market_clock_key())
    desk.store.write(replace(clock.evolve(seen_at=desk.clock.now() - timedelta(minutes=12))))
    host = show("get_status")
    host.panel.until(f"{SAYS}('The market data is 12 min old: nothing new is entered on it.')")


def test_refresh_shows_what_is_new(show, sample):
    host = show("get_status")
    host.panel.until(f"{SAYS}('1 open position')")
    sample.desk.keep(position("main", "p9", "SBIN", state="OPEN"))
    host.click("Refresh")
    host.panel.until(f"{SAYS}('2 open positions')")
    assert "20 SBIN" in host.panel.text()


def test_a_panel_that_is_scrolled_away_asks_for_nothing(show):
    host = show("get_status")
    host.panel.until("desk.visible")
    host.page.run("document.body.style.paddingTop = '5000px'")
    host.panel.until("!desk.visible")
    host.panel.run("clearTimeout(desk.timer); plan()")
    asked = len(host.seen("calls"))
    host.panel.run("new Promise((done) => setTimeout(done, 300))")
    assert len(host.seen("calls")) == asked
