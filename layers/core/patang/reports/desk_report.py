"""The report of a day or a month: what was traded, what it cost, and whether it went as was foretold."""

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from patang.reports.amounts import Rupees

__all__ = [
    "Calendar",
    "Calibration",
    "ChargeLine",
    "DeskReport",
    "Expectation",
    "NoteLine",
    "ReliabilityBin",
    "SlippageLine",
    "TradeLine",
    "TradeSum",
]


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class NoteLine(_Told):
    """What somebody has written on a trade: who, and when (wall time)."""

    text: str
    actor: str
    written_at: datetime


class TradeLine(_Told):
    """A position that was closed. Amounts in rupees of the whole: `net` is after `charges`; `slippage` is
    what both legs lost against the prices they were decided at, a gain being negative, and is within `net`.

    `p_win`, `expected_return_pct` (of the entry price, before costs) and `expected_net` (scaled to what was
    filled) are what its proposal promised, None where a person bought; `return_pct` is what came of the
    second.
    """

    account: str
    position_id: str
    strategy: str
    exchange: str
    symbol: str
    product: str
    quantity: int
    entry_time: datetime
    exit_time: datetime
    entry_price: Rupees
    exit_price: Rupees
    exit_reason: str | None
    minutes: int
    gross: Rupees
    charges: Rupees
    slippage: Rupees
    net: Rupees
    won: bool
    return_pct: float
    p_win: float | None
    expected_return_pct: float | None
    expected_net: Rupees | None
    model_version: str | None
    notes: tuple[NoteLine, ...]


class TradeSum(_Told):
    """Trades together: of one strategy, of one symbol, or of all (`name` is "all")."""

    name: str
    trades: int
    wins: int
    gross: Rupees
    charges: Rupees
    slippage: Rupees
    net: Rupees


class Calendar(_Told):
    """Days and months of one mode on which something was closed, the last first, by their names: 2026-08-18,
    2026-08."""

    mode: str
    days: tuple[TradeSum, ...]
    months: tuple[TradeSum, ...]


class ChargeLine(_Told):
    """One component over the period, on whatever was traded in it: on the contract notes that our rates make
    of each day, and, of the days whose virtual note is kept, by our rates and by the broker's word."""

    component: str
    on_our_notes: Rupees
    compared_expected: Rupees
    compared_charged: Rupees
    difference: Rupees


class SlippageLine(_Told):
    """What fills lost against the prices their orders were decided at: rupees over `value`, and in percent of
    it. A gain is negative. Orders without such a price are not among them."""

    side: Literal["BUY", "SELL"]
    fills: int
    value: Rupees
    lost: Rupees
    lost_pct: float


class Expectation(_Told):
    """What the proposals of the period's trades promised, and what came: sums over trades that had one.

    `expected_wins` is the sum of p_win and `wins_sd` the standard deviation that luck alone gives the number
    of wins, were every promise kept and the trades independent. Trades of one day are not: judge by months.
    """

    name: str
    trades: int
    wins: int
    expected_wins: float
    wins_sd: float
    net: Rupees
    expected_net: Rupees
    mean_return_pct: float
    mean_expected_return_pct: float


class ReliabilityBin(_Told):
    """Trades whose p_win lay in one tenth, from `low` up to below `high`: the mean of what was foretold, how
    often it came true, and where the true frequency lies with 95 % (Wilson). `kept`: the first lies there."""

    low: float
    high: float
    trades: int
    foretold: float
    came_true: float
    interval_low: float
    interval_high: float
    kept: bool


class Calibration(_Told):
    """How well p_win was kept in use, over trades closed from `first` to `last`: by tenths, and as the mean
    squared error of the probability (Brier's score; 0.25 is what always saying one half has)."""

    first: date
    last: date
    trades: int
    brier: float | None
    bins: tuple[ReliabilityBin, ...]


class DeskReport(_Told):
    """A period of one mode over `accounts`, days being market days and both ends included. A trade counts as
    a whole in the period of its last sale; charges and slippage are of what was traded in the period.

    `days_without_note` had trades and no comparison with the broker's charges.
    """

    version: Literal[1] = 1
    kind: Literal["daily", "monthly"]
    first: date
    last: date
    mode: str
    accounts: tuple[str, ...]
    total: TradeSum
    by_strategy: tuple[TradeSum, ...]
    by_symbol: tuple[TradeSum, ...]
    trades: tuple[TradeLine, ...]
    charges: tuple[ChargeLine, ...]
    charges_total: Rupees
    days_without_note: tuple[date, ...]
    slippage: tuple[SlippageLine, ...]
    expectation: tuple[Expectation, ...]
    calibration: Calibration
