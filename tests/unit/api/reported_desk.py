"""A desk whose month has been traded: trades that were proposed, what became of them, and notes."""

from datetime import timedelta
from decimal import Decimal

from patang.reports.notes import TradeNotes
from patang.trade_log.fill import new_fill
from tests.unit.api.sample_desk import HOSTILE, NOW, SampleDesk, intent, position, proposal, signal

__all__ = ["TRADES", "reported"]

TRADES = 24
_CHANCES = (0.56, 0.63, 0.71, 0.78, 0.84, 0.91)


def reported(desk: SampleDesk) -> SampleDesk:
    """On a desk of `busy`: two dozen trades of the last eight sessions, of which each third was lost."""
    for number in range(TRADES):
        _trade(desk, number)
    TradeNotes(desk.store, desk.clock).write("main", "R00", f"sold into {HOSTILE}", "person:asha", NOW)
    return desk


def _trade(desk: SampleDesk, number: int) -> None:
    name = f"{number:02d}"
    # Eight weekdays from the 7th on, three trades each.
    day = (0, 3, 4, 5, 6, 7, 10, 11)[number // 3]
    bought = NOW - timedelta(days=11 - day, minutes=40 + number)
    left = bought + timedelta(minutes=15)
    price, won = Decimal(1000), number % 3 != 0
    out = Decimal(1012) if won else Decimal(991)
    net = (out - price) * 20 - Decimal(40)
    symbol = ("RELIANCE", "TCS", "INFY")[number % 3]
    asked = proposal("main", f"o-{name}", expires=bought, state="CONCLUDED").evolve(
        signal=signal(f"r{name}", as_of=bought, symbol=symbol).evolve(confidence=_CHANCES[number % 6]),
        quantity=20,
        expected_net_profit=Decimal(150),
    )
    order = intent("main", f"NR{name}", "ACKED")
    wanted = order.evolve(
        terms=order.terms.model_copy(update={"tradingsymbol": symbol, "price": price}),
        order_id=f"o-{name}",
        expected_price=price,
        as_of=bought,
        broker_order_id=f"1{name}",
    )
    done = wanted.evolve(state="COMPLETE", filled_quantity=20, average_price=price)
    desk.keep(
        asked,
        done,
        new_fill(wanted, done, bought, bought, "frame"),
        position("main", f"R{name}", symbol, "CLOSED").evolve(
            strategy="equity" if number % 2 else "long_options",
            entry_price=price,
            entry_intent_id=f"NR{name}",
            entry_time=bought,
            exit_value=out * 20,
            exit_price=out,
            exit_time=left,
            exit_charges=Decimal(20),
            entry_charges=Decimal(20),
            exit_slippage=Decimal("-0.10"),
            exit_reason="TARGET" if won else "STOP",
            realised_pnl=net,
        ),
    )
