"""A traded desk whose guard looks at prices that are set by hand, second by second of the market."""

from datetime import timedelta
from decimal import Decimal

import numpy as np

from patang.execution.prices import tick_floor
from patang.market.ticks import TICK, StreamRecord, pack
from patang.portfolio.position import Position
from patang.settings import ExitSettings
from patang_workbench.exchange.server import Simulator
from tests.contract.kite.simulated_desk import tell
from tests.fakes import RecordedDeadLetters
from tests.integration.reconciliation.trading import TradedDesk

__all__ = ["WatchedDesk"]


class WatchedDesk(TradedDesk):
    """One position, and what the exchange says of it."""

    def __init__(self, simulator: Simulator) -> None:
        super().__init__(simulator)
        self.dead_letters = RecordedDeadLetters()
        self.passed = timedelta()

    def now(self):
        """The exchange's time, and what was waited since: the exchange itself stands still."""
        moment = super().now()
        return moment + self.passed

    def wait(self, seconds: float) -> None:
        self.passed += timedelta(seconds=seconds)
        self.clock.advance(seconds)

    @property
    def position(self) -> Position:
        (found,) = self.positions()
        return found

    def stage(self, price: Decimal | float, bid: Decimal | float | None = None) -> None:
        """The exchange trades the position's instrument at this price, or the tick below, with these bids."""
        held = self.position
        price = tick_floor(Decimal(str(price)), held.tick_size)
        body = {"instrument": f"{held.exchange}:{held.symbol}", "last": float(price)}
        tell(self.simulator, "price", **body, **({} if bid is None else {"bid": float(bid)}))

    def trail(self, percent: str) -> None:
        """Trailing stops of shares from now on."""
        exits = ExitSettings(trailing_stop_shares_pct=Decimal(percent))
        self.use(self.settings().model_copy(update={"exits": exits}))

    def look(self, price: Decimal | float) -> None:
        """The guard sees the price on a tick and on the second's marker."""
        held, now = self.position, self.now()
        tick = np.zeros(1, TICK)
        tick["token"], tick["last_price"], tick["bid"] = held.instrument_token, float(price), float(price)
        tick["exchange_time"] = int(now.timestamp())
        records = [
            pack(StreamRecord("ticks", now, held.underlying, tick)),
            pack(StreamRecord("marker", now, "", np.zeros(0, TICK))),
        ]
        self.guard().process(records)

    def sells(self) -> list[dict]:
        """The position's sell orders as the broker has them, oldest first."""
        return [
            dict(order.raw)
            for order in self.broker("main").orders()
            if (order.tradingsymbol, order.transaction_type) == (self.position.symbol, "SELL")
        ]

    def net(self) -> int:
        """Units that the broker says are held of the position's instrument."""
        held = self.position
        broker = self.broker("main")
        return sum(p.quantity for p in broker.positions() if p.tradingsymbol == held.symbol)
