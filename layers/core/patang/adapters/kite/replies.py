"""The broker's replies, read into the port's rows; a row that does not parse raises BadInput.

Shapes: https://kite.trade/docs/connect/v3/ (orders, portfolio, gtt).
"""

from collections.abc import Mapping
from typing import Any

from patang.errors import BadInput, OutcomeUnknown
from patang.execution.following.broker_fields import BrokerRow
from patang.ports import (
    BrokerHolding,
    BrokerPosition,
    BrokerTrade,
    Gtt,
    GttKind,
    GttLeg,
    GttRequest,
    SliceResult,
)

__all__ = ["parse_gtt", "parse_holding", "parse_id", "parse_position", "parse_slices", "parse_trade"]

_GTT_KINDS: Mapping[str, GttKind] = {"single": "single", "two-leg": "two-leg"}


def parse_trade(trade: Mapping[str, Any]) -> BrokerTrade:
    row = BrokerRow("a trade", trade)
    return BrokerTrade(
        trade_id=row.text("trade_id"),
        order_id=row.text("order_id"),
        exchange=row.text("exchange"),
        tradingsymbol=row.text("tradingsymbol"),
        transaction_type=row.text("transaction_type"),
        product=row.text("product"),
        quantity=row.units("quantity"),
        price=row.price("average_price"),
        # `order_timestamp` is the time of day alone.
        traded_at=row.time("fill_timestamp" if trade.get("fill_timestamp") else "exchange_timestamp"),
        raw=dict(trade),
    )


def parse_position(position: Mapping[str, Any]) -> BrokerPosition:
    row = BrokerRow("a position", position)
    return BrokerPosition(
        exchange=row.text("exchange"),
        tradingsymbol=row.text("tradingsymbol"),
        product=row.text("product"),
        quantity=row.units("quantity", signed=True),
        overnight_quantity=row.units("overnight_quantity", signed=True),
        average_price=row.price("average_price"),
        last_price=row.price("last_price"),
        multiplier=row.units("multiplier"),
        raw=dict(position),
    )


def parse_holding(holding: Mapping[str, Any]) -> BrokerHolding:
    row = BrokerRow("a holding", holding)
    return BrokerHolding(
        exchange=row.text("exchange"),
        tradingsymbol=row.text("tradingsymbol"),
        isin=str(holding.get("isin") or ""),
        quantity=row.units("quantity"),
        t1_quantity=row.units("t1_quantity"),
        used_quantity=row.units("used_quantity"),
        average_price=row.price("average_price"),
        raw=dict(holding),
    )


def parse_gtt(trigger: Mapping[str, Any]) -> Gtt:
    row = BrokerRow("a trigger", trigger)
    condition, orders = row.row("condition"), row.rows("orders")
    kind = _GTT_KINDS.get(row.text("type"))
    values = condition.values.get("trigger_values")
    if kind is None or not isinstance(values, list) or len(values) != len(orders):
        raise BadInput(f"trigger {row.text('id')} is neither of one leg nor of two: {dict(trigger)!r:.300}")
    return Gtt(
        gtt_id=row.text("id"),
        status=row.text("status").lower(),
        request=GttRequest(
            kind=kind,
            exchange=condition.text("exchange"),
            tradingsymbol=condition.text("tradingsymbol"),
            trigger_values=tuple(str(value) for value in values),
            last_price=condition.price("last_price"),
            legs=tuple(
                GttLeg(
                    transaction_type=order.text("transaction_type"),
                    quantity=order.units("quantity"),
                    product=order.text("product"),
                    price=order.price("price"),
                    order_type=order.text("order_type"),
                )
                for order in orders
            ),
        ),
        created_at=row.time("created_at"),
        updated_at=row.time("updated_at"),
        order_ids=tuple(_child(order.values) for order in orders),
        raw=dict(trigger),
    )


def _child(order: Mapping[str, Any]) -> str | None:
    """The order that a leg has placed when it was triggered; a leg that failed has none."""
    result = order.get("result") or {}
    placed = result.get("order_result") or {}
    return str(placed["order_id"]) if placed.get("order_id") else None


def parse_id(placed: object, what: str) -> str:
    """The id of an order or trigger. Raises OutcomeUnknown where the reply has none: it may stand."""
    if not isinstance(placed, str | int) or not str(placed):
        raise OutcomeUnknown(f"the broker's reply names {placed!r:.100} as the id of {what}: look it up")
    return str(placed)


def parse_slices(reply: object) -> tuple[SliceResult, ...]:
    """The slices of an order, in either shape that is documented: a list of `{order_id}` and `{error}`, or
    `{order_id, children: [...]}` with those in `children`. The id outside is of the whole and in no order
    book; without children it is the order's."""
    if isinstance(reply, Mapping):
        found = [_slice(child) for child in reply.get("children") or [reply]]
    elif isinstance(reply, list):
        found = [_slice(one) for one in reply]
    else:
        found = []
    if not found:
        raise BadInput(f"the reply to a sliced order names no slice: {reply!r:.300}")
    return tuple(found)


def _slice(one: Mapping[str, Any]) -> SliceResult:
    if one.get("order_id"):
        return SliceResult(str(one["order_id"]))
    error = one.get("error") or {}
    said = error.get("message") if isinstance(error, Mapping) else error
    return SliceResult(None, str(said or f"the slice was not placed: {dict(one)!r:.200}"))
