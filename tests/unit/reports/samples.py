"""Deals and parts for the reports' tests."""

from datetime import date, datetime, time
from decimal import Decimal

from patang.market.sessions import IST
from patang.reports.deals import Deal
from patang.reports.taxes.parts import Part
from patang.risk.charges import Charges

D = Decimal


def deal(
    side,
    symbol,
    quantity,
    price,
    day,
    *,
    account="main",
    product="CNC",
    exchange="NSE",
    at="10:00",
    order=None,
    source="desk",
) -> Deal:
    return Deal(
        account=account,
        exchange=exchange,
        symbol=symbol,
        product=product,
        side=side,
        quantity=quantity,
        price=D(str(price)),
        time=datetime.combine(date.fromisoformat(day), time.fromisoformat(at), IST),
        order=order or f"{side}-{symbol}-{day}-{at}-{exchange}",
        source=source,
    )


def part(kind, side, symbol, quantity, price, day, *, stt="0", brokerage="0", **of) -> Part:
    """A part that has cost just this."""
    cost = Charges(stt=D(stt), brokerage=D(brokerage))
    return Part(deal(side, symbol, quantity, price, day, **of), kind, quantity, cost)
