"""Many processes on one store, one call of it at a time, in an order that a test draws and can draw again."""

import random
import threading
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from patang.adapters.aws.dynamodb import DynamoStore
from patang.ports import Attributes, Key, Put, Write
from tests.unit.execution.trading_desk import Killed

__all__ = ["ContendedClient", "SteppedStore", "Turns"]


class Turns:
    """Runs each act in a thread of its own and lets one of them take a step at a time.

    An act hands over before each call of the store. `Killed` ends an act as the death of its process would;
    any other exception fails the test.
    """

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._mine = threading.local()
        self._back = _taken()
        self._failures: list[BaseException] = []

    def run(self, acts: list[Callable[[], None]]) -> None:
        turns = [_taken() for _ in acts]
        threads = [
            threading.Thread(target=self._act, args=pair, daemon=True)
            for pair in zip(acts, turns, strict=True)
        ]
        for thread in threads:
            thread.start()
        waiting = list(range(len(acts)))
        while waiting:
            place = self._chance.randrange(len(waiting))
            turns[waiting[place]].release()
            if not self._back.acquire(timeout=30):
                raise TimeoutError("an act neither takes a step nor ends")
            if self._failures:
                raise self._failures[0]
            waiting = [n for n in waiting if threads[n].is_alive() and not self._ended(threads[n])]

    def step(self, seconds: float = 0) -> None:
        """The end of an act's turn. Outside of acts nothing happens."""
        turn = getattr(self._mine, "turn", None)
        if turn is not None:
            self._back.release()
            turn.acquire()

    def in_any_order(self, keys: Iterable[Key]) -> list[Key]:
        """The keys in an order that is drawn."""
        drawn = list(keys)
        self._chance.shuffle(drawn)
        return drawn

    def _act(self, act: Callable[[], None], turn: threading.Lock) -> None:
        turn.acquire()
        self._mine.turn = turn
        try:
            act()
        except Killed:
            pass
        except BaseException as error:
            self._failures.append(error)
        threading.current_thread().name = "ended"
        self._back.release()

    @staticmethod
    def _ended(thread: threading.Thread) -> bool:
        return thread.name == "ended"


def _taken() -> threading.Lock:
    """A lock that the other side gives back: a semaphore of one, without the semaphore's own work."""
    lock = threading.Lock()
    lock.acquire()
    return lock


class ContendedClient:
    """A boto3 client whose transactions meet others, at random: no emulator raises TransactionConflict."""

    def __init__(self, client: Any, chance: random.Random, share: float) -> None:
        self._client = client
        self._chance = chance
        self.share = share

    def transact_write_items(self, **request: Any) -> Any:
        if self._chance.random() >= self.share:
            return self._client.transact_write_items(**request)
        # One of the items was in another transaction's hands; which of them is of no matter.
        reasons = [{"Code": "None"} for _ in request["TransactItems"]]
        reasons[self._chance.randrange(len(reasons))] = {"Code": "TransactionConflict"}
        raise ClientError(
            {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": reasons},
            "TransactWriteItems",
        )

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)


class SteppedStore(DynamoStore):
    """The store of the desk: each call is a step of its caller, and after each write the books are checked.

    `partitions` is what was written, as the writes said, so that a check costs no calls. The check is told
    which partitions a write has changed: books that are kept in others stand as they were checked before.
    """

    def __init__(
        self, client: Any, table: str, turns: Turns, check: Callable[[Collection[str]], None]
    ) -> None:
        super().__init__(client, table)
        self._turns = turns
        self._check = check
        self.partitions: defaultdict[str, dict[Key, Mapping[str, Any]]] = defaultdict(dict)

    def get(self, key: Key) -> Attributes | None:
        self._turns.step()
        return super().get(key)

    def get_many(self, keys: Sequence[Key]) -> list[Attributes | None]:
        # No snapshot: its items are read in any order, and anybody may come in between two of them.
        found = {key: self.get(key) for key in self._turns.in_any_order(keys)}
        return [found[key] for key in keys]

    def query(self, partition: str, **how: Any) -> list[Attributes]:
        self._turns.step()
        return super().query(partition, **how)

    def query_index(self, partition: str, *, prefix: str = "") -> list[Attributes]:
        self._turns.step()
        return super().query_index(partition, prefix=prefix)

    def write(self, *writes: Write) -> None:
        self._turns.step()
        super().write(*writes)
        for write in writes:
            items = self.partitions[write.key.partition]
            if isinstance(write, Put):
                items[write.key] = write.attributes
            else:
                items.pop(write.key, None)
        self._check({write.key.partition for write in writes})
