"""The worst price an order may trade at: its own limit, or that of its market protection."""

from datetime import date

from patang_workbench.exchange.lines import Line
from patang_workbench.exchange.orders import Terms

__all__ = ["PROTECTION_SINCE", "limit_of", "protected_percent"]

PROTECTION_SINCE = date(2026, 4, 1)
"""From here on MARKET and SL-M orders by API need a market protection."""

# Automatic protection in percent of the last price: (up to this many rupees, percent).
_OPTION_BANDS = ((10, 5.0), (100, 3.0), (500, 2.0), (float("inf"), 1.0))
_SHARE_BANDS = ((100, 2.0), (500, 1.0), (float("inf"), 0.5))


def protected_percent(terms: Terms, line: Line) -> float | None:
    """The percent from the last price that the order may go, None without a protection."""
    percent = terms.protection
    if not percent:
        return None
    if percent > 0:
        return percent
    bands = _OPTION_BANDS if line.instrument.is_option else _SHARE_BANDS
    return next(width for up_to, width in bands if line.last <= up_to * 100)


def limit_of(terms: Terms, line: Line) -> int | None:
    """The worst price in paise the order may trade at: its own, that of its protection, or None."""
    if terms.order_type in ("LIMIT", "SL"):
        return terms.price
    percent = protected_percent(terms, line)
    if percent is None:
        return None
    tick = line.instrument.tick
    if terms.side == "BUY":
        return -(-round(line.last * (100 + percent)) // (100 * tick)) * tick
    return max(round(line.last * (100 - percent)) // (100 * tick) * tick, tick)
