"""Derivatives of a date: lots, expiries, ticks, freeze quantities and Kite's symbols.

Sources of the dated tables: NSE circulars as announced in the press and by brokers.
Lots: FAOP 47854 (NIFTY 75 to 50), bulletins of 2018-10-26 (BANKNIFTY 40 to 20, effective for all
contracts), 2020-03-31 (20 to 25), 2023-03-31 (25 to 15), 2024-04-02 (NIFTY 50 to 25), 2024-10-18
(75 and 30 for new contracts; January 2025 monthlies kept the old lot), 2025-03-28 (BANKNIFTY 35),
2025-10-03 (65 and 30 from the January 2026 series). Expiry days: BANKNIFTY weeklies 2016-05-27 to
2024-11-13, on Wednesday from 2023-09-04 (monthlies from 2024-03); NIFTY weeklies since 2019-02-11; all
of NSE on Tuesday since 2025-09-01. Freeze quantities: circulars of 2025-06-30, 2025-08-29, 2025-11-28.
The start of BANKNIFTY's lot of 40 (contracts from the July 2016 series) and the freeze quantities before
2022 are less certain; nothing but the size of an order depends on them.
"""

import calendar
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Final

from patang.market.sessions import is_open

__all__ = [
    "INDEX_OF",
    "OPTION_TICK",
    "STRIKE_STEP",
    "UNDERLYINGS",
    "equity_tick",
    "expiries",
    "freeze_quantity",
    "future_symbol",
    "index_future_tick",
    "is_monthly",
    "lot_size",
    "monthly_expiry",
    "option_symbol",
    "share_lot",
]

UNDERLYINGS: Final = ("NIFTY", "BANKNIFTY")
INDEX_OF: Final = {"NIFTY": "NIFTY 50", "BANKNIFTY": "NIFTY BANK"}
STRIKE_STEP: Final = {"NIFTY": 50, "BANKNIFTY": 100}
"""Distance of strikes near the money, in rupees."""
OPTION_TICK: Final = Decimal("0.05")

MON, TUE, WED, THU = 0, 1, 2, 3

# First expiry date that carries the lot.
_LOTS: Final[dict[str, Sequence[tuple[date, int]]]] = {
    "NIFTY": (
        (date(2000, 1, 1), 25),
        (date(2015, 11, 1), 75),
        (date(2021, 7, 29), 50),
        (date(2024, 5, 2), 25),
        (date(2025, 1, 1), 75),
        (date(2025, 1, 30), 25),
        (date(2025, 2, 1), 75),
        (date(2026, 1, 1), 65),
    ),
    "BANKNIFTY": (
        (date(2000, 1, 1), 25),
        (date(2015, 11, 1), 30),
        (date(2016, 7, 1), 40),
        (date(2018, 10, 26), 20),
        (date(2020, 7, 30), 25),
        (date(2023, 7, 27), 15),
        (date(2025, 2, 1), 30),
        (date(2025, 7, 31), 35),
        (date(2026, 1, 1), 30),
    ),
}

# First trading day of the largest quantity of one order.
_FREEZE: Final[dict[str, Sequence[tuple[date, int]]]] = {
    "NIFTY": ((date(2000, 1, 1), 5000), (date(2022, 1, 1), 1800)),
    "BANKNIFTY": (
        (date(2000, 1, 1), 2500),
        (date(2022, 1, 1), 1200),
        (date(2023, 1, 1), 900),
        (date(2025, 7, 1), 600),
        (date(2025, 9, 1), 900),
        (date(2025, 12, 1), 600),
    ),
}


@dataclass(frozen=True, slots=True)
class _Cycle:
    """Weekdays of expiry for contracts that expire on or after `since`; no weeklies when `weekly` is None."""

    since: date
    monthly: int
    weekly: int | None


_CYCLES: Final[dict[str, Sequence[_Cycle]]] = {
    "NIFTY": (
        _Cycle(date(2000, 1, 1), THU, None),
        _Cycle(date(2019, 2, 11), THU, THU),
        _Cycle(date(2025, 9, 1), TUE, TUE),
    ),
    "BANKNIFTY": (
        _Cycle(date(2000, 1, 1), THU, None),
        _Cycle(date(2016, 5, 27), THU, THU),
        _Cycle(date(2023, 9, 4), THU, WED),
        _Cycle(date(2024, 3, 1), WED, WED),
        _Cycle(date(2024, 11, 14), WED, None),
        _Cycle(date(2025, 1, 1), THU, None),
        _Cycle(date(2025, 9, 1), TUE, None),
    ),
}


def lot_size(underlying: str, expiry: date) -> int:
    """Units in one lot of the contract of `underlying` that expires on `expiry`."""
    return [lot for since, lot in _LOTS[underlying] if since <= expiry][-1]


def freeze_quantity(underlying: str, day: date) -> int:
    """Largest quantity, in units, that one order may have on `day`."""
    return [quantity for since, quantity in _FREEZE[underlying] if since <= day][-1]


def _last_weekday(year: int, month: int, weekday: int) -> date:
    last = date(year, month, calendar.monthrange(year, month)[1])
    return last - timedelta(days=(last.weekday() - weekday) % 7)


def _cycle(underlying: str, day: date) -> _Cycle:
    return [cycle for cycle in _CYCLES[underlying] if cycle.since <= day][-1]


def _scheduled(underlying: str, start: date) -> Iterator[date]:
    """Expiry dates from `start` on, before a holiday moves them."""
    day = start
    while True:
        cycle = _cycle(underlying, day)
        monthly = _last_weekday(day.year, day.month, cycle.monthly)
        same_week = day.isocalendar()[:2] == monthly.isocalendar()[:2]
        if day == monthly or (day.weekday() == cycle.weekly and not same_week):
            yield day
        day += timedelta(days=1)


# Asked for every minute of a history.
@lru_cache(4096)
def expiries(underlying: str, day: date, count: int) -> tuple[date, ...]:
    """The next `count` expiries of `underlying` on or after `day`; a holiday moves one to the day before."""
    found: list[date] = []
    for scheduled in _scheduled(underlying, day):
        expiry = scheduled
        while not is_open(expiry) and expiry > day:
            expiry -= timedelta(days=1)
        if expiry >= day:
            found.append(expiry)
        if len(found) == count:
            break
    return tuple(found)


def is_monthly(underlying: str, expiry: date) -> bool:
    """Whether `expiry` is the month's last, that is the contract with the month's name."""
    monthly = _last_weekday(expiry.year, expiry.month, _cycle(underlying, expiry).monthly)
    return timedelta(0) <= monthly - expiry <= timedelta(days=4)


def option_symbol(underlying: str, expiry: date, strike: int, kind: str) -> str:
    """Kite's trading symbol: NIFTY16AUG8700CE of a month, NIFTY2612023500PE of a week. `strike` in rupees."""
    if is_monthly(underlying, expiry):
        return f"{underlying}{expiry:%y%b}".upper() + f"{strike}{kind}"
    month = "123456789OND"[expiry.month - 1]
    return f"{underlying}{expiry:%y}{month}{expiry:%d}{strike}{kind}"


def future_symbol(underlying: str, expiry: date) -> str:
    """Kite's trading symbol of a month's future: NIFTY26AUGFUT."""
    return f"{underlying}{expiry:%y%b}FUT".upper()


def monthly_expiry(underlying: str, day: date) -> date:
    """When the near month's contracts end. Shares' end with NIFTY's."""
    cycle = underlying if underlying in UNDERLYINGS else "NIFTY"
    return next(expiry for expiry in expiries(cycle, day, 6) if is_monthly(cycle, expiry))


def share_lot(price: Decimal) -> int:
    """Units in a lot of a share's future at `price` rupees.

    Shares' lots are set one by one; this is the rule behind them: a contract is worth five lakh rupees at
    least (SEBI, 2015-07-13).
    """
    return max(math.ceil(500_000 / max(price, Decimal("0.01")) / 25) * 25, 25)


def index_future_tick(price: Decimal, day: date) -> Decimal:
    """Tick size in rupees of an index's future at `price` rupees; by the index's level since 2025-04-15."""
    if day < date(2025, 4, 15) or price < 15_000:
        return Decimal("0.05")
    return Decimal("0.10") if price <= 30_000 else Decimal("0.20")


def equity_tick(price: Decimal, day: date) -> Decimal:
    """Tick size in rupees of a share that costs `price` rupees on `day`.

    Source: NSE circulars on tick sizes, effective 2024-06-10 (one paisa below 250 rupees) and 2025-04-15.
    """
    if day < date(2024, 6, 10):
        return Decimal("0.05")
    if price < 250:
        return Decimal("0.01")
    if day < date(2025, 4, 15) or price <= 1000:
        return Decimal("0.05")
    if price <= 5000:
        return Decimal("0.10")
    return Decimal("0.50") if price <= 10_000 else Decimal("1.00")
