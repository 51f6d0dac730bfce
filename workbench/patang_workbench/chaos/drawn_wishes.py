"""What people ask the desk for, drawn: orders of all varieties, changes, exits, baskets, triggers,
conversions. Some of it breaks a rule: people ask for more than is there.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from pydantic import ValidationError

from patang.execution.orders.requests import (
    Basket,
    CancelOrder,
    ConvertPosition,
    DeleteGtt,
    ExitPosition,
    GttLeg,
    ModifyGtt,
    ModifyOrder,
    PersonsWish,
    PlaceGtt,
    PlaceOrder,
)
from patang.execution.prices import tick_floor
from patang.portfolio.position import Position
from patang_workbench.chaos.wishes import PRODUCTS, traded_lines
from patang_workbench.exchange.gtt import Gtt
from patang_workbench.exchange.lines import Line
from patang_workbench.exchange.orders import Order

__all__ = ["Desired", "Shown", "draw"]

type Desired = tuple[str, PersonsWish]
"""What kind of wish it is, as a report counts it, and the wish."""

_OTHER_PRODUCT: dict[str, Literal["MIS", "CNC"]] = {"MIS": "CNC", "CNC": "MIS"}


@dataclass(frozen=True, slots=True)
class Shown:
    """What a person sees of an account: what may be bought, what is held of which product, his orders and
    triggers that stand, the desk's positions."""

    lines: Sequence[Line]
    held: Sequence[tuple[Line, str, int]]
    orders: Sequence[Order]
    triggers: Sequence[Gtt]
    positions: Sequence[Position]


def draw(chance: random.Random, shown: Shown) -> Desired | None:
    """The next wish; None where what was drawn cannot be, or needs something that is not there."""
    kinds = tuple(_DRAWN)
    kind = chance.choices(kinds, [_DRAWN[name][0] for name in kinds])[0]
    try:
        wish = _DRAWN[kind][1](chance, shown)
    except ValidationError:
        # Its fields do not agree, and no form would let it pass.
        return None
    return None if wish is None else (kind, wish)


def _buy(chance: random.Random, shown: Shown) -> PlaceOrder | None:
    product = chance.choice(PRODUCTS)
    line = _quoted(chance, traded_lines(list(shown.lines), product))
    if line is None:
        return None
    kind = chance.choice(("LIMIT", "LIMIT", "MARKET", "SL"))
    return _order(line, "BUY", _few(chance, line), product, **_prices(chance, line, "BUY", kind))


def _sell(chance: random.Random, shown: Shown) -> PlaceOrder | None:
    """Of what the account holds; not all of that is the person's."""
    found = _of_held(chance, shown)
    if found is None:
        return None
    line, product, units = found
    # Stops of options need limits within a range of their own.
    kind = chance.choice(("LIMIT", "MARKET") if line.instrument.is_option else ("LIMIT", "MARKET", "SL"))
    return _order(line, "SELL", units, product, **_prices(chance, line, "SELL", kind))


def _large(chance: random.Random, shown: Shown) -> PlaceOrder | None:
    """Options beyond the freeze quantity: cut by the desk, or by the broker."""
    line = _quoted(chance, traded_lines(list(shown.lines), "NRML"))
    if line is None:
        return None
    row = line.instrument
    units = (row.freeze // row.lot + chance.randint(1, 5)) * row.lot
    prices = _prices(chance, line, "BUY", "LIMIT")
    return _order(line, "BUY", units, "NRML", autoslice=chance.random() < 0.5, **prices)


def _iceberg(chance: random.Random, shown: Shown) -> PlaceOrder | None:
    held = _of_held(chance, shown, ("CNC", "MIS")) if chance.random() < 0.3 else None
    if held is not None and held[2] >= 4:
        (line, product, units), side = held, "SELL"
    else:
        found = _quoted(chance, traded_lines(list(shown.lines), "CNC"))
        if found is None:
            return None
        line, product, units, side = found, chance.choice(("CNC", "MIS")), chance.randint(4, 30), "BUY"
    each = -(-units // chance.randint(2, 4))
    cut = {"iceberg_legs": -(-units // each), "iceberg_quantity": each}
    prices = _prices(chance, line, side, chance.choice(("LIMIT", "MARKET")))
    return _order(line, side, units, product, "iceberg", **cut, **prices)


def _cover(chance: random.Random, shown: Shown) -> PlaceOrder | None:
    line = _quoted(chance, traded_lines(list(shown.lines), "MIS"))
    if line is None:
        return None
    prices = _prices(chance, line, "BUY", chance.choice(("LIMIT", "MARKET")))
    prices["trigger_price"] = _away(line, -chance.uniform(0.1, 0.6), min(line.bid, line.last))
    return _order(line, "BUY", chance.randint(1, 30), "MIS", "co", **prices)


def _modify(chance: random.Random, shown: Shown) -> ModifyOrder | None:
    if not shown.orders:
        return None
    order = chance.choice(shown.orders)
    variety = order.terms.variety
    if variety not in ("regular", "co"):
        return None
    stop = order.parent_id is not None
    if stop or order.terms.order_type == "SL":
        low, high = (-0.6, -0.1) if order.terms.side == "SELL" else (0.1, 0.6)
        trigger = _away(order.line, chance.uniform(low, high), order.line.last)
        changes = {"trigger_price": trigger} | ({} if stop else {"price": trigger})
    elif chance.random() < 0.4 and variety == "regular":
        changes = {"quantity": Decimal(order.terms.quantity + order.line.instrument.lot)}
    else:
        changes = {"price": _away(order.line, chance.uniform(-0.2, 0.2), order.line.last)}
    named = order.order_id if stop or chance.random() < 0.5 else str(order.terms.tag or order.order_id)
    return ModifyOrder.model_validate({"variety": variety, "order_id": named} | changes)


def _cancel(chance: random.Random, shown: Shown) -> CancelOrder | None:
    """One leg of a cover order leaves its position."""
    if not shown.orders:
        return None
    order = chance.choice(shown.orders)
    by_tag = order.parent_id is None and order.terms.tag is not None and chance.random() < 0.5
    return CancelOrder(order_id=str(order.terms.tag) if by_tag else order.order_id)


def _exit(chance: random.Random, shown: Shown) -> ExitPosition | None:
    if not shown.positions:
        return None
    return ExitPosition(position_id=chance.choice(shown.positions).position_id)


def _basket(chance: random.Random, shown: Shown) -> Basket | None:
    drawn = (chance.choice((_buy, _buy, _sell, _iceberg))(chance, shown) for _ in range(chance.randint(2, 4)))
    orders = tuple(order for order in drawn if order is not None)
    return Basket(orders=orders, cancel_rest=chance.random() < 0.5) if orders else None


def _place_gtt(chance: random.Random, shown: Shown) -> PlaceGtt | None:
    """To buy below the market, or to sell what is held: at a stop, or at a stop and a target."""
    found = _of_held(chance, shown, ("CNC", "NRML")) if chance.random() < 0.6 else None
    if found is None:
        line = _quoted(chance, traded_lines(list(shown.lines), "CNC"))
        return None if line is None else PlaceGtt.model_validate(_trigger(chance, line, "BUY", "CNC", None))
    line, product, units = found
    return PlaceGtt.model_validate(_trigger(chance, line, "SELL", product, units))


def _modify_gtt(chance: random.Random, shown: Shown) -> ModifyGtt | None:
    if not shown.triggers:
        return None
    gtt = chance.choice(shown.triggers)
    leg = gtt.legs[0]
    words = _trigger(chance, gtt.line, leg.side, leg.product, leg.quantity, len(gtt.legs))
    return ModifyGtt.model_validate(words | {"gtt_id": str(gtt.number)})


def _delete_gtt(chance: random.Random, shown: Shown) -> DeleteGtt | None:
    return DeleteGtt(gtt_id=str(chance.choice(shown.triggers).number)) if shown.triggers else None


def _convert(chance: random.Random, shown: Shown) -> ConvertPosition | None:
    found = _of_held(chance, shown, tuple(_OTHER_PRODUCT))
    if found is None:
        return None
    line, product, units = found
    return ConvertPosition.model_validate(
        {
            "exchange": line.instrument.exchange,
            "tradingsymbol": line.instrument.tradingsymbol,
            "transaction_type": "BUY",
            "position_type": "day",
            "quantity": units,
            "old_product": product,
            "new_product": _OTHER_PRODUCT[product],
        }
    )


type _Draws = Callable[[random.Random, Shown], PersonsWish | None]
# How often each is drawn, beside the others.
_DRAWN: dict[str, tuple[int, _Draws]] = {
    "buy": (6, _buy),
    "sell": (5, _sell),
    "large": (1, _large),
    "iceberg": (2, _iceberg),
    "cover": (2, _cover),
    "modify": (3, _modify),
    "cancel": (3, _cancel),
    "exit": (3, _exit),
    "basket": (2, _basket),
    "place_gtt": (3, _place_gtt),
    "modify_gtt": (2, _modify_gtt),
    "delete_gtt": (2, _delete_gtt),
    "convert": (2, _convert),
}


def _order(
    line: Line, side: str, units: int, product: str, variety: str = "regular", **words: object
) -> PlaceOrder:
    named = {"exchange": line.instrument.exchange, "tradingsymbol": line.instrument.tradingsymbol}
    asked = {"transaction_type": side, "quantity": units, "product": product, "variety": variety}
    return PlaceOrder.model_validate(named | asked | words)


def _prices(chance: random.Random, line: Line, side: str, kind: str) -> dict[str, object]:
    """Near the market: a LIMIT may trade at once or rest, a stop is a little beyond the last price."""
    if kind == "MARKET":
        return {"order_type": kind}
    if kind == "LIMIT":
        return {"order_type": kind, "price": _away(line, chance.uniform(-0.15, 0.15), line.last)}
    sign = 1 if side == "BUY" else -1
    trigger = _away(line, sign * chance.uniform(0.1, 0.4), line.last)
    limit = _away(line, sign * 0.5, round(trigger * 100))
    return {"order_type": kind, "trigger_price": trigger, "price": limit}


def _trigger(
    chance: random.Random, line: Line, side: str, product: str, units: int | None, values: int = 0
) -> dict[str, object]:
    """All of a trigger, just beyond how near to the price one may be."""
    below, above = (_away(line, sign * chance.uniform(0.3, 0.7), line.last) for sign in (-1, 1))
    two = values == 2 or (not values and side == "SELL" and chance.random() < 0.5)
    prices = (below, above) if two else (below,)
    quantity = units or _few(chance, line)
    leg = {"transaction_type": side, "quantity": quantity, "product": product}
    slack = -0.2 if side == "SELL" else 0.2
    return {
        "kind": "two-leg" if two else "single",
        "exchange": line.instrument.exchange,
        "tradingsymbol": line.instrument.tradingsymbol,
        "trigger_values": prices,
        "legs": tuple(
            GttLeg.model_validate(leg | {"price": _away(line, slack, round(price * 100))}) for price in prices
        ),
    }


def _of_held(
    chance: random.Random, shown: Shown, products: tuple[str, ...] = ("MIS", "CNC", "NRML")
) -> tuple[Line, str, int] | None:
    """Some units of what is held long."""
    found = [held for held in shown.held if held[1] in products]
    if not found:
        return None
    line, product, units = chance.choice(found)
    lot = line.instrument.lot
    return line, product, chance.randint(1, units // lot) * lot


def _quoted(chance: random.Random, lines: Sequence[Line]) -> Line | None:
    found = [line for line in lines if line.bid and line.ask]
    return chance.choice(found) if found else None


def _few(chance: random.Random, line: Line) -> int:
    row = line.instrument
    return row.lot * chance.randint(1, 3) if row.is_option else chance.randint(1, 30)


def _away(line: Line, percent: float, paise: int) -> Decimal:
    """That far from a price, on a tick, in rupees."""
    tick = Decimal(line.instrument.tick) / 100
    return max(tick_floor(Decimal(round(paise * (1 + percent / 100))) / 100, tick), tick)
