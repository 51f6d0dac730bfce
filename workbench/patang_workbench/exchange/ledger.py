"""What the exchange knows to have happened, for whoever has to prove something of a client."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from patang_workbench.exchange.engine import Exchange
from patang_workbench.exchange.standing import standing_sells

__all__ = ["Entry", "by_tag", "ledger", "net_positions", "requests_by_tag", "show_ledger"]


@dataclass(frozen=True, slots=True)
class Entry:
    """An order that reached the broker. `accepted`: it got past risk management to the exchange, or waits for
    the market to open. Units; `average` in rupees; `variety` as placed; `by_hand`: not through the app.
    `request`: the same of orders that the broker made of one request.
    """

    user_id: str
    order_id: str
    tag: str | None
    variety: str
    exchange: str
    tradingsymbol: str
    side: str
    product: str
    quantity: int
    filled: int
    average: float
    status: str
    accepted: bool
    by_hand: bool
    gtt: int | None
    parent_order_id: str | None
    request: str


def ledger(exchange: Exchange) -> list[Entry]:
    """Every order of every account, in the order in which the broker took them."""
    found = [
        Entry(
            user_id=order.user_id,
            order_id=order.order_id,
            tag=order.terms.tag,
            variety=order.terms.variety,
            exchange=order.terms.exchange,
            tradingsymbol=order.terms.tradingsymbol,
            side=order.terms.side,
            product=order.terms.product,
            quantity=order.terms.quantity,
            filled=order.filled,
            average=order.average / 100,
            status=order.status,
            accepted=order.exchange_order_id is not None or exchange.broker.is_waiting(order),
            by_hand=order.api_key is None,
            gtt=order.meta.get("gtt"),
            parent_order_id=order.parent_id,
            request=order.request,
        )
        for account in exchange.accounts.values()
        for order in account.orders.values()
    ]
    return sorted(found, key=lambda entry: entry.order_id)


def by_tag(exchange: Exchange) -> dict[tuple[str, str], list[Entry]]:
    """The accepted orders of each (user id, tag). Those of more than one request are duplicates."""
    found: dict[tuple[str, str], list[Entry]] = {}
    for entry in ledger(exchange):
        if entry.tag is not None and entry.accepted:
            found.setdefault((entry.user_id, entry.tag), []).append(entry)
    return found


def requests_by_tag(exchange: Exchange) -> dict[tuple[str, str], int]:
    """How many requests with each (user id, tag) led to accepted orders: 1, or something was sent twice."""
    return {key: len({entry.request for entry in entries}) for key, entries in by_tag(exchange).items()}


def net_positions(exchange: Exchange) -> dict[tuple[str, str, str], int]:
    """Units held by (user id, instrument like NSE:INFY, product), those carried into the session included."""
    return {
        (account.user_id, position.line.instrument.key, position.product): position.net
        for account in exchange.accounts.values()
        for position in account.positions.values()
        if position.net
    }


def show_ledger(exchange: Exchange) -> Mapping[str, Any]:
    """Orders, how many requests were accepted by account and tag, net positions and, of the same moment, what
    stands to be sold, as JSON."""
    tags: dict[str, dict[str, int]] = {}
    for (user_id, tag), requests in requests_by_tag(exchange).items():
        tags.setdefault(user_id, {})[tag] = requests
    names = ("user_id", "instrument", "product", "quantity")
    held, sells = (
        [dict(zip(names, (*key, units), strict=True)) for key, units in found.items()]
        for found in (net_positions(exchange), standing_sells(exchange))
    )
    return {
        "orders": [asdict(entry) for entry in ledger(exchange)],
        "accepted_by_tag": tags,
        "positions": held,
        "standing_sells": sells,
        "faults": dict(exchange.faults.fired),
    }
