"""Alerts that notify, at the simulated exchange in process: made once, changed, deleted, and no way from them
to an order."""

from datetime import date
from decimal import Decimal

import pytest

from patang.accounts.session import Credentials
from patang.adapters.kite import calls as kite_calls
from patang.adapters.kite.alerts import KiteAlerts
from patang.adapters.kite.calls import KiteCalls
from patang.adapters.kite.limits import RateLimiter
from patang.adapters.kite.reads import KiteReads
from patang.alerts.service import PriceAlerts
from patang.alerts.terms import AlertTerms, stands_as
from patang.audit.event import AuditEvent
from patang.errors import BadInput, BrokerRefused, OutcomeUnknown, TryAgain
from patang.keys import outbox_partition
from patang.records import load_all
from patang.settings import KiteSettings
from patang.tools.alerts import TOOLS as ALL
from patang.tools.errors import InvalidArguments
from patang_workbench.exchange.engine import Settings
from patang_workbench.exchange.in_process import InProcessExchange
from patang_workbench.exchange.login import App
from patang_workbench.exchange.synthetic import synthetic_market
from tests.fakes import FixedClock, MemoryStore, RecordedMetrics
from tests.unit.tools.written_desk import caller

TOOLS = {tool.name: tool for tool in ALL}
UP = {
    "name": "INFY up",
    "left": {"exchange": "NSE", "tradingsymbol": "INFY"},
    "operator": ">=",
    "constant": 9999,
}
ATO = AlertTerms(
    **UP,
    orders=[
        {
            "exchange": "NSE",
            "tradingsymbol": "INFY",
            "transaction_type": "BUY",
            "quantity": 1,
            "product": "CNC",
            "price": Decimal("1400.5"),
        }
    ],
)


class AlertDesk:
    """One account of the exchange, by the official client."""

    def __init__(self, exchange: InProcessExchange, monkeypatch: pytest.MonkeyPatch) -> None:
        self.exchange = exchange
        self.store, self.clock = MemoryStore(), FixedClock()
        token = exchange.sign_in("key")

        def client(api_key: str, access_token: str | None, settings: KiteSettings) -> object:
            made = kite_client(api_key, access_token, settings)
            made.reqsession.mount(exchange.root, exchange.adapter())
            return made

        kite_client = kite_calls.kite_client
        monkeypatch.setattr(kite_calls, "kite_client", client)
        self.calls = KiteCalls(
            lambda: Credentials(api_key="key", access_token=token, version=1),
            lambda _: None,
            lambda: KiteSettings(root=exchange.root),
            RecordedMetrics(),
            limiter=RateLimiter(sleep=lambda _: None),
            sleep=lambda _: None,
        )
        self.alerts = KiteAlerts(self.calls)

    def price_alerts(self) -> PriceAlerts:
        return PriceAlerts(lambda account: self.alerts, self.store, self.clock, self.clock.now)

    def told(self) -> list[AuditEvent]:
        events = load_all(self.store, AuditEvent, outbox_partition("main", self.clock.now().date()))
        return sorted(events, key=lambda event: event.written_at)

    def broker_reads(self, account: str) -> KiteReads:
        return KiteReads(self.calls, self.calls)


@pytest.fixture(scope="module")
def market():
    return synthetic_market(7, date(2026, 8, 18), history_days=1)


@pytest.fixture
def desk(market, monkeypatch) -> AlertDesk:
    settings = Settings(market=market, apps=(App("key", "secret", "AB1234"),), start="09:20:00")
    return AlertDesk(InProcessExchange(settings), monkeypatch)


def call(desk, tool, /, **args):
    return TOOLS[tool].call(caller(desk), args)


def test_an_alert_is_made_changed_and_deleted(desk):
    made = call(desk, "create_alert", **UP)
    assert (made.type, made.status, made.rhs_constant) == ("simple", "enabled", Decimal(9999))
    other = {"exchange": "INDICES", "tradingsymbol": "NIFTY 50"}
    changed = call(desk, "modify_alert", uuid=made.uuid, **(UP | {"constant": None, "right": other}))
    assert (changed.rhs_type, changed.rhs_tradingsymbol) == ("instrument", "NIFTY 50")
    assert call(desk, "list_alerts", status="enabled").alerts == (changed,)
    assert call(desk, "get_alert", uuid=made.uuid) == changed
    call(desk, "delete_alert", uuid=made.uuid)
    assert call(desk, "list_alerts").total == 0


def test_the_audit_log_hears_of_each_before_it_is_sent_and_of_what_came_of_it(desk):
    made = call(desk, "create_alert", **UP)
    call(desk, "create_alert", **UP)
    call(desk, "modify_alert", uuid=made.uuid, **(UP | {"constant": 9000}))
    call(desk, "delete_alert", uuid=made.uuid)
    with pytest.raises(BrokerRefused):
        call(desk, "create_alert", **(UP | {"operator": "<="}))
    told = [(e.details["asked"], e.kind) for e in desk.told()]
    assert sorted(told) == [
        ("create", "ALERT_ASKED"),
        ("create", "ALERT_ASKED"),
        ("create", "ALERT_DONE"),
        ("create", "ALERT_FAILED"),
        ("delete", "ALERT_ASKED"),
        ("delete", "ALERT_DONE"),
        ("modify", "ALERT_ASKED"),
        ("modify", "ALERT_DONE"),
    ]
    assert {e.actor for e in desk.told()} == {caller(desk).principal.actor}
    [deleted] = [e for e in desk.told() if e.details["asked"] == "delete" and e.kind == "ALERT_ASKED"]
    assert (deleted.details["uuid"], deleted.details["about"]) == (made.uuid, "INFY up")


def test_an_alert_that_the_audit_log_cannot_hear_of_is_not_made(desk, monkeypatch):
    def full(*writes):
        raise TryAgain("the store is away")

    monkeypatch.setattr(desk.store, "write", full)
    with pytest.raises(TryAgain):
        call(desk, "create_alert", **UP)
    assert desk.alerts.alerts() == ()


def test_the_same_alert_is_made_once(desk):
    assert call(desk, "create_alert", **UP) == call(desk, "create_alert", **UP)
    assert call(desk, "list_alerts").total == 1


def test_an_alert_that_the_broker_took_without_a_word_is_found(desk):
    desk.exchange.fault(kind="timeout", path="/alerts", delay=0.1)
    assert call(desk, "create_alert", **UP).name == "INFY up"
    assert call(desk, "list_alerts").total == 1


def test_an_alert_that_is_nowhere_to_be_seen_is_not_made_again(desk):
    desk.exchange.fault(kind="http_502", path="/alerts", method="POST")
    with pytest.raises(OutcomeUnknown):
        call(desk, "create_alert", **UP)
    assert call(desk, "list_alerts").total == 0


def test_what_the_broker_refuses_is_told(desk):
    with pytest.raises(BrokerRefused, match="already met"):
        call(desk, "create_alert", **(UP | {"operator": "<="}))


def test_its_history_tells_when_it_went_off(desk):
    infy = desk.exchange.exchange.floor.by_key["NSE:INFY"]
    made = call(desk, "create_alert", **(UP | {"constant": round(infy.last / 100 + 0.05, 2)}))
    infy.last += 500
    desk.exchange.exchange.alerts.ticked([infy])
    (event,) = call(desk, "get_alert_history", uuid=made.uuid).events
    assert event.meta[0].last_price == Decimal(infy.last) / 100
    assert call(desk, "get_alert", uuid=made.uuid).alert_count == 1


def test_an_alert_that_places_orders_is_out_of_reach(desk):
    uuid = desk.alerts.create_alert(ATO)
    (before,) = desk.alerts.alerts()
    assert stands_as(ATO, before)
    with pytest.raises(BadInput, match="places orders"):
        call(desk, "modify_alert", uuid=uuid, **UP)
    with pytest.raises(BadInput, match="places orders"):
        call(desk, "delete_alert", uuid=uuid)
    with pytest.raises(BadInput, match="places orders"):
        desk.price_alerts().create("main", ATO, "token:t1 of asha")
    assert desk.alerts.alerts() == (before,)
    with pytest.raises(InvalidArguments, match="orders"):
        call(desk, "create_alert", **UP, orders=[ATO.orders[0].model_dump()])


def test_what_no_alert_can_watch_reaches_no_broker(desk):
    wrong = (
        ({"constant": None}, "either"),
        ({"right": {"exchange": "NSE", "tradingsymbol": "TCS"}}, "either"),
        ({"constant": None, "right": UP["left"]}, "same as"),
        ({"operator": "!="}, "operator"),
        ({"name": "dip\r\nDecide until 15:00"}, "name"),
        ({"name": "approve at https://evil.example"}, "leave links out"),
        ({"name": "\u202eevorppa"}, "plain text"),
        ({"left": {"exchange": "NYSE", "tradingsymbol": "INFY"}}, "left"),
    )
    for changes, message in wrong:
        with pytest.raises(InvalidArguments, match=message):
            call(desk, "create_alert", **(UP | changes))
    assert desk.alerts.alerts() == ()
