"""The report of a financial year: rows as the return asks for them, and their sums. No tax is worked out."""

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict

from patang.reports.amounts import Rupees
from patang.reports.taxes.rules import Term

__all__ = [
    "BusinessRow",
    "BusinessSum",
    "CarriedLot",
    "GainRow",
    "GainSum",
    "PeriodGain",
    "Statement",
    "UnsettledDeal",
]


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class BusinessRow(_Told):
    """A trade in contracts, or of shares within a day. `difference` is before `charges`, which are all that
    both legs cost, STT among them: it is an expense of a business (s. 36(1)(xv)). Rupees.
    """

    account: str
    exchange: str
    symbol: str
    kind: Literal["futures", "options", "intraday"]
    quantity: int
    bought_on: date
    sold_on: date
    bought: Rupees
    sold: Rupees
    difference: Rupees
    charges: Rupees
    stt: Rupees
    net: Rupees


class BusinessSum(_Told):
    """`turnover` is the sum of the differences of all trades, gains and losses alike without their sign
    (ICAI, Guidance Note on Tax Audit under s. 44AB, 2022: the total of favourable and unfavourable
    differences). `option_premiums` is what options were sold for; it stands beside, since the Note does not
    want it counted again where it is in the differences. `charges` by component, in rupees.
    """

    trades: int
    turnover: Rupees
    gains: Rupees
    losses: Rupees
    option_premiums: Rupees
    charges: dict[str, Rupees]
    charges_total: Rupees
    net: Rupees


class GainRow(_Told):
    """Delivered shares from their purchase to their sale. `cost` is `bought` with `buy_charges`, or what the
    shares were worth on 31 January 2018 where the law lets that count (`grandfathered`); `gain` is `sold`
    less `cost` and `sell_charges`. Neither charges have STT in them, which is no cost here (s. 48): it is
    told in `stt`, of both legs. Rupees.
    """

    account: str
    exchange: str
    symbol: str
    term: Term
    quantity: int
    bought_on: date
    sold_on: date
    bought: Rupees
    buy_charges: Rupees
    sold: Rupees
    sell_charges: Rupees
    stt: Rupees
    fmv_2018: Rupees | None
    grandfathered: bool
    from_bonus: bool
    cost: Rupees
    gain: Rupees
    section: str
    rate_pct: float


class PeriodGain(_Told):
    """Gains of sales up to the day `until`, from the period before on."""

    until: date
    gain: Rupees


class GainSum(_Told):
    """Gains of one term at one rate, after losses among them."""

    term: Term
    rate_pct: float
    section: str
    source: str
    trades: int
    sold: Rupees
    cost: Rupees
    sell_charges: Rupees
    stt: Rupees
    gain: Rupees
    by_period: tuple[PeriodGain, ...]


class CarriedLot(_Told):
    """What was held when the year ended, by what it goes into the next with."""

    account: str
    exchange: str
    symbol: str
    opened: date
    quantity: int
    value: Rupees
    charges: Rupees
    origin: str
    short: bool


class UnsettledDeal(_Told):
    """A deal of the year that is in no sum, and why."""

    account: str
    symbol: str
    side: str
    quantity: int
    price: Rupees
    day: date
    why: str


class Statement(_Told):
    """One financial year of one mode over `accounts`. First in, first out is kept account by account.

    `exemption` is what the law leaves free of the year's long-term gains taken together. `to_settle` are
    sentences on what a person has to look at before the figures can be used; `unsettled` the deals they are
    about. `outside` counts trades with a leg that was sold beside the desk and has the price that the
    desk has booked: it is to be held against the broker's trade book.
    """

    version: Literal[1] = 1
    year: str
    first: date
    last: date
    mode: str
    accounts: tuple[str, ...]
    futures_and_options: BusinessSum
    intraday: BusinessSum
    gains: tuple[GainSum, ...]
    short_term: Rupees
    long_term: Rupees
    exemption: Rupees
    exemption_source: str
    business_rows: tuple[BusinessRow, ...]
    gain_rows: tuple[GainRow, ...]
    carried: tuple[CarriedLot, ...]
    unsettled: tuple[UnsettledDeal, ...]
    outside: int
    to_settle: tuple[str, ...]
    disclaimer: str = "Figures for your return, not advice: no tax is worked out and no loss set off."
