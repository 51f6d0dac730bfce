import json
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from patang_workbench.exchange.account import Account
from patang_workbench.exchange.errors import InputError, MissingError
from patang_workbench.exchange.gtt import Gtt
from patang_workbench.exchange.lines import Line
from tests.unit.exchange.floor_desk import Desk


def form(line: Line, triggers: list[float], prices: list[float], **words: Any) -> dict[str, str]:
    """The form of a GTT whose orders sell at `prices`."""
    row = line.instrument
    product = "NRML" if row.is_option else "CNC"
    order = {
        "exchange": row.exchange,
        "tradingsymbol": row.tradingsymbol,
        "transaction_type": "SELL",
        "quantity": row.lot,
        "order_type": "LIMIT",
        "product": product,
        **words,
    }
    condition = {
        "exchange": row.exchange,
        "tradingsymbol": row.tradingsymbol,
        "trigger_values": triggers,
        "last_price": line.last / 100,
    }
    return {
        "type": "single" if len(triggers) == 1 else "two-leg",
        "condition": json.dumps(condition),
        "orders": json.dumps([{**order, "price": price} for price in prices]),
    }


def place(desk: Desk, line: Line, triggers: list[float], prices: list[float], **words: Any) -> Gtt:
    return desk.gtts.place(desk.account, "key", form(line, triggers, prices, **words))


@pytest.fixture
def long(desk: Desk) -> Desk:
    """One lot of the option, bought at 100."""
    desk.book(desk.option, 9_995, 10_000)
    assert desk.send(desk.option, price=100).status == "COMPLETE"
    return desk


def test_a_two_leg_trigger_places_one_of_its_orders(long: Desk) -> None:
    gtt = place(long, long.option, [90, 120], [85, 119])
    assert (gtt.status, long.account.funds().span) == ("active", 0), "nothing is blocked for it"
    long.move(long.option, 9_005)
    assert gtt.status == "active"
    long.move(long.option, 8_900)
    shown = gtt.describe()
    stop, target = shown["orders"]
    assert (shown["status"], shown["type"], target["result"]) == ("triggered", "two-leg", None)
    assert stop["result"]["triggered_at"] == 89.0
    assert stop["result"]["order_result"]["status"] == "success"
    order = long.account.orders[stop["result"]["order_result"]["order_id"]]
    assert (order.status, order.average, order.terms.tag) == ("COMPLETE", 8_895, None)
    assert order.describe()["meta"]["gtt"] == gtt.number
    assert long.account.position(long.option, "NRML").net == 0
    long.move(long.option, 12_500)
    assert len(long.account.orders) == 2, "the other leg is gone"


def test_triggered_is_not_filled(long: Desk) -> None:
    gtt = place(long, long.option, [90], [90])
    long.move(long.option, 8_000)
    (result,) = [row["result"] for row in gtt.describe()["orders"]]
    order = long.account.orders[result["order_result"]["order_id"]]
    assert (gtt.status, order.status) == ("triggered", "OPEN")
    long.at("15:40")
    assert order.status == "CANCELLED", "its order ends with the day"


def test_a_trigger_survives_the_close_of_its_position_and_is_then_margined_as_a_short(long: Desk) -> None:
    gtt = place(long, long.option, [90], [85])
    long.send(long.option, transaction_type="SELL", price=99.9, by_hand=True)
    assert (long.account.position(long.option, "NRML").net, gtt.status) == (0, "active")
    long.account.payout = long.account.funds().available
    long.move(long.option, 8_900)
    (result,) = [row["result"] for row in gtt.describe()["orders"]]
    assert gtt.status == "triggered"
    assert result["order_result"]["status"] == "failed"
    assert result["order_result"]["order_id"] == ""
    assert "Insufficient funds" in result["order_result"]["rejection_reason"]


def test_neither_quantity_nor_funds_are_looked_at_when_it_is_made(desk: Desk) -> None:
    row = desk.option.instrument
    gtt = place(desk, desk.option, [round(desk.option.last * 0.8) / 100], [5], quantity=row.lot * 1000)
    assert gtt.status == "active"
    desk.move(desk.option, round(desk.option.last * 0.7) // 5 * 5)
    assert "freeze quantity" in gtt.describe()["orders"][0]["result"]["order_result"]["rejection_reason"]


def test_a_price_beyond_the_circuit_is_rejected_when_it_triggers(desk: Desk) -> None:
    desk.book(desk.infy, 148_000, 148_100)
    gtt = place(desk, desk.infy, [1490], [100], transaction_type="BUY", quantity=1)
    desk.move(desk.infy, 149_000)
    assert "circuit limit" in gtt.describe()["orders"][0]["result"]["order_result"]["rejection_reason"]


def test_shares_that_are_not_authorised_reject_the_trigger(desk: Desk) -> None:
    itc = desk.floor.by_key["NSE:ITC"]
    desk.account.demat_consent = ""
    tick = itc.instrument.tick
    gtt = place(desk, itc, [itc.last * 0.97 // tick * tick / 100], [itc.last * 0.96 // tick * tick / 100])
    desk.move(itc, round(itc.last * 0.965) // tick * tick)
    assert gtt.status == "rejected"
    assert "not authorised" in gtt.describe()["orders"][0]["result"]["order_result"]["rejection_reason"]


def test_it_is_changed_and_deleted_only_while_it_is_active(long: Desk) -> None:
    gtt = place(long, long.option, [90, 120], [85, 119])
    long.gtts.modify(long.account, gtt.number, form(long.option, [95, 130], [94, 129], quantity=130))
    shown = gtt.describe()
    assert shown["condition"]["trigger_values"] == [95.0, 130.0]
    assert [row["quantity"] for row in shown["orders"]] == [130, 130]
    with pytest.raises(InputError, match="cannot be changed"):
        long.gtts.modify(long.account, gtt.number, form(long.option, [95], [94]))
    long.gtts.delete(long.account, gtt.number)
    assert (gtt.status, long.gtts.find(long.account, gtt.number)) == ("deleted", gtt)
    for change in (
        lambda: long.gtts.delete(long.account, gtt.number),
        lambda: long.gtts.modify(long.account, gtt.number, form(long.option, [95, 130], [94, 129])),
    ):
        with pytest.raises(InputError, match="it is deleted"):
            change()
    long.move(long.option, 5_000)
    assert len(long.account.orders) == 1


def test_another_accounts_trigger_is_not_found(long: Desk) -> None:
    gtt = place(long, long.option, [90], [85])
    with pytest.raises(MissingError):
        long.gtts.find(Account("CD5678", 0), gtt.number)
    with pytest.raises(MissingError):
        long.gtts.delete(long.account, 1)


@pytest.mark.parametrize(
    ("triggers", "words", "message"),
    [
        ([90, 95], {}, "first trigger of a two-leg GTT is below"),
        ([99.9], {}, "0.25 % away"),
        ([90], {"order_type": "MARKET"}, "of type LIMIT only"),
        ([90], {"product": "MIS"}, "MIS is not allowed in a GTT"),
        ([90], {"quantity": 0}, "Invalid `quantity`"),
        ([90], {"price": 0}, "Price is required"),
        ([90], {"tradingsymbol": "INFY"}, "instrument of its condition"),
        ([90, 95, 120], {}, "has 2 `trigger_values`"),
    ],
)
def test_what_the_broker_refuses_to_keep(
    long: Desk, triggers: list[float], words: dict[str, Any], message: str
) -> None:
    asked = form(long.option, triggers, [85] * len(triggers), **words)
    if "price" in words:
        asked["orders"] = json.dumps([{**json.loads(asked["orders"])[0], "price": 0}])
    with pytest.raises(InputError, match=message):
        long.gtts.place(long.account, "key", asked)


@pytest.mark.parametrize(
    "spoilt", [{"condition": "{"}, {"orders": "{}"}, {"type": "three-leg"}, {"condition": None}]
)
def test_what_cannot_be_read(long: Desk, spoilt: dict[str, str]) -> None:
    asked = {**form(long.option, [90], [85]), **spoilt}
    with pytest.raises(InputError):
        long.gtts.place(long.account, "key", {k: v for k, v in asked.items() if v is not None})


def test_an_account_has_a_limited_number_of_them(long: Desk) -> None:
    assert long.rules.most_gtts == 500
    long.rules = replace(long.rules, most_gtts=2)
    first, _ = (place(long, long.option, [90], [85]) for _ in range(2))
    with pytest.raises(InputError, match="limit of 2 active GTTs"):
        place(long, long.option, [90], [85])
    long.gtts.delete(long.account, first.number)
    place(long, long.option, [90], [85])


def test_it_ends_with_its_contract_and_otherwise_after_a_year(desk: Desk) -> None:
    expiring = next(
        line
        for line in desk.floor.lines.values()
        if line.instrument.expiry == desk.floor.market.session and line.last > 5_000
    )
    gtt = place(desk, expiring, [expiring.last * 0.5 // 5 * 5 / 100], [1])
    kept = place(desk, desk.infy, [1700], [1700])
    assert gtt.describe()["expires_at"] == "2026-08-18 15:30:00"
    assert kept.describe()["expires_at"] == "2027-08-18 09:20:00"
    desk.epoch = int(datetime.fromisoformat("2026-08-18T15:40:00+05:30").timestamp())
    desk.gtts.expire()
    assert (gtt.status, kept.status) == ("expired", "active")
