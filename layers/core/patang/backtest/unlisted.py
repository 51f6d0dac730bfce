"""Instruments of histories that come without a dump of what was listed."""

import zlib
from datetime import date
from decimal import Decimal

from patang.market.contract_terms import INDEX_OF, equity_tick
from patang.market.exchange_calendar import Segment
from patang.market.instruments import Instrument

__all__ = ["research_instrument"]


def research_instrument(symbol: str, segment: Segment, day: date, price: float) -> Instrument:
    """An index or a share as a dump would list it, for histories that have no dump.

    The token is a number of the name's own; the tick is that of `day` at `price` rupees.
    """
    index = segment == "index"
    listed = INDEX_OF.get(symbol, symbol) if index else symbol
    return Instrument(
        instrument_token=zlib.crc32(f"NSE:{listed}".encode()),
        exchange="NSE",
        tradingsymbol=listed,
        name=listed,
        instrument_type="INDEX" if index else "EQ",
        segment="INDICES" if index else "NSE",
        tick_size=Decimal("0.05") if index else equity_tick(Decimal(f"{price:.2f}"), day),
        lot_size=1,
        has_derivatives=segment == "cash_with_auction",
    )
