"""What the simulated broker blocks for a unit of a position."""

from patang_workbench.exchange.lines import Line
from patang_workbench.exchange.orders import Terms

__all__ = ["INTRADAY", "INTRADAY_PRODUCTS", "MTF", "SHORT_OPTION", "unit_margin"]

INTRADAY = 0.20
"""Share of the value that a position in a share blocks that ends the same day."""
INTRADAY_PRODUCTS = ("MIS", "CO")
MTF = 0.25
"""Share of the value of a share that is bought with the broker's money."""
SHORT_OPTION = 0.12
"""Share of the contract's value, at the strike or the future's price, that a short option or any position in
a future blocks: about SPAN and exposure."""


def unit_margin(terms: Terms, line: Line, limit: int | None) -> int:
    """Margin in paise a unit of a position that this order opens."""
    row = line.instrument
    price = limit or (line.ask if terms.side == "BUY" else line.bid) or line.last
    if row.is_option:
        return price if terms.side == "BUY" else round(row.strike * SHORT_OPTION)
    if row.is_future:
        return round(price * SHORT_OPTION)
    if terms.product in INTRADAY_PRODUCTS:
        return round(price * INTRADAY)
    return round(price * MTF) if terms.product == "MTF" else price
