"""One market, two ways to trade in it: the Kite adapter over HTTP, and the paper broker on its ticks.

Both play the same synthetic session of the exchange simulator, so that what a test asks of one it may ask of
the other.
"""

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from datetime import time as clock_time
from decimal import Decimal
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from patang.adapters.paper.broker import PaperBroker
from patang.adapters.paper.exchange import PaperExchange
from patang.adapters.paper.funds import PaperFunds, PaperHolding
from patang.execution.market_clock import MarketClock, TimeTeller
from patang.market.instruments import Instrument, Universe
from patang.market.sessions import IST
from patang.market.ticks import TICK
from patang.ports import Broker
from patang.records import create
from patang.settings import Settings
from patang_workbench.exchange.candles import Bar, MarketData
from patang_workbench.exchange.engine import Exchange
from patang_workbench.exchange.engine import Settings as Market
from patang_workbench.exchange.instruments import Instrument as Listed
from patang_workbench.exchange.lines import Line
from patang_workbench.exchange.server import Simulator
from tests.contract.kite.simulated_desk import APP, SimulatedDesk, request_token, tell
from tests.fakes import FixedClock, MemoryStore

__all__ = ["CARRIED", "DAY", "HELD", "KiteVenue", "PaperVenue", "Venue", "market_settings"]

DAY = date(2026, 8, 18)
HELD, CARRIED = 50, 20
"""Shares of ITC in the demat account before the session, and more that were bought the day before."""


def market_settings(market: MarketData, start: str) -> Market:
    """The session both play, from a time of the day."""
    return Market(
        market=market,
        apps=(APP,),
        start=start,
        until="15:45:00",
        holdings={"ITC": HELD},
        t1_holdings={"ITC": CARRIED},
        heartbeat=0.2,
    )


class Venue(Protocol):
    """A broker and the market behind it."""

    broker: Broker

    def play(self, seconds: int) -> None:
        """Lets so much market time pass."""
        ...

    def line(self, key: str) -> Line:
        """What the market shows of an instrument (EXCHANGE:TRADINGSYMBOL) now."""
        ...

    def listed(self) -> Sequence[Listed]: ...

    def bars(self, symbol: str) -> Sequence[Bar]:
        """A share's minutes of the session, those to come included."""
        ...

    def end_intraday_at(self, hour: str) -> None:
        """The broker squares shares off at this time of the day (HH:MM)."""
        ...


class KiteVenue:
    """The official client behind the adapter, and the simulator as a server of its own."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self.desk = SimulatedDesk(simulator)
        self.desk.accounts().complete_login("main", request_token(self.desk))
        self.broker: Broker = self.desk.broker("main")

    def play(self, seconds: int) -> None:
        clock = self.simulator.exchange.clock
        limit = clock.now() + timedelta(seconds=seconds)
        tell(self.simulator, "clock", limit=limit.isoformat(), paused=False, speed=1000)
        end = time.monotonic() + 60
        while clock.now() < limit:
            assert time.monotonic() < end, f"the market did not reach {limit}"
            time.sleep(0.01)

    def line(self, key: str) -> Line:
        return self.simulator.exchange.floor.by_key[key]

    def listed(self) -> Sequence[Listed]:
        return self.simulator.exchange.floor.instruments

    def bars(self, symbol: str) -> Sequence[Bar]:
        return self.simulator.exchange.market.candles[symbol][DAY].bars(DAY)

    def end_intraday_at(self, hour: str) -> None:
        exchange = self.simulator.exchange
        exchange.rules = replace(exchange.rules, square_off_cash=clock_time.fromisoformat(hour))


class PaperVenue:
    """The paper broker in a store in memory; the session's ticks come from a simulator in process."""

    def __init__(self, settings: Market) -> None:
        self._exchange = Exchange(settings)
        self._settings = Settings()
        self.store = MemoryStore()
        now = self._exchange.clock.now()
        self.clock = FixedClock(now)
        self._teller = TimeTeller(self.store, self.clock)
        self._universe = Universe(day=DAY, instruments=tuple(_instrument(row) for row in self.listed()))
        itc = PaperHolding(quantity=HELD, t1_quantity=CARRIED, average_price=Decimal(400))
        self.store.write(
            create(MarketClock(market_time=now, seen_at=now)),
            create(PaperFunds(account="main", day=DAY, cash=Decimal(1_000_000), holdings={"NSE:ITC": itc})),
        )
        self.broker = self.reopened()
        self._matcher = PaperExchange(self.store, self.clock, lambda: self._settings)

    def play(self, seconds: int) -> None:
        """Second by second, as the guard does: the time, then the ticks."""
        first = int(self.clock.now().timestamp()) + 1
        for epoch in range(first, first + seconds):
            ticked = self._exchange.second(epoch)
            self.clock.moment = datetime.fromtimestamp(epoch, IST)
            self._teller.tell(self.clock.moment)
            self._matcher.match(_ticks(ticked, epoch), self.clock.moment)

    def line(self, key: str) -> Line:
        return self._exchange.floor.by_key[key]

    def listed(self) -> Sequence[Listed]:
        return self._exchange.floor.instruments

    def bars(self, symbol: str) -> Sequence[Bar]:
        return self._exchange.market.candles[symbol][DAY].bars(DAY)

    def reopened(self) -> Broker:
        """The broker as another process finds it."""
        universe = {DAY: self._universe}
        return PaperBroker("main", self.store, self.clock, lambda: self._settings, universe.get)

    def end_intraday_at(self, hour: str) -> None:
        hours = {"square_off_shares": "09:16", "broker_square_off_shares": hour}
        self._settings = Settings.model_validate({"exits": hours})


def _instrument(row: Listed) -> Instrument:
    kind = "INDEX" if row.segment == "INDICES" else row.kind
    return Instrument(
        instrument_token=row.token,
        exchange=row.exchange,
        tradingsymbol=row.tradingsymbol,
        name=row.name,
        instrument_type=kind,
        segment=row.segment,
        tick_size=Decimal(row.tick) / 100,
        lot_size=row.lot,
        expiry=row.expiry,
        strike=Decimal(row.strike) / 100 if row.strike else None,
    )


def _ticks(lines: Sequence[Line], epoch: int) -> NDArray[np.void]:
    made = np.zeros(len(lines), TICK)
    for tick, line in zip(made, lines, strict=True):
        tick["token"], tick["exchange_time"] = line.instrument.token, epoch
        tick["last_price"], tick["volume"], tick["oi"] = line.last / 100, line.volume, line.oi
        tick["bid"], tick["bid_quantity"] = line.bids[0][0] / 100, line.bids[0][1]
        tick["ask"], tick["ask_quantity"] = line.asks[0][0] / 100, line.asks[0][1]
    return made
