"""An account at Zerodha, through the official client."""

from collections.abc import Mapping, Sequence
from typing import Any

from patang.adapters.kite.calls import KiteCalls
from patang.errors import BadInput
from patang.execution.broker_order import parse_order
from patang.ports import BrokerOrder, OrderRequest

__all__ = ["KiteBroker"]

_CHANGEABLE = frozenset(
    {
        "quantity",
        "price",
        "order_type",
        "trigger_price",
        "validity",
        "disclosed_quantity",
        "market_protection",
    }
)


class KiteBroker:
    """Broker and ContractNotes. Prices go out as the text they came as."""

    def __init__(self, calls: KiteCalls) -> None:
        self._calls = calls

    def place(self, request: OrderRequest) -> str:
        order_id = self._calls.send(
            lambda client: client.place_order(
                variety=request.variety,
                exchange=request.exchange,
                tradingsymbol=request.tradingsymbol,
                transaction_type=request.transaction_type,
                quantity=request.quantity,
                product=request.product,
                order_type=request.order_type,
                price=request.price,
                validity=request.validity,
                trigger_price=request.trigger_price,
                tag=request.tag,
                market_protection=request.market_protection,
            )
        )
        return str(order_id)

    def modify(self, variety: str, order_id: str, changes: Mapping[str, str]) -> None:
        unknown = changes.keys() - _CHANGEABLE
        if unknown:
            raise BadInput(
                f"an order has no {', '.join(sorted(unknown))} to change; it has {sorted(_CHANGEABLE)}"
            )
        order_id = _checked(order_id)
        self._calls.send(lambda client: client.modify_order(variety, order_id, **changes))

    def cancel(self, variety: str, order_id: str) -> None:
        order_id = _checked(order_id)
        self._calls.send(lambda client: client.cancel_order(variety, order_id))

    def orders(self) -> list[BrokerOrder]:
        rows = self._calls.read("other", lambda client: client.orders())
        return [parse_order(_as_sent(row)) for row in rows]

    def positions(self) -> list[Mapping[str, Any]]:
        """The net positions, overnight ones included."""
        found: list[Mapping[str, Any]] = self._calls.read("other", lambda client: client.positions())["net"]
        return found

    def margins(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self._calls.read("other", lambda client: client.margins())
        return found

    def virtual_contract_note(self, orders: Sequence[BrokerOrder]) -> list[Mapping[str, Any]]:
        asked = [_priced(order) for order in orders]
        found: list[Mapping[str, Any]] = self._calls.read(
            "other", lambda client: client.get_virtual_contract_note(asked)
        )
        return found

    def profile(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self._calls.read("other", lambda client: client.profile())
        return found


def _as_sent(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row as JSON had it: the client turns some of the times into naive datetimes, and not others."""
    return {name: str(value) if hasattr(value, "isoformat") else value for name, value in row.items()}


def _checked(order_id: str) -> str:
    """The id becomes a part of the address."""
    if not order_id.isalnum():
        raise BadInput(f"{order_id!r} is no order id of the broker")
    return order_id


def _priced(order: BrokerOrder) -> dict[str, Any]:
    """What was traded, as the broker wants it for its charges."""
    terms = {name: order.raw.get(name, "") for name in ("variety", "product", "order_type")}
    return terms | {
        "order_id": order.order_id,
        "exchange": order.exchange,
        "tradingsymbol": order.tradingsymbol,
        "transaction_type": order.transaction_type,
        "quantity": order.filled_quantity,
        "average_price": float(order.average_price),
    }
