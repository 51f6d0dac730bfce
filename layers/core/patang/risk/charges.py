"""What a trade costs beyond its price: every component, at the rates of its day.

Rates are data (`rates.csv`, one source a row) because a rate belongs to a date. A day, segment or exchange
without a sourced row is refused: guessing a charge is guessing a profit.

An order is charged on its turnover, in however many executions: brokerage once, percentages add up. What is
quoted for an order has STT and stamp duty rounded to the rupee, as the broker's calculator has; the other
components keep every digit, so that legs add up and only what is shown is rounded to the paisa. Over the
orders of a day the contract note rounds, once (`patang.risk.contract_note`).
"""

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from datetime import date, timedelta
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal
from functools import cache
from importlib.resources import files
from operator import add, attrgetter
from typing import Literal

from patang.errors import BadInput, StopTrading

__all__ = [
    "Charges",
    "Execution",
    "Rate",
    "Segment",
    "Side",
    "break_even",
    "component_charge",
    "exact_charges",
    "exercise_charges",
    "leg_charges",
    "order_charges",
    "order_rates",
    "rate_changes",
    "round_trip_charges",
    "segment_of",
]

type Segment = Literal["equity-delivery", "equity-intraday", "futures", "options"]
type Side = Literal["BUY", "SELL"]


# Kite names the derivatives segments as exchanges of their own.
_EXCHANGES = {"NSE": "NSE", "NFO": "NSE", "BSE": "BSE", "BFO": "BSE"}
_COMPONENTS = ("brokerage", "stt", "exchange_transaction", "sebi", "stamp_duty", "ipft", "gst", "dp")
_NOTHING, _RUPEE, _PAISA = Decimal(0), Decimal(1), Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Execution:
    """One fill: rupees a unit, units."""

    price: Decimal
    quantity: int

    @property
    def turnover(self) -> Decimal:
        """Rupees traded."""
        return self.price * self.quantity


@dataclass(frozen=True, slots=True)
class Charges:
    """Charges of one or more legs, in rupees. `gst` is service tax before July 2017; `dp` and `square_off`
    (the broker's fee for closing an intraday position itself) have their tax in them."""

    brokerage: Decimal = Decimal(0)
    stt: Decimal = Decimal(0)
    exchange_transaction: Decimal = Decimal(0)
    sebi: Decimal = Decimal(0)
    stamp_duty: Decimal = Decimal(0)
    ipft: Decimal = Decimal(0)
    gst: Decimal = Decimal(0)
    dp: Decimal = Decimal(0)
    square_off: Decimal = Decimal(0)

    @property
    def total(self) -> Decimal:
        """The sum of the components, unrounded."""
        # By name, since it is asked twenty times for each order that is sized.
        taxes = self.stt + self.exchange_transaction + self.sebi + self.stamp_duty + self.ipft + self.gst
        return self.brokerage + taxes + self.dp + self.square_off

    def __add__(self, other: "Charges") -> "Charges":
        return Charges(*map(add, _parts(self), _parts(other)))

    def in_rupees(self) -> "Charges":
        """STT and stamp duty to the rupee, a half up; the rest as it is."""
        return Charges(**_whole(dict(zip(_NAMES, _parts(self), strict=True))))

    def rounded(self) -> "Charges":
        """As a contract note prints them: STT and stamp duty to the rupee, the rest to the paisa."""
        return Charges(*(_round(part, _PAISA) for part in _parts(self.in_rupees())))


_NAMES = tuple(field.name for field in fields(Charges))
_parts = attrgetter(*_NAMES)
_IN_RUPEES = ("stt", "stamp_duty")


@dataclass(frozen=True, slots=True)
class Rate:
    """What a component takes: percent of a turnover, or of the components named in `of`, at most `cap`, and
    `flat`, in rupees."""

    component: str
    percent: Decimal | None
    cap: Decimal | None
    flat: Decimal | None
    of: tuple[str, ...]

    def amount(self, turnover: Decimal, so_far: dict[str, Decimal]) -> Decimal:
        """Rupees on a turnover, or on the amounts named in `of`."""
        base = sum([so_far[name] for name in self.of], _NOTHING) if self.of else turnover
        amount = _NOTHING if self.percent is None else base * self.percent / 100
        if self.flat is not None:
            amount += self.flat
        return amount if self.cap is None else min(amount, self.cap)


def segment_of(exchange: str, symbol: str, product: str) -> Segment:
    """The segment an order is charged in. `symbol` is the tradingsymbol, `product` CNC, MIS or NRML."""
    if exchange in ("NFO", "BFO"):
        return "futures" if symbol.endswith("FUT") else "options"
    return "equity-delivery" if product == "CNC" else "equity-intraday"


def exact_charges(segment: Segment, exchange: str, side: Side, turnover: Decimal, day: date) -> Charges:
    """Charges of one order that traded `turnover` rupees (premium, for options), nothing rounded.

    `exchange` as Kite names it (NSE, NFO, BSE, BFO). Raises StopTrading where the day has no sourced rate.
    """
    return Charges(**_amounts(segment, exchange, side, turnover, day))


def order_charges(
    segment: Segment, exchange: str, side: Side, executions: Sequence[Execution], day: date
) -> Charges:
    """Charges of one order from its executions; without any it costs nothing.

    Brokerage is an order's, not an execution's. `dp` is what a sale from the demat account costs a scrip
    and day, so it belongs to the first such sale of the day only.
    Raises StopTrading where the day has no sourced rate.
    """
    if not executions:
        return Charges()
    turnover = sum((execution.turnover for execution in executions), Decimal(0))
    return Charges(**_whole(_amounts(segment, exchange, side, turnover, day)))


def leg_charges(
    segment: Segment, exchange: str, side: Side, price: Decimal, quantity: int, day: date
) -> Charges:
    """Charges of one order of `quantity` units executed at an average of `price` rupees."""
    return Charges(**_whole(_amounts(segment, exchange, side, price * quantity, day)))


def round_trip_charges(
    segment: Segment, exchange: str, buy_price: Decimal, sell_price: Decimal, quantity: int, day: date
) -> Charges:
    """Charges of buying and selling again on one day, an order each."""
    bought = leg_charges(segment, exchange, "BUY", buy_price, quantity, day)
    return bought + leg_charges(segment, exchange, "SELL", sell_price, quantity, day)


def exercise_charges(
    exchange: str,
    intrinsic_value: Decimal,
    quantity: int,
    day: date,
    *,
    settlement_price: Decimal | None = None,
    orders: int = 1,
) -> Charges:
    """Charges of a bought, cash-settled option that is exercised on its last day, nothing rounded.

    `intrinsic_value` in rupees a unit; at or under zero the option lapses and costs nothing. STT is taken on
    it since September 2019, on the whole `settlement_price` of the underlying before. The broker charges
    brokerage and its tax on what expires in the money, as on so many `orders` as the freeze quantity makes
    of it. No trade takes place: no transaction charge, no stamp duty.
    Raises StopTrading where the day has no sourced rate, BadInput without the price that it is taxed on.
    """
    if intrinsic_value <= 0 or quantity == 0:
        return Charges()
    market = _EXCHANGES.get(exchange, exchange)
    tax = _rate("exercise_stt", "options", market, "SELL", day)
    bases = {"intrinsic": intrinsic_value * quantity}
    if settlement_price is not None:
        bases["settlement"] = settlement_price * quantity
    elif "settlement" in tax.of:
        raise BadInput(f"on {day} STT was due on the settlement price of the underlying: give it")
    amounts = dict.fromkeys(_COMPONENTS, Decimal(0))
    amounts["brokerage"] = orders * _rate("brokerage", "options", market, "SELL", day).amount(Decimal(0), {})
    amounts["stt"] = tax.amount(Decimal(0), bases)
    amounts["gst"] = _rate("gst", "options", market, "SELL", day).amount(Decimal(0), amounts)
    return Charges(**amounts)


def component_charge(
    component: Literal["stt", "dp", "square_off"],
    segment: Segment,
    exchange: str,
    side: Side,
    turnover: Decimal,
    day: date,
) -> Decimal:
    """One component alone, unrounded, in rupees. Raises StopTrading where the day has no sourced rate."""
    return _rate(component, segment, _EXCHANGES.get(exchange, exchange), side, day).amount(turnover, {})


def break_even(buy_price: Decimal, quantity: int, charges_at: Callable[[Decimal], Charges]) -> Decimal:
    """The selling price in rupees at which a trade does not lose; a paisa less, and it does.

    `charges_at` gives the charges of the whole trade for a selling price. They must grow by less than the
    proceeds do, but for rounding, as any day's rates have it.
    """

    def loses(price: Decimal) -> bool:
        return quantity * (price - buy_price) < charges_at(price).total

    # Charges grow by far less than the price: a few steps from below arrive, up to what rounding does.
    price, before = buy_price, Decimal(0)
    while price > before:
        reached = buy_price + charges_at(price).total / quantity
        before, price = price, reached.quantize(_PAISA, ROUND_CEILING)
    while loses(price):
        price += _PAISA
    while not loses(price - _PAISA):
        price -= _PAISA
    return price


def order_rates(segment: Segment, exchange: str, side: Side, day: date) -> tuple[Rate, ...]:
    """The rates of an order of that day. Raises StopTrading where one has no source."""
    return _rates(segment, _EXCHANGES.get(exchange, exchange), side, day)


@cache
def rate_changes() -> tuple[date, ...]:
    """The days from which on another rate holds, or none: between two of them nothing changes."""
    begins = {date.fromisoformat(row["from"]) for row in _table()}
    ends = {date.fromisoformat(row["until"]) + timedelta(days=1) for row in _table() if row["until"]}
    return tuple(sorted(begins | ends))


def _amounts(segment: Segment, exchange: str, side: Side, turnover: Decimal, day: date) -> dict[str, Decimal]:
    """As exact_charges, by component."""
    if turnover < 0:
        raise BadInput(f"a turnover of {turnover} rupees cannot be charged: give price times quantity, >= 0")
    amounts: dict[str, Decimal] = {}
    for rate in _rates(segment, _EXCHANGES.get(exchange, exchange), side, day):
        amounts[rate.component] = rate.amount(turnover, amounts)
    return amounts


def _whole(amounts: dict[str, Decimal]) -> dict[str, Decimal]:
    """The same with what is rounded to the rupee rounded."""
    return amounts | {name: _round(amounts[name], _RUPEE) for name in _IN_RUPEES}


@cache
def _rates(segment: str, exchange: str, side: str, day: date) -> tuple[Rate, ...]:
    from_demat = segment == "equity-delivery" and side == "SELL"
    components = _COMPONENTS if from_demat else _COMPONENTS[:-1]
    return tuple(_rate(component, segment, exchange, side, day) for component in components)


@cache
def _rate(component: str, segment: str, exchange: str, side: str, day: date) -> Rate:
    rows = [row for row in _table() if _is_for(row, component, segment, exchange, side)]
    of_the_day = [row for row in rows if row["from"] <= day.isoformat() <= (row["until"] or "9999")]
    if len(of_the_day) != 1:
        known = sorted(f"{row['from']} to {row['until'] or 'now'}" for row in rows)
        raise StopTrading(
            f"{len(of_the_day)} sourced rates for {component} of {segment} on {exchange}, {side}, {day}: "
            "exactly one is needed in patang/risk/rates.csv before this day can be traded or replayed "
            f"(known: {', '.join(known) or 'none'})"
        )
    return _parse(of_the_day[0])


@cache
def _table() -> tuple[dict[str, str], ...]:
    rows = files("patang.risk").joinpath("rates.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(rows.splitlines()))


def _is_for(row: dict[str, str], component: str, segment: str, exchange: str, side: str) -> bool:
    return (
        row["component"] == component
        and segment in row["segments"].split("|")
        and exchange in row["exchanges"].split("|")
        and side in row["sides"].split("|")
    )


def _parse(row: dict[str, str]) -> Rate:
    percent, cap, flat = (Decimal(row[name]) if row[name] else None for name in ("percent", "cap", "flat"))
    return Rate(row["component"], percent, cap, flat, tuple(row["of"].split("+")) if row["of"] else ())


def _round(amount: Decimal, unit: Decimal) -> Decimal:
    return amount.quantize(unit, rounding=ROUND_HALF_UP)
