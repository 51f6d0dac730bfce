"""Refusals that other terms would cure: the price band, the tick size, the freeze quantity, a cut of nothing.

A cure stays within what was agreed to: never dearer for a buyer nor cheaper for a seller, never more units.
What it gives back is to be looked at afresh before it is sent (patang.execution.orders.market_rules), as a
new order.

The broker's words vary by the system that refuses; these have been seen (forum and support pages, 2019 to
2026): "Your order price is higher than the current upper circuit limit of 503.35. You can place an order
within the daily range", "Price exceeds circuit limits for the instrument. Place an order within the daily
range.", "17070 : The Price is out of the current execution range", "RMS:Rule: Check circuit limit including
square off order exceeds for entity account-X", "... outside the current allowed limit price protection
range", "Tick size for this script is 0.05. Kindly enter price in the multiple of tick size for this
script.", "RMS:Rule: Check freeze quantity for entity account-X across exchange"; and of an order too small to
be cut: "Quantity should be greater than or equal to 1865 for order slicing."
"""

import re
from decimal import Decimal
from typing import Literal

from patang.approvals.proposal import OrderTerms
from patang.execution.orders.market_facts import MarketFacts, MarketQuote
from patang.execution.orders.market_rules import market_broken
from patang.execution.prices import protected_price, tick_ceiling, tick_floor
from patang.market.instruments import Instrument

__all__ = ["Ailment", "ailment_of", "cure", "cured", "range_said"]

type Ailment = Literal["PRICE_BAND", "TICK_SIZE", "FREEZE_QUANTITY", "NOTHING_TO_CUT"]

# In this order: a message on ticks may speak of prices, one on freezing of limits.
_WORDS: tuple[tuple[Ailment, re.Pattern[str]], ...] = (
    ("TICK_SIZE", re.compile(r"tick size|multiples? of (the )?tick", re.IGNORECASE)),
    ("NOTHING_TO_CUT", re.compile(r"\bfor order slicing|\bneeds no slicing", re.IGNORECASE)),
    ("FREEZE_QUANTITY", re.compile(r"freeze|frozen|maximum (allowed )?(order )?quantity", re.IGNORECASE)),
    (
        "PRICE_BAND",
        re.compile(
            r"circuit|price protection|(execution|price|daily) range|price band|\b17070\b",
            re.IGNORECASE,
        ),
    ),
)
_AMOUNT = r"(?:Rs\.?|INR|₹)?\s*(\d+(?:\.\d+)?)"
_TICK = re.compile(rf"tick size[^0-9]{{0,30}}{_AMOUNT}", re.IGNORECASE)
_LOWER = re.compile(rf"lower circuit limit of {_AMOUNT}", re.IGNORECASE)
_UPPER = re.compile(rf"upper circuit limit of {_AMOUNT}", re.IGNORECASE)
_BOTH = re.compile(rf"range of {_AMOUNT}\s*(?:to|-|and)\s*{_AMOUNT}", re.IGNORECASE)
_LARGEST = re.compile(r"freeze quantity (?:of|is|limit of|limit is)\s*(\d+)", re.IGNORECASE)


def ailment_of(message: str) -> Ailment | None:
    """What a refusal is about, if other terms can cure it."""
    return next((ailment for ailment, words in _WORDS if words.search(message)), None)


def cure(
    terms: OrderTerms,
    message: str,
    instrument: Instrument,
    quote: MarketQuote | None,
    largest: int | None = None,
) -> OrderTerms | None:
    """The terms without what was refused; None where nothing within what was agreed to would help.

    `message` is all that the broker has said of the refusal, `largest` the most units of one order.
    """
    match ailment_of(message):
        case "TICK_SIZE":
            changed = _on_tick(terms, _said(_TICK, message) or instrument.tick_size)
        case "FREEZE_QUANTITY":
            changed = _within_freeze(terms, _said(_LARGEST, message), largest, instrument.lot_size)
        case "NOTHING_TO_CUT":
            changed = terms.model_copy(update={"autoslice": False})
        case "PRICE_BAND":
            changed = _in_range(terms, message, instrument, quote)
        case None:
            return None
    return None if changed == terms else changed


def cured(terms: OrderTerms, message: str, facts: MarketFacts) -> OrderTerms | None:
    """The same, looked at afresh: None too where the cured terms break a rule of the market as it is now."""
    changed = cure(terms, message, facts.instrument, facts.quote, facts.largest)
    if ailment_of(message) == "NOTHING_TO_CUT":
        # The same order uncut: its price is no other, and our table says less than the broker takes at once.
        return changed
    return None if changed is None or market_broken(changed, facts) else changed


def _on_tick(terms: OrderTerms, tick: Decimal) -> OrderTerms | None:
    """Both prices the same way, so that a stop's limit stays on its side of the trigger."""
    to_tick = tick_floor if terms.transaction_type == "BUY" else tick_ceiling
    prices = {
        name: to_tick(price, tick)
        for name, price in (("price", terms.price), ("trigger_price", terms.trigger_price))
        if price is not None
    }
    return terms.model_copy(update=prices) if all(prices.values()) else None


def _within_freeze(terms: OrderTerms, said: Decimal | None, known: int | None, lot: int) -> OrderTerms | None:
    """A sale is cut by the broker, since all of it has to go; a purchase just becomes smaller.

    Nobody having said how much is taken, a purchase is halved. A stop stays as it is: cut, it could not
    become the sell of its position in one change.
    """
    if terms.variety != "regular" or terms.autoslice or terms.trigger_price is not None:
        return None
    if terms.transaction_type == "SELL":
        return terms.model_copy(update={"autoslice": True})
    bounds = [int(bound) for bound in (said, known) if bound is not None and bound < terms.quantity]
    least = min(bounds, default=terms.quantity // 2) // lot * lot
    return terms.model_copy(update={"quantity": least}) if least > 0 else None


def _in_range(
    terms: OrderTerms, message: str, instrument: Instrument, quote: MarketQuote | None
) -> OrderTerms | None:
    """A buyer's limit comes down to the highest price taken, a seller's goes up to the lowest.

    The limits are not on the tick themselves: rounding goes inwards. Where they do not explain the refusal
    (the exchange's reference moves with each trade), the limit comes as near as the market protection is.
    """
    if terms.price is None:
        return None
    buying, tick = terms.transaction_type == "BUY", instrument.tick_size
    low, high = _range_of(message, instrument, quote)
    bound = high if buying else low
    if bound is not None and (terms.price > bound if buying else terms.price < bound):
        price = tick_floor(bound, tick) if buying else tick_ceiling(bound, tick)
    elif quote is not None and terms.trigger_price is None:
        option = instrument.is_option
        price = protected_price(quote.last_price, tick, Decimal(-1), option=option, buying=buying)
    else:
        return None
    return terms.model_copy(update={"price": price}) if _is_agreed(terms, price) else None


def _is_agreed(terms: OrderTerms, price: Decimal) -> bool:
    """Whether a limit is no worse than the one agreed to, and on the right side of the trigger."""
    if terms.price is None or price <= 0:
        return False
    trigger = terms.trigger_price
    if terms.transaction_type == "BUY":
        return price <= terms.price and (trigger is None or price >= trigger)
    return price >= terms.price and (trigger is None or price <= trigger)


def _range_of(
    message: str, instrument: Instrument, quote: MarketQuote | None
) -> tuple[Decimal | None, Decimal | None]:
    """The narrower of what the broker has said and what the market shows."""
    low, high = range_said(message)
    if quote is None:
        return low, high
    least, most = quote.range_of(option=instrument.is_option)
    return (
        least if low is None else max(low, least),
        min((bound for bound in (high, most) if bound is not None), default=None),
    )


def range_said(message: str) -> tuple[Decimal | None, Decimal | None]:
    """The lowest and the highest price of the day that a refusal names, rupees; None where none."""
    both = _BOTH.search(message)
    if both is not None:
        return Decimal(both[1]), Decimal(both[2])
    return _said(_LOWER, message), _said(_UPPER, message)


def _said(words: re.Pattern[str], message: str) -> Decimal | None:
    found = words.search(message)
    return None if found is None else Decimal(found[1])
