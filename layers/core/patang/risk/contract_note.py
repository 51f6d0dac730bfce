"""The contract note of an account's day: all its orders together, rounded where the broker rounds.

The note has a line an exchange segment (NSE, NFO, BSE, BFO). Nothing is rounded before a line is complete;
then STT and stamp duty go to the rupee and every other component to the paisa. Orders and executions
therefore add up exactly, and a line differs from the sum of its orders' own estimates by rounding alone.

In the cash segments the exchange nets a scrip's day: what was bought and sold again is intraday also under
CNC, the rest is delivery, and STT is taken on the average price of all its purchases and sales
(support.zerodha.com, how-is-the-securities-transaction-tax-stt-calculated).

What the broker books outside the note stands beside it: the depository's charge, once a scrip sold from the
demat account, and the fee for each order by which the broker closed an intraday position itself.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Literal

from patang.risk.charges import (
    Charges,
    Execution,
    Segment,
    Side,
    component_charge,
    exact_charges,
    exercise_charges,
    segment_of,
)

__all__ = ["ContractNote", "ExecutedOrder", "Exercise", "NoteLine", "contract_note"]

_CASH = frozenset({"NSE", "BSE"})


@dataclass(frozen=True, slots=True)
class ExecutedOrder:
    """What an order has traded. `exchange` as Kite names it, `product` CNC, MIS or NRML; `squared_off` if
    the broker sent it to close an intraday position."""

    exchange: str
    symbol: str
    product: str
    side: Side
    executions: tuple[Execution, ...]
    squared_off: bool = False

    @property
    def segment(self) -> Segment:
        return segment_of(self.exchange, self.symbol, self.product)

    @property
    def quantity(self) -> int:
        return sum(execution.quantity for execution in self.executions)

    @property
    def turnover(self) -> Decimal:
        """Rupees traded."""
        return sum((execution.turnover for execution in self.executions), Decimal(0))


@dataclass(frozen=True, slots=True)
class Exercise:
    """A bought index option that expired; prices in rupees, of the underlying."""

    exchange: str
    symbol: str
    kind: Literal["CE", "PE"]
    strike: Decimal
    settlement_price: Decimal
    quantity: int
    orders: int = 1

    @property
    def intrinsic_value(self) -> Decimal:
        """Rupees a unit that exercise brings; zero or less: it lapses."""
        gain = self.settlement_price - self.strike
        return gain if self.kind == "CE" else -gain


@dataclass(frozen=True, slots=True)
class NoteLine:
    """One exchange segment's charges, rounded."""

    exchange: str
    charges: Charges


@dataclass(frozen=True, slots=True)
class ContractNote:
    """`lines` is the note, `beside` what is booked outside of it (dp and square_off)."""

    day: date
    lines: tuple[NoteLine, ...]
    beside: Charges

    @property
    def charges(self) -> Charges:
        """The note's charges over all lines."""
        return sum((line.charges for line in self.lines), Charges())

    @property
    def total(self) -> Decimal:
        """All that the day has cost, in rupees."""
        return self.charges.total + self.beside.total


def contract_note(
    day: date, orders: Sequence[ExecutedOrder], exercises: Iterable[Exercise] = ()
) -> ContractNote:
    """The note of one account's `orders` and `exercises` of `day`. Orders that traded nothing cost nothing.

    Raises StopTrading where the day has no sourced rate.
    """
    exact: dict[str, Charges] = defaultdict(Charges)
    scrips: dict[tuple[str, str], list[ExecutedOrder]] = defaultdict(list)
    for order in orders:
        if not order.quantity:
            continue
        if order.exchange in _CASH:
            scrips[order.exchange, order.symbol].append(order)
        else:
            exact[order.exchange] += _charged(order, order.segment, order.turnover, day)
    for (exchange, _), traded in scrips.items():
        exact[exchange] += _scrip_charges(exchange, traded, day)
    for exercise in exercises:
        exact[exercise.exchange] += exercise_charges(
            exercise.exchange,
            exercise.intrinsic_value,
            exercise.quantity,
            day,
            settlement_price=exercise.settlement_price,
            orders=exercise.orders,
        )
    lines = tuple(NoteLine(exchange, exact[exchange].rounded()) for exchange in sorted(exact))
    return ContractNote(day, lines, _beside(orders, scrips, day))


def _charged(order: ExecutedOrder, segment: Segment, turnover: Decimal, day: date) -> Charges:
    return replace(exact_charges(segment, order.exchange, order.side, turnover, day), dp=Decimal(0))


def _scrip_charges(exchange: str, orders: list[ExecutedOrder], day: date) -> Charges:
    """One scrip's day. An order under CNC is intraday in so far as the other side of CNC covers it."""
    bought, sold = (_units(orders, side, "CNC") for side in ("BUY", "SELL"))
    netted = min(bought, sold)
    charges = Charges()
    for order in orders:
        intraday = order.turnover
        if order.product == "CNC":
            intraday = order.turnover * netted / (bought if order.side == "BUY" else sold)
        if intraday:
            charges += _charged(order, "equity-intraday", intraday, day)
        if intraday < order.turnover:
            charges += _charged(order, "equity-delivery", order.turnover - intraday, day)
    return replace(charges, stt=_scrip_stt(exchange, orders, day))


def _scrip_stt(exchange: str, orders: list[ExecutedOrder], day: date) -> Decimal:
    bought, sold = (_units(orders, side) for side in ("BUY", "SELL"))
    average = sum((order.turnover for order in orders), Decimal(0)) / (bought + sold)
    side: Side = "BUY" if bought > sold else "SELL"
    intraday, delivered = min(bought, sold) * average, abs(bought - sold) * average
    return component_charge("stt", "equity-intraday", exchange, "SELL", intraday, day) + component_charge(
        "stt", "equity-delivery", exchange, side, delivered, day
    )


def _beside(
    orders: Sequence[ExecutedOrder], scrips: dict[tuple[str, str], list[ExecutedOrder]], day: date
) -> Charges:
    """A scrip sold on both exchanges leaves the demat account once."""
    debited = {
        symbol: exchange
        for (exchange, symbol), traded in scrips.items()
        if _units(traded, "SELL", "CNC") > _units(traded, "BUY", "CNC")
    }
    nothing = Decimal(0)
    dp = (component_charge("dp", "equity-delivery", at, "SELL", nothing, day) for at in debited.values())
    fees = (
        component_charge("square_off", order.segment, order.exchange, order.side, nothing, day)
        for order in orders
        if order.squared_off and order.quantity
    )
    return Charges(dp=sum(dp, nothing), square_off=sum(fees, nothing))


def _units(orders: Iterable[ExecutedOrder], side: str, product: str | None = None) -> int:
    return sum(order.quantity for order in orders if order.side == side and product in (None, order.product))
