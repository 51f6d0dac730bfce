"""The option chain of an underlying as it is kept: what whoever shows it reads, without arrays."""

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

__all__ = ["ChainRow", "ChainSnapshot"]


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ChainRow(_Value):
    """One contract. Prices in rupees, `volume` and `oi` in units; what is not known is None, never zero.

    `iv` is a fraction a year, `gamma` delta a rupee of the underlying, `theta` in rupees a day, `vega` in
    rupees a point of volatility; `spread_pct` in percent of the book's middle; `oi_trend` the change of open
    interest over fifteen minutes in percent.
    """

    identifier: str
    expiry: date
    strike: float
    type: Literal["CE", "PE"]
    last: float | None
    bid: float | None
    ask: float | None
    spread_pct: float | None
    volume: int
    oi: int
    oi_trend: float | None
    iv: float | None
    delta: float | None
    gamma: float | None = None  # Chains that were kept before it was calculated lack it.
    theta: float | None
    vega: float | None
    time_value: float | None
    exchange_time: datetime


class ChainSnapshot(_Value):
    """The quoted contracts of an underlying as of a minute's end, by expiry, strike and type.

    `iv` and `iv_skew` are those of the money, `iv_rank` where `iv` stands in a year of daily values, of which
    `iv_rank_own_days` were its own and `iv_rank_vix_days` India VIX, scaled.
    """

    underlying: str
    as_of: datetime
    spot: float
    iv: float | None
    iv_skew: float | None
    iv_rank: float | None
    iv_rank_own_days: int
    iv_rank_vix_days: int
    rows: tuple[ChainRow, ...]

    @staticmethod
    def path(underlying: str, as_of: datetime) -> str:
        """Where the object lives in the store."""
        return f"chains/{as_of:%Y-%m-%d}/{as_of:%H%M}/{underlying}.json"
