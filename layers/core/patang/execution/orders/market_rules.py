"""The rules that an order obeys beside its market: instrument, lot and tick, price band, hours.

Sources: the broker's support pages on refused orders, AMO hours (shares 16:00 to 08:58, contracts 15:45 to
09:10, any time on days without trading), the auction of undelivered shares (14:30 to 15:00) and the closing
auction (neither stops nor icebergs, since 2026-08-03); SL-M is refused for options (NSE since 2021-09-27,
BSE too); exchange code 16448 for how far the limit of a stop may be from its trigger (circular 54/2023).
"""

from collections.abc import Iterator
from datetime import time
from decimal import Decimal

from patang.execution.orders.broken import Broken, told
from patang.execution.orders.market_facts import MarketFacts
from patang.execution.orders.wording import MOST_SLICES, OrderWords
from patang.execution.prices import band_pct, on_tick, stop_limit_range, tick_floor
from patang.market.sessions import IST

__all__ = ["market_broken"]

# From, until (next day), IST.
_AMO_SHARES = (time(16, 0), time(8, 58))
_AMO_CONTRACTS = (time(15, 45), time(9, 10))
_AUCTION = (time(14, 30), time(15, 0))


def market_broken(order: OrderWords, facts: MarketFacts) -> tuple[Broken, ...]:
    """Every field of the order that the broker or the exchange would refuse now, or that looks like a
    slip.
    """
    return told(_rules(order, facts))


def _rules(order: OrderWords, facts: MarketFacts) -> Iterator[Broken | None]:
    yield from _instrument(order, facts)
    yield from _units(order, facts)
    yield from _ticks(order, facts)
    yield _hours(order, facts)
    yield from _range(order, facts)
    yield _trigger_side(order, facts)
    yield _stop_limit(order, facts)
    yield _sanity(order, facts)


def _instrument(order: OrderWords, facts: MarketFacts) -> Iterator[Broken | None]:
    found = facts.instrument
    if found.instrument_type == "INDEX":
        yield Broken(
            "tradingsymbol", order.tradingsymbol, "an index does not trade: name a share or a contract"
        )
    if found.expiry is not None and found.expiry < facts.as_of.date():
        yield Broken(
            "tradingsymbol", order.tradingsymbol, f"it has expired on {found.expiry}: name a later one"
        )
    if not found.is_option:
        return
    if order.order_type == "SL-M":
        yield Broken("order_type", "SL-M", "it is refused for options: give SL with a limit price")
    if order.variety == "co":
        yield Broken(
            "variety", "co", "cover orders are for shares and futures: give regular, and an SL beside it"
        )
    if order.variety == "amo" and order.order_type == "MARKET":
        yield Broken("order_type", "MARKET", "after-market orders in options are LIMIT")


def _units(order: OrderWords, facts: MarketFacts) -> Iterator[Broken | None]:
    lot = facts.instrument.lot_size
    for name, units in (("quantity", order.quantity), ("iceberg_quantity", order.iceberg_quantity)):
        if units is not None and units % lot:
            lower = units // lot * lot
            near = f"{lower} or {lower + lot}" if lower else str(lot)
            yield Broken(name, str(units), f"give a multiple of the lot of {lot}, such as {near}")
    largest = facts.largest
    if largest is None:
        return
    if order.iceberg_quantity is not None and order.iceberg_quantity > largest:
        yield Broken("iceberg_quantity", str(order.iceberg_quantity), f"a leg takes {largest} at most")
    if order.iceberg_quantity is None and order.quantity > largest and not order.autoslice:
        yield Broken("quantity", str(order.quantity), f"one order takes {largest} at most: slice it")
    if order.autoslice and order.quantity > largest * MOST_SLICES:
        most = largest * MOST_SLICES
        yield Broken("quantity", str(order.quantity), f"the broker cuts an order of {most} at most")


def _ticks(order: OrderWords, facts: MarketFacts) -> Iterator[Broken | None]:
    tick = facts.instrument.tick_size
    for name, price in (("price", order.price), ("trigger_price", order.trigger_price)):
        if price is not None and not on_tick(price, tick):
            lower = tick_floor(price, tick)
            yield Broken(
                name, str(price), f"give a multiple of the tick of {tick}: {lower} or {lower + tick}"
            )


def _hours(order: OrderWords, facts: MarketFacts) -> Broken | None:
    session, moment = facts.session, facts.as_of
    at = moment.astimezone(IST).time()
    if order.variety == "amo":
        start, end = _AMO_SHARES if facts.instrument.expiry is None else _AMO_CONTRACTS
        if session is not None and end <= at < start:
            return Broken(
                "variety", "amo", f"after-market orders are taken from {start:%H:%M} to {end:%H:%M}"
            )
        return None
    if session is None:
        return Broken("variety", order.variety, "there is no trading today: give amo")
    auction = session.auction_close is not None and session.close <= moment < session.auction_close
    if auction and (order.variety == "iceberg" or order.order_type in ("SL", "SL-M")):
        return Broken("order_type", order.order_type, "the closing auction takes neither stops nor icebergs")
    if not auction and not session.holds(moment):
        hours = f"{session.open:%H:%M} to {session.close:%H:%M}"
        return Broken("variety", order.variety, f"trading is from {hours}: give amo outside of it")
    if order.variety == "auction" and not _AUCTION[0] <= at < _AUCTION[1]:
        return Broken(
            "variety", "auction", f"it takes orders from {_AUCTION[0]:%H:%M} to {_AUCTION[1]:%H:%M}"
        )
    if order.product == "MIS" and order.transaction_type == "BUY" and at >= facts.square_off:
        return Broken("product", "MIS", f"intraday positions end at {facts.square_off:%H:%M}: give another")
    return None


def _range(order: OrderWords, facts: MarketFacts) -> Iterator[Broken | None]:
    """An after-market order meets the range of another day."""
    if facts.quote is None or order.variety == "amo":
        return
    low, high = facts.quote.range_of(option=facts.instrument.is_option)
    for name, price in (("price", order.price), ("trigger_price", order.trigger_price)):
        if price is not None and (price < low or (high is not None and price > high)):
            most = "no upper limit" if high is None else str(high)
            yield Broken(name, str(price), f"the exchange takes {low} to {most} now")


def _trigger_side(order: OrderWords, facts: MarketFacts) -> Broken | None:
    trigger = order.trigger_price
    if trigger is None or facts.quote is None or order.variety == "amo":
        return None
    last = facts.quote.last_price
    # The trigger of a cover order belongs to its second leg, which goes the other way.
    upwards = (order.transaction_type == "BUY") == (order.variety != "co")
    if upwards and trigger <= last:
        return Broken("trigger_price", str(trigger), f"it belongs above the last price of {last}")
    if not upwards and trigger >= last:
        return Broken("trigger_price", str(trigger), f"it belongs below the last price of {last}")
    return None


def _stop_limit(order: OrderWords, facts: MarketFacts) -> Broken | None:
    if order.order_type != "SL" or order.price is None or not order.trigger_price:
        return None
    if facts.instrument.expiry is None:
        return None
    widest = stop_limit_range(order.trigger_price, option=facts.instrument.is_option)
    if abs(order.price - order.trigger_price) <= widest:
        return None
    return Broken(
        "price",
        str(order.price),
        f"the exchange takes it up to {widest} from the trigger {order.trigger_price}",
    )


def _sanity(order: OrderWords, facts: MarketFacts) -> Broken | None:
    """A limit far on the losing side of the market is a slip of the finger: it would trade at once."""
    if order.order_type == "SL":
        reference = order.trigger_price
    else:
        reference = None if facts.quote is None else facts.quote.last_price
    if not reference:
        return None
    allowed = band_pct(reference, option=facts.instrument.is_option) + facts.drift_pct
    if order.market_protection is not None and order.market_protection > allowed:
        return Broken("market_protection", str(order.market_protection), f"give {allowed} % at most, or -1")
    if order.price is None:
        return None
    worse = order.price - reference if order.transaction_type == "BUY" else reference - order.price
    away: Decimal = worse / reference * 100
    if away <= allowed:
        return None
    return Broken("price", str(order.price), f"it is {away:.1f} % beyond {reference}, more than {allowed} %")
