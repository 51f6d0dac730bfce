"""The service of people's orders, the lane and the Kite adapter, in front of the exchange simulator in
process.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from patang.accounts.session import Credentials
from patang.adapters.kite.broker import KiteBroker
from patang.adapters.kite.calls import KiteCalls
from patang.adapters.kite.foreign_rows import ForeignRows
from patang.adapters.kite.limits import RateLimiter
from patang.adapters.kite.market_data import KiteMarketData
from patang.execution.market_clock import MarketClock
from patang.execution.orders.live_market import LiveMarket
from patang.execution.orders.market_facts import MarketQuote
from patang.execution.orders.requests import PlaceOrder
from patang.keys import market_clock_key
from patang.market.instruments import Instrument
from patang.market.sessions import IST
from patang.records import create, load, replace
from patang_workbench.exchange.candles import MarketData
from patang_workbench.exchange.engine import Settings
from patang_workbench.exchange.in_process import InProcessExchange
from patang_workbench.exchange.instruments import Instrument as Listed
from patang_workbench.exchange.login import App
from patang_workbench.exchange.rules import Limits, Rules
from tests.unit.execution.orders.order_room import OrderRoom

__all__ = ["DAY", "ExchangeRoom"]

DAY = date(2026, 8, 18)
_ADDRESS = "http://127.0.0.1:1"
_APP = App("orderskey", "orderssecret", "AB1234")


class _Calls(KiteCalls):
    """The official client, whose wire ends in this process."""

    def __init__(self, exchange: InProcessExchange, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._exchange = exchange

    def _client_for(self, credentials: Credentials) -> Any:
        client = super()._client_for(credentials)
        client.reqsession.mount(_ADDRESS, self._exchange.adapter())
        return client


class ExchangeRoom(OrderRoom):
    """Fifty shares of ITC since yesterday and `cash` rupees, at a time of the session's day."""

    def __init__(self, market: MarketData, start: str = "09:20:00", cash: int = 10_000_000) -> None:
        super().__init__()
        self.venue = InProcessExchange(
            Settings(
                market=market,
                apps=(_APP,),
                start=start,
                until="15:55:00",
                cash=cash,
                holdings={"ITC": 50},
                rules=Rules(limits=Limits(None, None, None)),
            )
        )
        credentials = Credentials(_APP.api_key, self.venue.sign_in(_APP.api_key), 1)
        calls = _Calls(
            self.venue,
            lambda: credentials,
            lambda used: None,
            lambda: self.settings.kite,
            self.metrics,
            limiter=RateLimiter(monotonic=self.venue.agenda.wall, sleep=self.venue.elapse),
            sleep=self.venue.elapse,
        )
        self.kite = KiteBroker(calls, ForeignRows(lambda identifier: True, self.metrics))
        self.live = LiveMarket(lambda: KiteMarketData(calls))
        self.listed = {
            (row.exchange, row.tradingsymbol): row for row in self.venue.exchange.floor.instruments
        }
        self._tell_time()

    def broker(self, account: str, mode: Any) -> Any:
        return self.kite

    def quotes(self, identifiers: Iterable[str]) -> Mapping[str, MarketQuote]:
        return self.live.quotes(identifiers)

    def instrument(self, exchange: str, tradingsymbol: str, as_of: datetime) -> Instrument | None:
        row = self.listed.get((exchange, tradingsymbol))
        return None if row is None else _instrument(row)

    def play(self, seconds: int) -> None:
        """Lets market and wall go on, and hears what that has brought."""
        self.venue.advance(seconds)
        self._tell_time()
        self.hear()

    def run_lane(self) -> None:
        super().run_lane()
        self.hear()

    def hear(self) -> None:
        for update in self.venue.take_updates():
            if update.channel == "frames":
                told = {"account": "main", "source": "frame", "order": dict(update.data)}
                self.order_updates().apply(told)

    def last(self, key: str) -> Decimal:
        return self.live.quote(key).last_price

    def option(self) -> Instrument:
        """A NIFTY call of next week that costs 100 to 300 rupees."""
        found = next(
            line.instrument
            for line in self.venue.exchange.floor.lines.values()
            if line.instrument.kind == "CE"
            and line.instrument.name == "NIFTY"
            and line.instrument.expiry == date(2026, 8, 25)
            and 10_000 < line.last < 30_000
        )
        return _instrument(found)

    def future(self) -> Instrument:
        rows = self.venue.exchange.floor.instruments
        return _instrument(next(row for row in rows if row.kind == "FUT" and row.name == "NIFTY"))

    def order(self, instrument: Instrument, **fields: Any) -> PlaceOrder:
        """A LIMIT order to buy a lot at the last price, unless said otherwise."""
        words = {
            "exchange": instrument.exchange,
            "tradingsymbol": instrument.tradingsymbol,
            "transaction_type": "BUY",
            "order_type": "LIMIT",
            "product": "NRML" if instrument.expiry else "CNC",
            "quantity": instrument.lot_size,
            "price": self.last(instrument.identifier),
            **fields,
        }
        return PlaceOrder.model_validate({name: value for name, value in words.items() if value is not None})

    def share(self, symbol: str = "INFY") -> Instrument:
        return _instrument(self.listed["NSE", symbol])

    def sent(self, wish: Any, request_id: str = "r-1") -> Any:
        """The request's only intent, once the lane has sent it and the frames have been heard."""
        (intent,) = self.taken(wish, request_id)
        self.run_lane()
        return self.intent(intent.intent_id)

    def book(self) -> list[dict[str, Any]]:
        return [dict(order.raw) for order in self.kite.orders()]

    def _tell_time(self) -> None:
        now = self.venue.exchange.clock.now().astimezone(IST)
        self.clock.moment = max(self.clock.moment, now) + timedelta(seconds=1)
        self.market_time = now
        known = load(self.store, MarketClock, market_clock_key())
        if known is None:
            self.store.write(create(MarketClock(market_time=now, seen_at=self.clock.now())))
        else:
            self.store.write(replace(known.evolve(market_time=now, seen_at=self.clock.now())))


def _instrument(row: Listed) -> Instrument:
    return Instrument(
        instrument_token=row.token,
        exchange=row.exchange,
        tradingsymbol=row.tradingsymbol,
        name=row.name,
        instrument_type="INDEX" if row.segment == "INDICES" else row.kind,
        segment=row.segment,
        tick_size=Decimal(row.tick) / 100,
        lot_size=row.lot,
        expiry=row.expiry,
        strike=Decimal(row.strike) / 100 if row.strike else None,
        has_derivatives=row.kind == "EQ",
    )
