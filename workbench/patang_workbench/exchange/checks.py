"""What the broker refuses to read, and what its risk checks or the exchange reject.

The first answers a request with HTTP 400 and leaves no order; the second ends an order as REJECTED.
"""

from datetime import date, datetime, time
from typing import NamedTuple

from patang_workbench.exchange.errors import InputError
from patang_workbench.exchange.floor import Floor
from patang_workbench.exchange.hours import rupees
from patang_workbench.exchange.lines import Line
from patang_workbench.exchange.orders import Terms
from patang_workbench.exchange.protection import PROTECTION_SINCE
from patang_workbench.exchange.rules import Rules

__all__ = ["AUCTION", "Refusal", "check_terms", "intraday", "rejection", "squared_off"]

NO_OPTION_SLM_SINCE = date(2021, 9, 27)
AUCTION = (time(14, 30), time(15, 0))
"""When the exchange buys in what sellers did not deliver."""
_MOST_TTL = 1440
_PRODUCTS = {"NSE": ("CNC", "MIS", "MTF"), "NFO": ("NRML", "MIS")}


class Refusal(NamedTuple):
    """Why an order is rejected: the broker's words, its exception's name, and the raw text of the system
    that refused.
    """

    message: str
    error_type: str = "OrderException"
    raw: str | None = None


def check_terms(terms: Terms, line: Line | None, day: date, by_api: bool = True) -> Line:
    """Refuse terms that no exchange would read; returns the instrument's line. Raises InputError.

    What a person does on the broker's own pages needs no market protection.
    """
    if line is None or line.instrument.is_index:
        raise InputError("The instrument you are placing an order for has either expired or does not exist.")
    if terms.product not in _PRODUCTS[terms.exchange]:
        raise InputError(f"Product {terms.product} is not allowed on {terms.exchange}.")
    if terms.order_type in ("LIMIT", "SL") and terms.price <= 0:
        raise InputError(f"Price is required for an order of type {terms.order_type}.")
    if terms.order_type in ("SL", "SL-M") and terms.trigger <= 0:
        raise InputError(f"Trigger price is required for an order of type {terms.order_type}.")
    if terms.order_type == "SL-M" and line.instrument.is_option and day >= NO_OPTION_SLM_SINCE:
        raise InputError("SL-M orders are not allowed for options. Place an SL order with a limit price.")
    unprotected = by_api and not terms.protection
    if terms.order_type in ("MARKET", "SL-M") and unprotected and day >= PROTECTION_SINCE:
        raise InputError(
            f"{terms.order_type} orders without market protection are not allowed via API. "
            "Set market_protection or place a limit order."
        )
    problem = _bad_validity(terms) or _bad_variety(terms, line) or _bad_disclosed(terms, line)
    if problem:
        raise InputError(problem)
    return line


def _bad_validity(terms: Terms) -> str | None:
    if terms.validity == "TTL" and not 1 <= terms.ttl <= _MOST_TTL:
        return f"Validity TTL needs `validity_ttl` in minutes, 1 to {_MOST_TTL}; {terms.ttl} was given."
    if terms.validity != "TTL" and terms.ttl:
        return f"`validity_ttl` goes with validity TTL, not with {terms.validity}."
    if terms.validity == "IOC" and terms.order_type in ("SL", "SL-M"):
        return "Validity IOC is not allowed for stoploss orders."
    if terms.validity == "IOC" and terms.variety != "regular":
        return f"Validity IOC is not allowed for an order of variety {terms.variety}."
    if terms.validity == "TTL" and terms.variety not in ("regular", "iceberg"):
        return f"Validity TTL is not allowed for an order of variety {terms.variety}."
    return None


def _bad_variety(terms: Terms, line: Line) -> str | None:
    plain = terms.order_type in ("MARKET", "LIMIT")
    if terms.variety == "co":
        if terms.product != "MIS" or line.instrument.is_option:
            return "Cover orders are for MIS in shares and futures only."
        if not plain or terms.trigger <= 0:
            return "A cover order is MARKET or LIMIT and needs the stoploss as `trigger_price`."
        last = terms.price or line.last
        if terms.trigger >= last if terms.side == "BUY" else terms.trigger <= last:
            return "The stoploss of a cover order must be on the losing side of its price."
    if terms.variety == "iceberg" and not plain:
        return "Iceberg orders are MARKET or LIMIT only."
    if terms.variety == "iceberg" and terms.leg_quantity % line.instrument.lot:
        return f"`iceberg_quantity` {terms.leg_quantity} is not a multiple of the lot {line.instrument.lot}."
    if terms.variety == "iceberg" and terms.quantity % line.instrument.lot:
        return f"Quantity {terms.quantity} is not a multiple of the lot {line.instrument.lot}."
    if terms.variety == "auction":
        if (terms.exchange, terms.side, terms.product, terms.order_type) != ("NSE", "SELL", "CNC", "LIMIT"):
            return "Auction orders are CNC sell orders with a limit price, of shares on NSE."
        if not terms.auction_number:
            return "Missing or empty field `auction_number`"
    return None


def _bad_disclosed(terms: Terms, line: Line) -> str | None:
    if not terms.disclosed:
        return None
    if line.instrument.expiry is not None or terms.validity == "IOC":
        return "Disclosed quantity is for orders of shares with validity DAY only."
    if not terms.quantity * 0.1 <= terms.disclosed <= terms.quantity:
        return f"Disclosed quantity {terms.disclosed} should be 10 % to 100 % of the quantity."
    return None


def intraday(terms: Terms) -> bool:
    """Whether the broker squares the order's position off the same day."""
    return terms.product in ("MIS", "CO")


def squared_off(line: Line, floor: Floor, moment: datetime, rules: Rules) -> bool:
    """Whether the broker has ended the intraday positions in an instrument: at its time, on a day that closes
    early in the last minute.
    """
    return moment.time() >= rules.square_off(line) or moment.timestamp() >= floor.closes(line) - 60


def rejection(terms: Terms, line: Line, floor: Floor, moment: datetime, rules: Rules) -> Refusal | None:
    """Why the broker's risk checks or the exchange reject an order at a market time, or None.

    Funds and holdings are checked apart.
    """
    return (
        _bad_hour(terms, line, floor, moment, rules)
        or _bad_quantity(terms, line)
        or _bad_price(terms, line, floor)
        or _bad_trigger(terms, line)
    )


def _bad_hour(terms: Terms, line: Line, floor: Floor, moment: datetime, rules: Rules) -> Refusal | None:
    if not floor.opening <= moment.timestamp() < floor.closes(line):
        return Refusal("Markets are closed right now. Orders are accepted in the continuous session only.")
    if intraday(terms) and squared_off(line, floor, moment, rules):
        return Refusal(
            "Intraday orders are not accepted after the broker's square-off. Use another product.",
            raw="RMS:Blocked for MIS after square off time",
        )
    if terms.variety == "auction" and not AUCTION[0] <= moment.time() < AUCTION[1]:
        return Refusal(f"The auction takes orders from {AUCTION[0]:%H:%M} to {AUCTION[1]:%H:%M}.")
    return None


def _bad_quantity(terms: Terms, line: Line) -> Refusal | None:
    row = line.instrument
    if terms.quantity % row.lot:
        return Refusal(
            f"Quantity {terms.quantity} is not a multiple of the lot size {row.lot}.",
            raw="16404 : The order quantity is not in multiples of the lot",
        )
    if terms.quantity > row.freeze:
        return Refusal(
            f"Quantity {terms.quantity} is above the freeze quantity of {row.freeze}. Split the order.",
            raw="RMS:Rule: Check freeze quantity for entity account across exchange",
        )
    return None


def _bad_price(terms: Terms, line: Line, floor: Floor) -> Refusal | None:
    tick = line.instrument.tick
    if any(price % tick for price in (terms.price, terms.trigger)):
        return Refusal(
            f"Tick size for this script is {tick / 100:.2f}. "
            "Kindly enter price in the multiple of tick size for this script.",
            error_type="InputException",
        )
    low, high = floor.band(line)
    if terms.order_type in ("LIMIT", "SL") and not low <= terms.price <= high:
        side, limit = ("lower", low) if terms.price < low else ("higher", high)
        return Refusal(
            f"Price exceeds circuit limits: it is {side} than the current "
            f"{'lower' if side == 'lower' else 'upper'} circuit limit of {rupees(limit):.2f}. "
            f"Place an order within the daily range of {rupees(low):.2f} to {rupees(high):.2f}.",
            raw="17070 : The Price is out of the current execution range",
        )
    return None


def _bad_trigger(terms: Terms, line: Line) -> Refusal | None:
    if terms.order_type not in ("SL", "SL-M"):
        return None
    last = rupees(line.last)
    if terms.side == "BUY" and terms.trigger <= line.last:
        return Refusal(
            f"Trigger price for stoploss buy orders should be above the last traded price of {last}."
        )
    if terms.side == "SELL" and terms.trigger >= line.last:
        return Refusal(
            f"Trigger price for stoploss sell orders should be below the last traded price of {last}."
        )
    if terms.order_type == "SL" and terms.side == "BUY" and terms.price < terms.trigger:
        return Refusal("Price of a stoploss buy order should be at or above its trigger price.")
    if terms.order_type == "SL" and terms.side == "SELL" and terms.price > terms.trigger:
        return Refusal("Price of a stoploss sell order should be at or below its trigger price.")
    return None
