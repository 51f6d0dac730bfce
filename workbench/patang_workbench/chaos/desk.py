"""The desk under test: the composition root with other surroundings, and otherwise as it is deployed."""

from collections.abc import Callable
from functools import cached_property
from typing import Any

from patang.accounts.service import AccountService
from patang.adapters.kite.limits import RateLimiter
from patang.app import Desk
from patang.ports import Broker, StateStore
from patang.settings import Mode
from patang_workbench.chaos.line import CountedLine, InProcessCalls, InProcessLogin
from patang_workbench.chaos.queues import LaneQueue, StandardQueue, Tickets
from patang_workbench.chaos.steps import Steps
from patang_workbench.chaos.surroundings import (
    Counted,
    FragileStore,
    KeptObjects,
    KeptSecrets,
    Letters,
    Owner,
    Tasks,
    VirtualClock,
)
from patang_workbench.exchange.in_process import InProcessExchange

__all__ = ["ChaosDesk", "Surroundings"]


class Surroundings:
    """What all processes of a desk share."""

    def __init__(
        self,
        exchange: InProcessExchange,
        steps: Steps,
        store: StateStore,
        auth_store: StateStore,
        clock: VirtualClock,
        lane: LaneQueue,
        updates: StandardQueue,
        tickets: Tickets,
        lines: dict[str, CountedLine],
    ) -> None:
        self.exchange = exchange
        self.steps = steps
        self.bare_store = store
        self.store = FragileStore(store, steps)
        self.auth_store = FragileStore(auth_store, steps)
        self.clock = clock
        self.lane = lane
        self.updates = updates
        self.tickets = tickets
        self.lines = lines
        self.tasks = Tasks(steps)
        self.owner = Owner(steps)
        self.metrics = Counted()
        self.secrets = KeptSecrets()
        self.objects = KeptObjects()
        self.letters = Letters()


class ChaosDesk(Desk):
    """One process of the desk. What it remembers dies with it; the surroundings live on."""

    def __init__(self, around: Surroundings) -> None:
        super().__init__({"SECRET_PREFIX": "patang/chaos"})
        self._around = around
        self.store = around.store
        self.auth_store = around.auth_store
        self.clock = around.clock
        self.intent_queue = around.lane
        self.update_queue = around.updates
        self.poll_queue = around.tickets
        self.workflows = around.tasks
        self.notifier = around.owner
        self.metrics = around.metrics
        self.secrets = around.secrets
        self.objects = around.objects
        self.dead_letters = around.letters

    @property
    def pause(self) -> Callable[[float], None]:
        """Waiting moves the clocks."""
        return self._around.exchange.elapse

    def public_url(self) -> str:
        return "https://desk.example"

    def broker(self, account: str, mode: Mode | None = None) -> Broker:
        """The account's broker, each of whose calls is a step."""
        numbered: Any = _NumberedBroker(super().broker(account, mode), self._around.steps)
        return numbered

    @cached_property
    def _accounts(self) -> AccountService:
        return AccountService(
            self.store,
            self.secrets,
            self.clock,
            InProcessLogin(self._around.exchange),
            secret_prefix=self.variable("SECRET_PREFIX"),
            login_root=lambda: "",
        )

    def _kite_calls(self, account: str, mode: Mode | None) -> InProcessCalls:
        if (account, mode) not in self._calls:
            exchange = self._around.exchange
            self._calls[account, mode] = InProcessCalls(
                self._around.lines[account],
                lambda: self._accounts.credentials(account),
                lambda used: self._accounts.mark_expired(account, used.version),
                lambda: self._kite_settings(mode),
                self.metrics,
                limiter=RateLimiter(monotonic=exchange.agenda.wall, sleep=exchange.elapse),
                sleep=exchange.elapse,
            )
        found = self._calls[account, mode]
        assert isinstance(found, InProcessCalls)
        return found


class _NumberedBroker:
    """A Broker through steps."""

    def __init__(self, broker: Broker, steps: Steps) -> None:
        self._broker = broker
        self._steps = steps

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._broker, name)
        return lambda *args, **kwargs: self._steps.take(lambda: call(*args, **kwargs))
