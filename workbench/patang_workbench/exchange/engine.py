"""The exchange as a whole: market, clock, broker, logins and listeners, moved by one loop."""

import asyncio
import time
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from datetime import time as clock_time
from typing import Any

from patang_workbench.exchange.account import Account, Holding
from patang_workbench.exchange.broker import Broker
from patang_workbench.exchange.candles import MarketData
from patang_workbench.exchange.clock import MAX_SPEED, MIN_SPEED, MarketClock
from patang_workbench.exchange.errors import InputError, TooManyError
from patang_workbench.exchange.floor import Floor
from patang_workbench.exchange.hours import IST
from patang_workbench.exchange.login import App, Logins, checksum
from patang_workbench.exchange.orders import Order
from patang_workbench.exchange.postbacks import Postbacks
from patang_workbench.exchange.stream import Hub
from patang_workbench.exchange.tape import Density

__all__ = ["FAULTS", "Exchange", "Fault", "Settings"]

FAULTS = ("reject", "timeout", "timed_out_400", "http_500", "drop_connections")
_POSTED = frozenset({"COMPLETE", "CANCELLED", "REJECTED", "UPDATE"})


@dataclass(frozen=True, slots=True)
class Settings:
    """How a simulated session is set up.

    `start` and `until` are market times of the session's date ("HH:MM:SS"); `cash` is in rupees;
    `orders_a_second` is the broker's limit in wall time, None for no limit; `holdings` maps symbols to
    units held before the session.
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
    orders_a_second: int | None = 10
    density: Density = field(default_factory=Density)
    heartbeat: float = 1.0
    port: int = 0


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong with the next order: one of FAULTS, and how long a lost reply takes in wall seconds."""

    kind: str
    delay: float = 10.0


class Exchange:
    """Everything behind the two protocols. `run` moves the market until it is cancelled."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.market = settings.market
        self.floor = Floor(settings.market, settings.seed, settings.density)
        start, until = (self._at(text) for text in (settings.start, settings.until))
        if start >= until:
            raise ValueError(f"the session cannot start at {settings.start} and end at {settings.until}")
        self.clock = MarketClock(start, until, settings.speed)
        self.logins = Logins(settings.apps, settings.market.session)
        self.hub = Hub()
        self.postbacks = Postbacks()
        self.broker = Broker(self.floor, self.clock.now, self._publish)
        self.accounts = {app.user_id: self._account(app.user_id) for app in settings.apps}
        self.faults: deque[Fault] = deque()
        self.ticks_generated = 0
        self._calls: dict[str, deque[float]] = {}
        for epoch in range(min(self.floor.opening - 30, start), start + 1):
            self.ticks_generated += len(self.floor.advance(epoch))
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
        ticked = self.floor.advance(epoch)
        self.ticks_generated += len(ticked)
        if epoch in (self.floor.cash_closing, self.floor.closing):
            self.broker.close_session()
        self.broker.match(self.accounts, ticked)
        await self.hub.ticked(ticked)

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
            "fills": self.broker.fills,
            "postbacks": self.postbacks.delivered,
            "postbacks_failed": self.postbacks.failed,
            "connections": len(self.hub.connections),
            "reached_speed": self.clock.reached_speed,
        }

    def count_call(self, user_id: str) -> None:
        """Count a call that places, changes or cancels an order. Raises TooManyError above the limit."""
        allowed = self.settings.orders_a_second
        if allowed is None:
            return
        calls = self._calls.setdefault(user_id, deque())
        now = time.monotonic()
        while calls and calls[0] <= now - 1.0:
            calls.popleft()
        if len(calls) >= allowed:
            raise TooManyError("Too many requests")
        calls.append(now)

    def progress(self, account: Account, order: Order) -> None:
        """Carry an order on once its reply is on the way, as the broker does."""
        asyncio.get_running_loop().call_soon(self.broker.progress, account, order)

    def _publish(self, order: Order, picture: dict[str, Any]) -> None:
        app = self.logins.apps[order.api_key]
        data = {
            "user_id": order.user_id,
            "unfilled_quantity": order.terms.quantity - order.filled - order.cancelled,
            "app_id": 1,
            "checksum": checksum(order.order_id, str(picture["order_timestamp"]), app.api_secret),
            **picture,
        }
        self.hub.order(order.user_id, data)
        if app.postback_url and picture["status"] in _POSTED:
            self.postbacks.send(app.postback_url, data)

    def _account(self, user_id: str) -> Account:
        holdings = {}
        for symbol, units in self.settings.holdings.items():
            line = self.floor.by_key.get(f"NSE:{symbol}")
            if line is None:
                raise ValueError(f"holding {symbol!r} is not a share of this session")
            holdings[symbol] = Holding(units, line.previous_close)
        return Account(user_id, round(self.settings.cash * 100), holdings)

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
