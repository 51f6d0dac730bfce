"""Whatever is sent, in whatever order and with whatever faults: the exchange's books balance."""

import random
from collections import defaultdict
from contextlib import suppress
from typing import Any

import pytest
import requests
from kiteconnect.exceptions import KiteException

from patang_workbench.exchange.candles import MarketData
from patang_workbench.exchange.engine import Carried, Exchange
from patang_workbench.exchange.errors import KiteError
from patang_workbench.exchange.orders import FINAL
from tests.contract.exchange.by_hand import Trader, trader

FAULTS = (
    {"kind": "timeout", "delay": 9},
    {"kind": "late_accept", "delay": 8},
    {"kind": "http_502", "taken": True},
    {"kind": "http_503", "method": "DELETE", "path": "/orders/.*", "taken": True},
    {"kind": "partial_fills", "pieces": 4},
    {"kind": "fill_race", "race": "filled"},
    {"kind": "fill_race", "race": "partly"},
    {"kind": "fill_race", "race": "refused"},
    {"kind": "fill_race", "race": "partly", "change": "modify"},
    {"kind": "reject", "reason": "tick"},
    {"kind": "reordered_update"},
    {"kind": "duplicate_update"},
)


class Crowd:
    """Sends at random what a client, an owner and a market may do."""

    def __init__(self, market: MarketData, seed: int, start: str) -> None:
        self.chance = random.Random(seed)
        carried = (Carried("NFO:NIFTY26AUGFUT", 65),)
        self.desk: Trader = trader(market, start=start, seed=seed, cash=20_000_000, carried=carried)
        self.exchange: Exchange = self.desk.exchange.exchange
        for fault in FAULTS:
            self.desk.exchange.fault(probability=0.2 if fault["kind"] == "fill_race" else 0.05, **fault)
        self.symbols = ("INFY", "ITC", self.desk.option, "NIFTY26AUGFUT")

    def act(self) -> None:
        """One thing; what is refused is refused."""
        one = self.chance.choice(
            (
                self.place,
                self.place,
                self.place,
                self.modify,
                self.cancel,
                self.gtt,
                self.by_hand,
                self.convert,
            )
        )
        with suppress(KiteException, KiteError, requests.RequestException):
            one()
        if self.chance.random() < 0.1:
            key = self.chance.choice(("NSE:INFY", f"NFO:{self.desk.option}"))
            last = round(self.desk.last(key) * self.chance.uniform(0.9, 1.1))
            self.desk.exchange.stage(instrument=key, last=last, units=self.chance.choice((65, 1000)))
        self.desk.exchange.advance(self.chance.choice((0, 1, 5, 60)))

    def place(self) -> None:
        symbol = self.chance.choice(self.symbols)
        contract = symbol not in ("INFY", "ITC")
        last = round(self.desk.last(f"{'NFO' if contract else 'NSE'}:{symbol}"))
        lot = 65 if contract else 1
        units = lot * self.chance.randint(1, 9)
        price = max(last + self.chance.randint(-3, 3), 1)
        words: dict[str, Any] = {
            "variety": self.chance.choice(("regular", "regular", "co", "iceberg", "amo"))
        }
        if words["variety"] == "iceberg":
            words |= {"iceberg_legs": 3, "iceberg_quantity": -(-units // 3 // lot) * lot}
        side = self.chance.choice(("BUY", "SELL"))
        if words["variety"] == "co":
            words |= {"trigger_price": price - 5 if side == "BUY" else price + 5, "product": "MIS"}
        elif self.chance.random() < 0.3:
            away = -2 if side == "SELL" else 2
            words |= {"order_type": "SL", "trigger_price": last + away, "price": last + 2 * away}
        if self.chance.random() < 0.7:
            words.setdefault("price", price)
        kept = ("NRML", "MIS") if contract else ("CNC", "MIS", "MTF")
        words.setdefault("product", self.chance.choice(kept))
        if self.chance.random() < 0.2:
            words |= {"validity": "TTL", "validity_ttl": 2}
        self.desk.place(symbol, side, units, **words)

    def one_order(self) -> dict[str, Any]:
        return dict(
            self.chance.choice(self.desk.client.orders() or [{"variety": "regular", "order_id": "1"}])
        )

    def modify(self) -> None:
        order = self.one_order()
        words: dict[str, Any] = self.chance.choice(
            (
                {"price": round(order.get("price", 1)) + 1},
                {"quantity": order.get("quantity", 1) * 2},
                {"quantity": max(order.get("filled_quantity", 0), 1)},
                {"order_type": "MARKET", "market_protection": 5},
                {"trigger_price": round(order.get("trigger_price", 1)) + 1},
            )
        )
        self.desk.client.modify_order(order["variety"], order["order_id"], **words)

    def cancel(self) -> None:
        order = self.one_order()
        self.desk.client.cancel_order(order["variety"], order["order_id"])

    def gtt(self) -> None:
        option = self.desk.option
        last = self.desk.last(f"NFO:{option}")
        order = {"transaction_type": "SELL", "quantity": 65, "order_type": "LIMIT", "product": "NRML"}
        values = [round(last * 0.97), round(last * 1.03)]
        legs = [{**order, "price": value} for value in values]
        self.desk.client.place_gtt("two-leg", option, "NFO", values, last, legs)

    def by_hand(self) -> None:
        rows = [row for row in self.desk.client.positions()["net"] if row["quantity"]]
        if rows:
            row = self.chance.choice(rows)
            words = {name: row[name] for name in ("exchange", "tradingsymbol", "product")}
            self.desk.exchange.owner(action="close", **words)

    def convert(self) -> None:
        for row in self.desk.client.positions()["net"]:
            if row["quantity"] > 0 and row["product"] == "MIS":
                new = "NRML" if row["exchange"] == "NFO" else "CNC"
                words = (row["exchange"], row["tradingsymbol"], "BUY", "day", row["quantity"], "MIS", new)
                self.desk.client.convert_position(*words)
                return


def check(exchange: Exchange) -> None:
    """Trades make the positions, and the book and the account agree on what is live."""
    account = exchange.accounts["AB1234"]
    traded: dict[int, int] = defaultdict(int)
    for order in account.orders.values():
        row, terms = order.describe(), order.terms
        assert 0 <= order.filled <= terms.quantity, row
        assert row["filled_quantity"] + row["pending_quantity"] + row["cancelled_quantity"] in (
            terms.quantity,
            0,
        ), row
        assert order.live == (order.order_id in account.live), row
        assert (order.status in FINAL) == (not order.live)
        in_book, waits = order in exchange.broker.book, exchange.broker.is_waiting(order)
        assert not (in_book and waits)
        assert order.live or not (in_book or waits), row
        assert order.blocked >= 0
        assert order.line.instrument.lot == 1 or order.filled % order.line.instrument.lot == 0
        traded[order.line.instrument.token] += order.filled * (1 if terms.side == "BUY" else -1)
    held: dict[int, int] = defaultdict(int)
    for position in account.positions.values():
        held[position.line.instrument.token] += position.net
        assert min(position.buy_quantity, position.sell_quantity) >= 0
    future = exchange.floor.by_key["NFO:NIFTY26AUGFUT"].instrument.token
    traded[future] += 65
    assert {token: units for token, units in traded.items() if units} == {
        token: units for token, units in held.items() if units
    }
    funds = account.funds()
    assert min(funds.premium, funds.span, funds.exposure, funds.delivery) >= 0


@pytest.mark.parametrize(("seed", "start"), [(1, "09:10:00"), (2, "09:30:00"), (3, "15:00:00")])
def test_the_books_balance_after_every_step(market: MarketData, seed: int, start: str) -> None:
    crowd = Crowd(market, seed, start)
    for _ in range(80):
        crowd.act()
        check(crowd.exchange)
    assert len(crowd.exchange.accounts["AB1234"].orders) > 20


def test_nothing_is_live_after_the_day(market: MarketData) -> None:
    crowd = Crowd(market, 4, "15:04:00")
    for _ in range(60):
        crowd.act()
    crowd.exchange.faults.clear()
    crowd.desk.exchange.advance(crowd.exchange.floor.closing + 1 - crowd.exchange.clock.epoch)
    check(crowd.exchange)
    account = crowd.exchange.accounts["AB1234"]
    assert {order.status for order in account.live.values()} <= {"AMO REQ RECEIVED"}
    assert [row for row in account.positions.values() if row.intraday]
    assert not [row for row in account.positions.values() if row.intraday and row.net]
