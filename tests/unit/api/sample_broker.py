"""What the sample desk has seen at the broker of `main`, and how its day went so far."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import groupby
from operator import itemgetter

from patang.accounts.seen import HoldingsSeen, MarginsSeen, SegmentSeen, SharesSeen
from patang.alerts.seen import AlertSeen, AlertsSeen
from patang.portfolio.day_curve import CurveMoment, DayCurve
from patang.records import Record

__all__ = ["seen_at_broker"]


def seen_at_broker(now: datetime) -> tuple[Record, ...]:
    """Two shares, of which one has no price, funds of two segments, an alert, and seven points of the day."""
    told_at = now - timedelta(seconds=40)
    return (
        HoldingsSeen(
            account="main", mode="paper", told_at=told_at, rows=(_share("TCS", "3120.40"), _share("OLDCO"))
        ),
        MarginsSeen(
            account="main",
            mode="paper",
            told_at=told_at,
            segments={
                "equity": SegmentSeen(
                    enabled=True, net=Decimal("254310.55"), cash=Decimal(270000), used=Decimal("15689.45")
                ),
                "commodity": SegmentSeen(enabled=False),
            },
        ),
        AlertsSeen(account="main", told_at=told_at, alerts=(_alert(),)),
        *(DayCurve(account="main", day=now.date(), points=points) for points in _by_hour()),
    )


def _share(symbol: str, last: str | None = None) -> SharesSeen:
    price = None if last is None else Decimal(last)
    return SharesSeen(
        exchange="NSE",
        symbol=symbol,
        quantity=12,
        average_price=Decimal("2950.25"),
        last_price=price,
        close_price=None if price is None else price + 21,
    )


def _alert() -> AlertSeen:
    return AlertSeen(
        uuid="a-1",
        type="simple",
        name="INFY up",
        status="enabled",
        exchange="NSE",
        symbol="INFY",
        attribute="LastTradedPrice",
        operator=">=",
        constant=Decimal(1600),
    )


def _by_hour() -> Iterator[tuple[CurveMoment, ...]]:
    # What was sold by then, and what was open.
    told = ((9, 20, 0, 0), (9, 40, 0, 310), (10, 0, 0, -260), (10, 7, -734, 120), (10, 20, -734, -60))
    later = ((10, 35, -734, 540), (10, 47, -734, 389))
    for _, points in groupby((*told, *later), key=itemgetter(0)):
        yield tuple(
            CurveMoment(f"{hour:02}:{minute:02}", Decimal(realised), Decimal(open_), Decimal("186.42"))
            for hour, minute, realised, open_ in points
        )
