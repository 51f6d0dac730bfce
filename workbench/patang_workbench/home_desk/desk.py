"""The composition root with ports of this machine in the place of AWS's, and otherwise as it is deployed."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, override

from patang.adapters.folder import FolderObjects
from patang.app import Desk
from patang.ports import Workflows
from patang_workbench.home_desk.database import Database
from patang_workbench.home_desk.environment import HomeEnvironment
from patang_workbench.home_desk.queues import (
    DEAD,
    HomeDeadLetters,
    HomeIntentQueue,
    HomePollQueue,
    HomeQueue,
    HomeUpdateQueue,
)
from patang_workbench.home_desk.secrets import HomeSecrets
from patang_workbench.home_desk.state_store import HomeStore
from patang_workbench.home_desk.store_keeping import tidy
from patang_workbench.home_desk.telling import LoggedMessenger, LoggedMetrics
from patang_workbench.home_desk.tick_stream import HomeStream

__all__ = ["SECRET_PREFIX", "HomeDesk"]

SECRET_PREFIX = "patang/home"  # noqa: S105 - where secrets lie, not one
_MODELS = Path(__file__).resolve().parents[3] / "model_artifacts"
_OUTBOX = "OUTBOX#"
_DEAD_KEPT = timedelta(days=14)


class HomeDesk(Desk):
    """One process of a home desk. `address` tells where the pages are served now, by this process or another
    of the same folder; empty while nobody serves them.

    The queues are read by whoever works for the desk (HomeServices).
    """

    def __init__(self, given: HomeEnvironment, address: Callable[[], str]) -> None:
        super().__init__(
            {
                "SECRET_PREFIX": SECRET_PREFIX,
                "STAGE": "home",
                "POWERTOOLS_SERVICE_NAME": "home",
                "MODEL_PATH": str(_MODELS),
            }
        )
        self._given = given
        self._address = address
        database = Database(given.folder / "desk.sqlite")
        self.store = HomeStore(database, "desk", followed=_OUTBOX)
        self.auth_store = HomeStore(database, "auth")
        self.audit_store = HomeStore(database, "audit")
        self.objects = FolderObjects(given.folder / "store")
        self.secrets = HomeSecrets(given.folder / "sessions.json", _secrets(given))
        self.metrics = LoggedMetrics()
        self.messenger = LoggedMessenger()
        self.workflows = NoWorkflows()
        self.tick_stream = self.stream_reader = HomeStream()
        # As the queues of the deployed desk (infra/constructs/queues.py), but that a lost ticket of the
        # reconciler is worth no wait.
        self.lane_messages = HomeQueue(
            database, "orders", self.clock, ordered=True, hidden_seconds=60, most=3
        )
        self.update_messages = HomeQueue(
            database, "updates", self.clock, ordered=False, hidden_seconds=60, most=5
        )
        self.poll_messages = HomeQueue(
            database, "polls", self.clock, ordered=False, hidden_seconds=60, most=2
        )
        self.dead_messages = HomeQueue(database, DEAD, self.clock, ordered=False, hidden_seconds=0, most=1)
        self.intent_queue = HomeIntentQueue(self.lane_messages)
        self.update_queue = HomeUpdateQueue(self.update_messages)
        self.poll_queue = HomePollQueue(self.poll_messages)
        self.dead_letters = HomeDeadLetters(self.dead_messages)

    def tidy(self) -> None:
        """Lets go of what has been kept for long enough."""
        now = self.clock.now()
        tidy(self._given.folder / "store", now)
        self.dead_messages.forget(now - _DEAD_KEPT)

    @override
    def public_url(self) -> str:
        """What the environment says, else where the pages are served."""
        return self._given.public_url or self._address()


class NoWorkflows(Workflows):
    """A home desk decides on no entry of its own: it has no trading cycle, and no task waits."""

    @override
    def start(self, workflow: str, name: str, payload: Mapping[str, Any]) -> bool:
        return False

    @override
    def succeed(self, task_token: str, output: Mapping[str, Any]) -> bool:
        return False


def _secrets(given: HomeEnvironment) -> dict[str, dict[str, str]]:
    return {
        f"{SECRET_PREFIX}/account/{account.name}": {"api_secret": account.api_secret}
        for account in given.accounts
    }
