"""What an account holds that is none of the desk's, and its sale: only on a separate yes of its owner.

The sales are orders of a person, one an instrument: looked at by the same rules, sent by the same lane. Short
positions are shown to nobody here: covering them buys, and flattening only sells.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final, cast

from patang.execution.orders.request_book import Receipt
from patang.execution.orders.requests import PlaceOrder
from patang.execution.orders.sellable import Line, sellable
from patang.execution.orders.wording import Exchange, Product
from patang.ports import Broker, StateStore
from patang.settings import Mode, Settings

__all__ = ["ForeignHolding", "ForeignHoldings"]

_PRODUCTS: Final = frozenset({"CNC", "MIS", "NRML"})


@dataclass(frozen=True, slots=True)
class ForeignHolding:
    """Units of an instrument that the owner may sell beside the desk's positions and what sells already."""

    exchange: str
    tradingsymbol: str
    product: str
    quantity: int


class ForeignHoldings:
    """`broker` gives an account's broker in a mode; `sell` asks for one sale (account, id of the request, the
    order, who wants it)."""

    def __init__(
        self,
        store: StateStore,
        broker: Callable[[str, Mode], Broker],
        sell: Callable[[str, str, PlaceOrder, str], Receipt],
        settings: Callable[[], Settings],
    ) -> None:
        self._store = store
        self._broker = broker
        self._sell = sell
        self._settings = settings

    def of(self, account: str, as_of: datetime) -> tuple[ForeignHolding, ...]:
        """In the broker's order. Raises as the reads of Broker do."""
        mode = self._settings().mode
        broker = self._broker(account, mode)
        found = []
        for line in dict.fromkeys(_lines(broker)):
            units = sellable(self._store, broker, account, mode, line, as_of).units
            if units > 0:
                found.append(ForeignHolding(line.exchange, line.tradingsymbol, line.product, units))
        return tuple(found)

    def sell(
        self, account: str, holdings: tuple[ForeignHolding, ...], request_id: str, actor: str
    ) -> tuple[Receipt, ...]:
        """Sells exactly these at market within the broker's protection; what is no longer there, or what the
        rules refuse, is said in its receipt. The same `request_id` sells once.

        Raises as PersonsOrders does.
        """
        return tuple(
            self._sell(account, f"{request_id}-{number}", _sale(holding), actor)
            for number, holding in enumerate(holdings)
        )


def _lines(broker: Broker) -> Iterator[Line]:
    for position in broker.positions():
        if position.quantity > 0 and position.product in _PRODUCTS:
            yield Line(position.exchange, position.tradingsymbol, position.product)
    for holding in broker.holdings():
        yield Line(holding.exchange, holding.tradingsymbol, "CNC")


def _sale(holding: ForeignHolding) -> PlaceOrder:
    return PlaceOrder(
        exchange=cast(Exchange, holding.exchange),
        tradingsymbol=holding.tradingsymbol,
        transaction_type="SELL",
        order_type="MARKET",
        quantity=holding.quantity,
        product=cast(Product, holding.product),
    )
