"""What the simulated broker charges, through the official client, and by the library."""

import math
from datetime import date
from decimal import Decimal
from typing import Any

import kiteconnect.exceptions as kite_errors
import pytest
from kiteconnect import KiteConnect

from patang.risk.charges import Execution
from patang.risk.contract_note import ExecutedOrder, contract_note

DAY = date(2026, 8, 18)


def asked(exchange: str, symbol: str, side: str, product: str, quantity: int, price: float) -> dict[str, Any]:
    return {
        "order_id": "111111111",
        "exchange": exchange,
        "tradingsymbol": symbol,
        "transaction_type": side,
        "variety": "regular",
        "product": product,
        "order_type": "MARKET",
        "quantity": quantity,
        "average_price": price,
    }


def test_imagined_orders_are_priced_one_by_one_in_the_brokers_shape(desk: Any) -> None:
    rows = desk.sign_in().get_virtual_contract_note(
        [
            asked("NFO", "NIFTY2682524000CE", "SELL", "NRML", 65, 110),
            asked("NSE", "SBIN", "BUY", "CNC", 100, 800),
            asked("NSE", "SBIN", "SELL", "CNC", 100, 800),
        ]
    )
    assert [row["tradingsymbol"] for row in rows] == ["NIFTY2682524000CE", "SBIN", "SBIN"]
    assert rows[0]["price"] == 110
    # 7,150 of premium sold: STT 0.15 %, unrounded here; transaction 0.03553 %, SEBI 0.0001 %, GST 18 %.
    option = rows[0]["charges"]
    assert option["transaction_tax"] == pytest.approx(10.725)
    assert option["exchange_turnover_charge"] == pytest.approx(2.540395)
    assert option["sebi_turnover_charge"] == pytest.approx(0.00715)
    assert (option["brokerage"], option["stamp_duty"]) == (20, 0)
    assert option["gst"] == {
        "igst": option["gst"]["total"],
        "cgst": 0,
        "sgst": 0,
        "total": pytest.approx(4.0585581),
    }
    # 80,000 bought and sold: 0.1 % each, 12 of stamp duty for the buyer, and no depository on the note.
    bought, sold = rows[1]["charges"], rows[2]["charges"]
    assert (bought["transaction_tax"], bought["stamp_duty"]) == (80, 12)
    assert (sold["transaction_tax"], sold["stamp_duty"]) == (80, 0)
    parts = ("transaction_tax", "exchange_turnover_charge", "sebi_turnover_charge", "brokerage", "stamp_duty")
    for row in rows:
        charges = row["charges"]
        total = sum(charges[name] for name in parts) + charges["gst"]["total"]
        assert charges["total"] == pytest.approx(total)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"transaction_type": "HOLD"}, "transaction_type"),
        ({"quantity": 0}, "quantity"),
        ({"average_price": "much"}, "average_price"),
        ({"exchange": "MCX"}, "MCX"),
    ],
)
def test_an_order_that_cannot_be_priced_is_named(desk: Any, wrong: dict[str, Any], words: str) -> None:
    order = asked("NSE", "SBIN", "BUY", "CNC", 100, 800.0) | wrong
    with pytest.raises(kite_errors.InputException, match=words):
        desk.sign_in().get_virtual_contract_note([order])


def test_the_contract_note_of_a_played_day_is_the_librarys_of_the_same_trades(desk: Any) -> None:
    client: KiteConnect = desk.sign_in()
    desk.run_until("09:20:00")
    option = next(
        row["tradingsymbol"]
        for row in client.instruments("NFO")
        if row["name"] == "NIFTY" and row["instrument_type"] == "CE" and row["strike"] % 500 == 0
    )
    for exchange, symbol, side, product, quantity in (
        ("NSE", "INFY", "BUY", "MIS", 20),
        ("NSE", "INFY", "SELL", "MIS", 20),
        ("NSE", "ITC", "SELL", "CNC", 50),
        ("NFO", option, "BUY", "NRML", 65),
    ):
        order_id = client.place_order(
            "regular", exchange, symbol, side, quantity, product, "MARKET", market_protection=-1
        )
        desk.wait(lambda order_id=order_id: _status(client, order_id) in ("COMPLETE", "REJECTED"))
        assert _status(client, order_id) == "COMPLETE", client.order_history(order_id)[-1]
    shown = desk.show("contract_note/AB1234")
    executions: dict[str, list[Execution]] = {}
    terms: dict[str, dict[str, Any]] = {}
    for trade in client.trades():
        fill = Execution(Decimal(str(trade["average_price"])), trade["quantity"])
        executions.setdefault(trade["order_id"], []).append(fill)
        terms[trade["order_id"]] = trade
    orders = [
        ExecutedOrder(
            terms[order_id]["exchange"],
            terms[order_id]["tradingsymbol"],
            terms[order_id]["product"],
            terms[order_id]["transaction_type"],
            tuple(fills),
        )
        for order_id, fills in executions.items()
    ]
    note = contract_note(DAY, orders)
    assert math.isclose(shown["total"], float(note.total))
    assert {line.exchange: float(line.charges.total) for line in note.lines} == {
        exchange: pytest.approx(line["total"]) for exchange, line in shown["lines"].items()
    }
    assert shown["beside"]["dp"] == 15.34
    # And by hand: what every component of the derivatives' line must be.
    bought = next(order for order in orders if order.exchange == "NFO")
    premium, line = float(bought.turnover), shown["lines"]["NFO"]
    assert line["brokerage"] == 20
    assert line["stt"] == 0
    assert line["exchange_transaction"] == pytest.approx(premium * 0.0003553, abs=0.0051)
    assert line["stamp_duty"] == pytest.approx(premium * 0.00003, abs=0.5)
    assert line["gst"] == pytest.approx(0.18 * (20 + premium * 0.0003563), abs=0.0051)


def _status(client: KiteConnect, order_id: str) -> str:
    return str(client.order_history(order_id)[-1]["status"])
