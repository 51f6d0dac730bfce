"""The charges of an order in whole numbers: `patang.risk.charges`, restated for compiled code.

Amounts are int64, in units of 1e-11 rupees: every sourced rate is a whole number of 1e-7, so that nothing is
lost, and the sum is the one that Decimal gives. Up to MOST_TURNOVER no product leaves 63 bits.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Final

import numba
import numpy as np
from numpy.typing import NDArray

from patang.errors import StopTrading
from patang.risk.charges import Rate, Segment, Side, order_rates, rate_changes

__all__ = ["A_RUPEE", "MOST_TURNOVER", "leg_charges", "rates_by_day", "rupees"]

type Longs = NDArray[np.int64]

A_RUPEE: Final = 10**11
MOST_TURNOVER: Final = 10**12  # paise an order

_PAISA: Final = 10**9
_PER_UNIT: Final = 100  # a paisa at a rate of 1e-7

# One row a side: each component's rate in 1e-7, brokerage's cap and flat amount and DP's in paise, the tax's
# percent and what it is taken on.
_RATED: Final = ("brokerage", "exchange_transaction", "sebi", "ipft", "stt", "stamp_duty")
_TAXED: Final = _RATED[:4]
_SIDES: Final[tuple[Side, ...]] = ("BUY", "SELL")
_CAP, _FLAT, _TAX, _DP, _TAXED_FROM = 6, 7, 8, 9, 10
_COLUMNS: Final = 14
_NO_CAP: Final = -1


def rates_by_day(segment: Segment, exchange: str, days: Longs) -> tuple[Longs, Longs]:
    """The rates of `days` (since 1970-01-01): a table, rows x (buy, sell) x rates, and each day's row.

    A day without a sourced rate has the row -1. Raises StopTrading for a rate that cannot be counted here.
    """
    begins = np.flatnonzero(np.diff(days, prepend=days[:1] - 1))
    changes = [_number(day) for day in rate_changes()]
    table: list[tuple[tuple[int, ...], ...]] = []
    place: dict[int, int] = {}
    for day in days[begins].tolist():
        stretch = bisect_right(changes, day)
        if stretch not in place:
            found = _rates(segment, exchange, date.fromordinal(day + _EPOCH))
            place[stretch] = -1 if found is None else len(table)
            table += [] if found is None else [found]
    row = np.array([place[bisect_right(changes, day)] for day in days[begins].tolist()], np.int64)
    lengths = np.diff(begins, append=len(days))
    return np.array(table, np.int64).reshape(-1, 2, _COLUMNS), np.repeat(row, lengths)


def rupees(amount: int) -> Decimal:
    """Rupees of an amount in the units of this module, exact."""
    return Decimal(int(amount)).scaleb(-11)


def _leg_charges(turnover: int, rates: Longs) -> int:
    """Charges of one order of so many paise, at one side's row of rates."""
    brokerage = turnover * rates[0] * _PER_UNIT
    if rates[_CAP] >= 0:
        brokerage = min(brokerage, rates[_CAP] * _PAISA)
    brokerage += rates[_FLAT] * _PAISA
    total, taxed = brokerage, brokerage * rates[_TAXED_FROM]
    for component in range(1, 4):
        amount = turnover * rates[component] * _PER_UNIT
        total += amount
        taxed += amount * rates[_TAXED_FROM + component]
    total += taxed // 100 * rates[_TAX] + rates[_DP] * _PAISA
    for component in range(4, 6):
        amount = turnover * rates[component] * _PER_UNIT
        total += (amount + A_RUPEE // 2) // A_RUPEE * A_RUPEE
    return int(total)


leg_charges: Callable[[int, Longs], int] = numba.njit(cache=True)(_leg_charges)

_EPOCH: Final = date(1970, 1, 1).toordinal()


def _number(day: date) -> int:
    return day.toordinal() - _EPOCH


@cache
def _rates(segment: Segment, exchange: str, day: date) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    try:
        bought, sold = (order_rates(segment, exchange, side, day) for side in _SIDES)
    except StopTrading:
        return None
    return _row(bought), _row(sold)


def _row(rates: Iterable[Rate]) -> tuple[int, ...]:
    by_name = {rate.component: rate for rate in rates}
    row = [0] * _COLUMNS
    for column, name in enumerate(_RATED):
        row[column] = _whole(by_name[name], by_name[name].percent, 100_000)
    brokerage, tax, demat = by_name["brokerage"], by_name["gst"], by_name.get("dp")
    row[_CAP] = _NO_CAP if brokerage.cap is None else _whole(brokerage, brokerage.cap, 100)
    row[_FLAT] = _whole(brokerage, brokerage.flat, 100)
    row[_TAX] = _whole(tax, tax.percent, 1)
    for column, name in enumerate(_TAXED):
        row[_TAXED_FROM + column] = int(name in tax.of)
    row[_DP] = 0 if demat is None else _whole(demat, demat.flat, 100)
    return tuple(row)


def _whole(rate: Rate, amount: Decimal | None, parts: int) -> int:
    """The amount in whole parts. Raises StopTrading where it has more digits than the fast path counts."""
    exact = (amount or Decimal(0)) * parts
    if exact != int(exact):
        raise StopTrading(
            f"{rate.component}: {amount} is no whole number of 1/{parts}: the fast path would round it"
        )
    return int(exact)
