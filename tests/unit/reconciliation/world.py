"""Both sides of a comparison, made of what happened: the desk's trades, its owner's, and what was carried."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from patang.approvals.proposal import OrderTerms
from patang.execution.ids import Purpose, intent_id
from patang.execution.intent import IntentKind, OrderIntent
from patang.execution.reconciliation.book import Book
from patang.execution.reconciliation.compare import Look, compare
from patang.execution.reconciliation.ledger import Ledger
from patang.portfolio.position import Position
from patang.portfolio.protection import Protection
from patang.ports import (
    BrokerHolding,
    BrokerOrder,
    BrokerPosition,
    BrokerTrade,
    Gtt,
    GttLeg,
    GttRequest,
)
from tests.unit.execution.samples import MORNING

__all__ = ["MORNING", "World"]

_PURPOSES: dict[IntentKind, Purpose] = {"ENTRY": "entry", "EXIT": "exit", "PROTECT": "protect"}


@dataclass
class World:
    """What is told of it is consistent; a test then changes one side."""

    orders: list[BrokerOrder] = field(default_factory=list)
    trades: list[BrokerTrade] = field(default_factory=list)
    gtts: list[Gtt] = field(default_factory=list)
    intents: dict[str, OrderIntent] = field(default_factory=dict)
    positions: dict[str, Position] = field(default_factory=dict)
    holdings: dict[str, int] = field(default_factory=dict)
    overnight: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    moved: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    net_funds: Any = 250_000.0
    now: datetime = MORNING

    def book(self) -> Book:
        return Book(
            tuple(self.orders),
            tuple(self.trades),
            tuple(self._rows()),
            tuple(self._demat()),
            {"equity": {"net": self.net_funds}},
            tuple(self.gtts),
        )

    def ledger(self) -> Ledger:
        found = sorted(self.positions.values(), key=lambda p: (p.entry_time, p.position_id))
        return Ledger(
            [p for p in found if p.state != "CLOSED"],
            [p for p in found if p.state == "CLOSED"],
            dict(self.intents),
        )

    def look(self) -> Look:
        return compare(self.book(), self.ledger(), self.now)

    def kinds(self) -> list[tuple[str, bool]]:
        """(kind, whether it is explained) of each difference."""
        return [(found.kind, found.explained is not None) for found in self.look().differences]

    def buy(self, symbol: str = "INFY", units: int = 20, product: str = "CNC", **more: Any) -> Position:
        """The desk has bought and knows it."""
        entry = self._ours("ENTRY", "BUY", symbol, units, product, None)
        return self._hold(f"P{entry.intent_id[1:]}", symbol, units, product, entry.intent_id, **more)

    def carried(self, symbol: str = "INFY", units: int = 20, product: str = "CNC", **more: Any) -> Position:
        """The desk has held it since yesterday, and so has the broker."""
        if product == "CNC":
            self.holdings[symbol] = self.holdings.get(symbol, 0) + units
        else:
            self.overnight[_exchange(symbol), symbol, product] += units
        since = self.now - timedelta(days=1)
        name = intent_id("main", "entry", since.date(), symbol, len(self.positions))
        return self._hold(f"P{name[1:]}", symbol, units, product, name, entry_time=since, **more)

    def sell(self, position: Position, units: int) -> OrderIntent:
        """The desk has sold some of a position and knows it."""
        sold = self._ours("EXIT", "SELL", position.symbol, units, position.product, position.position_id)
        left = position.open_quantity - units
        self.positions[position.position_id] = position.evolve(
            exited_quantity=position.exited_quantity + units,
            exit_time=self.now,
            state="OPEN" if left else "CLOSED",
        )
        return sold

    def by_hand(
        self, side: str, symbol: str = "INFY", units: int = 20, product: str = "CNC", price: str = "1510.00"
    ) -> None:
        """The owner has traded in the broker's own application."""
        self._order(side, symbol, units, product, tag="", price=price)

    def convert(self, symbol: str, units: int, old: str, new: str) -> None:
        """The owner has moved units from one product to another."""
        self.moved[_exchange(symbol), symbol, old] -= units
        self.moved[_exchange(symbol), symbol, new] += units

    def protect(self, position: Position, kind: str = "SL") -> Position:
        """What rests for a position, at the broker too."""
        laid = Protection.model_validate(
            {
                "kind": kind,
                "state": "RESTING",
                "since": self.now,
                "intent_id": intent_id("main", "protect", self.now.date(), position.position_id),
                "gtt_id": f"g{len(self.gtts) + 1}" if kind == "GTT" else None,
                "quantity": position.open_quantity,
                "trigger_price": Decimal(1490),
                "limit_price": Decimal(1480),
                "laid_on": self.now.date(),
            }
        )
        units, product = position.open_quantity, position.product
        if kind == "SL":
            order = self._order(
                "SELL",
                position.symbol,
                units,
                product,
                tag=laid.intent_id,
                status="TRIGGER PENDING",
                filled=0,
            )
            laid = laid.model_copy(update={"broker_order_id": order.order_id})
            self._intent("PROTECT", "SELL", position.symbol, units, product, position.position_id, order)
        else:
            self.gtts.append(_gtt(str(laid.gtt_id), position.symbol, units, product, self.now))
        guarded = position.evolve(protection=laid)
        self.positions[position.position_id] = guarded
        return guarded

    def _ours(
        self,
        kind: IntentKind,
        side: str,
        symbol: str,
        units: int,
        product: str,
        position_id: str | None,
    ) -> OrderIntent:
        order = self._order(side, symbol, units, product, tag=self._name(kind))
        return self._intent(kind, side, symbol, units, product, position_id, order)

    def _name(self, kind: IntentKind) -> str:
        return intent_id("main", _PURPOSES[kind], self.now.date(), len(self.intents), len(self.orders))

    def _intent(
        self,
        kind: IntentKind,
        side: str,
        symbol: str,
        units: int,
        product: str,
        position_id: str | None,
        order: BrokerOrder,
    ) -> OrderIntent:
        terms = OrderTerms.model_validate(
            {
                "account": "main",
                "mode": "simulator",
                "exchange": _exchange(symbol),
                "tradingsymbol": symbol,
                "transaction_type": side,
                "quantity": units,
                "order_type": "LIMIT",
                "product": product,
                "price": Decimal(1500),
            }
        )
        intent = OrderIntent(
            account="main",
            intent_id=order.tag,
            kind=kind,
            state="COMPLETE" if order.status == "COMPLETE" else "ACKED",
            terms=terms,
            as_of=self.now,
            written_at=self.now,
            broker_order_id=order.order_id,
            filled_quantity=order.filled_quantity,
            position_id=position_id,
        )
        self.intents[intent.intent_id] = intent
        return intent

    def _order(
        self,
        side: str,
        symbol: str,
        units: int,
        product: str,
        *,
        tag: str,
        status: str = "COMPLETE",
        filled: int | None = None,
        price: str = "1500.00",
    ) -> BrokerOrder:
        number, done = len(self.orders) + 1, units if filled is None else filled
        order = BrokerOrder(
            f"26081800{number:07d}", tag, status, _exchange(symbol), symbol, side, units, done, price,
            updated_at=self.now, raw={"product": product},
        )  # fmt: skip
        self.orders.append(order)
        if done:
            self.trades.append(
                BrokerTrade(
                    f"t{number}", order.order_id, order.exchange, symbol, side, product, done, price,
                    self.now + timedelta(seconds=number),
                )
            )  # fmt: skip
        return order

    def _hold(
        self, position_id: str, symbol: str, units: int, product: str, entry: str, **more: Any
    ) -> Position:
        fields = {
            "account": "main",
            "position_id": position_id,
            "mode": "simulator",
            "strategy": "equity",
            "exchange": _exchange(symbol),
            "symbol": symbol,
            "underlying": symbol,
            "instrument_token": 408065,
            "lot_size": 1,
            "tick_size": Decimal("0.05"),
            "product": product,
            "quantity": units,
            "entry_price": Decimal(1500),
            "entry_time": self.now,
            "entry_intent_id": entry,
            "entry_charges": Decimal(10),
            "entry_slippage": Decimal(0),
            "stop_loss_price": Decimal(1490),
            "target_price": Decimal(1515),
        }
        self.positions[position_id] = Position.model_validate(fields | more)
        return self.positions[position_id]

    def _rows(self) -> list[BrokerPosition]:
        net = Counter(self.overnight)
        net.update(self.moved)
        for trade in self.trades:
            sign = 1 if trade.transaction_type == "BUY" else -1
            net[trade.exchange, trade.tradingsymbol, trade.product] += sign * trade.quantity
        return [
            BrokerPosition(*line, quantity, self.overnight[line], "1500.00", "1501.00", 1)
            for line, quantity in net.items()
        ]

    def _demat(self) -> list[BrokerHolding]:
        rows = []
        for symbol, units in self.holdings.items():
            sold = sum(
                t.quantity * (1 if t.transaction_type == "SELL" else -1)
                for t in self.trades
                if (t.tradingsymbol, t.product) == (symbol, "CNC")
            )
            used = min(max(sold, 0), units)
            raw = {"opening_quantity": units, "realised_quantity": units, "last_price": 1501.0}
            rows.append(BrokerHolding("NSE", symbol, "INE0", units - used, 0, used, "1400.00", raw))
        return rows


def _exchange(symbol: str) -> str:
    return "NFO" if symbol.endswith(("CE", "PE")) else "NSE"


def _gtt(gtt_id: str, symbol: str, units: int, product: str, now: datetime) -> Gtt:
    legs = tuple(GttLeg("SELL", units, product, price) for price in ("1480.00", "1515.00"))
    request = GttRequest("two-leg", _exchange(symbol), symbol, ("1490.00", "1515.00"), "1500.00", legs)
    return Gtt(gtt_id, "active", request, now, now, (None, None))
