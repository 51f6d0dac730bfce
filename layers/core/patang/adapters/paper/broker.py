"""A broker on paper: takes and keeps orders, and leaves filling them to the paper exchange."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from patang.adapters.paper.book import PaperFunds, PaperOrder, paper_order_id
from patang.adapters.paper.validation import check_order
from patang.errors import BrokerRefused, StopTrading, TryAgain
from patang.execution.broker_order import parse_order
from patang.execution.market_clock import market_time
from patang.keys import paper_funds_key, paper_order_key
from patang.market.instruments import Instrument, Universe
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
    WriteConflict,
)
from patang.records import create, load, load_all, replace
from patang.settings import Settings

__all__ = ["PaperBroker"]

_ATTEMPTS = 5
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
)
_CHANGEABLE = frozenset({"quantity", "price", "order_type", "trigger_price", "validity", "market_protection"})


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
        self._account = account
        self._store = store
        self._clock = clock
        self._settings = settings
        self._universe = universe

    def place(self, request: OrderRequest) -> str:
        """Placed once a tag: the same tag again is the same order. Raises BrokerRefused."""
        order_id = paper_order_id(self._account, request.tag)
        for _ in range(_ATTEMPTS):
            if self._load(order_id) is not None:
                return order_id
            order = self._new_order(order_id, request)
            funds = self._funds()
            check_order(order, self._instrument(order), funds, self._resting_sells(order))
            after = funds.with_order(order)
            try:
                self._store.write(create(order), replace(after) if funds.revision else create(after))
            except WriteConflict:
                continue
            return order_id
        raise TryAgain(f"the paper account {self._account!r} is busy: order {request.tag} was not placed")

    def place_sliced(self, request: OrderRequest) -> tuple[SliceResult, ...]:
        """Paper has no freeze quantity: one slice."""
        return (SliceResult(self.place(request)),)

    def modify(
        self,
        variety: str,
        order_id: str,
        changes: Mapping[str, str],
        parent_order_id: str | None = None,
    ) -> None:
        if parent_order_id is not None:
            raise BrokerRefused(f"Paper accounts have no cover orders: {parent_order_id} is no parent order.")
        unknown = changes.keys() - _CHANGEABLE
        if unknown:
            raise BrokerRefused(f"An order has no {', '.join(sorted(unknown))} to change.")

        def changed(order: PaperOrder, funds: PaperFunds) -> PaperOrder:
            after = _parse(order.model_dump() | dict(changes))
            waits = after.order_type in ("SL", "SL-M") and order.status == "TRIGGER PENDING"
            becomes_stop = after.order_type in ("SL", "SL-M") and order.order_type not in ("SL", "SL-M")
            after = after.evolve(status="TRIGGER PENDING" if waits or becomes_stop else "OPEN")
            check_order(after, self._instrument(after), funds, self._resting_sells(after))
            return after

        self._change(variety, order_id, changed)

    def cancel(self, variety: str, order_id: str, parent_order_id: str | None = None) -> None:
        if parent_order_id is not None:
            raise BrokerRefused(f"Paper accounts have no cover orders: {parent_order_id} is no parent order.")
        self._change(variety, order_id, lambda order, _: order.evolve(status="CANCELLED"))

    def orders(self) -> list[BrokerOrder]:
        """Orders that rest, or were placed on this day of wall time."""
        today = self._clock.now().astimezone(IST).date()
        return [
            parse_order(order.as_sent())
            for order in self._book()
            if order.is_resting or order.written_at.astimezone(IST).date() == today
        ]

    def place_gtt(self, request: GttRequest) -> str:
        raise BrokerRefused(f"Paper accounts keep no triggers: none was made for {request.tradingsymbol}.")

    def modify_gtt(self, gtt_id: str, request: GttRequest) -> None:
        raise BrokerRefused(f"Paper accounts keep no trigger {gtt_id} for {request.tradingsymbol}.")

    def delete_gtt(self, gtt_id: str) -> None:
        raise BrokerRefused(f"Paper accounts keep no triggers, so there is no {gtt_id}.")

    def convert_position(self, request: ConversionRequest) -> None:
        raise BrokerRefused(f"Paper accounts convert no positions, and none of {request.tradingsymbol}.")

    def trades(self) -> list[BrokerTrade]:
        return [
            BrokerTrade(
                trade_id=order.order_id,
                order_id=order.order_id,
                exchange=order.exchange,
                tradingsymbol=order.tradingsymbol,
                transaction_type=order.transaction_type,
                product=order.product,
                quantity=order.quantity,
                price=str(order.average_price),
                traded_at=order.updated_at,
            )
            for order in self._book()
            if order.status == "COMPLETE"
        ]

    def positions(self) -> list[BrokerPosition]:
        found = []
        for name, holding in self._funds().holdings.items():
            exchange, tradingsymbol, product = name.split(":")
            found.append(
                BrokerPosition(
                    exchange=exchange,
                    tradingsymbol=tradingsymbol,
                    product=product,
                    quantity=holding.quantity,
                    overnight_quantity=0,
                    average_price=str(holding.average_price),
                    last_price="0",
                    multiplier=1,
                )
            )
        return found

    def holdings(self) -> list[BrokerHolding]:
        return []

    def gtts(self) -> list[Gtt]:
        return []

    def order_margins(self, requests: Sequence[OrderRequest]) -> list[Mapping[str, Any]]:
        return [{"type": "equity", "total": float(_value(request))} for request in requests]

    def basket_margins(self, requests: Sequence[OrderRequest]) -> Mapping[str, Any]:
        total = float(sum(_value(request) for request in requests))
        return {"initial": {"total": total}, "final": {"total": total}}

    def margins(self) -> Mapping[str, Any]:
        funds = self._funds()
        segment = {
            "enabled": True,
            "net": float(funds.available),
            "available": {"cash": float(funds.cash), "live_balance": float(funds.available)},
            "utilised": {"debits": float(funds.cash - funds.available)},
        }
        return {"equity": segment}

    def profile(self) -> Mapping[str, Any]:
        return {"user_id": self._account, "user_name": f"{self._account} (paper)", "broker": "PAPER"}

    def _new_order(self, order_id: str, request: OrderRequest) -> PaperOrder:
        try:
            placed = market_time(self._store)
        except StopTrading as error:
            raise BrokerRefused(f"Paper orders need ticks to meet: {error}") from error
        terms = {name: getattr(request, name) for name in _TERMS}
        return _parse(
            terms
            | {
                "account": self._account,
                "order_id": order_id,
                "status": "TRIGGER PENDING" if request.order_type in ("SL", "SL-M") else "OPEN",
                "instrument_token": self._find(request.exchange, request.tradingsymbol, placed.date()),
                "placed_at": placed,
                "updated_at": placed,
                "written_at": self._clock.now(),
            }
        )

    def _find(self, exchange: str, tradingsymbol: str, day: date) -> int:
        return self._listed(f"{exchange}:{tradingsymbol}", day).instrument_token

    def _instrument(self, order: PaperOrder) -> Instrument:
        day = order.placed_at.astimezone(IST).date()
        return self._listed(f"{order.exchange}:{order.tradingsymbol}", day)

    def _listed(self, identifier: str, day: date) -> Instrument:
        universe = self._universe(day)
        found = None if universe is None else universe.by_identifier().get(identifier)
        if found is None:
            raise BrokerRefused(
                f"{identifier} is not in the universe of {day}: paper orders have no ticks to meet."
            )
        return found

    def _funds(self) -> PaperFunds:
        known = load(self._store, PaperFunds, paper_funds_key(self._account))
        capital = self._settings().capital.starting_capital_inr
        return known or PaperFunds(account=self._account, cash=capital)

    def _load(self, order_id: str) -> PaperOrder | None:
        return load(self._store, PaperOrder, paper_order_key(self._account, order_id))

    def _book(self) -> list[PaperOrder]:
        first = paper_order_key(self._account, "")
        return load_all(self._store, PaperOrder, first.partition, first.sort)

    def _resting_sells(self, order: PaperOrder) -> int:
        return sum(
            other.quantity
            for other in self._book()
            if other.is_resting
            and other.transaction_type == "SELL"
            and other.holding == order.holding
            and other.order_id != order.order_id
        )

    def _change(
        self, variety: str, order_id: str, change: Callable[[PaperOrder, PaperFunds], PaperOrder]
    ) -> None:
        for _ in range(_ATTEMPTS):
            order = self._load(order_id)
            if order is None or order.variety != variety:
                raise BrokerRefused(f"There is no {variety} order {order_id}.")
            if not order.is_resting:
                raise BrokerRefused(f"Order {order_id} is {order.status} and cannot be changed.")
            funds = self._funds()
            after = change(order, funds).evolve(updated_at=max(order.updated_at, market_time(self._store)))
            try:
                self._store.write(replace(after), replace(funds.with_order(after)))
            except WriteConflict:
                continue
            return
        raise TryAgain(f"the paper account {self._account!r} is busy: order {order_id} was not changed")


def _value(request: OrderRequest) -> Decimal:
    return Decimal(request.price or 0) * request.quantity if request.transaction_type == "BUY" else Decimal(0)


def _parse(values: Mapping[str, Any]) -> PaperOrder:
    try:
        return PaperOrder.model_validate(values)
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, e['loc']))} {e['input']!r}: {e['msg']}" for e in error.errors()
        )
        raise BrokerRefused(f"The order does not parse: {wrong}") from error
