"""What was traded, as others read it."""

from datetime import date, timedelta
from decimal import Decimal

from patang.execution.following.consequences import Settlement
from patang.execution.following.exit_fills import book_result
from patang.execution.orders.requests import ExitPosition
from patang.portfolio.ledger import Fill, after_exit
from patang.portfolio.position import Position
from patang.records import create
from patang.trade_log.day_log import DayLog
from patang.trade_log.results import results
from tests.unit.execution.orders.order_room import OrderRoom, bought_by_patang
from tests.unit.execution.orders.samples import option_order
from tests.unit.execution.samples import MORNING
from tests.unit.execution.stages import bought, tell
from tests.unit.execution.test_updates import frame, sent
from tests.unit.execution.trading_desk import TradingDesk

DAY = date(2026, 8, 18)


def test_each_part_that_is_filled_is_a_fill_at_its_own_price() -> None:
    desk = TradingDesk()
    intent = sent(desk)
    parts = [("OPEN", 5, 1501.0), ("OPEN", 5, 1501.0), ("COMPLETE", 20, 1500.25)]
    for second, (status, filled, average) in enumerate(parts, start=1):
        tell(desk, frame(intent, status, filled, average, at=second))
    first, second = DayLog(desk.store).fills("main", DAY)
    assert (first.quantity, first.price, first.slippage) == (5, Decimal(1501), Decimal(1))
    # 15 more at 1500 make an average of 1500.25.
    assert (second.quantity, second.price, second.slippage) == (15, Decimal(1500), Decimal(0))
    assert (second.filled_quantity, second.average_price) == (20, Decimal("1500.25"))
    assert second.slippage_pct == Decimal(0)
    assert first.as_of == MORNING.replace(second=1)


def test_an_order_tells_who_wanted_it_what_it_cost_and_what_became_of_it() -> None:
    desk = TradingDesk()
    intent = sent(desk)
    tell(desk, frame(intent, "COMPLETE", 20, 1503.0, at=7))
    [entry] = [e for e in DayLog(desk.store).executions("main", DAY) if e.kind == "ENTRY"]
    assert (entry.status, entry.filled_quantity, entry.average_fill_price) == ("COMPLETE", 20, Decimal(1503))
    assert (entry.slippage, entry.slippage_pct) == (Decimal(3), Decimal("0.2"))
    assert entry.signal_id == "s-infy"
    assert (entry.placed_by, entry.user_confirmed) == ("owner", True)
    assert entry.fill_time == MORNING.replace(second=7)
    assert entry.api_latency_ms is not None
    assert any(event.startswith("ORDER_COMPLETE") for event in desk.events())
    assert entry.audit_log_entry == f"order_complete#{intent.intent_id}"


def test_a_refused_order_says_why() -> None:
    desk = TradingDesk()
    intent = sent(desk)
    refused = frame(intent, "REJECTED") | {"status_message": "Margin exceeds."}
    tell(desk, refused)
    [entry] = DayLog(desk.store).executions("main", DAY)
    assert (entry.status, entry.reject_reason) == ("REJECTED", "Margin exceeds.")
    assert (entry.fill_time, entry.slippage) == (None, None)


def test_a_position_that_is_held_belongs_to_each_day_until_it_is_closed() -> None:
    desk = TradingDesk()
    bought(desk)
    log = DayLog(desk.store)
    [held] = log.positions("main", DAY)
    assert (held.position_type, held.state, held.realized_pnl) == ("LONG", "OPEN", None)
    assert [p.position_id for p in log.positions("main", date(2026, 8, 19))] == [held.position_id]
    assert log.positions("main", date(2026, 8, 17)) == []
    assert log.results("main", DAY, DAY) == ()


def closed(number: int, strategy: str, symbol: str, pnl: str, day: int = 18) -> Position:
    entry = MORNING.replace(day=day)
    return Position(
        account="main",
        position_id=f"P{number}",
        mode="paper",
        state="CLOSED",
        strategy=strategy,
        exchange="NSE",
        symbol=symbol,
        underlying=symbol,
        instrument_token=1,
        lot_size=1,
        tick_size=Decimal("0.05"),
        product="MIS",
        quantity=10,
        entry_price=Decimal(100),
        entry_time=entry,
        entry_intent_id=f"N{number}",
        entry_charges=Decimal("1.50"),
        entry_slippage=Decimal("0.10"),
        stop_loss_price=Decimal(95),
        target_price=Decimal(110),
        exit_intent_id=f"X{number}",
        exit_reason="TARGET",
        exited_quantity=10,
        exit_price=Decimal(105),
        exit_time=entry.replace(hour=14, minute=30),
        exit_charges=Decimal("2.50"),
        exit_slippage=Decimal("-0.20"),
        realised_pnl=Decimal(pnl),
    )


def test_results_are_by_day_strategy_and_symbol_and_add_up() -> None:
    trades = [
        closed(1, "equity", "INFY", "46.00"),
        closed(2, "equity", "INFY", "-30.00"),
        closed(3, "equity", "TCS", "10.00"),
        closed(4, "long_options", "INFY", "5.00"),
        closed(5, "equity", "INFY", "7.00", day=19),
    ]
    rows = results(trades)
    assert [(row.day.day, row.strategy, row.symbol, row.trades, row.wins) for row in rows] == [
        (18, "equity", "INFY", 2, 1),
        (18, "equity", "TCS", 1, 1),
        (18, "long_options", "INFY", 1, 1),
        (19, "equity", "INFY", 1, 1),
    ]
    first = rows[0]
    assert (first.gross, first.charges, first.realised_pnl) == (Decimal(24), Decimal(8), Decimal(16))
    # A dime a share lost on buying, two on selling, on ten shares of two trades.
    assert first.slippage == Decimal(6)
    assert sum(row.realised_pnl for row in rows) == sum(trade.realised_pnl or 0 for trade in trades)


def test_a_trade_that_was_sold_over_two_days_counts_once_and_where_the_account_books_it() -> None:
    desk = TradingDesk()
    held = bought(desk).evolve(product="NRML")
    part, moment = Fill(8, Decimal(1490), MORNING), MORNING + timedelta(days=1)
    half = after_exit(held, None, part, Decimal(1490))
    assert results([half]) == ()
    whole = after_exit(half, None, Fill(12, Decimal(1495), moment), Decimal(1496))
    done = Settlement()
    book_result(desk.store, done, half, whole, moment, moment)
    (day,) = [write.attributes for write in done.writes if "earlier_pnl" in write.attributes]
    (row,) = results([whole])
    assert (row.day, row.trades) == (moment.date(), 1)
    assert day["day"] == moment.date().isoformat()
    assert row.realised_pnl == Decimal(day["realised_pnl"]) == whole.realised_pnl
    assert row.slippage == held.entry_slippage * 20 + 12


def test_a_closed_position_says_how_long_it_was_held() -> None:
    desk = TradingDesk()
    desk.store.write(create(closed(1, "equity", "INFY", "46.00")))
    [record] = DayLog(desk.store).positions("main", DAY)
    assert record.trade_duration_minutes == 270
    assert record.current_price is None
    assert record.exit_signal == {"reason": "TARGET", "attempts": 0}


def test_a_persons_own_order_is_told_with_his_name() -> None:
    room = OrderRoom()
    (intent,) = room.taken(option_order(quantity=65, price="101"))
    [order] = DayLog(room.store).executions("main", DAY)
    assert (order.intent_id, order.kind, order.signal_id) == (intent.intent_id, "ORDER", None)
    assert (order.placed_by, order.user_confirmed) == ("owner", True)
    assert (order.status, order.placed_time, order.fill_time) == ("PENDING", None, None)


def test_an_exit_that_a_person_asked_for_is_told_with_his_name() -> None:
    room = OrderRoom()
    room.market["INFY"] = 1500.0
    held = bought_by_patang(room)
    room.run_lane()
    room.hear()
    room.taken(ExitPosition(position_id=held.position_id))
    sales = {o.kind: o.placed_by for o in DayLog(room.store).executions("main", DAY) if o.kind != "ENTRY"}
    assert sales == {"PROTECT": "patang", "EXIT": "owner"}, sales
