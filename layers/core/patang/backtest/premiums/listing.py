"""The options that were listed on an index on a day, as far as the dated tables of contracts know."""

import zlib
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Literal

from patang.market.contract_terms import OPTION_TICK, STRIKE_STEP, expiries, lot_size, option_symbol
from patang.market.expiries import first_expiry_to_enter
from patang.market.instruments import Instrument
from patang.settings import Settings

__all__ = ["listed_option", "strikes_near", "watched_expiries"]

# The current and the next are watched, as the live desk does; the first that may be entered is looked for
# among so many.
_WATCHED, _LOOKED_AT = 2, 6


@lru_cache(200_000)
def listed_option(underlying: str, expiry: date, strike: int, kind: Literal["CE", "PE"]) -> Instrument:
    """The contract as a dump would list it. Its token is a number of the name's own."""
    symbol = option_symbol(underlying, expiry, strike, kind)
    return Instrument(
        instrument_token=zlib.crc32(f"NFO:{symbol}".encode()),
        exchange="NFO",
        tradingsymbol=symbol,
        name=underlying,
        instrument_type=kind,
        segment="NFO-OPT",
        tick_size=OPTION_TICK,
        lot_size=lot_size(underlying, expiry),
        expiry=expiry,
        strike=Decimal(strike),
    )


def watched_expiries(underlying: str, day: date, settings: Settings) -> tuple[tuple[date, ...], date | None]:
    """The expiries whose options the desk would watch on `day`, the nearest first, and the one of them that
    may be entered."""
    listed = expiries(underlying, day, _LOOKED_AT)
    first = first_expiry_to_enter(listed, day, settings.options, settings.sessions)
    return tuple(e for n, e in enumerate(listed) if n < _WATCHED or e == first), first


def strikes_near(underlying: str, spot: float, each_side: int) -> Iterable[int]:
    """The strikes that the desk would watch with the index at `spot`, in rupees."""
    step = STRIKE_STEP[underlying]
    centre = round(spot / step)
    return (strike * step for strike in range(centre - each_side, centre + each_side + 1))
