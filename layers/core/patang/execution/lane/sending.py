"""What an intent asks of the broker, in the broker's words: one call, made once."""

from typing import NamedTuple

from patang.alerts.terms import AlertTerms
from patang.approvals.proposal import OrderTerms
from patang.errors import BadInput, BrokerRefused
from patang.execution.gtt_terms import GttTerms
from patang.execution.intent import OrderIntent, Slice
from patang.ports import Broker, ConversionRequest, GttLeg, GttRequest, OrderRequest

__all__ = ["Answered", "order_request", "request_of", "send"]


class Answered(NamedTuple):
    """What the broker has taken: the order's id, its slices' where it has cut it, or the trigger's id."""

    order_id: str | None = None
    slices: tuple[Slice, ...] = ()
    gtt_id: str | None = None
    message: str = ""


def send(broker: Broker, intent: OrderIntent) -> Answered:
    """Asks for it. Raises as the sends of Broker do, and BadInput for an intent that lacks what its kind
    needs: nothing is asked then.
    """
    match intent.kind:
        case "ENTRY" | "EXIT" | "PROTECT" | "ORDER":
            if intent.terms.autoslice:
                return _sliced(broker, intent)
            return Answered(order_id=broker.place(order_request(intent)))
        case "MODIFY":
            order_id = _named(intent, intent.target_order_id, "target_order_id")
            broker.modify(intent.terms.variety, order_id, intent.changes or {}, intent.parent_order_id)
            return Answered(order_id=order_id)
        case "CANCEL":
            order_id = _named(intent, intent.target_order_id, "target_order_id")
            broker.cancel(intent.terms.variety, order_id, intent.parent_order_id)
            return Answered(order_id=order_id)
        case "GTT_PLACE":
            return Answered(gtt_id=broker.place_gtt(_gtt_request(intent)))
        case "GTT_MODIFY":
            gtt_id = _named(intent, intent.target_gtt_id, "target_gtt_id")
            broker.modify_gtt(gtt_id, _gtt_request(intent))
            return Answered(gtt_id=gtt_id)
        case "GTT_DELETE":
            gtt_id = _named(intent, intent.target_gtt_id, "target_gtt_id")
            broker.delete_gtt(gtt_id)
            return Answered(gtt_id=gtt_id)
        case "ALERT_PLACE":
            return Answered(order_id=broker.create_alert(_alert(intent)))
        case "ALERT_MODIFY":
            uuid = _named(intent, intent.target_order_id, "target_order_id")
            broker.modify_alert(uuid, _alert(intent))
            return Answered(order_id=uuid)
        case "ALERT_DELETE":
            uuid = _named(intent, intent.target_order_id, "target_order_id")
            broker.delete_alert(uuid)
            return Answered(order_id=uuid)
        case "CONVERT":
            broker.convert_position(_conversion(intent))
            return Answered()


def order_request(intent: OrderIntent) -> OrderRequest:
    """The order that an intent places, tagged with its id."""
    return request_of(intent.terms, intent.intent_id)


def request_of(terms: OrderTerms, tag: str) -> OrderRequest:
    """An order of these terms in the broker's words."""
    return OrderRequest(
        variety=terms.variety,
        exchange=terms.exchange,
        tradingsymbol=terms.tradingsymbol,
        transaction_type=terms.transaction_type,
        quantity=terms.quantity,
        order_type=terms.order_type,
        product=terms.product,
        validity=terms.validity,
        tag=tag,
        price=None if terms.price is None else str(terms.price),
        trigger_price=None if terms.trigger_price is None else str(terms.trigger_price),
        market_protection=None if terms.market_protection is None else str(terms.market_protection),
        disclosed_quantity=terms.disclosed_quantity,
        validity_ttl=terms.validity_ttl,
        iceberg_legs=terms.iceberg_legs,
        iceberg_quantity=terms.iceberg_quantity,
        auction_number=terms.auction_number,
    )


def _sliced(broker: Broker, intent: OrderIntent) -> Answered:
    results = broker.place_sliced(order_request(intent))
    slices = tuple(Slice(broker_order_id=found.order_id) for found in results if found.order_id)
    refused = "; ".join(found.message for found in results if not found.order_id)
    if not slices:
        raise BrokerRefused(refused or "the broker has made no order of it")
    return Answered(slices[0].broker_order_id, slices, message=refused)


def _gtt_request(intent: OrderIntent) -> GttRequest:
    wanted: GttTerms | None = intent.gtt
    if wanted is None:
        raise BadInput(f"{intent.kind} {intent.intent_id} says no trigger")
    return GttRequest(
        kind=wanted.kind,
        exchange=wanted.exchange,
        tradingsymbol=wanted.tradingsymbol,
        trigger_values=tuple(map(str, wanted.triggers)),
        last_price=str(wanted.last_price),
        legs=tuple(
            GttLeg(leg.transaction_type, leg.quantity, leg.product, str(leg.price), leg.order_type)
            for leg in wanted.legs
        ),
    )


def _alert(intent: OrderIntent) -> AlertTerms:
    if intent.alert is None:
        raise BadInput(f"{intent.kind} {intent.intent_id} says no alert")
    return intent.alert


def _conversion(intent: OrderIntent) -> ConversionRequest:
    changes, terms = intent.changes or {}, intent.terms
    return ConversionRequest(
        exchange=terms.exchange,
        tradingsymbol=terms.tradingsymbol,
        transaction_type=terms.transaction_type,
        position_type=_named(intent, changes.get("position_type"), "changes.position_type"),
        quantity=terms.quantity,
        old_product=terms.product,
        new_product=_named(intent, changes.get("product"), "changes.product"),
    )


def _named(intent: OrderIntent, value: str | None, field: str) -> str:
    if not value:
        raise BadInput(f"{intent.kind} {intent.intent_id} has no {field}")
    return value
