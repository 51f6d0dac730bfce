"""A home desk at work: whoever holds its folder serves the pages and runs the services; others wait their
turn."""

import logging
import threading
from types import TracebackType
from typing import Self

from functions.ingester.connection import Connection
from patang.errors import Refused
from patang_workbench.home_desk.clockwork import HomeClockwork
from patang_workbench.home_desk.desk import HomeDesk
from patang_workbench.home_desk.environment import HomeEnvironment
from patang_workbench.home_desk.keeper import Keeper
from patang_workbench.home_desk.pages import HomePages, open_port
from patang_workbench.home_desk.services import HomeServices
from patang_workbench.home_desk.setting_up import set_up

__all__ = ["HomeRun"]

_log = logging.getLogger("patang.home")

_LOOK_SECONDS = 2.0


class HomeRun:
    """A desk from entering to leaving. `alone`: it has to hold the folder, and raises Refused where
    another process does; otherwise it takes the folder over as soon as it is free."""

    def __init__(self, given: HomeEnvironment, host: str, port: int, *, alone: bool) -> None:
        self._given = given
        self._place = host, port
        self._alone = alone
        self._keeper = Keeper(given.folder)
        self.desk = HomeDesk(given, self._keeper.address)
        self._stop = threading.Event()
        self._parts: list[HomePages | HomeServices | HomeClockwork] = []
        self._waiting = threading.Thread(target=self._wait, name="home-keeper", daemon=True)

    def __enter__(self) -> Self:
        if self._keeper.take():
            self._begin()
        elif self._alone:
            raise Refused(
                f"process {self._keeper.holder()} serves {self._given.folder} already, at "
                f"{self._keeper.address() or 'no address yet'}: use that, end it, or set PATANG_HOME"
            )
        else:
            _log.info("process %s works for this desk at %s", self._keeper.holder(), self._keeper.address())
            self._waiting.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        if self._waiting.is_alive():
            self._waiting.join()
        for part in reversed(self._parts):
            part.end()
        self._keeper.let_go()

    def _begin(self) -> None:
        host, port = self._place
        try:
            listening = open_port(host, port)
        except BaseException:
            self._keeper.let_go()
            raise
        try:
            shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104 - compared, not bound
            self._keeper.serve_at(f"http://{shown}:{listening.getsockname()[1]}")
            set_up(self.desk, self._given)
        except BaseException:
            listening.close()
            self._keeper.let_go()
            raise
        # Whatever the network brings, nobody waits for it: the ingester goes on trying.
        self._parts = [
            HomePages(self.desk, listening),
            HomeServices(self.desk, Connection),
            HomeClockwork(self.desk),
        ]
        for part in self._parts:
            part.start()
        _log.info("this desk is at %s", self.desk.public_url())

    def _wait(self) -> None:
        while not self._stop.wait(_LOOK_SECONDS):
            if self._keeper.take():
                try:
                    self._begin()
                except Exception as error:
                    # The port may be free in a moment; until then somebody else may try as well.
                    _log.warning("this process cannot work for the desk yet: %s", error)
                else:
                    _log.info("this process works for the desk now")
                    return
