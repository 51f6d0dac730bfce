"""A desk whose broker is the simulator over HTTP, driven by hand: the lane and the polls, no frames."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

from patang.approvals.proposal import OrderTerms
from patang.execution.ids import intent_id
from patang.execution.intent import OrderIntent
from patang.execution.market_clock import MarketClock
from patang.keys import account_partition, market_clock_key, risk_key
from patang.market.sessions import IST
from patang.portfolio.account_state import RiskState
from patang.portfolio.position import Position
from patang.ports import Put
from patang.records import create, load, load_all
from patang_workbench.exchange.server import Simulator
from tests.contract.kite.simulated_desk import SimulatedDesk, tell
from tests.fakes import RecordedIntentQueue, RecordedNotifier, RecordedPollQueue, RecordedWorkflows
from tests.unit.execution.samples import equity_signal, option_signal, proposal_of, propose

__all__ = ["TradedDesk"]


class TradedDesk(SimulatedDesk):
    """One account, `main`. Market time is the simulator's."""

    def __init__(self, simulator: Simulator) -> None:
        super().__init__(simulator)
        self.simulator = simulator
        self.intent_queue = RecordedIntentQueue()
        self.notifier = RecordedNotifier()
        self.workflows = RecordedWorkflows()
        self.poll_queue = RecordedPollQueue()
        self.waits: list[float] = []

    @property
    def pause(self) -> Callable[[float], None]:
        return self.waits.append

    def now(self) -> datetime:
        """The exchange's time, which is written down as the market clock too."""
        now = self.simulator.exchange.clock.now().astimezone(IST)
        clock = MarketClock(market_time=now, seen_at=self.clock.now())
        self.store.write(Put(market_clock_key(), clock.model_dump(mode="json")))
        return now

    def price(self, symbol: str, side: str, away: float) -> Decimal:
        """A price so many percent beyond the last one on this side, on the tick."""
        line = self.simulator.exchange.floor.by_key[f"{_exchange(symbol)}:{symbol}"]
        factor = 1 + away / 100 if side == "BUY" else 1 - away / 100
        return Decimal(str(round(line.last * factor / 500) * 5)) / 1

    def buy(self, symbol: str, units: int, product: str, **signal: Any) -> Position:
        """The desk buys at what is asked, and hears of it from the order book."""
        now, last = self.now(), self.price(symbol, "BUY", 0)
        row = self.simulator.exchange.floor.by_key[f"{_exchange(symbol)}:{symbol}"].instrument
        made = (option_signal if _exchange(symbol) == "NFO" else equity_signal)(
            symbol=symbol,
            underlying="NIFTY" if _exchange(symbol) == "NFO" else symbol,
            instrument_token=row.token,
            tick_size=Decimal(row.tick) / 100,
            signal_id=f"s-{symbol.lower()}-{len(self.positions())}",
            as_of=now,
            entry_price=last,
            stop_loss_price=(last * Decimal("0.97")).quantize(Decimal("0.1")),
            target_price=(last * Decimal("1.03")).quantize(Decimal("0.1")),
            **signal,
        )  # fmt: skip
        proposal = proposal_of(made, units)
        if load(self.store, RiskState, risk_key("main")) is None:
            propose(self.store, proposal)
        else:
            self.store.write(create(proposal))
        entry = intent_id("main", "entry", now.date(), proposal.order_id)
        terms = OrderTerms.model_validate(
            {
                "account": "main",
                "mode": "simulator",
                "exchange": _exchange(symbol),
                "tradingsymbol": symbol,
                "transaction_type": "BUY",
                "quantity": units,
                "order_type": "LIMIT",
                "product": product,
                "price": self.price(symbol, "BUY", 2),
            }
        )
        intent = OrderIntent(
            account="main",
            intent_id=entry,
            kind="ENTRY",
            terms=terms,
            as_of=now,
            written_at=self.clock.now(),
            expected_price=last,
            order_id=proposal.order_id,
        )
        self.store.write(create(intent))
        self.order_lane().process({"account": "main", "intent_id": entry})
        self.settle()
        return next(p for p in self.positions() if p.entry_intent_id == entry)

    def settle(self) -> None:
        """The lane sends what waits and the order book is read, until nothing moves."""
        for _ in range(8):
            waiting, self.intent_queue.messages = self.intent_queue.messages, []
            for _, _, body in waiting:
                self.order_lane().process(body)
            self.reconciler()._follower.follow("main", self.now(), "poll")
            if not waiting and not self.intent_queue.messages:
                return
        raise AssertionError("it never comes to rest")

    def reconcile(self) -> dict[str, Any]:
        """What `patang reconcile` gets."""
        self.now()
        (answer,) = self.reconciler().ask(["main"])
        return answer

    def owner(self, action: str, **fields: Any) -> None:
        """Something that the account's owner does by hand."""
        tell(self.simulator, "owner", action=action, **fields)

    def positions(self) -> list[Position]:
        return load_all(self.store, Position, account_partition("main"), "POSITION#")

    def risk_state(self) -> RiskState:
        return load(self.store, RiskState, risk_key("main")) or RiskState(account="main")

    def resting_sells(self, symbol: str) -> int:
        """Units that orders and triggers at the exchange may still sell."""
        broker = self.broker("main")
        orders = sum(
            order.quantity - order.filled_quantity
            for order in broker.orders()
            if (order.tradingsymbol, order.transaction_type) == (symbol, "SELL")
            and order.status not in ("COMPLETE", "CANCELLED", "REJECTED")
        )
        gtts = [g for g in broker.gtts() if g.status == "active" and g.request.tradingsymbol == symbol]
        return orders + sum(max(leg.quantity for leg in gtt.request.legs) for gtt in gtts)


def _exchange(symbol: str) -> str:
    return "NFO" if symbol.endswith(("CE", "PE")) else "NSE"
