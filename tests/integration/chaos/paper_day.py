"""Trading on paper against a recorded day: what fills cost beside the price they were decided at."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from patang.adapters.paper.broker import PaperBroker
from patang.adapters.paper.exchange import PaperExchange
from patang.execution.following.broker_order import parse_order
from patang.execution.market_clock import MarketClock
from patang.execution.prices import buy_limit, exit_limit
from patang.keys import market_clock_key
from patang.market.instruments import Universe
from patang.ports import BrokerOrder, OrderRequest, Put
from patang.risk.charges import segment_of
from patang.risk.slippage import instrument_class, slippage_pct
from patang.settings import Settings
from patang.settings.limits import CapitalSettings
from patang_workbench.chaos.room import listed
from patang_workbench.chaos.tick_records import ticks_of
from patang_workbench.exchange.candles import MarketData
from patang_workbench.exchange.floor import Floor
from patang_workbench.exchange.lines import Line
from tests.fakes import FixedClock, MemoryStore

__all__ = ["PaperDay"]

# Of a yes that came at once, and of one that had to be waited for.
_DELAYS = (1, 2, 5, 20, 60)
_HELD = timedelta(minutes=4)
_PATIENCE = timedelta(minutes=2)
# An order looks at all that its account has placed before: many small books are read sooner than a large one.
_ACCOUNTS = 12
_CAPITAL = Decimal(1_000_000_000)


@dataclass(slots=True)
class _Order:
    """An order on its way: when it is to leave and what it was decided at."""

    line: Line
    side: Literal["BUY", "SELL"]
    quantity: int
    expected: Decimal
    leaves: datetime
    number: int
    order_id: str | None = None


class PaperDay:
    """Buys something every few seconds, sells it four minutes later, and keeps what each fill slipped, in
    percent, by class of instruments."""

    def __init__(self, market: MarketData, seed: int = 5) -> None:
        self.slipped: dict[str, list[Decimal]] = {}
        self.asked = self.unfilled = 0
        self._chance = random.Random(seed)
        self._floor = Floor(market, seed)
        self._opening = self._now = market.hours.open
        self._store, self._clock = MemoryStore(), FixedClock(self._now)
        lines = [line for line in self._floor.lines.values() if not line.instrument.is_index]
        self._shares = [line for line in lines if line.instrument.expiry is None]
        self._contracts = [line for line in lines if line.instrument.expiry is not None]
        universe = Universe(day=market.session, instruments=tuple(map(listed, lines)))
        settings = Settings(capital=CapitalSettings(starting_capital_inr=_CAPITAL))
        self._brokers = [
            PaperBroker(f"paper{number}", self._store, self._clock, lambda: settings, lambda _: universe)
            for number in range(_ACCOUNTS)
        ]
        self._exchange = PaperExchange(self._store, self._clock, lambda: settings)
        self._waiting: list[_Order] = []
        self._standing: dict[str, _Order] = {}

    def play(self, minutes: int, *, every: int = 5) -> None:
        """The first `minutes` of the session with an order wanted every so many seconds."""
        opening = int(self._opening.timestamp())
        for second in range(minutes * 60):
            ticked = self._floor.advance(opening + second)
            self._now = self._opening + timedelta(seconds=second)
            self._clock.moment = self._now
            told = MarketClock(market_time=self._now, seen_at=self._now)
            self._store.write(Put(market_clock_key(), told.model_dump(mode="json")))
            if second > 120 and second % every == 0 and second < (minutes - 8) * 60:
                self._want()
            self._send()
            moved = [line for line in ticked if not line.instrument.is_index]
            if self._standing and moved:
                self._hear(self._exchange.match(ticks_of(moved, self._now), self._now))

    def _want(self) -> None:
        self.asked += 1
        line = self._chance.choice(self._shares if self.asked % 2 else self._tradable_contracts())
        if not line.bid or not line.ask:
            return
        units = self._chance.randint(1, 200 if line.instrument.lot == 1 else 5) * line.instrument.lot
        leaves = self._now + timedelta(seconds=self._chance.choice(_DELAYS))
        self._waiting.append(_Order(line, "BUY", units, Decimal(line.ask) / 100, leaves, self.asked))

    def _tradable_contracts(self) -> list[Line]:
        futures = [line for line in self._contracts if line.instrument.is_future]
        options = [
            line for line in self._contracts if line.instrument.is_option and 20_00 <= line.last <= 500_00
        ]
        return futures if self.asked % 8 == 0 else options

    def _send(self) -> None:
        for order in [order for order in self._waiting if order.leaves <= self._now]:
            self._waiting.remove(order)
            row, tick = order.line.instrument, Decimal(order.line.instrument.tick) / 100
            if order.side == "BUY":
                price = buy_limit(order.expected, tick, order.expected * Decimal("1.02"))
            else:
                last, bid = Decimal(order.line.last) / 100, Decimal(order.line.bid) / 100
                order.expected = min(last, bid) if bid else last
                price = exit_limit(last, bid or None, tick, option=row.is_option)
            order.order_id = self._broker(order).place(
                OrderRequest(
                    variety="regular",
                    exchange=row.exchange,
                    tradingsymbol=row.tradingsymbol,
                    transaction_type=order.side,
                    quantity=order.quantity,
                    order_type="LIMIT",
                    product="MIS" if row.expiry is None else "NRML",
                    validity="DAY",
                    tag=f"{order.side[0]}{order.number:06d}",
                    price=str(price),
                )
            )
            self._standing[order.order_id] = order
        for order_id, order in list(self._standing.items()):
            if order.side == "BUY" and self._now - order.leaves > _PATIENCE:
                self._broker(order).cancel("regular", order_id)
                self._ended(self._standing.pop(order_id), self._row(order))

    def _broker(self, order: _Order) -> PaperBroker:
        """What is bought is sold from the same account."""
        return self._brokers[order.number % _ACCOUNTS]

    def _row(self, order: _Order) -> BrokerOrder:
        return next(row for row in self._broker(order).orders() if row.order_id == order.order_id)

    def _hear(self, frames: list[dict[str, Any]]) -> None:
        for frame in frames:
            order = self._standing.get(frame["order_id"])
            if order is not None and frame["status"] in ("COMPLETE", "CANCELLED", "REJECTED"):
                del self._standing[frame["order_id"]]
                self._ended(order, parse_order(frame))

    def _ended(self, order: _Order, row: BrokerOrder) -> None:
        if not row.filled_quantity:
            self.unfilled += 1
            return
        instrument, paid = order.line.instrument, Decimal(row.average_price)
        kind = instrument_class(segment_of(instrument.exchange, instrument.tradingsymbol, "MIS"))
        self.slipped.setdefault(kind, []).append(slippage_pct(order.side, order.expected, paid))
        if order.side == "BUY":
            sells = self._now + _HELD
            self._waiting.append(_Order(order.line, "SELL", row.filled_quantity, paid, sells, order.number))
