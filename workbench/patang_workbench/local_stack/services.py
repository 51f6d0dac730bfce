"""The processes beside the emulator: the simulated exchange and the ingester."""

import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from patang_workbench.local_stack.processes import GroupProcess, Keeper, clean_environment

__all__ = ["ExchangeProcess", "IngesterProcess", "ServiceError"]

_READY_SECONDS = 60.0
_RESTART_SECONDS = 1.0


class ServiceError(RuntimeError):
    """A process beside the emulator did not start or ended; the text has its last words."""


class ExchangeProcess:
    """The simulated exchange; `facts` is what it printed when it was ready (addresses, key, secret, date)."""

    def __init__(self, arguments: Sequence[str], folder: Path, keeper: Keeper) -> None:
        self._log = folder / "exchange.log"
        environment = clean_environment()
        if "PATANG_DATA" in os.environ:
            environment["PATANG_DATA"] = os.environ["PATANG_DATA"]
        with self._log.open("wb") as output:
            self._process = GroupProcess(
                [sys.executable, "-m", "patang_workbench.exchange", "--json", *arguments],
                keeper=keeper,
                environment=environment,
                folder=folder,
                output=output,
            )
        self.facts = self._wait_ready()
        self._client = httpx.Client(base_url=self.facts["control"], timeout=30, trust_env=False)

    def _wait_ready(self) -> dict[str, Any]:
        deadline = time.monotonic() + _READY_SECONDS
        while time.monotonic() < deadline:
            lines = self._log.read_text(errors="replace").splitlines()
            ready = next((line for line in lines if line.startswith('{"kite_root"')), None)
            if ready is not None:
                facts: dict[str, Any] = json.loads(ready)
                return facts
            if self._process.exit_code is not None:
                raise ServiceError("the exchange simulator ended: " + " ".join(lines[-5:]))
            time.sleep(0.05)
        raise ServiceError(f"the exchange simulator was not ready within {_READY_SECONDS:.0f} s")

    def clock(self) -> dict[str, Any]:
        """market_time (a datetime), speed, paused, limit, state, held, ended."""
        found: dict[str, Any] = self._client.get("/clock").raise_for_status().json()
        return found | {"market_time": datetime.fromisoformat(found["market_time"])}

    def set_clock(self, **changes: Any) -> None:
        """Any of limit (ISO or None), paused, speed."""
        self._client.post("/clock", json=changes).raise_for_status()

    def stats(self) -> dict[str, Any]:
        """Counts of ticks, orders, fills, frames, postbacks, connections, and the speed reached."""
        found: dict[str, Any] = self._client.get("/stats").raise_for_status().json()
        return found

    def candles(self) -> dict[str, list[list[Any]]]:
        """The day's source candles by symbol: start, open, high, low, close, volume."""
        found: dict[str, list[list[Any]]] = self._client.get("/candles").raise_for_status().json()
        return found

    def register_app(self, redirect_url: str, postback_url: str) -> None:
        """Where the login page and the postbacks go."""
        urls = {"redirect_url": redirect_url, "postback_url": postback_url}
        self._client.post("/app", json=urls).raise_for_status()

    def fault(self, kind: str, **more: Any) -> None:
        """The next order's misfortune, or dropped connections."""
        self._client.post("/fault", json={"kind": kind, **more}).raise_for_status()

    def stop(self) -> None:
        self._client.close()
        self._process.stop()


class IngesterProcess:
    """The ingester in the place of its Fargate task; started again when it ends, as the service would."""

    def __init__(self, root: Path, folder: Path, environment: Mapping[str, str], keeper: Keeper) -> None:
        self._root = root
        self._log = folder / "ingester.log"
        self._environment = clean_environment(**environment)
        self._keeper = keeper
        self._process = self._start()
        self._ended_at: float | None = None
        self.restarts = 0

    def tend(self) -> None:
        """To be called often: starts it again a moment after it ended."""
        if self._process.exit_code is None:
            return
        now = time.monotonic()
        if self._ended_at is None:
            self._ended_at = now
        elif now - self._ended_at >= _RESTART_SECONDS:
            self._process = self._start()
            self._ended_at = None
            self.restarts += 1

    def kill(self) -> None:
        """End it as a crash would."""
        self._process.kill()

    def stop(self) -> None:
        self._process.stop(grace=10.0)

    def log_tail(self, lines: int = 15) -> str:
        """Its last lines."""
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-lines:])

    def _start(self) -> GroupProcess:
        with self._log.open("ab") as output:
            return GroupProcess(
                [sys.executable, "-m", "functions.ingester"],
                keeper=self._keeper,
                environment=self._environment,
                folder=self._root,
                output=output,
            )
