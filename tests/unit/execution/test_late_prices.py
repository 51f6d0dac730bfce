"""A fill whose price is told later: in the end all is as if the price had come with it."""

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from patang.execution.intent import OrderIntent
from patang.portfolio.position_book import PositionBook
from patang.records import replace
from patang.risk.slippage import SlippageTally
from patang.trade_log.day_log import DayLog
from patang.trade_log.fill import OrderFill
from tests.unit.execution.stages import closing, entry_of, tell
from tests.unit.execution.test_updates import frame, sent
from tests.unit.execution.trading_desk import TradingDesk

D = Decimal
type Row = tuple[str, int, float]


def fills(desk: TradingDesk) -> list[OrderFill]:
    return DayLog(desk.store).fills("main", date(2026, 8, 18))


def outcome(desk: TradingDesk) -> dict[str, Any]:
    """Everything that a price has a say in."""
    (position,) = desk.positions()
    day, risk = desk.day(), desk.risk()
    tallies = desk.store.query("SLIPPAGE#simulator")
    return {
        "position": position.model_dump(exclude={"revision", "protection", "exit_blocked_until"}),
        "day": day.model_dump(exclude={"revision"}),
        "made": (risk.realised_total, risk.reservations, risk.last_option_entry, risk.book),
        "slipped": [SlippageTally.model_validate(dict(t)).total_pct for t in tallies],
        "orders": [
            (o.kind, o.state, o.filled_quantity, o.average_fill_price, o.slippage)
            for o in DayLog(desk.store).executions("main", date(2026, 8, 18))
        ],
    }


def heard(desk: TradingDesk, intent: OrderIntent, rows: Sequence[Row], *, first: int = 1) -> None:
    for at, (status, filled, price) in enumerate(rows, first):
        tell(desk, frame(intent, status, filled, price, at=at) | {"order_timestamp": "2026-08-18 10:00:01"})


ONCE: tuple[Row, ...] = (("COMPLETE", 20, 1499.0),)
LATE: dict[str, tuple[Row, ...]] = {
    "after the end": (("COMPLETE", 20, 0.0), ("COMPLETE", 20, 1499.0)),
    "with the end": (("OPEN", 20, 0.0), ("COMPLETE", 20, 1499.0)),
    "of the last part": (("OPEN", 12, 1498.0), ("COMPLETE", 20, 0.0), ("COMPLETE", 20, 1499.0)),
    "of all parts": (("OPEN", 5, 0.0), ("OPEN", 12, 0.0), ("OPEN", 12, 1498.0), ("COMPLETE", 20, 1499.0)),
    "behind an older word": (("COMPLETE", 20, 0.0), ("OPEN", 12, 1498.0), ("COMPLETE", 20, 1499.0)),
}


def an_entry(desk: TradingDesk, rows: Sequence[Row]) -> None:
    heard(desk, sent(desk), rows)


def an_exit(desk: TradingDesk, rows: Sequence[Row]) -> None:
    _, intent = closing(desk)
    desk.lane().process({"account": "main", "intent_id": intent.intent_id})
    (order,) = [o for o in desk.exchange.book.values() if o["tag"] == intent.intent_id]
    for status, filled, price in rows:
        tell(desk, order | {"status": status, "filled_quantity": filled, "average_price": price})


@pytest.mark.parametrize("of", [an_entry, an_exit])
@pytest.mark.parametrize("rows", LATE.values(), ids=LATE.keys())
def test_a_price_that_is_told_after_the_fill_is_taken(
    rows: tuple[Row, ...], of: Callable[[TradingDesk, Sequence[Row]], None]
) -> None:
    control, desk = TradingDesk(), TradingDesk()
    of(control, ONCE)
    of(desk, rows)
    assert outcome(desk) == outcome(control)
    kind = "ENTRY" if of is an_entry else "EXIT"
    told = [f for f in fills(desk) if f.order_kind == kind]
    assert sum(f.quantity for f in told) == 20
    assert sum(f.quantity * f.price for f in told) == 20 * 1499
    before = outcome(desk), len(fills(desk)), desk.events().count("FILL_PRICED")
    of_kind = [i for i in desk.intents() if i.kind == kind]
    assert tell(desk, frame(of_kind[0], "COMPLETE", 20, 1499.0) | {"order_id": _order(of_kind[0])}) == [
        "UNCHANGED"
    ]
    assert (outcome(desk), len(fills(desk)), desk.events().count("FILL_PRICED")) == before


def _order(intent: OrderIntent) -> str | None:
    return intent.broker_order_id


def test_until_it_is_told_the_limit_counts_and_no_fill_is_recorded() -> None:
    desk = TradingDesk()
    an_entry(desk, [("COMPLETE", 20, 0.0)])
    (position,) = desk.positions()
    assert (position.entry_price, fills(desk)) == (entry_of(desk).terms.price, [])
    heard(desk, entry_of(desk), ONCE)
    assert desk.events().count("POSITION_ENTERED") == 1
    assert desk.events().count("FILL_PRICED") == 1
    assert "fill_after_end" not in desk.metrics.counts
    (fill,) = fills(desk)
    assert (fill.quantity, fill.price, fill.filled_quantity) == (20, D(1499), 20)
    assert desk.notifier.sent[-1][0] == "Price of a fill told"


def test_the_stop_follows_the_price_that_was_really_paid() -> None:
    desk = TradingDesk()
    an_entry(desk, [("COMPLETE", 20, 0.0)])
    (presumed,) = desk.positions()
    heard(desk, entry_of(desk), ONCE)
    (position,) = desk.positions()
    assert (position.stop_loss_price, position.target_price) == (D(1489), D(1514))
    assert presumed.stop_loss_price == (presumed.entry_price - 10).quantize(D("0.05"))


def test_an_entry_priced_when_its_position_is_closed_corrects_the_days_result() -> None:
    control, desk = TradingDesk(), TradingDesk()
    for one, rows in ((control, ONCE), (desk, [("COMPLETE", 20, 0.0)])):
        intent = sent(one)
        one.store.write(replace(one.risk().evolve(book=PositionBook())))
        heard(one, intent, rows)
        (position,) = one.positions()
        assert one.exits().begin(position, "STOP", one.market_time, D("1489.00"), D("1488.90"))
        for _ in range(2):
            for _, _, body in list(one.queue.messages):
                one.lane().process(body)
        one.queue.messages.clear()
        (order,) = [o for o in one.exchange.book.values() if o["transaction_type"] == "SELL"]
        one.exchange.frames.clear()
        tell(one, order | {"status": "COMPLETE", "filled_quantity": 20, "average_price": 1489.5})
        assert one.positions()[0].state == "CLOSED"
    assert desk.day().realised_pnl != control.day().realised_pnl
    heard(desk, entry_of(desk), ONCE)
    assert outcome(desk) == outcome(control)
    assert desk.positions()[0].state == "CLOSED"
    assert desk.day().closed_trades == 1
    book = desk.risk().book
    assert book is not None
    assert [trade.realised_pnl for trade in book.closed] == [desk.positions()[0].realised_pnl]
    assert desk.events().count("POSITION_CLOSED") == 1


def test_an_exit_is_booked_at_its_price_though_its_limit_was_moved_meanwhile() -> None:
    control, desk = TradingDesk(), TradingDesk()
    for one, first in ((control, 1487.0), (desk, 0.0)):
        _, intent = closing(one)
        one.lane().process({"account": "main", "intent_id": intent.intent_id})
        (order,) = [o for o in one.exchange.book.values() if o["tag"] == intent.intent_id]
        tell(one, order | {"status": "OPEN", "filled_quantity": 5, "average_price": first})
        (selling,) = [i for i in one.intents() if i.kind == "EXIT"]
        one.queue.messages.clear()
        one.amendments().reprice(selling, D("1480.00"), one.market_time, "follows")
        for _, _, body in list(one.queue.messages):
            assert one.lane().process(body) == "COMPLETE"
        one.exchange.frames.clear()
        tell(one, order | {"status": "COMPLETE", "filled_quantity": 20, "average_price": 1486.0})
    assert outcome(desk) == outcome(control)
    assert desk.positions()[0].exit_value == 20 * 1486


def test_the_price_of_each_slice_is_taken() -> None:
    desk = TradingDesk()
    intent = sent(desk)
    desk.store.write(
        replace(
            entry_of(desk).evolve(
                terms=intent.terms.model_copy(update={"autoslice": True}),
                broker_order_id=None,
            )
        )
    )
    rows = [("1", 0.0), ("2", 1500.0), ("1", 1498.0), ("1", 1498.0)]
    for order_id, price in rows:
        tell(desk, frame(intent, "COMPLETE", 10, price) | {"order_id": order_id, "quantity": 10})
    assert (entry_of(desk).state, entry_of(desk).average_price) == ("COMPLETE", D(1499))
    assert desk.positions()[0].entry_price == D(1499)
    assert [(f.quantity, f.price, f.filled_quantity) for f in fills(desk)] == [
        (10, D(1500), 10),
        (10, D(1498), 20),
    ]
    assert desk.events().count("FILL_PRICED") == 1
