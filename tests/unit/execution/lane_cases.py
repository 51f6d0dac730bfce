"""One intent of each kind, NEW, on a desk with what it is about; and a count of what reaches the broker."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from patang.approvals.proposal import OrderTerms
from patang.execution.gtt_terms import GttLegTerms, GttTerms
from patang.execution.ids import intent_id
from patang.execution.intent import OrderIntent
from patang.keys import intent_key
from patang.ports import BrokerPosition, ConversionRequest, GttLeg, GttRequest
from patang.records import create, load
from tests.unit.execution.samples import MORNING
from tests.unit.execution.stages import closing, submitted
from tests.unit.execution.trading_desk import TradingDesk

__all__ = ["KINDS", "PositionBook", "calls_counted", "deliver", "new_intent", "stored"]

CALLS = ("place", "modify", "cancel", "place_gtt", "modify_gtt", "delete_gtt", "convert_position")
KINDS = ("ENTRY", "EXIT", "ORDER", "MODIFY", "CANCEL", "GTT_PLACE", "GTT_MODIFY", "GTT_DELETE", "CONVERT")


class PositionBook:
    """The broker's positions as far as a conversion changes them."""

    def __init__(self) -> None:
        self.products = {"MIS": 20, "CNC": 0}

    def convert(self, request: ConversionRequest) -> None:
        self.products[request.old_product] -= request.quantity
        self.products[request.new_product] += request.quantity

    def rows(self) -> list[BrokerPosition]:
        return [
            BrokerPosition("NSE", "INFY", product, quantity, 0, "1500", "1500", 1)
            for product, quantity in self.products.items()
        ]


def calls_counted(desk: TradingDesk) -> list[str]:
    """The names of the sends that reach the broker from now on, in order."""
    calls: list[str] = []

    def counted(name: str, act: Callable[..., Any]) -> Callable[..., Any]:
        def called(*args: Any, **named: Any) -> Any:
            calls.append(name)
            return act(*args, **named)

        return called

    for name in CALLS:
        setattr(desk.exchange, name, counted(name, getattr(desk.exchange, name)))
    return calls


def new_intent(desk: TradingDesk, kind: str) -> OrderIntent:
    """Written and told to the lane, which has not taken it yet."""
    book = PositionBook()
    desk.exchange.convert_position = desk.fuse.guard(book.convert)
    desk.exchange.positions = book.rows
    if kind == "ENTRY":
        return submitted(desk)
    if kind == "EXIT":
        return closing(desk)[1]
    with desk.fuse.spared():
        return _written(desk, kind)


def deliver(desk: TradingDesk, intent: OrderIntent) -> str:
    """As the queue does."""
    return desk.lane().process({"account": intent.account, "intent_id": intent.intent_id})


def stored(desk: TradingDesk, intent: OrderIntent) -> OrderIntent:
    found = load(desk.store, OrderIntent, intent_key(intent.account, intent.intent_id))
    assert found is not None
    return found


def trigger(stop: str = "1450.00") -> GttTerms:
    legs = tuple(
        GttLegTerms(transaction_type="SELL", quantity=20, product="CNC", price=Decimal(price))
        for price in ("1440.00", "1600.00")
    )
    return GttTerms(
        kind="two-leg",
        exchange="NSE",
        tradingsymbol="INFY",
        triggers=(Decimal(stop), Decimal("1600.00")),
        legs=legs,
        last_price=Decimal("1500.00"),
    )


def _written(desk: TradingDesk, kind: str) -> OrderIntent:
    fields: dict[str, Any] = {}
    if kind in ("MODIFY", "CANCEL"):
        order = _write(desk, "ORDER", "order")
        assert deliver(desk, order) == "ACKED", stored(desk, order).reason
        standing = stored(desk, order)
        fields = {"target_intent_id": order.intent_id, "target_order_id": standing.broker_order_id}
        fields["changes"] = {"price": "1495.00"} if kind == "MODIFY" else None
    if kind.startswith("GTT"):
        fields["gtt"] = trigger("1460.00" if kind == "GTT_MODIFY" else "1450.00")
    if kind in ("GTT_MODIFY", "GTT_DELETE"):
        legs = tuple(GttLeg("SELL", 20, "CNC", price) for price in ("1440.00", "1600.00"))
        request = GttRequest("two-leg", "NSE", "INFY", ("1450.00", "1600.00"), "1500.00", legs)
        fields["target_gtt_id"] = desk.exchange.place_gtt(request)
    if kind == "CONVERT":
        fields["changes"] = {"product": "CNC", "position_type": "day"}
    return _write(desk, kind, kind.lower(), **fields)


def _write(desk: TradingDesk, kind: str, purpose: Any, **fields: Any) -> OrderIntent:
    now = desk.clock.now()
    price = None if kind == "CONVERT" else Decimal("1495.00" if kind == "MODIFY" else "1490.00")
    intent = OrderIntent(
        account="main",
        intent_id=intent_id("main", purpose, MORNING.date(), kind, "of a person"),
        kind=kind,
        terms=OrderTerms(
            account="main",
            mode=desk.settings.mode,
            exchange="NSE",
            tradingsymbol="INFY",
            transaction_type="BUY",
            quantity=20,
            order_type="LIMIT",
            product="MIS",
            price=price,
        ),
        as_of=desk.market_time,
        written_at=now,
        stale_after=now + timedelta(hours=1),
        **fields,
    )
    desk.store.write(create(intent))
    return intent
