"""Protection at an exchange that enforces its rules: stops and triggers as the broker takes and works
them."""

from decimal import Decimal

import pytest

from patang.records import replace
from tests.contract.kite.simulated_desk import tell

D = Decimal
PRODUCTS = [("MIS", "INFY", 20), ("CNC", "TCS", 5), ("MIS", "call", 65), ("NRML", "call", 65)]


def named(symbol: str, call: str) -> str:
    return call if symbol == "call" else symbol


@pytest.mark.parametrize(("product", "symbol", "units"), PRODUCTS)
def test_what_rests_sells_all_of_it_once_while_the_desk_is_dead(desk, call, product, symbol, units) -> None:
    symbol = named(symbol, call)
    position = desk.buy(symbol, units, product)
    resting = position.protection
    assert (resting.state, resting.quantity) == ("RESTING", units)
    assert resting.kind == ("SL" if product == "MIS" else "GTT")
    assert desk.resting_sells(symbol) == units
    # Nobody looks. The price goes through the stop, and stays within its limit.
    desk.stage(resting.trigger_price, bid=resting.trigger_price)
    assert desk.net() == 0
    assert desk.resting_sells(symbol) == 0
    # Hours later the desk wakes up and reads the book.
    desk.settle()
    found = desk.position
    assert (found.state, found.exit_reason, found.open_quantity) == ("CLOSED", "STOP", 0)
    assert len(desk.sells()) == 1
    assert desk.reconcile()["differences"] == []


@pytest.mark.parametrize(("product", "symbol", "units"), PRODUCTS)
def test_an_exit_leaves_nothing_behind_that_could_sell_again(desk, call, product, symbol, units) -> None:
    symbol = named(symbol, call)
    position = desk.buy(symbol, units, product)
    last = desk.price(symbol, "SELL", 0)
    assert desk.exits().begin(position, "TIME", desk.now(), last, None)
    desk.settle()
    found = desk.position
    assert (found.state, found.exit_reason) == ("CLOSED", "TIME")
    (sold,) = desk.sells()
    assert (sold["order_type"], sold["status"], sold["filled_quantity"]) == ("LIMIT", "COMPLETE", units)
    assert (desk.net(), desk.resting_sells(symbol)) == (0, 0)
    # The broker's own protection of the day is over: the price may go anywhere.
    desk.stage(float(position.stop_loss_price) * 0.99)
    assert desk.net() == 0
    assert desk.reconcile()["differences"] == []


def test_a_target_is_sold_by_the_trigger_and_the_stop_goes_with_it(desk) -> None:
    position = desk.buy("TCS", 5, "CNC")
    desk.stage(position.target_price)
    desk.settle()
    assert (desk.position.state, desk.position.exit_reason) == ("CLOSED", "TARGET")
    assert [gtt.status for gtt in desk.broker("main").gtts()] == ["triggered"]
    desk.stage(position.stop_loss_price)
    assert desk.net() == 0


@pytest.mark.parametrize(("product", "symbol", "units"), PRODUCTS)
def test_a_stop_whose_limit_was_jumped_follows_the_price_down_until_flat(
    desk, call, product, symbol, units
) -> None:
    symbol = named(symbol, call)
    position = desk.buy(symbol, units, product)
    resting = position.protection
    price = (resting.limit_price * D("0.99")).quantize(D("0.1"))
    desk.stage(price, bid=price)
    desk.settle()
    assert (desk.position.state, desk.net()) == ("CLOSING", units)
    for _ in range(4):
        desk.wait(6)
        desk.look(price)
        desk.settle()
    assert (desk.position.state, desk.position.exit_reason) == ("CLOSED", "STOP")
    assert desk.metrics.counts["stop_jumped"] == 1
    assert "order_missing" not in desk.metrics.counts
    assert (desk.net(), len(desk.sells())) == (0, 1)


def test_the_exchange_takes_25_modifications_and_the_trail_goes_on_behind_them(desk) -> None:
    desk.trail("0.5")
    position = desk.buy("INFY", 20, "MIS")
    desk.store.write(replace(position.evolve(target_price=D(9999))))
    last = float(position.entry_price)
    for step in range(1, 24):
        last *= 1.003
        price = D(str(round(last * 20) / 20))
        desk.stage(price)
        desk.wait(16)
        desk.look(price)
        desk.settle()
        resting = desk.position.protection
        assert resting.state == "RESTING", step
        assert desk.resting_sells("INFY") == 20
        assert resting.trigger_price > price * D("0.994"), step
    sells = desk.sells()
    assert [row["status"] for row in sells] == ["CANCELLED", "TRIGGER PENDING"]
    assert D(str(sells[1]["trigger_price"])) == desk.position.protection.trigger_price


def test_a_trigger_that_is_reached_while_its_deletion_is_on_the_way_is_the_exit(desk) -> None:
    position = desk.buy("TCS", 5, "CNC")
    assert desk.exits().begin(position, "TIME", desk.now(), desk.price("TCS", "SELL", 0), None)
    desk.stage(position.protection.trigger_price)
    desk.settle()
    found = desk.position
    assert (found.state, found.open_quantity) == ("CLOSED", 0)
    assert desk.net() == 0
    assert len(desk.sells()) == 1


def test_a_stop_that_is_reached_while_its_change_is_on_the_way_is_the_exit(desk) -> None:
    position = desk.buy("INFY", 20, "MIS")
    assert desk.exits().begin(position, "TIME", desk.now(), desk.price("INFY", "SELL", 0), None)
    desk.stage(position.protection.trigger_price, bid=position.protection.trigger_price)
    desk.settle()
    found = desk.position
    assert (found.state, found.open_quantity, desk.net()) == ("CLOSED", 0, 0)
    assert len(desk.sells()) == 1


@pytest.mark.parametrize("taken", [True, False])
@pytest.mark.parametrize("product", ["MIS", "CNC"])
def test_a_reply_lost_with_the_change_that_ends_protection_sells_once(
    desk, product: str, taken: bool
) -> None:
    symbol = {"MIS": "INFY", "CNC": "TCS"}[product]
    position = desk.buy(symbol, 5, product)
    call = {"MIS": ("PUT", "/orders/.*"), "CNC": ("DELETE", "/gtt/triggers/.*")}[product]
    tell(desk.simulator, "fault", kind="disconnect", method=call[0], path=call[1], taken=taken)
    assert desk.exits().begin(position, "FLATTEN", desk.now(), desk.price(symbol, "SELL", 0), None)
    for _ in range(8):
        desk.settle()
        desk.wait(6)
        desk.look(desk.price(symbol, "SELL", 0))
        desk.settle()
    assert (desk.position.state, desk.position.open_quantity, desk.net()) == ("CLOSED", 0, 0)
    assert sum(row["filled_quantity"] for row in desk.sells()) == 5
    assert desk.resting_sells(symbol) == 0
