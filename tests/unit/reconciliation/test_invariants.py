"""The numbered invariants of docs/concepts/reconciliation.md, each kept and each broken."""

import dataclasses
from datetime import timedelta
from decimal import Decimal

import pytest

from patang.execution.reconciliation.book import held_at_open, line_of
from patang.execution.reconciliation.compare import compare
from patang.portfolio.position import OutsideSale, PriceBreak
from patang.ports import BrokerHolding
from tests.unit.reconciliation.world import World

CALL = "NIFTY26AUG25000CE"


def test_books_that_agree_say_nothing() -> None:
    world = World()
    world.protect(world.buy("INFY", 20, "MIS"))
    world.protect(world.carried("TCS", 10), "GTT")
    world.sell(world.buy(CALL, 65, "NRML"), 65)
    assert world.look().differences == ()
    assert world.look().foreign == ()


def test_r1_every_order_with_a_tag_of_ours_has_its_intent() -> None:
    world = World()
    position = world.buy()
    del world.intents[position.entry_intent_id]
    assert ("ORDER_WITHOUT_INTENT", False) in world.kinds()


def test_r2_an_intent_has_one_order_at_the_most() -> None:
    world = World()
    world.buy()
    twin = dataclasses.replace(world.orders[0], order_id="9", filled_quantity=0, status="CANCELLED")
    world.orders.append(twin)
    assert world.kinds() == [("DUPLICATE_ORDER", False)]


def test_r2_orders_that_the_broker_has_cut_himself_are_one() -> None:
    world = World()
    world.buy()
    leg = dataclasses.replace(
        world.orders[0], order_id="9", filled_quantity=0, raw={"product": "CNC", "parent_order_id": "1"}
    )
    world.orders.append(leg)
    assert world.kinds() == []


def test_r3_an_acknowledged_order_stands_in_the_book_of_its_day() -> None:
    world = World()
    guarded = world.protect(world.buy("INFY", 20, "MIS"))
    world.orders.pop()
    assert world.kinds() == [("ORDER_MISSING", False), ("PROTECTION_MISSING", False)]
    assert guarded.protection is not None
    stop = world.intents[guarded.protection.intent_id]
    world.intents[stop.intent_id] = stop.evolve(as_of=world.now - timedelta(days=1))
    assert world.kinds() == [("PROTECTION_MISSING", False)]


@pytest.mark.parametrize(("status", "filled"), [("TRIGGER PENDING", 0), ("COMPLETE", 20)])
def test_r4_the_stop_of_a_cover_order_is_the_brokers_own(status: str, filled: int) -> None:
    world = World()
    world.buy()
    stop = dataclasses.replace(
        world.orders[0],
        order_id="9",
        transaction_type="SELL",
        status=status,
        filled_quantity=filled,
        raw={"product": "CO", "parent_order_id": world.orders[0].order_id},
    )
    world.orders.append(stop)
    assert "ORDER_DIFFERS" not in {kind for kind, _ in world.kinds()}


@pytest.mark.parametrize("change", [{"filled_quantity": 19}, {"state": "ACKED"}])
def test_r4_an_order_is_as_far_as_its_intent_says(change: dict[str, object]) -> None:
    world = World()
    position = world.buy()
    entry = world.intents[position.entry_intent_id].evolve(**change)
    world.intents[entry.intent_id] = entry
    assert ("ORDER_DIFFERS", False) in world.kinds()


def test_r4_an_outcome_that_is_being_looked_up_is_not_judged_by_its_state() -> None:
    world = World()
    position = world.buy()
    entry = world.intents[position.entry_intent_id].evolve(state="UNKNOWN")
    world.intents[entry.intent_id] = entry
    assert world.kinds() == []


def test_r5_trades_make_up_what_an_order_has_filled() -> None:
    world = World()
    world.buy()
    world.trades[0] = dataclasses.replace(world.trades[0], quantity=19)
    assert ("TRADES_DIFFER", False) in world.kinds()


def test_r6_what_an_entry_bought_is_a_position_all_of_it() -> None:
    world = World()
    position = world.buy()
    world.positions[position.position_id] = position.evolve(quantity=19)
    assert ("ENTRY_WITHOUT_POSITION", False) in world.kinds()
    del world.positions[position.position_id]
    assert ("ENTRY_WITHOUT_POSITION", False) in world.kinds()


def test_r7_what_exits_have_sold_is_taken_off_the_position() -> None:
    world = World()
    position = world.buy()
    world.sell(position, 5)
    world.positions[position.position_id] = position
    assert ("POSITION_DIFFERS_FROM_ORDERS", False) in world.kinds()


def test_r7_counts_what_was_sold_on_an_earlier_day_to_that_day() -> None:
    world = World()
    carried = world.carried("INFY", 20)
    before = world.now - timedelta(days=1)
    world.holdings["INFY"] = 15
    carried = carried.evolve(exited_quantity=5, exit_time=before)
    world.sell(carried, 3)
    sold = world.positions[carried.position_id]
    world.positions[carried.position_id] = sold.evolve(exited_earlier=5)
    assert world.kinds() == []


def test_r8_the_broker_holds_all_that_we_hold() -> None:
    world = World()
    world.carried("INFY", 20)
    world.holdings["INFY"] = 12
    assert world.kinds() == [("HOLDING_SHORT", False)]
    assert world.look().shortfalls == ()


def test_r9_our_exit_and_the_owners_sale_do_not_sell_the_same() -> None:
    world = World()
    position = world.buy("INFY", 20, "MIS")
    sale = OutsideSale(units=5, price=Decimal(1510), time=world.now, cause="HAND_SALE")
    world.positions[position.position_id] = position.evolve(outside=sale)
    world.by_hand("SELL", "INFY", 5, "MIS")
    assert world.kinds() == []
    world.sell(world.positions[position.position_id], 20)
    assert ("OVERSOLD", False) in world.kinds()


def test_r9_a_sell_of_ours_that_came_after_its_owners_has_sold_what_was_not_there() -> None:
    world = World()
    position = world.buy("INFY", 20, "MIS")
    world.by_hand("SELL", "INFY", 20, "MIS")
    world.sell(position, 20)
    assert world.kinds() == [("OVERSOLD", False)]
    world.by_hand("BUY", "INFY", 20, "MIS")
    assert world.kinds() == []


def test_r9_a_short_that_the_owner_opens_after_our_sell_is_his() -> None:
    world = World()
    world.sell(world.buy("INFY", 20, "MIS"), 20)
    world.by_hand("SELL", "INFY", 20, "MIS")
    assert world.kinds() == []


@pytest.mark.parametrize("kind", ["SL", "GTT"])
def test_r10_protection_that_rests_is_at_the_broker(kind: str) -> None:
    world = World()
    world.protect(world.carried("INFY", 20), kind)
    assert world.kinds() == []
    world.gtts = [dataclasses.replace(gtt, status="deleted") for gtt in world.gtts]
    world.orders = [dataclasses.replace(order, status="CANCELLED") for order in world.orders]
    assert ("PROTECTION_MISSING", False) in world.kinds()


def test_r10_a_trigger_that_was_reached_has_become_an_order_of_ours() -> None:
    world = World()
    world.protect(world.carried("INFY", 20), "GTT")
    world.by_hand("SELL", "INFY", 1)
    world.orders[-1] = dataclasses.replace(world.orders[-1], status="OPEN", filled_quantity=0)
    world.trades.pop()
    (gtt,) = world.gtts
    world.gtts = [dataclasses.replace(gtt, status="triggered", order_ids=(world.orders[-1].order_id, None))]
    assert world.kinds() == []


def test_r11_no_more_is_being_sold_than_is_held() -> None:
    world = World()
    guarded = world.protect(world.carried("INFY", 20), "GTT")
    world.gtts.append(dataclasses.replace(world.gtts[0], gtt_id="another"))
    assert world.kinds() == [("SELLS_EXCEED_HOLDING", True)]
    twin = guarded.evolve(
        position_id="P2",
        quantity=5,
        protection=guarded.protection and guarded.protection.model_copy(update={"gtt_id": "another"}),
    )
    world.positions["P2"] = twin
    world.holdings["INFY"] = 25
    assert world.kinds() == [("SELLS_EXCEED_HOLDING", False)]


def test_r12_a_trigger_of_ours_ends_with_its_position() -> None:
    world = World()
    guarded = world.protect(world.buy("INFY", 20), "GTT")
    world.sell(guarded, 20)
    assert ("GTT_WITHOUT_POSITION", False) in world.kinds()


@pytest.mark.parametrize(("net", "kinds"), [
    (0, []), (-5000.0, [("FUNDS", True)]), (None, [("FUNDS", False)]), ("none", [("FUNDS", False)]),
])  # fmt: skip
def test_r13_net_funds_are_told_and_nothing_is_owed(net: object, kinds: list[tuple[str, bool]]) -> None:
    assert World(net_funds=net).kinds() == kinds


def test_a_line_that_is_filling_while_it_is_read_is_not_judged() -> None:
    world = World()
    position = world.buy()
    world.positions[position.position_id] = position.evolve(quantity=15)
    world.intents[position.entry_intent_id] = world.intents[position.entry_intent_id].evolve(
        filled_quantity=15
    )
    book = dataclasses.replace(world.book(), moving=frozenset({line_of("NSE", "INFY", "CNC")}))
    assert compare(book, world.ledger(), world.now).differences == ()


def test_shares_of_a_corporate_action_are_waited_for() -> None:
    world = World()
    carried = world.carried("INFY", 20)
    broken = PriceBreak(day=world.now.date(), kept=Decimal(1500), told=Decimal(300), ratio="1:5")
    world.positions[carried.position_id] = carried.evolve(quantity=100, price_break=broken)
    assert world.kinds() == [("HOLDING_SHORT", True)]
    assert [found.cause for found in world.look().shortfalls] == ["CORPORATE_ACTION"]
    world.now += timedelta(days=16)
    assert world.kinds() == [("HOLDING_SHORT", False)]


def test_a_contract_that_has_expired_is_gone() -> None:
    world = World()
    carried = world.carried(CALL, 65, "NRML", expiry=World().now.date() - timedelta(days=1))
    world.overnight.clear()
    assert [(found.cause, found.units) for found in world.look().shortfalls] == [("EXPIRED", 65)]
    world.positions[carried.position_id] = carried.evolve(expiry=world.now.date())
    assert world.kinds() == [("HOLDING_SHORT", False)]


def holding(quantity: int, t1: int, used: int, **raw: int) -> BrokerHolding:
    return BrokerHolding("NSE", "INFY", "INE0", quantity, t1, used, "1400.00", raw)


@pytest.mark.parametrize("told", [
    # Settled shares fall as they are sold, and opening counts those on their way.
    holding(5, 10, 15, realised_quantity=20, opening_quantity=30),
    # Opening counts settled shares alone.
    holding(20, 10, 15, realised_quantity=20, opening_quantity=20),
    # The quantity counts those on their way.
    holding(30, 10, 0, realised_quantity=20, opening_quantity=20),
    # Without either.
    holding(5, 10, 15),
])  # fmt: skip
def test_shares_of_the_morning_are_the_same_by_every_reading(told: BrokerHolding) -> None:
    assert held_at_open(told) == 30


def test_delivered_shares_are_the_same_on_either_exchange() -> None:
    world = World()
    world.carried("INFY", 20)
    book = world.book()
    book = dataclasses.replace(book, holdings=[dataclasses.replace(book.holdings[0], exchange="BSE")])
    assert book.net()[line_of("NSE", "INFY", "CNC")] == 20


def test_r11_waits_for_our_sells_to_shrink_once_their_owner_has_sold() -> None:
    world = World()
    guarded = world.protect(world.buy("INFY", 20, "MIS"))
    world.by_hand("SELL", "INFY", 8, "MIS")
    sale = OutsideSale(units=8, price=Decimal(1510), time=world.now, cause="HAND_SALE")
    world.positions[guarded.position_id] = guarded.evolve(outside=sale)
    assert world.kinds() == [("SELLS_EXCEED_HOLDING", True)]
