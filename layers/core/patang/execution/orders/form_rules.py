"""The rules that an order's fields obey among themselves, before anything is known of the market.

Sources: https://kite.trade/docs/connect/v3/orders/ (varieties, types, validities; iceberg of 2 to 50 legs,
which older documents have as 2 to 10), market protection as of 2026-04-01, and the broker's support pages on
AMO (no iceberg, no cover order), cover orders and auctions. Where they leave it open the stricter reading
stands.
"""

from collections.abc import Iterator

from patang.execution.orders.broken import Broken, told
from patang.execution.orders.wording import DERIVATIVE_EXCHANGES, MOST_SLICES, SHARE_EXCHANGES, OrderWords

__all__ = ["ICEBERG_LEGS", "LONGEST_TTL", "form_broken", "product_broken", "tag_broken"]

ICEBERG_LEGS = (2, 50)
# Minutes: longer than any session.
LONGEST_TTL = 1440
_LONGEST_TAG = 20
_PRODUCTS = {
    **dict.fromkeys(SHARE_EXCHANGES, ("CNC", "MIS", "MTF")),
    **dict.fromkeys(DERIVATIVE_EXCHANGES, ("NRML", "MIS")),
}


def form_broken(order: OrderWords) -> tuple[Broken, ...]:
    """Every field of the order that goes against another, or against what the broker takes at all."""
    return told(_rules(order))


def tag_broken(tag: str | None) -> Broken | None:
    """A person's own label: what the broker would take as a tag."""
    if tag is None or (tag.isascii() and tag.isalnum() and len(tag) <= _LONGEST_TAG):
        return None
    return Broken("tag", repr(tag), f"give at most {_LONGEST_TAG} letters and digits, or none")


def product_broken(exchange: str, product: str, field: str = "product") -> Broken | None:
    """CNC and MTF are for shares, NRML for contracts, MIS for both."""
    allowed = _PRODUCTS.get(exchange)
    if allowed is None:
        return Broken("exchange", exchange, f"give one of {', '.join(sorted(_PRODUCTS))}")
    if product in allowed:
        return None
    return Broken(field, product, f"{exchange} takes {', '.join(allowed)}")


def _rules(order: OrderWords) -> Iterator[Broken | None]:
    if order.quantity <= 0:
        yield Broken("quantity", str(order.quantity), "give the units to trade, at least 1")
    yield product_broken(order.exchange, order.product)
    yield from _prices(order)
    yield _protection(order)
    yield from _validity(order)
    yield from _iceberg(order)
    yield from _cover(order)
    yield from _auction(order)
    yield _disclosed(order)
    if order.autoslice and order.variety not in ("regular", "amo"):
        yield Broken(
            "autoslice", "true", f"the broker cuts no {order.variety} orders into up to {MOST_SLICES}"
        )


def _prices(order: OrderWords) -> Iterator[Broken | None]:
    kind, price, trigger = order.order_type, order.price, order.trigger_price
    if kind in ("LIMIT", "SL") and (price is None or price <= 0):
        yield Broken("price", str(price), f"an order of type {kind} needs its limit, above 0")
    if kind in ("MARKET", "SL-M") and price is not None:
        yield Broken(
            "price", str(price), f"leave it out of an order of type {kind}, or make it a LIMIT or SL"
        )
    if kind in ("SL", "SL-M") and (trigger is None or trigger <= 0):
        yield Broken("trigger_price", str(trigger), f"an order of type {kind} needs its trigger, above 0")
    if kind in ("LIMIT", "MARKET") and trigger is not None and order.variety != "co":
        yield Broken(
            "trigger_price", str(trigger), f"leave it out of an order of type {kind}, or make it an SL"
        )
    if kind == "SL" and price is not None and trigger is not None:
        if order.transaction_type == "BUY" and price < trigger:
            yield Broken("price", str(price), f"a stop to buy at {trigger} needs a limit at or above that")
        if order.transaction_type == "SELL" and price > trigger:
            yield Broken("price", str(price), f"a stop to sell at {trigger} needs a limit at or below that")


def _protection(order: OrderWords) -> Broken | None:
    percent = order.market_protection
    if order.order_type in ("MARKET", "SL-M"):
        if percent is None or not (percent == -1 or 0 < percent <= 100):
            return Broken(
                "market_protection",
                str(percent),
                f"an order of type {order.order_type} needs a percentage above 0, or -1 for the broker's own",
            )
    elif percent is not None:
        return Broken("market_protection", str(percent), "leave it out where there is a limit")
    return None


def _validity(order: OrderWords) -> Iterator[Broken | None]:
    ttl, validity, variety = order.validity_ttl, order.validity, order.variety
    if validity == "TTL" and (ttl is None or not 1 <= ttl <= LONGEST_TTL):
        yield Broken("validity_ttl", str(ttl), f"validity TTL needs the minutes to live, 1 to {LONGEST_TTL}")
    if validity != "TTL" and ttl is not None:
        yield Broken("validity_ttl", str(ttl), f"leave it out with validity {validity}, or make it TTL")
    if validity == "TTL" and variety not in ("regular", "iceberg"):
        yield Broken("validity", validity, f"an order of variety {variety} takes DAY")
    if validity == "IOC" and variety != "regular":
        yield Broken("validity", validity, f"an order of variety {variety} takes DAY")
    if validity == "IOC" and order.order_type in ("SL", "SL-M"):
        yield Broken("validity", validity, "a stop waits for its trigger: give DAY")


def _iceberg(order: OrderWords) -> Iterator[Broken | None]:
    legs, each = order.iceberg_legs, order.iceberg_quantity
    if order.variety != "iceberg":
        for name, value in (("iceberg_legs", legs), ("iceberg_quantity", each)):
            if value is not None:
                yield Broken(name, str(value), "leave it out, or make the variety iceberg")
        return
    fewest, most = ICEBERG_LEGS
    if order.order_type not in ("LIMIT", "MARKET"):
        yield Broken("order_type", order.order_type, "an iceberg is LIMIT or MARKET")
    if legs is None or not fewest <= legs <= most:
        yield Broken("iceberg_legs", str(legs), f"give the number of legs, {fewest} to {most}")
    if each is None or each <= 0:
        yield Broken("iceberg_quantity", str(each), "give the units of each leg")
    elif legs is not None and not (legs - 1) * each < order.quantity <= legs * each:
        wanted = -(-order.quantity // legs) if legs > 0 else order.quantity
        yield Broken(
            "iceberg_quantity",
            str(each),
            f"{legs} legs of it do not make {order.quantity} units: about {wanted} a leg would",
        )


def _cover(order: OrderWords) -> Iterator[Broken | None]:
    if order.variety != "co":
        return
    if order.transaction_type == "SELL":
        # It opens a position of its own: nothing that is held elsewhere covers it.
        yield Broken("transaction_type", "SELL", "a cover order that begins with it sells short: give BUY")
    if order.product != "MIS":
        yield Broken("product", order.product, "a cover order is MIS")
    if order.order_type not in ("LIMIT", "MARKET"):
        yield Broken("order_type", order.order_type, "the first leg of a cover order is LIMIT or MARKET")
    trigger, price, buying = order.trigger_price, order.price, order.transaction_type == "BUY"
    if trigger is None or trigger <= 0:
        yield Broken("trigger_price", str(trigger), "a cover order needs the trigger of its stop, above 0")
    elif price is not None and (trigger >= price if buying else trigger <= price):
        side = "below" if buying else "above"
        yield Broken("trigger_price", str(trigger), f"the stop belongs {side} the price of {price}")


def _auction(order: OrderWords) -> Iterator[Broken | None]:
    if order.variety != "auction":
        if order.auction_number is not None:
            yield Broken("auction_number", order.auction_number, "leave it out, or make the variety auction")
        return
    if not order.auction_number or not order.auction_number.isalnum():
        yield Broken("auction_number", str(order.auction_number), "name the auction, as the broker lists it")
    wanted = {"exchange": "NSE", "transaction_type": "SELL", "product": "CNC", "order_type": "LIMIT"}
    for name, value in wanted.items():
        if getattr(order, name) != value:
            yield Broken(name, getattr(order, name), f"an auction takes {value}")


def _disclosed(order: OrderWords) -> Broken | None:
    """A part of an order in shares that others see; the exchange wants a tenth of it at least."""
    shown = order.disclosed_quantity
    if shown is None or shown == 0:
        return None
    if order.exchange not in SHARE_EXCHANGES:
        return _disclosed_wrong(shown, "leave it out: only orders in shares disclose a part")
    if order.validity == "IOC" or order.variety in ("iceberg", "auction", "co"):
        return _disclosed_wrong(shown, "leave it out of IOC, iceberg, cover and auction orders")
    if not order.quantity <= shown * 10 <= order.quantity * 10:
        least = -(-order.quantity // 10)
        return _disclosed_wrong(shown, f"give {least} to {order.quantity}, a tenth to all of the quantity")
    return None


def _disclosed_wrong(shown: int, remedy: str) -> Broken:
    return Broken("disclosed_quantity", str(shown), remedy)
