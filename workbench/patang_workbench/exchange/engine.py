"""The exchange as a whole: market, clock, broker, logins and listeners, moved by one loop."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from datetime import time as clock_time
from typing import Any

from patang_workbench.exchange.account import Account
from patang_workbench.exchange.agenda import Agenda, LoopAgenda, MarketAgenda, Work
from patang_workbench.exchange.alerts import Alerts
from patang_workbench.exchange.broker import Broker
from patang_workbench.exchange.candles import MarketData
from patang_workbench.exchange.clock import MAX_SPEED, MIN_SPEED, MarketClock
from patang_workbench.exchange.deliveries import Deliveries, Outlet
from patang_workbench.exchange.errors import InputError, KiteError
from patang_workbench.exchange.faults import Faults
from patang_workbench.exchange.floor import Floor
from patang_workbench.exchange.gtt import Gtts
from patang_workbench.exchange.holdings import Holding
from patang_workbench.exchange.hours import IST
from patang_workbench.exchange.limits import RequestLimits
from patang_workbench.exchange.lines import Line
from patang_workbench.exchange.login import App, Logins, checksum
from patang_workbench.exchange.orders import Order
from patang_workbench.exchange.positions import Position
from patang_workbench.exchange.postbacks import Postbacks
from patang_workbench.exchange.rules import Rules
from patang_workbench.exchange.stream import Hub
from patang_workbench.exchange.tape import Density

__all__ = ["Carried", "Exchange", "Settings"]

_POSTED = frozenset({"COMPLETE", "CANCELLED", "REJECTED", "UPDATE"})


@dataclass(frozen=True, slots=True)
class Carried:
    """A position that every account carries into the session: `key` like NFO:NIFTY26AUGFUT, units (negative
    when short), and its average price in rupees, yesterday's close when None.
    """

    key: str
    quantity: int
    product: str = "NRML"
    average: float | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """How a simulated session is set up.

    `start` and `until` are market times of the session's date ("HH:MM:SS"); `cash` is in rupees; `holdings`
    and `t1_holdings` map symbols to units held before the session, settled and still to arrive;
    `demat_consent` is consent, physical or empty; `rules` what may be switched while it runs.
    """

    market: MarketData
    apps: tuple[App, ...]
    seed: int = 7
    speed: float = 1.0
    start: str = "09:14:30"
    until: str = "16:05:00"
    paused: bool = True
    cash: float = 1_000_000.0
    holdings: Mapping[str, int] = field(default_factory=dict)
    t1_holdings: Mapping[str, int] = field(default_factory=dict)
    carried: tuple[Carried, ...] = ()
    demat_consent: str = "consent"
    rules: Rules = field(default_factory=Rules)
    density: Density = field(default_factory=Density)
    heartbeat: float = 1.0
    port: int = 0


class Exchange:
    """Everything behind the two protocols. `run` moves the market until it is cancelled.

    Without an `agenda` and an `outlet` it lives in an event loop, and sends updates over the wire.
    """

    def __init__(
        self, settings: Settings, agenda: Agenda | None = None, outlet: Outlet | None = None
    ) -> None:
        self.settings = settings
        self.rules = settings.rules
        self.agenda = agenda or LoopAgenda()
        self.market = settings.market
        self.floor = Floor(settings.market, settings.seed, settings.density)
        start, until = (self._at(text) for text in (settings.start, settings.until))
        if start >= until:
            raise ValueError(f"the session cannot start at {settings.start} and end at {settings.until}")
        self.clock = MarketClock(start, until, settings.speed)
        self.logins = Logins(settings.apps, settings.market.session)
        self.hub = Hub()
        self.postbacks = Postbacks()
        self.faults = Faults(settings.seed)
        outlet = outlet or Outlet(self.hub.order, self.postbacks.send)
        self.deliveries = Deliveries(self.faults, self.after, outlet)
        self.limits = RequestLimits(self._rules, self.agenda.wall)
        self.broker = Broker(
            self.floor,
            self.clock.now,
            self._publish,
            self._rules,
            self.faults,
            self.agenda.wall,
            self.agenda.soon,
        )
        self.gtts = Gtts(self.broker, self.clock.now)
        self.alerts = Alerts(self.broker, self.clock.now)
        self.accounts = {app.user_id: self._account(app.user_id) for app in settings.apps}
        self._market_agenda = MarketAgenda()
        self.ticks_generated = self.floor.play(range(min(self.floor.opening - 30, start), start + 1))
        self.clock.set(paused=settings.paused)

    async def run(self) -> None:
        """Move the market second by second and deliver postbacks, until cancelled."""
        posting = asyncio.create_task(self.postbacks.run())
        try:
            while True:
                await self._second(await self.clock.next_second())
                await asyncio.sleep(0)
        finally:
            posting.cancel()
            with suppress(asyncio.CancelledError):
                await posting

    async def _second(self, epoch: int) -> None:
        await self.hub.ticked(self.second(epoch))

    def second(self, epoch: int) -> list[Line]:
        """Play a market second, but for the ticker; returns the lines that ticked in it."""
        ticked = self.floor.advance(epoch)
        self.ticks_generated += len(ticked)
        self._market_agenda.run(epoch)
        self.broker.second(epoch)
        self.meet(ticked)
        if epoch == self.floor.closing:
            self.gtts.expire()
        return ticked

    def meet(self, lines: list[Line]) -> None:
        """Let orders and triggers see the prices of these instruments."""
        self.broker.match(lines)
        if self.state() == "open":
            self.gtts.ticked(lines)
            self.alerts.ticked(lines)

    def state(self) -> str:
        """pre, open or closed."""
        if self.clock.epoch < self.floor.opening:
            return "pre"
        return "open" if self.clock.epoch < self.floor.closing else "closed"

    def describe_clock(self) -> dict[str, Any]:
        """The clock as the control API shows it."""
        clock = self.clock
        limit = None if clock.limit is None else datetime.fromtimestamp(clock.limit, IST).isoformat()
        return {
            "market_time": clock.now().isoformat(),
            "speed": clock.speed,
            "paused": clock.paused,
            "limit": limit,
            "state": self.state(),
            "held": clock.held,
            "ended": clock.epoch >= clock.end,
        }

    def set_clock(self, body: Mapping[str, Any]) -> None:
        """Change the clock by the fields of a control request. Raises InputError for a bad value."""
        changes: dict[str, Any] = {}
        if "limit" in body:
            changes["limit"] = None if body["limit"] is None else self._limit(body["limit"])
        if "paused" in body:
            if not isinstance(body["paused"], bool):
                raise InputError(f"`paused` is {body['paused']!r}; use true or false.")
            changes["paused"] = body["paused"]
        if "speed" in body:
            speed = body["speed"]
            if not isinstance(speed, int | float) or not MIN_SPEED <= speed <= MAX_SPEED:
                raise InputError(f"`speed` is {speed!r}; use a number from {MIN_SPEED:g} to {MAX_SPEED:g}.")
            changes["speed"] = float(speed)
        self.clock.set(**changes)

    def stats(self) -> dict[str, Any]:
        """Counts since the start."""
        return {
            "ticks_generated": self.ticks_generated,
            "ticks_sent": self.hub.ticks_sent,
            "frames": self.hub.frames,
            "orders": self.broker.placed,
            "fills": self.broker.book.fills,
            "postbacks": self.postbacks.delivered,
            "postbacks_failed": self.postbacks.failed,
            "connections": len(self.hub.connections),
            "reached_speed": self.clock.reached_speed,
        }

    def after(self, seconds: float, clock: str, work: Work) -> None:
        """Run work after seconds of the wall's or the market's clock."""
        if clock == "market":
            self._market_agenda.at(self.clock.epoch + seconds, work)
        else:
            self.agenda.after(seconds, work)

    def carry_on(self, order: Order) -> None:
        """Carry a new order on once its reply is on the way, as the broker does; at once where what risk
        management blocks is told in the reply. Raises KiteError for that.
        """
        if self.rules.blocked == "order_id":
            self.agenda.soon(lambda: self.broker.progress(order))
            return
        self.broker.progress(order)
        if order.error_type in ("MarginException", "HoldingException"):
            raise KiteError(str(order.message), 400, order.error_type)

    def _rules(self) -> Rules:
        return self.rules

    def _publish(self, order: Order, picture: dict[str, Any]) -> None:
        app = self.logins.apps.get(order.api_key) if order.api_key else None
        secret = app.api_secret if app else ""
        data = {
            "user_id": order.user_id,
            "unfilled_quantity": order.terms.quantity - order.filled - order.cancelled,
            "app_id": 1 if app else 0,
            "checksum": checksum(order.order_id, str(picture["order_timestamp"]), secret),
            **picture,
        }
        self.deliveries.frame(order.user_id, data)
        # Postbacks are of the app's own orders: none for what a trigger or a person placed.
        url = app.postback_url if app and "gtt" not in order.meta else None
        if url and picture["status"] in _POSTED:
            self.deliveries.postback(url, data)

    def _account(self, user_id: str) -> Account:
        settled, arriving = self.settings.holdings, self.settings.t1_holdings
        holdings = {}
        for symbol in dict.fromkeys((*settled, *arriving)):
            line = self._line(f"NSE:{symbol}")
            close = line.previous_close
            holdings[symbol] = Holding(settled.get(symbol, 0), close, t1=arriving.get(symbol, 0))
        account = Account(user_id, round(self.settings.cash * 100), holdings, self.settings.demat_consent)
        for carried in self.settings.carried:
            line = self._line(carried.key)
            average = line.previous_close if carried.average is None else round(carried.average * 100)
            key = (line.instrument.token, carried.product)
            account.positions[key] = Position(
                line, carried.product, carried.quantity, average, average=average
            )
        return account

    def _line(self, key: str) -> Line:
        line = self.floor.by_key.get(key)
        if line is None or line.instrument.is_index:
            raise ValueError(f"{key!r} cannot be held: it is no share or contract of this session")
        return line

    def _at(self, text: str) -> int:
        try:
            moment = datetime.combine(self.market.session, clock_time.fromisoformat(text), IST)
        except ValueError:
            raise ValueError(f"{text!r} is not a market time; use HH:MM:SS") from None
        return int(moment.timestamp())

    def _limit(self, text: Any) -> int:
        try:
            moment = datetime.fromisoformat(text)
        except (TypeError, ValueError):
            raise InputError(f"`limit` is {text!r}; use an ISO time or null.") from None
        return int((moment if moment.tzinfo else moment.replace(tzinfo=IST)).timestamp())
