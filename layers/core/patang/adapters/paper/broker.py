"""A broker on paper: takes and keeps orders and triggers, and leaves filling them to the paper exchange."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from patang.adapters.paper.account import PaperAccount
from patang.adapters.paper.alerts import NoAlerts
from patang.adapters.paper.convert import converted
from patang.adapters.paper.funds import PaperFunds
from patang.adapters.paper.gtt import PaperGtt
from patang.adapters.paper.intake import changed_order, new_order, sizes_of_slices
from patang.adapters.paper.order import RMS, PaperOrder, paper_order_id
from patang.adapters.paper.reports import (
    describe_funds,
    describe_holdings,
    describe_positions,
    describe_trades,
)
from patang.adapters.paper.triggers import read_gtt
from patang.adapters.paper.validation import check_gtt, check_means
from patang.adapters.paper.varieties import cover_exit
from patang.errors import BrokerRefused
from patang.execution.following.broker_order import parse_order
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
from patang.records import create
from patang.records import replace as stored
from patang.settings import Settings

__all__ = ["PaperBroker"]


class PaperBroker(NoAlerts):
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
        sizes = sizes_of_slices(self._account, request)
        results = [self._slice(request, number, units) for number, units in enumerate(sizes)]
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
        def changed(order: PaperOrder, funds: PaperFunds) -> PaperOrder:
            after = changed_order(self._account, order, changes)
            check_means(after, funds, self._account.book())
            return after

        self._change(variety, order_id, changed, parent_order_id)

    def cancel(self, variety: str, order_id: str, parent_order_id: str | None = None) -> None:
        """The second leg of a cover order goes on as its exit at the market, and what is left of the first
        is cancelled."""

        def ended(order: PaperOrder, _: PaperFunds) -> PaperOrder:
            return cover_exit(order) if order.is_cover_stop else order.evolve(status="CANCELLED")

        self._change(variety, order_id, ended, parent_order_id)
        first = None if parent_order_id is None else self._account.order(parent_order_id)
        if first is not None and first.is_resting:
            self._change(variety, first.order_id, ended)

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
            wall_time = self._account.wall_time()
            asked = read_gtt(self._account.name, gtt_id, request, instrument, now, wall_time)
            check_gtt(asked, instrument)
            return None, [stored(asked.evolve(created_at=known.created_at, revision=known.revision))]

        self._account.write(f"trigger {gtt_id} was not changed", decide)

    def delete_gtt(self, gtt_id: str) -> None:
        def decide() -> tuple[None, list[Write]]:
            known = self._active(gtt_id)
            now = max(known.updated_at, self._account.now())
            wall_time = self._account.wall_time()
            return None, [stored(known.evolve(status="deleted", updated_at=now, written_at=wall_time))]

        self._account.write(f"trigger {gtt_id} was not deleted", decide)

    def convert_position(self, request: ConversionRequest) -> None:
        def decide() -> tuple[None, list[Write]]:
            funds = converted(self._account.funds(), request, self._account.book())
            return None, [self._account.stored(funds)]

        self._account.write(f"{request.tradingsymbol} was not converted", decide)

    def orders(self) -> list[BrokerOrder]:
        """Orders that rest, or came to the exchange on this day of wall time."""
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
            order, funds = new_order(self._account, order_id, request), self._account.funds()
            check_means(order, funds, self._account.book())
            return order_id, [create(order), self._account.stored(funds.with_order(None, order))]

        return self._account.write(f"order {request.tag} was not placed", decide)

    def _slice(self, request: OrderRequest, number: int, quantity: int) -> SliceResult:
        # The first has the id that the order would have in one piece.
        identity = request.tag if number == 0 else f"{request.tag}#{number}"
        try:
            return SliceResult(self._place(replace(request, quantity=quantity), identity))
        except BrokerRefused as refusal:
            return SliceResult(None, str(refusal))

    def _cost(self, request: OrderRequest) -> Decimal:
        # Its tag comes with its intent, and what it costs is asked before there is one.
        order = new_order(self._account, "imagined", replace(request, tag=request.tag or "imagined"))
        if order.transaction_type == "BUY" and order.price is None:
            raise BrokerRefused(f"What a {order.order_type} order costs is not known before: give a price.")
        # Of an iceberg all legs, one after another.
        return order.evolve(quantity=request.quantity).reservation

    def _active(self, gtt_id: str) -> PaperGtt:
        known = self._account.gtt(gtt_id)
        if known is None:
            raise BrokerRefused(f"There is no trigger {gtt_id}.")
        if known.status != "active":
            raise BrokerRefused(f"Trigger {gtt_id} is {known.status} and cannot be changed.")
        return known

    def _change(
        self,
        variety: str,
        order_id: str,
        change: Callable[[PaperOrder, PaperFunds], PaperOrder],
        parent_order_id: str | None = None,
    ) -> None:
        def decide() -> tuple[None, list[Write]]:
            order = self._account.order(order_id)
            if order is None or order.variety != variety or order.placed_by == RMS:
                raise BrokerRefused(f"There is no {variety} order {order_id}.")
            if parent_order_id is not None and parent_order_id != order.parent_order_id:
                raise BrokerRefused(f"Order {order_id} is no second leg of {parent_order_id}.")
            if not order.is_resting:
                raise BrokerRefused(f"Order {order_id} is {order.status} and cannot be changed.")
            funds = self._account.funds()
            now = max(order.updated_at, self._account.now())
            after = change(order, funds).evolve(updated_at=now)
            return None, [stored(after), stored(funds.with_order(order, after))]

        self._account.write(f"order {order_id} was not changed", decide)
