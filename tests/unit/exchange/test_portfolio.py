from typing import Any

import pytest

from patang_workbench.exchange.conversion import convert
from patang_workbench.exchange.errors import InputError, KiteError, OrderError
from patang_workbench.exchange.holdings import Holding
from patang_workbench.exchange.positions import Position, show_positions
from tests.unit.exchange.floor_desk import Desk


def conversion(desk: Desk, **form: Any) -> None:
    words = {
        "exchange": "NSE",
        "tradingsymbol": "INFY",
        "transaction_type": "BUY",
        "position_type": "day",
        "quantity": 10,
        "old_product": "MIS",
        "new_product": "CNC",
        **form,
    }
    convert(desk.account, {name: str(value) for name, value in words.items()}, desk.floor)


@pytest.fixture
def long(desk: Desk) -> Desk:
    """Twenty shares bought for the day at 1481."""
    desk.book(desk.infy, 148_000, 148_100)
    desk.send(desk.infy, price=1481, quantity=20)
    return desk


def test_a_position_is_converted_in_part_at_its_average(long: Desk) -> None:
    conversion(long, quantity=8)
    day, kept = long.account.position(long.infy, "MIS"), long.account.position(long.infy, "CNC")
    assert [(row.net, row.average) for row in (day, kept)] == [(12, 148_100), (8, 148_100)]
    funds = long.account.funds()
    assert (funds.exposure, funds.delivery) == (round(12 * 148_100 * 0.2), 8 * 148_100)
    shown = show_positions(long.account.positions.values())["net"]
    assert [(row["product"], row["quantity"], row["buy_quantity"]) for row in shown] == [
        ("MIS", 12, 12),
        ("CNC", 8, 8),
    ]
    long.send(long.infy, transaction_type="SELL", product="CNC", price=1480, quantity=8)
    assert (kept.net, kept.realised) == (0, 8 * -100)


@pytest.mark.parametrize(
    ("form", "error", "message"),
    [
        ({"quantity": 21}, OrderError, "no 21 units"),
        ({"transaction_type": "SELL"}, OrderError, "no 10 units"),
        ({"new_product": "MIS"}, InputError, "from MIS to MIS"),
        ({"new_product": "NRML"}, InputError, "from MIS to NRML"),
        ({"position_type": "overnight"}, OrderError, "carried over night"),
        ({"position_type": "week"}, InputError, "position_type"),
        ({"tradingsymbol": "NOSUCH"}, InputError, "no instrument"),
    ],
)
def test_conversions_that_cannot_be(
    long: Desk, form: dict[str, Any], error: type[KiteError], message: str
) -> None:
    with pytest.raises(error, match=message):
        conversion(long, **form)
    assert long.account.position(long.infy, "MIS").net == 20


def test_a_conversion_needs_the_margin_of_the_new_product(market: Any) -> None:
    poor = Desk(market, cash=10_000)
    poor.book(poor.infy, 148_000, 148_100)
    poor.send(poor.infy, price=1481, quantity=20)
    with pytest.raises(KiteError, match="Insufficient funds") as refusal:
        conversion(poor, quantity=20)
    assert refusal.value.error_type == "MarginException"


def test_a_short_position_stays_a_days(desk: Desk) -> None:
    desk.book(desk.infy, 148_000, 148_100)
    desk.send(desk.infy, transaction_type="SELL", price=1480, quantity=20)
    with pytest.raises(OrderError, match="short position in a share"):
        conversion(desk, transaction_type="SELL")


def test_a_carried_position_shows_overnight_and_what_was_done_today(desk: Desk) -> None:
    desk.book(desk.option, 10_000, 10_100)
    lot = desk.option.instrument.lot
    key = (desk.option.instrument.token, "NRML")
    desk.account.positions[key] = Position(desk.option, "NRML", 2 * lot, 9_000, average=9_000)
    assert show_positions(desk.account.positions.values())["day"] == []
    desk.send(desk.option, transaction_type="SELL", price=100, quantity=lot)
    shown = show_positions(desk.account.positions.values())
    (net,), (day,) = shown["net"], shown["day"]
    assert (net["quantity"], net["overnight_quantity"], net["average_price"]) == (lot, 2 * lot, 90.0)
    assert (net["buy_quantity"], net["day_buy_quantity"], net["day_sell_quantity"]) == (2 * lot, 0, lot)
    assert (day["quantity"], day["overnight_quantity"], day["average_price"]) == (-lot, 0, 100.0)
    assert net["realised"] == pytest.approx(lot * 10.0)
    last = desk.option.last / 100
    assert net["pnl"] == pytest.approx(lot * 100 - 2 * lot * 90 + lot * last)
    close = desk.option.previous_close / 100
    assert net["m2m"] == pytest.approx(net["pnl"] - 2 * lot * (close - 90), abs=0.01)
    convert(
        desk.account,
        {
            "exchange": "NFO",
            "tradingsymbol": desk.option.instrument.tradingsymbol,
            "transaction_type": "BUY",
            "position_type": "overnight",
            "quantity": str(lot),
            "old_product": "NRML",
            "new_product": "MIS",
        },
        desk.floor,
    )
    moved = desk.account.position(desk.option, "MIS")
    assert (moved.net, moved.overnight, moved.average) == (lot, lot, 9_000)
    assert desk.account.position(desk.option, "NRML").net == 0


def holdings(desk: Desk) -> dict[str, Any]:
    (row,) = desk.account.describe_holdings(desk.floor.by_key)
    return row


def test_holdings_show_what_is_settled_arriving_and_sold(desk: Desk) -> None:
    itc = desk.floor.by_key["NSE:ITC"]
    desk.account.holdings["ITC"] = Holding(100, 40_000, t1=30)
    row = holdings(desk)
    assert (row["quantity"], row["t1_quantity"], row["used_quantity"], row["opening_quantity"]) == (
        100,
        30,
        0,
        130,
    )
    desk.send(itc, transaction_type="SELL", product="CNC", price=itc.bid / 100, quantity=110)
    row = holdings(desk)
    assert (row["quantity"], row["t1_quantity"], row["used_quantity"]) == (0, 20, 110)
    (net,) = show_positions(desk.account.positions.values())["net"]
    assert (net["product"], net["quantity"]) == ("CNC", -110)
    over = desk.send(itc, transaction_type="SELL", product="CNC", price=itc.bid / 100, quantity=21)
    assert (over.status, over.error_type) == ("REJECTED", "HoldingException")


def test_shares_leave_the_demat_account_with_their_holders_word_only(desk: Desk) -> None:
    itc = desk.floor.by_key["NSE:ITC"]
    desk.account.demat_consent = ""

    def sell(units: int) -> str:
        words = {"transaction_type": "SELL", "product": "CNC", "quantity": units, "price": itc.bid / 100}
        return desk.send(itc, **words).status

    with pytest.raises(KiteError, match="not authorised") as refusal:
        sell(10)
    assert (refusal.value.http, refusal.value.error_type) == (428, "HoldingException")
    assert desk.account.orders == {}
    desk.account.holdings["ITC"] = Holding(100, 40_000, authorised=40)
    assert sell(40) == "COMPLETE"
    desk.account.demat_consent = "physical"
    assert sell(60) == "COMPLETE"


def test_what_was_bought_today_is_sold_without_a_word(desk: Desk) -> None:
    desk.account.demat_consent = ""
    desk.book(desk.infy, 148_000, 148_100)
    desk.send(desk.infy, product="CNC", price=1481, quantity=10)
    assert desk.send(desk.infy, product="CNC", transaction_type="SELL", price=1480, quantity=10).filled == 10


def test_money_that_is_transferred_moves_what_is_available(desk: Desk) -> None:
    desk.account.payin, desk.account.payout = 50_000_00, 20_000_00
    shown = desk.account.describe_funds()
    assert shown["net"] == 1_030_000
    assert (shown["available"]["intraday_payin"], shown["utilised"]["payout"]) == (50_000, 20_000)
    assert (shown["available"]["opening_balance"], shown["available"]["cash"]) == (1_000_000, 1_030_000)
