"""What the owner trades beside the desk: recognised, never an alarm, and never missed."""

from collections import Counter
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patang.execution.reconciliation.book import line_of
from tests.unit.reconciliation.world import World

CALL = "NIFTY26AUG25000CE"
LINES = (("INFY", "CNC"), ("INFY", "MIS"), ("TCS", "CNC"), (CALL, "NRML"))


def foreign(world: World) -> list[tuple[str, str, int, bool]]:
    return [(f.symbol, f.product, f.quantity, f.traded) for f in world.look().foreign]


def test_what_the_owner_buys_is_his_and_left_alone() -> None:
    world = World()
    world.buy("INFY", 20)
    world.by_hand("BUY", "INFY", 7)
    world.by_hand("BUY", "TCS", 3, "MIS")
    world.holdings["SBIN"] = 100
    assert world.kinds() == []
    assert foreign(world) == [
        ("TCS", "MIS", 3, True),
        ("INFY", "CNC", 7, True),
        ("SBIN", "CNC", 100, False),
    ]


def test_a_short_of_the_owner_is_his_too() -> None:
    world = World()
    world.by_hand("SELL", CALL, 65, "NRML", price="100.00")
    assert foreign(world) == [(CALL, "NRML", -65, True)]
    assert world.look().foreign[0].value == 65 * Decimal("1501.00")


def test_a_sale_by_hand_is_taken_from_the_owners_own_first() -> None:
    world = World()
    world.buy("INFY", 20)
    world.by_hand("BUY", "INFY", 10)
    world.by_hand("SELL", "INFY", 10)
    assert world.kinds() == []
    world.by_hand("SELL", "INFY", 6, price="1512.00")
    (gone,) = world.look().shortfalls
    assert (gone.units, gone.cause, gone.price) == (6, "HAND_SALE", Decimal(1512))


def test_the_price_of_a_hand_sale_is_that_of_the_latest_trades() -> None:
    world = World()
    world.carried("INFY", 20)
    world.holdings["INFY"] += 5
    for units, price in ((5, "1400.00"), (4, "1500.00"), (8, "1530.00")):
        world.by_hand("SELL", "INFY", units, price=price)
    (gone,) = world.look().shortfalls
    assert (gone.units, gone.price) == (12, Decimal("1520.0000"))
    assert gone.time == world.trades[-1].traded_at


def test_a_sale_beyond_what_we_hold_takes_no_more_than_that() -> None:
    world = World()
    world.buy("INFY", 20, "MIS")
    world.by_hand("SELL", "INFY", 50, "MIS")
    (gone,) = world.look().shortfalls
    assert gone.units == 20
    assert foreign(world) == [("INFY", "MIS", -30, True)]


def test_the_brokers_own_square_off_is_a_sale_outside_the_desk() -> None:
    world = World()
    world.buy("INFY", 20, "MIS")
    world.by_hand("SELL", "INFY", 20, "MIS", price="1499.00")
    assert world.kinds() == [("HOLDING_SHORT", True)]


def test_mis_and_cnc_of_a_share_are_two_things() -> None:
    world = World()
    world.buy("INFY", 20, "MIS")
    world.buy("INFY", 10, "CNC")
    world.by_hand("SELL", "INFY", 10, "CNC")
    (gone,) = world.look().shortfalls
    assert (gone.line, gone.units) == (line_of("NSE", "INFY", "CNC"), 10)


@pytest.mark.parametrize(("old", "new"), [("MIS", "CNC"), ("CNC", "MIS")])
def test_a_conversion_by_hand_is_told_from_a_sale(old: str, new: str) -> None:
    world = World()
    world.buy("INFY", 20, old)
    world.convert("INFY", 20, old, new)
    (gone,) = world.look().shortfalls
    assert (gone.cause, gone.product, gone.units) == ("CONVERTED", new, 20)
    assert world.kinds() == [("HOLDING_SHORT", True)]


def test_a_conversion_of_carried_contracts_is_seen() -> None:
    world = World()
    world.carried(CALL, 65, "NRML")
    world.convert(CALL, 65, "NRML", "MIS")
    assert [found.cause for found in world.look().shortfalls] == ["CONVERTED"]


def test_a_conversion_of_a_part_is_left_to_a_person() -> None:
    world = World()
    world.buy("INFY", 20, "MIS")
    world.convert("INFY", 5, "MIS", "CNC")
    assert world.kinds() == [("HOLDING_SHORT", False)]


events = st.lists(
    st.tuples(
        st.sampled_from(["buy", "sell", "hand_buy", "hand_sell"]),
        st.sampled_from(LINES),
        st.integers(1, 30),
    ),
    max_size=12,
)
carried = st.dictionaries(st.sampled_from(LINES), st.tuples(st.integers(0, 30), st.integers(0, 30)))


def happen(overnight: dict[tuple[str, str], tuple[int, int]], what: list) -> tuple[World, Counter]:
    """The world after it, and the units of each line that its owner has sold of ours: his own go first, and
    what he sells short is nobody's loss."""
    world, his, gone = World(), Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for (symbol, product), (ours, others) in overnight.items():
        if ours:
            world.carried(symbol, ours, product)
        if product == "CNC":
            world.holdings[symbol] = world.holdings.get(symbol, 0) + others
        else:
            world.overnight["NFO" if symbol == CALL else "NSE", symbol, product] += others
        his[symbol, product] = others
    for kind, (symbol, product), units in what:
        line = symbol, product
        held = [p for p in world.ledger().open if (p.symbol, p.product) == line]
        ours = sum(p.open_quantity for p in held)
        if kind == "buy":
            # He who is short and buys through the desk has still his short; the heap is one.
            world.buy(symbol, units, product)
        elif kind == "sell" and held and ours - gone[line] >= min(units, held[0].open_quantity):
            world.sell(held[0], min(units, held[0].open_quantity))
        elif kind == "hand_buy":
            world.by_hand("BUY", symbol, units, product)
            his[line] += units
        elif kind == "hand_sell":
            world.by_hand("SELL", symbol, units, product)
            his[line] -= units
        held = [p for p in world.ledger().open if (p.symbol, p.product) == line]
        gone[line] = min(max(-his[line], 0), sum(p.open_quantity for p in held))
    return world, gone


@given(carried, events)
def test_nothing_that_really_happens_alarms_and_nothing_sold_is_missed(overnight, what):
    world, gone = happen(overnight, what)
    look = world.look()
    assert [found for found in look.differences if found.explained is None] == []
    found = Counter({(s.line.symbol, s.line.product): s.units for s in look.shortfalls})
    assert found == +gone
    for line in LINES:
        mine = sum(p.open_quantity for p in world.ledger().open if (p.symbol, p.product) == line)
        theirs = sum(f.quantity for f in look.foreign if (f.symbol, f.product) == line)
        at_broker = line_of("NFO" if line[0] == CALL else "NSE", *line)
        assert world.book().net()[at_broker] == mine - gone[line] + theirs


@given(carried, events, st.data())
def test_what_nobody_traded_is_never_explained_away(overnight, what, data):
    """Units vanish at the broker without a trade, on a line whose owner has sold nothing."""
    what = [event for event in what if event[0] != "hand_sell"]
    world, _ = happen(overnight, what)
    ours = list(world.ledger().open)
    if not ours:
        return
    position = data.draw(st.sampled_from(ours))
    line = line_of(position.exchange, position.symbol, position.product)
    over = world.book().net()[line] - world.ledger().held()[line]
    units = data.draw(st.integers(over + 1, over + world.ledger().held()[line]))
    world.moved[position.exchange, position.symbol, position.product] -= units
    assert ("HOLDING_SHORT", False) in world.kinds()
    assert world.look().shortfalls == ()


def test_a_sale_by_hand_explains_its_own_units_and_none_that_vanish_later() -> None:
    world = World()
    held = world.buy("INFY", 20, "MIS")
    world.by_hand("SELL", "INFY", 8, "MIS")
    # It is booked, and then as many are gone without a trade.
    world.positions[held.position_id] = held.evolve(exited_quantity=8, exit_time=world.now)
    assert world.kinds() == []
    world.moved["NSE", "INFY", "MIS"] -= 8
    assert world.kinds() == [("HOLDING_SHORT", False)]
    assert world.look().shortfalls == ()


def test_of_units_sold_and_units_vanished_at_once_the_sold_are_booked_and_the_others_alarm() -> None:
    world = World()
    world.carried("INFY", 20)
    world.by_hand("SELL", "INFY", 8, price="1512.00")
    world.moved["NSE", "INFY", "CNC"] -= 5
    (gone,) = world.look().shortfalls
    assert (gone.units, gone.cause, gone.price) == (8, "HAND_SALE", Decimal(1512))
    assert world.kinds() == [("HOLDING_SHORT", False)]


def test_what_the_broker_has_squared_off_while_nobody_saw_it_is_explained_the_next_day() -> None:
    """Left open it would be sold once more: a short. Of a line that goes on, only what is of before."""
    world = World()
    old = world.carried("INFY", 20, "MIS")
    world.overnight.clear()
    world.buy("INFY", 10, "MIS")
    (gone,) = world.look().shortfalls
    assert (gone.units, gone.cause, gone.price) == (20, "SQUARED_OFF", None)
    assert world.kinds() == [("HOLDING_SHORT", True)]
    del world.positions[old.position_id]
    assert world.kinds() == []
    world.moved["NSE", "INFY", "MIS"] -= 10
    assert world.kinds() == [("HOLDING_SHORT", False)]
