"""A broker on a floor whose books are written by hand."""

from datetime import UTC, datetime, time
from typing import Any

from patang_workbench.exchange.account import Account
from patang_workbench.exchange.broker import Broker
from patang_workbench.exchange.candles import MarketData
from patang_workbench.exchange.floor import Floor
from patang_workbench.exchange.gtt import Gtts
from patang_workbench.exchange.holdings import Holding
from patang_workbench.exchange.hours import IST
from patang_workbench.exchange.lines import Level, Line
from patang_workbench.exchange.orders import Order
from patang_workbench.exchange.rules import Rules

__all__ = ["Desk"]


class Desk:
    """A floor five minutes into its session, one account, and the published changes of its orders."""

    def __init__(self, market: MarketData, cash: float = 1_000_000.0) -> None:
        self.floor = Floor(market, 7)
        self.epoch = self.floor.opening + 300
        for epoch in range(self.floor.opening, self.epoch + 1):
            self.floor.advance(epoch)
        self.published: list[dict[str, Any]] = []
        self.rules = Rules()
        self.broker = Broker(
            self.floor, self.now, lambda order, picture: self.published.append(picture), lambda: self.rules
        )
        self.gtts = Gtts(self.broker, self.now)
        self.account = Account("AB1234", round(cash * 100), {"ITC": Holding(100, 40_000)})
        self.infy = self.floor.by_key["NSE:INFY"]
        self.option = next(
            line
            for line in self.floor.lines.values()
            if line.instrument.kind == "CE" and line.instrument.name == "NIFTY"
            if line.instrument.expiry != market.session and line.last < 30_000
        )

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.epoch, UTC).astimezone(IST)

    def send(self, line: Line, variety: str = "regular", by_hand: bool = False, **form: Any) -> Order:
        """Place an order and carry it on; buys a lot with a limit where nothing else is said."""
        row = line.instrument
        defaults = {
            "exchange": row.exchange,
            "tradingsymbol": row.tradingsymbol,
            "transaction_type": "BUY",
            "quantity": row.lot,
            "product": "NRML" if row.is_option else "MIS",
            "order_type": "LIMIT",
        }
        words = {name: str(value) for name, value in {**defaults, **form}.items() if value is not None}
        order = self.broker.place(self.account, None if by_hand else "key", words, variety)
        self.broker.progress(order)
        return order

    def book(self, line: Line, bid: int, ask: int, units: int = 1000, last: int | None = None) -> None:
        """Show a book of one level a side and try the orders against it."""
        empty: Level = (0, 0, 0)
        line.show(((bid, units, 1), *[empty] * 4), ((ask, units, 1), *[empty] * 4))
        line.last = last if last is not None else ask
        self.broker.match([line])

    def statuses(self) -> list[str]:
        return [picture["status"] for picture in self.published]

    def move(self, line: Line, price: int) -> None:
        """Let an instrument trade at a price, with a book around it, and everything at the broker see it."""
        self.book(line, price - line.instrument.tick, price, last=price)
        self.gtts.ticked([line])

    def at(self, clock: str) -> None:
        """Jump to a market time of the day, HH:MM, and do what the broker does at that second."""
        moment = datetime.combine(self.floor.market.session, time.fromisoformat(clock), IST)
        self.epoch = int(moment.timestamp())
        self.broker.second(self.epoch)
