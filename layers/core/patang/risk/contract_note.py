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

__all__ = [
    "ContractNote",
    "ExecutedOrder",
    "Exercise",
    "NoteLine",
    "ScripSide",
    "SideCharges",
    "contract_note",
    "depository_charges",
    "side_charges",
]

_CASH = frozenset({"NSE", "BSE"})
_SIDES: tuple[Side, Side] = ("BUY", "SELL")
_NOTHING = Charges()


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


@dataclass(frozen=True, slots=True)
class ScripSide:
    """All that was bought, or sold, of a scrip or contract on one exchange."""

    exchange: str
    symbol: str
    side: Side


@dataclass(frozen=True, slots=True)
class SideCharges:
    """`netted` is what shares cost that were bought and sold again, `kept` the rest; nothing is rounded. What
    the broker books beside the note is in neither."""

    netted: Charges = _NOTHING
    kept: Charges = _NOTHING


def side_charges(day: date, orders: Iterable[ExecutedOrder]) -> dict[ScripSide, SideCharges]:
    """Whose the charges of a day's `orders` are; together they are the note's before it is rounded.

    Raises StopTrading where the day has no sourced rate.
    """
    found: dict[ScripSide, SideCharges] = defaultdict(SideCharges)
    scrips: dict[tuple[str, str], list[ExecutedOrder]] = defaultdict(list)
    for order in orders:
        if not order.quantity:
            continue
        if order.exchange in _CASH:
            scrips[order.exchange, order.symbol].append(order)
        else:
            side = ScripSide(order.exchange, order.symbol, order.side)
            charged = _charged(order, order.segment, order.turnover, day)
            found[side] = replace(found[side], kept=found[side].kept + charged)
    for (exchange, symbol), traded in scrips.items():
        for each in _SIDES:
            if any(order.side == each for order in traded):
                found[ScripSide(exchange, symbol, each)] = _of_scrip(exchange, traded, each, day)
    return dict(found)


def contract_note(
    day: date, orders: Sequence[ExecutedOrder], exercises: Iterable[Exercise] = ()
) -> ContractNote:
    """The note of one account's `orders` and `exercises` of `day`. Orders that traded nothing cost nothing.

    Raises StopTrading where the day has no sourced rate.
    """
    exact: dict[str, Charges] = defaultdict(Charges)
    for of, charged in side_charges(day, orders).items():
        exact[of.exchange] += charged.netted + charged.kept
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
    return ContractNote(day, lines, _beside(orders, day))


def _charged(order: ExecutedOrder, segment: Segment, turnover: Decimal, day: date) -> Charges:
    return replace(exact_charges(segment, order.exchange, order.side, turnover, day), dp=Decimal(0))


def _of_scrip(exchange: str, orders: list[ExecutedOrder], side: Side, day: date) -> SideCharges:
    """One side of a scrip's day. An order under CNC is intraday in so far as the other side of CNC covers
    it."""
    bought, sold = (_units(orders, each, "CNC") for each in _SIDES)
    share = min(bought, sold)
    netted, kept = Charges(), Charges()
    for order in orders:
        if order.side != side:
            continue
        intraday = order.turnover
        if order.product == "CNC":
            intraday = order.turnover * share / (bought if side == "BUY" else sold)
        if intraday:
            netted += _charged(order, "equity-intraday", intraday, day)
        if intraday < order.turnover:
            kept += _charged(order, "equity-delivery", order.turnover - intraday, day)
    on_netted, on_kept = _scrip_stt(exchange, orders, side, day)
    return SideCharges(replace(netted, stt=on_netted), replace(kept, stt=on_kept))


def _scrip_stt(exchange: str, orders: list[ExecutedOrder], side: Side, day: date) -> tuple[Decimal, Decimal]:
    """The tax that one side bears: on what was netted, and on what is delivered."""
    bought, sold = (_units(orders, each) for each in _SIDES)
    average = sum((order.turnover for order in orders), Decimal(0)) / (bought + sold)
    intraday = min(bought, sold) * average if side == "SELL" else Decimal(0)
    left = bought - sold if side == "BUY" else sold - bought
    delivered = max(left, 0) * average
    return (
        component_charge("stt", "equity-intraday", exchange, side, intraday, day),
        component_charge("stt", "equity-delivery", exchange, side, delivered, day),
    )


def depository_charges(day: date, orders: Iterable[ExecutedOrder]) -> dict[ScripSide, Decimal]:
    """What the depository takes for each scrip that left the demat account, tax included. A scrip sold on
    both exchanges leaves it once. Raises StopTrading where the day has no sourced rate.
    """
    scrips: dict[tuple[str, str], list[ExecutedOrder]] = defaultdict(list)
    for order in orders:
        if order.quantity and order.exchange in _CASH:
            scrips[order.exchange, order.symbol].append(order)
    left = {
        symbol: exchange
        for (exchange, symbol), traded in scrips.items()
        if _units(traded, "SELL", "CNC") > _units(traded, "BUY", "CNC")
    }
    return {
        ScripSide(exchange, symbol, "SELL"): component_charge(
            "dp", "equity-delivery", exchange, "SELL", Decimal(0), day
        )
        for symbol, exchange in left.items()
    }


def _beside(orders: Sequence[ExecutedOrder], day: date) -> Charges:
    nothing = Decimal(0)
    fees = (
        component_charge("square_off", order.segment, order.exchange, order.side, nothing, day)
        for order in orders
        if order.squared_off and order.quantity
    )
    debits = depository_charges(day, orders).values()
    return Charges(dp=sum(debits, nothing), square_off=sum(fees, nothing))


def _units(orders: Iterable[ExecutedOrder], side: str, product: str | None = None) -> int:
    return sum(order.quantity for order in orders if order.side == side and product in (None, order.product))
