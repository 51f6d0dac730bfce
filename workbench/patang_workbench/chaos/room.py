"""Where a day happens: one exchange, its clocks, the accounts with their lines, what surrounds the desk."""

import random
from datetime import datetime, time, timedelta
from decimal import Decimal

from patang.keys import settings_key
from patang.market.instruments import Instrument, Universe
from patang.market.sessions import IST
from patang.market.universe import save_universe
from patang.ports import Put, StateStore
from patang.settings import KiteSettings, Settings
from patang_workbench.chaos.desk import ChaosDesk, Surroundings
from patang_workbench.chaos.line import ADDRESS, CountedLine
from patang_workbench.chaos.plan import SESSION, DayPlan
from patang_workbench.chaos.queues import LaneQueue, StandardQueue, Tickets
from patang_workbench.chaos.steps import Steps
from patang_workbench.chaos.surroundings import VirtualClock
from patang_workbench.exchange.engine import Exchange
from patang_workbench.exchange.engine import Settings as ExchangeSettings
from patang_workbench.exchange.in_process import InProcessExchange
from patang_workbench.exchange.lines import Line
from patang_workbench.exchange.login import App
from patang_workbench.exchange.synthetic import synthetic_market

__all__ = ["Room", "listed"]

# The wall's clock is of another day: whoever mixes the two is found out.
_WALL = datetime(2026, 11, 3, 20, 30, tzinfo=IST)


class Room:
    """Everything that all processes of a desk share, drawn from the plan's seed."""

    def __init__(self, plan: DayPlan, store: StateStore, auth_store: StateStore) -> None:
        self.plan = plan
        self.chance = random.Random(plan.seed)  # noqa: S311 - draws faults, guards nothing
        self.accounts = [f"a{number:02d}" for number in range(plan.accounts)]
        self.users = {account: f"U{account.upper()}" for account in self.accounts}
        self.trading = self._exchange()
        self.steps = Steps(random.Random(f"{plan.seed} steps"))  # noqa: S311 - the same
        self.clock = VirtualClock(_WALL, self.trading.agenda.wall)
        self.history: list[tuple[str, str]] = []
        self.lines = {account: self._line(account) for account in self.accounts}
        self.polls = StandardQueue(self.steps, self.clock, self.chance, 60)
        self.around = Surroundings(
            self.trading,
            self.steps,
            store,
            auth_store,
            self.clock,
            LaneQueue(self.steps, self.clock),
            StandardQueue(self.steps, self.clock, self.chance, 180),
            Tickets(self.steps, self.polls, self.chance),
            self.lines,
        )

    @property
    def exchange(self) -> Exchange:
        """What is behind the line."""
        return self.trading.exchange

    @property
    def market_time(self) -> datetime:
        """What the exchange's clock shows."""
        return self.exchange.clock.now()

    def open(self) -> None:
        """Settings, instruments, accounts and their sessions, at a market that has opened."""
        self.trading.advance(20)
        settings = Settings(
            mode="simulator",
            data_account=self.accounts[0],
            kite=KiteSettings(root=ADDRESS, timeout_seconds=2),
            entry_order_seconds=20,
        )
        self.around.bare_store.write(Put(settings_key(), {"document": settings.model_dump_json()}))
        lines = [line for line in self.exchange.floor.lines.values() if not line.instrument.is_index]
        universe = Universe(day=SESSION, instruments=tuple(map(listed, lines)))
        save_universe(self.around.bare_store, self.around.objects, universe)
        service = ChaosDesk(self.around).accounts()
        for account, user_id in self.users.items():
            key, secret = f"key-{account}", f"secret-{account}"
            service.register.add(account, account, key, secret, user_id, "owner", allow=True)
            service.complete_login(account, f"request-{account}")

    def hear(self) -> None:
        """Takes frames and postbacks, as the line has left them, to their queue."""
        accounts = {user_id: account for account, user_id in self.users.items()}
        for update in self.trading.take_updates():
            frame = update.channel == "frames"
            account = accounts[update.target] if frame else update.target.removeprefix("in-process:")
            source = "frame" if frame else "postback"
            self.around.updates.put([{"account": account, "source": source, "order": dict(update.data)}])

    def tell(self, account: str, text: str) -> None:
        """Writes it into the day's history."""
        self.history.append((account, f"{self.market_time:%H:%M:%S} {text}"))

    def _exchange(self) -> InProcessExchange:
        market = synthetic_market(self.chance.randrange(1 << 30), SESSION, history_days=1)
        apps = [
            App(f"key-{account}", f"secret-{account}", user_id, postback_url=f"in-process:{account}")
            for account, user_id in self.users.items()
        ]
        # Early: the exchange plays its market from the open on. What a day has of its own is the seed.
        start = datetime.combine(SESSION, time(9, 0)) + timedelta(minutes=self.chance.randint(17, 25))
        return InProcessExchange(
            ExchangeSettings(
                market=market,
                apps=tuple(apps),
                seed=self.chance.randrange(1 << 30),
                start=f"{start:%H:%M:%S}",
                cash=50_000_000.0,
            )
        )

    def _line(self, account: str) -> CountedLine:
        return CountedLine(self.trading, self.users[account], lambda text: self.tell(account, text))


def listed(line: Line) -> Instrument:
    """As the desk knows what trades at the exchange."""
    row = line.instrument
    return Instrument(
        instrument_token=row.token,
        exchange=row.exchange,
        tradingsymbol=row.tradingsymbol,
        name=row.name or row.tradingsymbol,
        instrument_type=row.kind,
        segment=row.segment,
        tick_size=Decimal(row.tick) / 100,
        lot_size=row.lot,
        expiry=row.expiry,
        strike=Decimal(row.strike) / 100 if row.is_option else None,
    )
