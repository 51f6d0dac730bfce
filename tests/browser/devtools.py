"""Chromium's DevTools protocol over a pipe: no port, no driver, no package.

https://chromedevtools.github.io/devtools-protocol/ ; messages are JSON with a NUL after each, on the file
descriptors 3 and 4 of the browser.
"""

import fcntl
import itertools
import json
import os
import queue
import shutil
import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

__all__ = ["CHROMIUM", "PATIENCE", "DevTools", "DevToolsError"]

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PATIENCE = 20.0
_FLAGS = (
    "--headless=new",
    "--remote-debugging-pipe",
    "--no-sandbox",  # tests run as root in a container; what the panels may do is held by their own frames
    "--no-first-run",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-extensions",
    "--disable-sync",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
)


class DevToolsError(RuntimeError):
    """The browser has refused a command."""


class DevTools:
    """A running browser. Commands block; events are kept by session until somebody asks for them."""

    def __init__(self, profile: Path) -> None:
        if CHROMIUM is None:
            raise RuntimeError("no Chromium is installed")
        to_browser, self._commands = (_above_ten(end) for end in os.pipe())
        self._answers, from_browser = (_above_ten(end) for end in os.pipe())
        command = [CHROMIUM, *_FLAGS, f"--user-data-dir={profile}", "about:blank"]
        self._process = subprocess.Popen(
            command,
            # It looks for its pipe under these two numbers.
            preexec_fn=lambda: (os.dup2(to_browser, 3), os.dup2(from_browser, 4)),
            pass_fds=(3, 4),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_browser)
        os.close(from_browser)
        self._ids = itertools.count(1)
        self._waiting: dict[int, queue.Queue[dict[str, Any]]] = {}
        self._listeners: dict[str | None, Callable[[str, dict[str, Any]], None]] = {}
        threading.Thread(target=self._read, daemon=True).start()

    def send(self, method: str, session: str | None = None, **params: Any) -> dict[str, Any]:
        """A command and its answer. Raises DevToolsError, TimeoutError."""
        number = next(self._ids)
        answered: queue.Queue[dict[str, Any]] = queue.Queue(1)
        self._waiting[number] = answered
        message = {"id": number, "method": method, "params": params}
        if session is not None:
            message["sessionId"] = session
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        try:
            answer = answered.get(timeout=PATIENCE)
        except queue.Empty:
            raise TimeoutError(f"the browser has not answered {method} in {PATIENCE:.0f} s") from None
        finally:
            del self._waiting[number]
        if "error" in answer:
            raise DevToolsError(f"{method}: {answer['error'].get('message')}")
        found: dict[str, Any] = answer["result"]
        return found

    def post(self, method: str, session: str) -> None:
        """A command whose answer nobody waits for: from a listener, which must not block."""
        message = {"id": next(self._ids), "method": method, "params": {}, "sessionId": session}
        os.write(self._commands, json.dumps(message).encode() + b"\0")

    def listen(self, session: str | None, listener: Callable[[str, dict[str, Any]], None]) -> None:
        """`listener` hears the events of a session, in the reading thread."""
        self._listeners[session] = listener

    def close(self) -> None:
        with suppress(OSError, DevToolsError, TimeoutError):
            self.send("Browser.close")
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)

    def _read(self) -> None:
        kept = b""
        while part := os.read(self._answers, 1 << 16):
            *whole, kept = (kept + part).split(b"\0")
            for text in whole:
                self._hear(json.loads(text))

    def _hear(self, message: dict[str, Any]) -> None:
        if "id" in message:
            if waiting := self._waiting.get(message["id"]):
                waiting.put(message)
        elif listener := self._listeners.get(message.get("sessionId")):
            listener(message["method"], message["params"])


def _above_ten(descriptor: int) -> int:
    """The same end under a number that the browser's own two do not overwrite."""
    moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 10)
    os.close(descriptor)
    return moved
