"""Two looks, a verdict, and what follows: hand sales are booked after their protection, mismatches stop."""

import dataclasses
from decimal import Decimal
from typing import Any

import pytest

from patang.execution.reconciliation.record import Reconciliation
from patang.keys import account_partition, reconciliation_key
from patang.portfolio.position import OutsideSale, Position
from patang.records import load, load_all, replace
from tests.unit.execution.protected import entered, intents, pump
from tests.unit.execution.samples import equity_signal, option_signal
from tests.unit.execution.trading_desk import TradingDesk


def swing() -> Any:
    return equity_signal(holding_period="swing", exit_by=None)


def by_hand(
    desk: TradingDesk,
    side: str,
    units: int,
    price: float = 1510.0,
    symbol: str = "INFY",
    product: str = "MIS",
) -> None:
    """The owner trades in the broker's own application."""
    order_id = f"99{len(desk.exchange.book):04d}"
    desk.exchange.book[order_id] = {
        "order_id": order_id,
        "tag": None,
        "status": "COMPLETE",
        "exchange": "NFO" if symbol.endswith("CE") else "NSE",
        "tradingsymbol": symbol,
        "transaction_type": side,
        "quantity": units,
        "filled_quantity": units,
        "average_price": price,
        "product": product,
        "price": price,
        "status_message": None,
        "order_timestamp": f"{desk.market_time:%Y-%m-%d %H:%M:%S}",
    }


def work(desk: TradingDesk) -> None:
    """The lane sends what waits, and the exchange's frames arrive."""
    pump(desk)


def held(desk: TradingDesk, signal: Any = None, quantity: int = 20) -> Position:
    """Bought, and protected at the broker."""
    position = entered(desk, signal, quantity)
    assert position.protection is not None
    assert position.protection.state == "RESTING"
    return position


def compare(desk: TradingDesk) -> Reconciliation:
    found, _ = desk.comparison().run("main", desk.market_time)
    return found


def stored(desk: TradingDesk) -> Reconciliation:
    found = load(desk.store, Reconciliation, reconciliation_key("main"))
    assert found is not None
    return found


def resting_sells(desk: TradingDesk) -> int:
    orders = sum(
        order["quantity"] - order["filled_quantity"]
        for order in desk.exchange.book.values()
        if order["transaction_type"] == "SELL" and order["status"] in ("OPEN", "TRIGGER PENDING")
    )
    waiting = [gtt for gtt in desk.exchange.triggers.values() if gtt.status == "active"]
    return orders + sum(max(leg.quantity for leg in gtt.request.legs) for gtt in waiting)


def test_books_that_agree_are_clean_after_one_look() -> None:
    desk = TradingDesk()
    held(desk)
    found = compare(desk)
    assert (found.clean, found.looks, found.differences) == (True, 1, ())
    assert found.checked == {
        "orders": 2,
        "trades": 1,
        "positions": 1,
        "holdings": 0,
        "funds": 1,
        "gtts": 0,
    }
    assert stored(desk).clean_since == found.as_of
    desk.pass_time(60)
    compare(desk)
    assert stored(desk).clean_since == found.as_of
    assert desk.events().count("RECONCILED") == 1


@pytest.mark.parametrize(
    ("signal", "quantity", "kind"),
    [
        (None, 20, "SL"),
        (swing(), 20, "GTT"),
        (option_signal(holding_period="swing", exit_by=None), 65, "GTT"),
    ],
    ids=["a stop", "a trigger of shares", "a trigger of an option"],
)
def test_protection_goes_before_a_sale_by_hand_is_booked(signal: Any, quantity: int, kind: str) -> None:
    desk = TradingDesk()
    position = held(desk, signal, quantity)
    assert position.protection is not None
    assert position.protection.kind == kind
    price = float(position.entry_price) + 10
    by_hand(desk, "SELL", quantity, price, position.symbol, position.product)
    assert resting_sells(desk) == quantity
    found = compare(desk)
    assert (found.clean, found.looks) == (True, 2)
    (gone,) = found.differences
    assert gone.explained == f"sold outside the desk at {Decimal(price):.4f}"
    (waiting,) = desk.positions()
    assert (waiting.state, waiting.open_quantity) == ("OPEN", 0)
    work(desk)
    assert resting_sells(desk) == 0
    compare(desk)
    (closed,) = desk.positions()
    assert (closed.state, closed.exit_reason, closed.outside) == ("CLOSED", "CLOSED_EXTERNALLY", None)
    assert closed.exit_price == Decimal(price)
    assert desk.day().realised_pnl == closed.realised_pnl == desk.risk().realised_total
    assert {"SOLD_OUTSIDE", "CLOSED_EXTERNALLY", "POSITION_CLOSED"} <= set(desk.events())
    again = compare(desk)
    assert (again.clean, again.differences) == (True, ())


def test_a_sale_by_hand_of_what_we_hold_is_looked_at_at_once_and_once() -> None:
    desk = TradingDesk()
    held(desk)
    desk.polls.tickets.clear()
    by_hand(desk, "BUY", 5)
    by_hand(desk, "SELL", 5, symbol="TCS")
    desk.follower().follow("main", desk.market_time, "poll")
    assert desk.polls.tickets == []
    by_hand(desk, "SELL", 8)
    for _ in range(3):
        desk.follower().follow("main", desk.market_time, "frame")
    assert desk.polls.tickets == [({"reconcile": ["main"]}, 0)]


def test_what_is_sold_in_part_makes_position_and_protection_smaller() -> None:
    desk = TradingDesk()
    held(desk)
    by_hand(desk, "SELL", 8)
    compare(desk)
    work(desk)
    assert resting_sells(desk) == 12
    compare(desk)
    (left,) = desk.positions()
    assert (left.state, left.open_quantity, left.exited_quantity) == ("OPEN", 12, 8)
    assert left.protection is not None
    assert (left.protection.state, left.protection.quantity) == ("RESTING", 12)
    assert "REDUCED_EXTERNALLY" in desk.events()
    assert compare(desk).differences == ()


def test_an_exit_on_its_way_is_cancelled_before_the_rest_is_booked() -> None:
    desk = TradingDesk()
    position = held(desk)
    desk.exits().begin(position, "STOP", desk.market_time, Decimal("1489.00"))
    desk.exchange.prices = {}
    work(desk)
    assert resting_sells(desk) == 20
    by_hand(desk, "SELL", 20)
    compare(desk)
    work(desk)
    assert resting_sells(desk) == 0
    compare(desk)
    (closed,) = desk.positions()
    assert (closed.state, closed.exit_reason) == ("CLOSED", "CLOSED_EXTERNALLY")
    assert compare(desk).differences == ()


def test_nobody_begins_to_sell_what_its_owner_has_sold() -> None:
    desk = TradingDesk()
    position = held(desk)
    by_hand(desk, "SELL", 20)
    compare(desk)
    (waiting,) = desk.positions()
    assert not desk.exits().begin(waiting, "STOP", desk.market_time, Decimal("1489.00"))
    assert not desk.exits().begin(position, "FLATTEN", desk.market_time, Decimal("1489.00"))


def test_a_conversion_by_hand_goes_on_as_the_other_product() -> None:
    desk = TradingDesk()
    held(desk)
    plain = desk.exchange.positions
    desk.exchange.positions = lambda: [dataclasses.replace(row, product="CNC") for row in plain()]
    compare(desk)
    (waiting,) = desk.positions()
    assert (waiting.product, waiting.open_quantity) == ("MIS", 0)
    work(desk)
    assert resting_sells(desk) == 0
    compare(desk)
    (goes_on,) = desk.positions()
    assert (goes_on.product, goes_on.open_quantity, goes_on.outside) == ("CNC", 20, None)
    assert "CONVERTED_OUTSIDE" in desk.events()
    desk.protector().keep("main", goes_on.position_id, desk.market_time)
    work(desk)
    assert {intent.terms.product for intent in intents(desk, "PROTECT")} == {"MIS", "CNC"}
    assert resting_sells(desk) == 20
    assert compare(desk).differences == ()


def vanish(desk: TradingDesk, units: int = 20) -> None:
    """Units are gone and nobody has traded them."""
    plain = desk.exchange.positions

    def told() -> list[Any]:
        return [
            type(r)(r.exchange, r.tradingsymbol, r.product, r.quantity - units, 0, "0", "0", 1)
            for r in plain()
        ]

    desk.exchange.positions = told


def test_what_nobody_can_explain_stops_entries_alarms_and_leaves_the_position() -> None:
    desk = TradingDesk()
    held(desk)
    vanish(desk)
    found = compare(desk)
    assert (found.clean, found.looks) == (False, 2)
    assert [d.kind for d in found.unexplained] == ["HOLDING_SHORT"]
    risk = desk.risk()
    assert (risk.state, risk.gate, risk.halted_day) == ("REDUCING", "RECONCILIATION", None)
    assert desk.metrics.counts["reconciliation_mismatch"] == 1
    assert [subject for subject, _ in desk.notifier.sent].count("main: books do not agree") == 1
    (position,) = desk.positions()
    assert (position.state, position.open_quantity) == ("OPEN", 20)
    compare(desk)
    assert desk.metrics.counts["reconciliation_mismatch"] == 2
    assert [subject for subject, _ in desk.notifier.sent].count("main: books do not agree") == 1
    assert desk.events().count("RECONCILIATION_MISMATCH") == 1


def test_one_look_is_not_believed() -> None:
    """A fill between two reads of the broker's books, or a reply that was made a moment too early."""
    desk = TradingDesk()
    held(desk)
    whole = desk.exchange.positions
    vanish(desk)
    desk.between_looks = lambda seconds: setattr(desk.exchange, "positions", whole)
    found = compare(desk)
    assert (found.clean, found.looks) == (True, 2)
    assert desk.risk().state == "ACTIVE"


def test_a_doubt_that_changes_with_every_look_is_believed_after_the_third() -> None:
    desk = TradingDesk()
    held(desk)
    vanish(desk, 5)
    desk.between_looks = lambda seconds: vanish(desk, 1)
    found = compare(desk)
    assert (found.clean, found.looks) == (False, 3)


def test_a_person_resumes_once_the_books_agree_and_not_before() -> None:
    desk = TradingDesk()
    held(desk)
    whole = desk.exchange.positions
    vanish(desk)
    compare(desk)
    assert not desk.halts().resume("main", "owner", desk.market_time)
    assert desk.risk().state == "REDUCING"
    desk.exchange.positions = whole
    assert compare(desk).clean
    assert desk.risk().state == "REDUCING"
    assert desk.halts().resume("main", "owner", desk.market_time)
    assert desk.risk().state == "ACTIVE"


def test_resuming_a_persons_halt_falls_back_to_the_mismatch() -> None:
    desk = TradingDesk()
    held(desk)
    desk.halts().halt("main", "lunch", "owner", desk.market_time)
    vanish(desk)
    compare(desk)
    assert desk.risk().gate == "HALTED"
    assert desk.halts().resume("main", "owner", desk.market_time)
    assert (desk.risk().state, desk.risk().gate) == ("REDUCING", "RECONCILIATION")


def test_the_owners_word_books_what_nobody_saw_sold() -> None:
    desk = TradingDesk()
    position = held(desk)
    vanish(desk)
    compare(desk)
    outside = desk.outside_sales()
    as_of = desk.market_time
    assert outside.by_owner("main", position.position_id, 21, Decimal(1490), "owner", as_of) is None
    assert outside.by_owner("main", position.position_id, 20, Decimal(1490), "owner", as_of) is not None
    work(desk)
    compare(desk)
    work(desk)
    found = compare(desk)
    (closed,) = desk.positions()
    assert (closed.state, closed.exit_price) == ("CLOSED", Decimal(1490))
    assert found.clean


def test_the_day_keeps_what_was_found_and_when() -> None:
    desk = TradingDesk()
    held(desk)
    compare(desk)
    desk.pass_time(60)
    compare(desk)
    by_hand(desk, "SELL", 20)
    desk.pass_time(60)
    compare(desk)
    kept = desk.store.query(account_partition("main"), prefix="RECONCILED#")
    assert [len(item["differences"]) for item in kept] == [0, 1]


def test_a_position_of_another_mode_is_not_looked_for() -> None:
    desk = TradingDesk()
    held(desk)
    desk.settings = desk.settings.model_copy(update={"mode": "paper"})
    desk.exchange.book.clear()
    assert compare(desk).clean


def test_yesterdays_delivered_shares_are_found_among_the_holdings() -> None:
    desk = TradingDesk()
    held(desk, swing())
    desk.exchange.end_day()
    desk.pass_time(23 * 3600)
    found = compare(desk)
    assert (found.clean, found.differences, found.checked["holdings"]) == (True, (), 1)


def test_every_kept_comparison_can_be_read() -> None:
    desk = TradingDesk()
    held(desk)
    by_hand(desk, "BUY", 5)
    found = compare(desk)
    assert [(f.symbol, f.quantity) for f in found.foreign] == [("INFY", 5)]
    (latest,) = load_all(desk.store, Reconciliation, account_partition("main"), "RECONCILIATION")
    assert latest.foreign == found.foreign


def stale_orders(desk: TradingDesk, looks: int) -> None:
    """The next readings of the order book are those of now; trades and positions go on."""
    plain, old = desk.exchange.orders, desk.exchange.orders()
    left = [2 * looks]

    def told() -> list[Any]:
        left[0] -= 1
        return old if left[0] >= 0 else plain()

    desk.exchange.orders = told


def sold_by_its_stop(desk: TradingDesk) -> None:
    """The exchange has sold, and its frames are lost."""
    desk.exchange.prices = dict.fromkeys(desk.exchange.prices, 1489.0)
    desk.exchange.match()
    desk.exchange.frames.clear()


@pytest.mark.parametrize("looks", [2, 4])
def test_an_order_book_that_lags_behind_the_trades_is_waited_for(looks: int) -> None:
    desk = TradingDesk()
    held(desk)
    stale_orders(desk, looks)
    sold_by_its_stop(desk)
    found = compare(desk)
    assert found.clean
    assert desk.risk().state == "ACTIVE"
    (position,) = desk.positions()
    assert (position.state, position.exit_reason, position.outside) == ("CLOSED", "STOP", None)


def test_an_order_book_that_stays_behind_is_believed_to_differ_in_the_end() -> None:
    desk = TradingDesk()
    held(desk)
    stale_orders(desk, 50)
    sold_by_its_stop(desk)
    found = compare(desk)
    assert (found.clean, found.looks) == (False, 6)
    assert {"TRADES_DIFFER", "HOLDING_SHORT"} <= {d.kind for d in found.unexplained}
    assert desk.positions()[0].outside is None


def test_while_the_order_book_lags_a_sale_of_ours_is_not_taken_for_its_owners() -> None:
    """He has sold as much of his own today: his trade is no evidence for what our stop has sold since."""
    desk = TradingDesk()
    held(desk)
    by_hand(desk, "BUY", 20)
    by_hand(desk, "SELL", 20)
    stale_orders(desk, 50)
    sold_by_its_stop(desk)
    compare(desk)
    (position,) = desk.positions()
    assert (position.state, position.outside) == ("OPEN", None)


@pytest.mark.parametrize("signal", [None, swing()], ids=["a stop", "a trigger"])
def test_what_outlives_its_position_is_taken_away(signal: Any) -> None:
    """Its sweeps see open positions only: who died behind the last fill has left this to nobody."""
    desk = TradingDesk()
    position = held(desk, signal)
    closed = position.evolve(state="CLOSED", exited_quantity=20, exit_time=desk.market_time)
    desk.store.write(replace(closed))
    desk.exchange.slips = ["refuse"]
    compare(desk)
    work(desk)
    assert resting_sells(desk) == 20
    desk.pass_time(60)
    compare(desk)
    work(desk)
    assert resting_sells(desk) == 0


def test_a_stop_that_was_to_become_the_sell_does_not_sell_what_its_owner_has_sold_meanwhile() -> None:
    desk = TradingDesk()
    position = held(desk)
    desk.exits().begin(position, "TIME", desk.market_time, Decimal("1500.00"))
    by_hand(desk, "SELL", 20)
    compare(desk)
    work(desk)
    assert desk.exchange.modified == []
    assert [i.state for i in intents(desk, "MODIFY")] == ["DROPPED"]
    compare(desk)
    work(desk)
    compare(desk)
    (closed,) = desk.positions()
    assert (closed.state, closed.exit_reason) == ("CLOSED", "CLOSED_EXTERNALLY")
    assert (resting_sells(desk), desk.exchange.net_quantity("INFY")) == (0, 0)


def test_of_what_was_sold_twice_nothing_more_is_sold() -> None:
    desk = TradingDesk()
    position = held(desk)
    assert position.protection is not None
    gone = position.protection.model_copy(update={"state": "GONE"})
    sale = OutsideSale(units=20, time=desk.market_time, cause="HAND_SALE")
    oversold = position.evolve(state="CLOSING", exited_quantity=3, outside=sale, protection=gone)
    desk.store.write(replace(oversold))
    desk.protector().keep("main", position.position_id, desk.market_time)
    assert intents(desk, "EXIT") == []
