"""How fast the exchange without wires is under the official client: `pytest tests/bench -s`."""

from datetime import date
from time import process_time

import requests
from kiteconnect import KiteConnect
from kiteconnect.exceptions import KiteException

from patang_workbench.exchange.engine import Settings
from patang_workbench.exchange.in_process import InProcessExchange
from patang_workbench.exchange.login import App
from patang_workbench.exchange.synthetic import synthetic_market

_ACCOUNTS, _ROUNDS = 20, 100
_FAULTS = (
    "timeout",
    "late_accept",
    "http_502",
    "half_open",
    "partial_fills",
    "duplicate_update",
    "missing_update",
)


def test_orders_of_a_campaign_in_process() -> None:
    apps = tuple(App(f"key{n}", f"secret{n}", f"AB{n:04d}") for n in range(_ACCOUNTS))
    market = synthetic_market(7, date(2026, 8, 18), history_days=2)
    exchange = InProcessExchange(Settings(market=market, apps=apps, start="09:20:00", cash=1e9))
    clients = []
    for app in apps:
        client = KiteConnect(app.api_key, exchange.sign_in(app.api_key), root=exchange.root)
        client.reqsession = exchange.session()
        clients.append(client)
    for kind in _FAULTS:
        exchange.fault(kind=kind, probability=0.03, delay=8)
    before, opened, updates = process_time(), exchange.exchange.clock.epoch, 0
    sent = []
    for turn in range(_ROUNDS):
        for place, client in enumerate(clients):
            sent.append(f"n{turn}x{place}")
            try:
                client.place_order(
                    "regular", "NSE", "INFY", "BUY", 1, "MIS", "LIMIT", price=1500.0, tag=sent[-1]
                )
            except (KiteException, requests.RequestException):
                continue
        exchange.elapse(1)
        updates += len(exchange.take_updates())
    took = process_time() - before
    exchange.elapse(10)
    found = exchange.requests_by_tag()
    assert set(found.values()) == {1}
    assert {tag for _, tag in found} <= set(sent)
    played = exchange.exchange.clock.epoch - opened
    print(
        f"\n{len(sent)} orders, {updates} updates and {played} market seconds in {took:.1f} s of processor: "
        f"{len(sent) / took:.0f} orders a second; {len(found)} of them reached the exchange, each once"
    )
