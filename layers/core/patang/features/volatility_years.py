"""The year of daily volatility that today's is ranked in, read before the open."""

from collections.abc import Iterable
from datetime import timedelta
from typing import NamedTuple

from patang.errors import PatangError
from patang.market.sessions import Session
from patang.market.volatility import (
    INDIA_VIX,
    VolatilityHistory,
    VolatilityRange,
    load_history,
    save_history,
    year_before,
)
from patang.ports import MarketData, ObjectStore

__all__ = ["VolatilityYears", "volatility_years"]

_LOOK_BACK = timedelta(days=370)


class VolatilityYears(NamedTuple):
    """By underlying, where anything is known; what could not be read is named."""

    years: dict[str, VolatilityRange]
    problems: list[str]


def volatility_years(
    objects: ObjectStore,
    data: MarketData,
    vix_token: int | None,
    underlyings: Iterable[str],
    session: Session,
) -> VolatilityYears:
    """Brings the kept days of India VIX up to the session before, and joins them to each underlying's own."""
    problems: list[str] = []
    vix = _kept(objects, INDIA_VIX, problems)
    try:
        vix = vix if vix_token is None else _brought_up(vix, data, vix_token, session)
        save_history(objects, vix)
    except PatangError as error:
        problems.append(f"no history of {INDIA_VIX}: {error}")
    if vix_token is None:
        problems.append(
            f"{INDIA_VIX} is not in the instruments of NSE: volatility is ranked in own days alone"
        )
    found = {name: year_before(session.day, _kept(objects, name, problems), vix) for name in underlyings}
    return VolatilityYears({name: year for name, year in found.items() if year is not None}, problems)


def _kept(objects: ObjectStore, name: str, problems: list[str]) -> VolatilityHistory:
    try:
        return load_history(objects, name)
    except PatangError as error:
        problems.append(str(error))
        return VolatilityHistory(name=name)


def _brought_up(vix: VolatilityHistory, data: MarketData, token: int, session: Session) -> VolatilityHistory:
    """With the broker's closes, percent there, of the year before the session."""
    rows = data.candles(token, session.open - _LOOK_BACK, session.open - timedelta(days=1), "day")
    closes = {row["date"].date(): row["close"] / 100 for row in rows}
    return vix.joined({day: iv for day, iv in closes.items() if day < session.day})
