"""A broker on paper: takes and keeps orders and triggers, and leaves filling them to the paper exchange."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from patang.adapters.paper.account import PaperAccount
from patang.adapters.paper.convert import converted
from patang.adapters.paper.funds import PaperFunds
from patang.adapters.paper.gtt import PaperGtt
from patang.adapters.paper.order import PaperOrder, paper_order_id
from patang.adapters.paper.reports import (
    describe_funds,
    describe_holdings,
    describe_positions,
    describe_trades,
)
from patang.adapters.paper.triggers import not_parsed, read_gtt
from patang.adapters.paper.validation import check_gtt, check_means, check_terms
from patang.errors import BrokerRefused, StopTrading
from patang.execution.broker_order import parse_order
from patang.market.instruments import Universe
from patang.market.sessions import IST
from patang.ports import (
    BrokerHolding,
    BrokerOrder,
    BrokerPosition,
    BrokerTrade,
    Clock,
    ConversionRequest,
    Gtt,
    GttRequest,
    OrderRequest,
    SliceResult,
    StateStore,
    Write,
)
from patang.records import create, replace
from patang.risk.freeze import freeze_quantity
from patang.settings import Settings

__all__ = ["PaperBroker"]

_MOST_SLICES = 10
_MOST_MODIFICATIONS = 25
_TERMS = (
    "variety",
    "exchange",
    "tradingsymbol",
    "transaction_type",
    "quantity",
    "order_type",
    "product",
    "validity",
    "tag",
    "price",
    "trigger_price",
    "market_protection",
    "disclosed_quantity",
)
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
_STOPS = ("SL", "SL-M")


class PaperBroker:
    """Broker. `universe` gives the instruments of a market day; capital comes from the settings."""

    def __init__(
        self,
        account: str,
        store: StateStore,
        clock: Clock,
        settings: Callable[[], Settings],
        universe: Callable[[date], Universe | None],
    ) -> None:
        self._account = PaperAccount(account, store, clock, settings, universe)

    def place(self, request: OrderRequest) -> str:
        """Placed once a tag: the same tag again is the same order. Raises BrokerRefused."""
        return self._place(request, request.tag)

    def place_sliced(self, request: OrderRequest) -> tuple[SliceResult, ...]:
        """At most 10 orders of the freeze quantity at most."""
        most = self._freeze(request) or max(request.quantity, 1)
        quantities = [most] * (request.quantity // most)
        if request.quantity % most or not quantities:
            quantities.append(request.quantity % most)
        if len(quantities) > _MOST_SLICES:
            raise BrokerRefused(
                f"{request.quantity} makes {len(quantities)} slices; {_MOST_SLICES} are taken."
            )
        results = [self._slice(request, number, units) for number, units in enumerate(quantities)]
        if all(result.order_id is None for result in results):
            raise BrokerRefused(results[0].message)
        return tuple(results)

    def modify(
        self,
        variety: str,
        order_id: str,
        changes: Mapping[str, str],
        parent_order_id: str | None = None,
    ) -> None:
        unknown = changes.keys() - _CHANGEABLE
        if unknown:
            raise BrokerRefused(f"An order has no {', '.join(sorted(unknown))} to change.")
        _no_parent(parent_order_id)

        def changed(order: PaperOrder, funds: PaperFunds) -> PaperOrder:
            if order.modifications >= _MOST_MODIFICATIONS:
                raise BrokerRefused("Maximum allowed order modifications exceeded.")
            after = _parse(order.model_dump() | dict(changes) | {"modifications": order.modifications + 1})
            if after.quantity <= after.filled:
                raise BrokerRefused(f"Quantity {after.quantity} is not above the {after.filled} filled.")
            becomes_stop = after.order_type in _STOPS and order.order_type not in _STOPS
            waits = after.order_type in _STOPS and order.status == "TRIGGER PENDING"
            after = after.evolve(status="TRIGGER PENDING" if waits or becomes_stop else "OPEN")
            instrument = self._account.instrument(
                order.exchange, order.tradingsymbol, order.placed_at.astimezone(IST).date()
            )
            if not order.gtt_id:
                check_terms(after, instrument)
            check_means(after, funds, self._account.book())
            return after

        self._change(variety, order_id, changed)

    def cancel(self, variety: str, order_id: str, parent_order_id: str | None = None) -> None:
        _no_parent(parent_order_id)
        self._change(variety, order_id, lambda order, _: order.evolve(status="CANCELLED"))

    def place_gtt(self, request: GttRequest) -> str:
        now = self._account.now()
        day = now.astimezone(IST).date()
        instrument = self._account.instrument(request.exchange, request.tradingsymbol, day)

        def decide() -> tuple[str, list[Write]]:
            funds = self._account.funds()
            gtt_id = str(funds.triggers + 1)
            wall_time = self._account.wall_time()
            gtt = read_gtt(self._account.name, gtt_id, request, instrument, now, wall_time)
            check_gtt(gtt, instrument)
            counted = self._account.stored(funds.evolve(triggers=funds.triggers + 1))
            return gtt_id, [create(gtt), counted]

        return self._account.write(f"no trigger was made for {request.tradingsymbol}", decide)

    def modify_gtt(self, gtt_id: str, request: GttRequest) -> None:
        now = self._account.now()
        day = now.astimezone(IST).date()
        instrument = self._account.instrument(request.exchange, request.tradingsymbol, day)

        def decide() -> tuple[None, list[Write]]:
            known = self._active(gtt_id)
            wanted = (request.kind, request.exchange, request.tradingsymbol)
            if (known.kind, known.exchange, known.tradingsymbol) != wanted:
                raise BrokerRefused("The instrument and the type of a GTT cannot be changed.")
            asked = read_gtt(self._account.name, gtt_id, request, instrument, now, known.written_at)
            check_gtt(asked, instrument)
            return None, [replace(asked.evolve(created_at=known.created_at, revision=known.revision))]

        self._account.write(f"trigger {gtt_id} was not changed", decide)

    def delete_gtt(self, gtt_id: str) -> None:
        def decide() -> tuple[None, list[Write]]:
            known = self._active(gtt_id)
            now = max(known.updated_at, self._account.now())
            return None, [replace(known.evolve(status="deleted", updated_at=now))]

        self._account.write(f"trigger {gtt_id} was not deleted", decide)

    def convert_position(self, request: ConversionRequest) -> None:
        def decide() -> tuple[None, list[Write]]:
            funds = converted(self._account.funds(), request, self._account.book())
            return None, [self._account.stored(funds)]

        self._account.write(f"{request.tradingsymbol} was not converted", decide)

    def orders(self) -> list[BrokerOrder]:
        """Orders that rest, or were placed on this day of wall time."""
        return [parse_order(order.as_sent()) for order in self._account.book()]

    def trades(self) -> list[BrokerTrade]:
        return describe_trades(self._account.book())

    def positions(self) -> list[BrokerPosition]:
        return describe_positions(self._account.funds())

    def holdings(self) -> list[BrokerHolding]:
        return describe_holdings(self._account.funds())

    def gtts(self) -> list[Gtt]:
        return [gtt.as_gtt() for gtt in self._account.gtts()]

    def margins(self) -> Mapping[str, Any]:
        return describe_funds(self._account.funds())

    def order_margins(self, requests: Sequence[OrderRequest]) -> list[Mapping[str, Any]]:
        """What is bought is paid in full, charges included; what is sold blocks nothing. Raises BrokerRefused
        for an order that paper would not take, or that has no price."""
        return [
            {
                "type": "equity",
                "exchange": request.exchange,
                "tradingsymbol": request.tradingsymbol,
                "total": float(self._cost(request)),
            }
            for request in requests
        ]

    def basket_margins(self, requests: Sequence[OrderRequest]) -> Mapping[str, Any]:
        """Paper knows no offsets: both totals are the sum."""
        total = float(sum((self._cost(request) for request in requests), Decimal(0)))
        return {"initial": {"total": total}, "final": {"total": total}}

    def profile(self) -> Mapping[str, Any]:
        name = self._account.name
        return {
            "user_id": name,
            "user_name": f"{name} (paper)",
            "broker": "PAPER",
            "meta": {"demat_consent": "consent"},
        }

    def _place(self, request: OrderRequest, identity: str) -> str:
        order_id = paper_order_id(self._account.name, identity)

        def decide() -> tuple[str, list[Write]]:
            if self._account.order(order_id) is not None:
                return order_id, []
            order, funds = self._new_order(order_id, request), self._account.funds()
            check_means(order, funds, self._account.book())
            return order_id, [create(order), self._account.stored(funds.with_order(None, order))]

        return self._account.write(f"order {request.tag} was not placed", decide)

    def _slice(self, request: OrderRequest, number: int, quantity: int) -> SliceResult:
        # The first has the id that the order would have in one piece.
        identity = request.tag if number == 0 else f"{request.tag}#{number}"
        terms = {name: getattr(request, name) for name in _TERMS} | {"quantity": quantity}
        try:
            return SliceResult(self._place(OrderRequest(**terms), identity))
        except BrokerRefused as refusal:
            return SliceResult(None, str(refusal))

    def _freeze(self, request: OrderRequest) -> int | None:
        day = self._account.now().astimezone(IST).date()
        instrument = self._account.instrument(request.exchange, request.tradingsymbol, day)
        return freeze_quantity(request.exchange, instrument.underlying, day)

    def _new_order(self, order_id: str, request: OrderRequest) -> PaperOrder:
        """The order as it would stand. Raises BrokerRefused for what cannot be."""
        placed = self._account.now()
        day = placed.astimezone(IST).date()
        instrument = self._account.instrument(request.exchange, request.tradingsymbol, day)
        closes = self._account.session(instrument, day).last_print()
        if placed >= closes:
            raise BrokerRefused(f"The market has closed at {closes:%H:%M}.")
        if request.validity == "TTL":
            if not request.validity_ttl:
                raise BrokerRefused("Orders of validity TTL need their minutes.")
            closes = min(closes, placed + timedelta(minutes=request.validity_ttl))
        order = _parse(
            {name: getattr(request, name) for name in _TERMS}
            | {
                "account": self._account.name,
                "order_id": order_id,
                "status": "TRIGGER PENDING" if request.order_type in _STOPS else "OPEN",
                "instrument_token": instrument.instrument_token,
                "lot_size": instrument.lot_size,
                "tick_size": instrument.tick_size,
                "placed_at": placed,
                "updated_at": placed,
                "good_until": closes,
                "written_at": self._account.wall_time(),
            }
        )
        check_terms(order, instrument)
        return order

    def _cost(self, request: OrderRequest) -> Decimal:
        order = self._new_order("imagined", request)
        if order.transaction_type == "BUY" and order.price is None:
            raise BrokerRefused(f"What a {order.order_type} order costs is not known before: give a price.")
        return order.reservation

    def _active(self, gtt_id: str) -> PaperGtt:
        known = self._account.gtt(gtt_id)
        if known is None:
            raise BrokerRefused(f"There is no trigger {gtt_id}.")
        if known.status != "active":
            raise BrokerRefused(f"Trigger {gtt_id} is {known.status} and cannot be changed.")
        return known

    def _change(
        self, variety: str, order_id: str, change: Callable[[PaperOrder, PaperFunds], PaperOrder]
    ) -> None:
        def decide() -> tuple[None, list[Write]]:
            order = self._account.order(order_id)
            if order is None or order.variety != variety:
                raise BrokerRefused(f"There is no {variety} order {order_id}.")
            if not order.is_resting:
                raise BrokerRefused(f"Order {order_id} is {order.status} and cannot be changed.")
            funds = self._account.funds()
            now = max(order.updated_at, self._account.now())
            after = change(order, funds).evolve(updated_at=now)
            return None, [replace(after), replace(funds.with_order(order, after))]

        self._account.write(f"order {order_id} was not changed", decide)


def _no_parent(parent_order_id: str | None) -> None:
    if parent_order_id is not None:
        raise BrokerRefused(f"Paper accounts have no cover orders: {parent_order_id} is no parent order.")


def _parse(values: Mapping[str, Any]) -> PaperOrder:
    """Raises BrokerRefused, also for a day whose charges nobody knows."""
    try:
        order = PaperOrder.model_validate(values)
        order.charges_on(Decimal(0))
    except ValidationError as error:
        raise not_parsed("order", error) from error
    except StopTrading as error:
        raise BrokerRefused(f"What the order costs is not known: {error}") from error
    return order
