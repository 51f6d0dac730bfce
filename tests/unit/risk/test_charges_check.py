"""The check after the close on stand-ins: accounts fail alone, orders elsewhere are left out."""

from datetime import date, datetime
from types import SimpleNamespace

from patang.errors import SessionExpired
from patang.market.sessions import IST
from patang.ports import BrokerOrder
from patang.risk.charge_check import ChargeCheck
from patang.settings import Settings
from tests.fakes import FixedClock, MemoryStore, RecordedMetrics, RecordedNotifier

DAY = date(2026, 8, 18)
EVENING = datetime(2026, 8, 18, 15, 50, tzinfo=IST)


def traded(exchange, symbol, side, quantity, price, filled=None):
    return BrokerOrder(
        order_id="1",
        tag="",
        status="COMPLETE",
        exchange=exchange,
        tradingsymbol=symbol,
        transaction_type=side,
        quantity=quantity,
        filled_quantity=quantity if filled is None else filled,
        average_price=price,
        raw={"product": "NRML"},
    )


class Broker:
    """An order book, and a broker who charges brokerage alone, and its tax."""

    def __init__(self, *orders):
        self.book, self.asked = list(orders), []

    def orders(self):
        return self.book

    def virtual_contract_note(self, orders):
        self.asked.append([order.tradingsymbol for order in orders])
        charges = dict.fromkeys(
            ("transaction_tax", "exchange_turnover_charge", "sebi_turnover_charge", "stamp_duty"), 0
        )
        return [
            {
                "exchange": order.exchange,
                "tradingsymbol": order.tradingsymbol,
                "transaction_type": order.transaction_type,
                "charges": charges | {"brokerage": 20, "gst": {"total": 3.6}},
            }
            for order in orders
        ]


class Away:
    def orders(self):
        raise SessionExpired("nobody has signed in")


def check(store, brokers, metrics, notifier=None):
    accounts = SimpleNamespace(
        list=lambda: [SimpleNamespace(account=name, enabled=name != "off") for name in brokers]
    )
    return ChargeCheck(
        store,
        accounts,
        brokers.__getitem__,
        brokers.__getitem__,
        Settings,
        FixedClock(EVENING),
        notifier or RecordedNotifier(),
        metrics,
    )


def test_an_account_without_a_session_fails_alone_and_is_tried_again():
    store, metrics = MemoryStore(), RecordedMetrics()
    # 10 rupees of premium: everything but brokerage and its tax is less than is looked at.
    main = Broker(traded("NFO", "NIFTY2682524000CE", "BUY", 65, "0.15"))
    first = check(store, {"main": main, "second": Away(), "off": Away()}, metrics)
    assert first.run(EVENING) == {"main": "1 orders, 0 findings", "second": "FAILED: nobody has signed in"}
    assert metrics.counts["charge_check_failed"] == 1
    again = check(store, {"main": main, "second": Broker()}, metrics)
    assert again.run(EVENING) == {"main": "compared", "second": "0 orders, 0 findings"}
    assert main.asked == [["NIFTY2682524000CE"]]


def test_what_was_not_traded_or_is_traded_elsewhere_is_not_asked_about():
    store = MemoryStore()
    main = Broker(
        traded("NFO", "NIFTY2682524000CE", "BUY", 65, "0.15"),
        traded("NFO", "NIFTY2682524100CE", "BUY", 65, "0", filled=0),
        traded("MCX", "GOLDPETAL26AUGFUT", "BUY", 1, "5862"),
    )
    service = check(store, {"main": main}, RecordedMetrics())
    assert service.run(EVENING) == {"main": "1 orders, 0 findings"}
    assert main.asked == [["NIFTY2682524000CE"]]
    kept = service.kept("main", DAY)
    assert (kept.orders, kept.left_out) == (1, 1)


def test_a_partly_filled_order_is_charged_on_what_it_traded_and_what_is_missing_is_told():
    notifier, metrics = RecordedNotifier(), RecordedMetrics()
    main = Broker(traded("NFO", "NIFTY2682524000CE", "SELL", 130, "100", filled=65))
    service = check(MemoryStore(), {"main": main}, metrics, notifier)
    assert service.run(EVENING) == {"main": "1 orders, 3 findings"}
    found = {finding.component: finding for finding in service.kept("main", DAY).findings}
    # 6,500 of premium sold: STT 9.75, transaction charge 2.31, 18 % on it and on the SEBI fee.
    assert found.keys() == {"stt", "exchange_transaction", "gst"}
    assert str(found["stt"]) == "stt: 0.00 charged, 9.75 expected (-9.75)"
    assert str(found["exchange_transaction"].expected) == "2.31"
    assert str(found["gst"].expected) == "4.02"
    assert "stt: 0.00 charged, 9.75 expected" in notifier.sent[0][1]
    assert metrics.counts["charges_differ"] == 1
