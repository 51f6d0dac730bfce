"""What the deployed desk's functions do, on threads of this machine: the lane, order updates, polls, the
guard, features, the audit chain.

A thread each, because each waits for something else; whatever one meets is said and comes again.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any

from functions.ingester.ingester import Connect, Ingester
from patang.accounts.health import DESK, counting_failures
from patang.errors import BadInput, PatangError, StopTrading
from patang_workbench.home_desk.desk import HomeDesk
from patang_workbench.home_desk.queues import HomeQueue
from patang_workbench.home_desk.tick_stream import HOME_SHARD

__all__ = ["HomeServices"]

_log = logging.getLogger("patang.home")

_LOOK_SECONDS = 0.1
_AGAIN_SECONDS = 1.0
_LINK_AT_ONCE = 100
_END_SECONDS = 10.0


class HomeServices:
    """Works from `start` until `end`. `connect` opens a connection to the broker's ticker.

    One process of a folder runs them at a time (see Keeper); a second would do no harm, but send at half the
    rate the broker allows.
    """

    def __init__(self, desk: HomeDesk, connect: Connect) -> None:
        self._desk = desk
        self._stop = threading.Event()
        # One process of the folder at a time: it goes on where the one before died.
        ingester = Ingester(desk, connect, self._stop, name="home")
        works: Mapping[str, Callable[[], object]] = {
            "lane": lambda: self._read(desk.lane_messages, self._lane),
            "order-updates": lambda: self._read(desk.update_messages, self._update),
            "polls": lambda: self._read(desk.poll_messages, self._poll),
            "guard": lambda: self._follow_ticks(self._guard),
            "features": lambda: self._follow_ticks(self._features),
            "audit": self._link,
            "ingester": ingester.run,
        }
        self._threads = [
            threading.Thread(target=self._keep_at, args=(work,), name=f"home-{name}", daemon=True)
            for name, work in works.items()
        ]

    def start(self) -> None:
        """Each in its thread."""
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        """What is under way is finished; what waits, waits for the next start."""
        self._stop.set()
        for thread in self._threads:
            thread.join(_END_SECONDS)
        left = {
            "orders": self._desk.lane_messages.waiting(),
            "order updates": self._desk.update_messages.waiting(),
        }
        for what, count in left.items():
            if count:
                _log.warning("%d %s wait for the next start", count, what)

    def _keep_at(self, work: Callable[[], object]) -> None:
        """Begins it again, whatever ended it before its time."""
        while not self._stop.is_set():
            try:
                work()
            except Exception:
                _log.exception("begins again")
                self._stop.wait(_AGAIN_SECONDS)

    def _read(self, queue: HomeQueue, take: Callable[[Mapping[str, Any]], object]) -> None:
        """Messages of a queue, one after the other."""
        while not self._stop.is_set():
            try:
                message = queue.receive()
                if message is None:
                    self._stop.wait(_LOOK_SECONDS)
                    continue
                if self._taken(take, message.body):
                    queue.delete(message)
                elif not queue.give_back(message, _AGAIN_SECONDS):
                    _log.error("given up after %d tries: %s", message.receives, dict(message.body))
            except PatangError as error:
                # The file is busy: the message is still in it.
                _log.warning("%s", error)
                self._stop.wait(_AGAIN_SECONDS)

    def _taken(self, take: Callable[[Mapping[str, Any]], object], body: Mapping[str, Any]) -> bool:
        try:
            with counting_failures(self._desk.store, self._desk.clock, str(body.get("account") or DESK)):
                take(body)
        except BadInput as error:
            # It will not parse better the next time.
            _log.error("cannot be read: %s", error)
        except PatangError as error:
            _log.warning("failed, and comes again: %s", error)
            return False
        except Exception:
            # As the deployed queue has it: what failed comes again, and ends as a dead letter.
            _log.exception("failed, and comes again")
            return False
        return True

    def _lane(self, body: Mapping[str, Any]) -> None:
        if "probe" in body:
            self._desk.egress_observer().answer(str(body["probe"]))
            return
        state = self._desk.order_lane().process(dict(body))
        _log.info("order %s of %s: %s", body.get("intent_id"), body.get("account"), state)

    def _update(self, body: Mapping[str, Any]) -> None:
        self._desk.order_updates().apply(dict(body))

    def _poll(self, body: Mapping[str, Any]) -> None:
        if "reconcile" not in body:
            self._desk.polling().poll(body)
            return
        try:
            self._desk.reconciler().ask([str(account) for account in body["reconcile"]])
        except StopTrading as error:
            # Asked for at a login: the market has not begun, and its first minute compares them anyway.
            _log.info("nothing is compared yet: %s", error)

    def _follow_ticks(self, take: Callable[[list[tuple[int, bytes]]], None]) -> None:
        """Every record of the stream, in order; what failed comes again with what has come since."""
        seen: int | None = None
        while not self._stop.is_set():
            records = self._desk.tick_stream.wait(seen, _AGAIN_SECONDS)
            if not records:
                continue
            try:
                with counting_failures(self._desk.store, self._desk.clock):
                    take(records)
                seen = records[-1][0]
            except Exception:
                # As the deployed stream has it: what was not taken is read again from where it began.
                _log.exception("ticks are read again")
                self._stop.wait(_AGAIN_SECONDS)

    def _guard(self, records: list[tuple[int, bytes]]) -> None:
        self._desk.guard().process([data for _, data in records])

    def _features(self, records: list[tuple[int, bytes]]) -> None:
        self._desk.features().process([(str(number), data) for number, data in records], HOME_SHARD)

    def _link(self) -> None:
        """The table's stream into the audit chain."""
        while not self._stop.is_set():
            found = self._desk.store.written(_LINK_AT_ONCE)
            if found:
                self._desk.audit_linker().process([attributes for _, attributes in found])
                self._desk.store.forget_written(found[-1][0])
            else:
                self._stop.wait(_AGAIN_SECONDS)
