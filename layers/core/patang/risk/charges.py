"""What a trade costs beyond its price: every component, at the rates of its day.

Rates are data (`rates.csv`, one source a row) because a rate belongs to a date. A day, segment or exchange
without a sourced row is refused: guessing a charge is guessing a profit.

As on the broker's contract note, STT and stamp duty are rounded to the rupee; the other components keep
every digit, so that legs add up and only what is shown is rounded to the paisa.
"""

import csv
from dataclasses import dataclass, fields
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from importlib.resources import files
from typing import Literal

from patang.errors import StopTrading

__all__ = ["Charges", "Segment", "Side", "leg_charges", "round_trip_charges", "segment_of"]

type Segment = Literal["equity-delivery", "equity-intraday", "futures", "options"]
type Side = Literal["BUY", "SELL"]

# Kite names the derivatives segments as exchanges of their own.
_EXCHANGES = {"NSE": "NSE", "NFO": "NSE", "BSE": "BSE", "BFO": "BSE"}
_WHOLE_RUPEES = frozenset({"stt", "stamp_duty"})
_COMPONENTS = ("brokerage", "stt", "exchange_transaction", "sebi", "stamp_duty", "ipft", "gst", "dp")


@dataclass(frozen=True, slots=True)
class Charges:
    """Charges of one or more legs, in rupees. `gst` is service tax before July 2017."""

    brokerage: Decimal = Decimal(0)
    stt: Decimal = Decimal(0)
    exchange_transaction: Decimal = Decimal(0)
    sebi: Decimal = Decimal(0)
    stamp_duty: Decimal = Decimal(0)
    ipft: Decimal = Decimal(0)
    gst: Decimal = Decimal(0)
    dp: Decimal = Decimal(0)

    @property
    def total(self) -> Decimal:
        """The sum of the components, unrounded."""
        return sum((getattr(self, field.name) for field in fields(self)), Decimal(0))

    def __add__(self, other: "Charges") -> "Charges":
        return Charges(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))


@dataclass(frozen=True, slots=True)
class _Rate:
    component: str
    percent: Decimal | None
    cap: Decimal | None
    flat: Decimal | None
    of: tuple[str, ...]

    def amount(self, turnover: Decimal, so_far: dict[str, Decimal]) -> Decimal:
        """Rupees on a turnover, or on the components named in `of`."""
        base = sum((so_far[name] for name in self.of), Decimal(0)) if self.of else turnover
        amount = (base * self.percent / 100 if self.percent is not None else Decimal(0)) + (self.flat or 0)
        if self.cap is not None:
            amount = min(amount, self.cap)
        return _to_rupee(amount) if self.component in _WHOLE_RUPEES else amount


def segment_of(exchange: str, symbol: str, product: str) -> Segment:
    """The segment an order is charged in. `symbol` is the tradingsymbol, `product` CNC, MIS or NRML."""
    if exchange in ("NFO", "BFO"):
        return "futures" if symbol.endswith("FUT") else "options"
    return "equity-delivery" if product == "CNC" else "equity-intraday"


def leg_charges(
    segment: Segment, exchange: str, side: Side, price: Decimal, quantity: int, day: date
) -> Charges:
    """Charges of one executed order of `quantity` units at `price` rupees (the premium, for an option).

    `exchange` as Kite names it (NSE, NFO, BSE, BFO). `dp` is what a sale from the demat account costs a scrip
    and day, so it belongs to the first such sale of the day only.
    Raises StopTrading where the day has no sourced rate.
    """
    turnover = price * quantity
    amounts: dict[str, Decimal] = {}
    for rate in _rates(segment, _EXCHANGES.get(exchange, exchange), side, day):
        amounts[rate.component] = rate.amount(turnover, amounts)
    return Charges(**amounts)


def round_trip_charges(
    segment: Segment, exchange: str, buy_price: Decimal, sell_price: Decimal, quantity: int, day: date
) -> Charges:
    """Charges of buying and selling again on one day."""
    bought = leg_charges(segment, exchange, "BUY", buy_price, quantity, day)
    return bought + leg_charges(segment, exchange, "SELL", sell_price, quantity, day)


@cache
def _rates(segment: str, exchange: str, side: str, day: date) -> tuple[_Rate, ...]:
    found: list[_Rate] = []
    for component in _COMPONENTS:
        if component == "dp" and (segment != "equity-delivery" or side != "SELL"):
            continue
        rows = [row for row in _table() if _covers(row, component, segment, exchange, side, day)]
        if len(rows) != 1:
            raise StopTrading(
                f"{len(rows)} sourced rates for {component} of {segment} on {exchange}, {side}, {day}: "
                "exactly one is needed in patang/risk/rates.csv before this day can be traded or replayed"
            )
        found.append(_parse(rows[0]))
    return tuple(found)


@cache
def _table() -> tuple[dict[str, str], ...]:
    rows = files("patang.risk").joinpath("rates.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(rows.splitlines()))


def _covers(row: dict[str, str], component: str, segment: str, exchange: str, side: str, day: date) -> bool:
    return (
        row["component"] == component
        and segment in row["segments"].split("|")
        and exchange in row["exchanges"].split("|")
        and side in row["sides"].split("|")
        and row["from"] <= day.isoformat() <= (row["until"] or "9999")
    )


def _parse(row: dict[str, str]) -> _Rate:
    percent, cap, flat = (Decimal(row[name]) if row[name] else None for name in ("percent", "cap", "flat"))
    return _Rate(row["component"], percent, cap, flat, tuple(row["of"].split("+")) if row["of"] else ())


def _to_rupee(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal(1), rounding=ROUND_HALF_UP)
