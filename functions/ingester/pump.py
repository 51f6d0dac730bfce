"""A thread that does one thing again and again, and later and later while it fails."""

import logging
import threading
import time
from collections.abc import Callable

__all__ = ["Pump"]

log = logging.getLogger("patang.ingester")

_FIRST_WAIT, _LONGEST_WAIT = 0.2, 5.0


class Pump:
    """Calls `work` every `every` seconds, or as soon as it is told to `hurry`.

    Whatever `work` raises is logged, and it is called again after a while: what it did not get rid of has to
    wait with it. `is_stuck` while it fails.
    """

    def __init__(self, name: str, work: Callable[[], None], every: float) -> None:
        self.is_stuck = False
        self._name = name
        self._work = work
        self._every = every
        self._wait = 0.0
        self._due = threading.Event()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def hurry(self) -> None:
        """There is much to do. Changes nothing while it fails."""
        if not self.is_stuck:
            self._due.set()

    def end(self, seconds: float) -> bool:
        """Calls `work` until it succeeds once more. False if it did not within `seconds`."""
        deadline = time.monotonic() + seconds
        self._ending.set()
        self._due.set()
        self._thread.join(seconds)
        while not self._thread.is_alive():
            self._try()
            if not self.is_stuck:
                return True
            if time.monotonic() + self._wait > deadline:
                return False
            time.sleep(self._wait)
        return False

    def _run(self) -> None:
        while not self._ending.is_set():
            self._due.wait(max(self._every, self._wait))
            self._due.clear()
            if not self._ending.is_set():
                self._try()

    def _try(self) -> None:
        try:
            self._work()
        except Exception:
            # Whatever the network or the service threw: what was received is not given up.
            self.is_stuck = True
            self._wait = min(max(self._wait * 2, _FIRST_WAIT), _LONGEST_WAIT)
            log.exception("%s: failed, next try in %.1f s", self._name, self._wait)
        else:
            self.is_stuck = False
            self._wait = 0.0
