"""Chromium, driven by its DevTools protocol over a pipe: no port, no driver, no package.

https://chromedevtools.github.io/devtools-protocol/ ; messages are JSON with a NUL after each, on the file
descriptors 3 and 4 of the browser.
"""

import base64
import fcntl
import itertools
import json
import os
import queue
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

__all__ = ["CHROMIUM", "PATIENCE", "Chromium", "Frame", "Page", "running_chromium"]

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


class Chromium:
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

    def page(self, address: str = "about:blank", width: int = 900, height: int = 900) -> "Page":
        """A new tab."""
        context = self.send("Target.createBrowserContext")["browserContextId"]
        target = self.send(
            "Target.createTarget", url="about:blank", browserContextId=context, width=width, height=height
        )["targetId"]
        session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        return Page(self, context, target, session).open(address)

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


class Frame:
    """A document that scripts are run in: a page's own, or one of a frame in a process of its own."""

    def __init__(self, browser: Chromium, session: str, context: int | None = None) -> None:
        self._browser = browser
        self._session = session
        self._context = context

    def run(self, script: str) -> Any:
        """The value of an expression, awaited. Raises DevToolsError with what it has thrown."""
        where = {} if self._context is None else {"contextId": self._context}
        answer = self._browser.send(
            "Runtime.evaluate",
            self._session,
            expression=script,
            awaitPromise=True,
            returnByValue=True,
            userGesture=True,
            **where,
        )
        if thrown := answer.get("exceptionDetails"):
            raise DevToolsError(thrown.get("exception", {}).get("description") or thrown["text"])
        return answer["result"].get("value")

    def until(self, script: str, seconds: float = PATIENCE) -> Any:
        """The value of an expression as soon as it is true. Raises TimeoutError with what it was last."""
        ends, found = time.monotonic() + seconds, None
        while time.monotonic() < ends:
            try:
                found = self.run(script)
            except DevToolsError as error:  # between two documents there is none
                found = error
            else:
                if found:
                    return found
            time.sleep(0.05)
        raise TimeoutError(
            f"not true in {seconds:.0f} s: {script} was {found!r}; there is: {self.text()[:1500]}"
        )

    def text(self) -> str:
        """What is to be read in it."""
        return str(self.run("document.body ? document.body.innerText : ''"))


class Page(Frame):
    """A tab. It hears of frames in processes of their own, of what the console says and of what a policy of
    content has blocked."""

    def __init__(self, browser: Chromium, context: str, target: str, session: str) -> None:
        super().__init__(browser, session)
        self._own, self._target = context, target
        self._children: dict[str, str] = {}
        self._contexts: dict[str, dict[int, dict[str, Any]]] = {}
        self.console: list[str] = []
        self._watch(session)
        browser.send("Page.enable", session)

    def open(self, address: str) -> "Page":
        """Goes to an address and waits until it is loaded."""
        self._browser.send("Page.navigate", self._session, url=address)
        self.until("document.readyState === 'complete'")
        return self

    def frame(self, holds: str) -> Frame:
        """The frame in which the expression `holds` is true, as soon as there is one. Raises TimeoutError."""
        ends = time.monotonic() + PATIENCE
        while time.monotonic() < ends:
            for frame in self._frames():
                with suppress(DevToolsError):
                    if frame.run(holds):
                        return frame
            time.sleep(0.05)
        raise TimeoutError(
            f"no frame in which {holds}; the page: {self.text()[:500]}; console: {self.console}"
        )

    def media(self, *, dark: bool = False, reduced_motion: bool = False) -> None:
        """What the person at the screen prefers."""
        features = [
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
            {"name": "prefers-reduced-motion", "value": "reduce" if reduced_motion else "no-preference"},
        ]
        self._browser.send("Emulation.setEmulatedMedia", self._session, features=features)

    def size(self, width: int, height: int) -> None:
        """The window, in CSS pixels, drawn at twice as many."""
        self._browser.send(
            "Emulation.setDeviceMetricsOverride",
            self._session,
            width=width,
            height=height,
            deviceScaleFactor=2,
            mobile=False,
        )

    def click(self, x: float, y: float) -> None:
        """The left button at a point of the window."""
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            pressed = {} if kind == "mouseMoved" else {"button": "left", "clickCount": 1}
            self._browser.send("Input.dispatchMouseEvent", self._session, type=kind, x=x, y=y, **pressed)

    def press(self, key: str, code: int, text: str = "") -> None:
        """A key, as the keyboard sends it."""
        for kind in ("keyDown", "keyUp"):
            self._browser.send(
                "Input.dispatchKeyEvent",
                self._session,
                type=kind,
                key=key,
                code=key,
                windowsVirtualKeyCode=code,
                **({"text": text} if text and kind == "keyDown" else {}),
            )

    def cookie(self, address: str, name: str, value: str) -> None:
        """Sets a cookie for the host of an address."""
        self._browser.send("Network.setCookie", self._session, url=address, name=name, value=value)

    def picture(self, path: Path) -> None:
        """A screenshot, PNG."""
        data = self._browser.send("Page.captureScreenshot", self._session, format="png")["data"]
        path.write_bytes(base64.b64decode(data))

    def close(self) -> None:
        self._browser.send("Target.closeTarget", targetId=self._target)
        self._browser.send("Target.disposeBrowserContext", browserContextId=self._own)

    def _frames(self) -> Iterator[Frame]:
        for session in (self._session, *self._children.values()):
            for number in tuple(self._contexts.get(session, {})):
                yield Frame(self._browser, session, number)

    def _watch(self, session: str) -> None:
        self._contexts[session] = {}
        self._browser.listen(session, lambda method, told: self._heard(session, method, told))
        for method in ("Runtime.enable", "Log.enable"):
            self._browser.post(method, session)
        self._attach_children(session)

    def _attach_children(self, session: str) -> None:
        threading.Thread(
            target=lambda: self._browser.send(
                "Target.setAutoAttach", session, autoAttach=True, waitForDebuggerOnStart=False, flatten=True
            ),
            daemon=True,
        ).start()

    def _heard(self, session: str, method: str, told: dict[str, Any]) -> None:
        contexts = self._contexts[session]
        match method:
            case "Target.attachedToTarget":
                self._children[told["targetInfo"]["targetId"]] = told["sessionId"]
                self._watch(told["sessionId"])
            case "Target.detachedFromTarget":
                self._children = {k: v for k, v in self._children.items() if v != told["sessionId"]}
            case "Runtime.executionContextCreated":
                contexts[told["context"]["id"]] = told["context"]
            case "Runtime.executionContextDestroyed":
                contexts.pop(told["executionContextId"], None)
            case "Runtime.executionContextsCleared":
                contexts.clear()
            case "Runtime.exceptionThrown":
                details = told["exceptionDetails"]
                self.console.append(details.get("exception", {}).get("description") or details["text"])
            case "Log.entryAdded":
                self.console.append(told["entry"]["text"])
            case "Runtime.consoleAPICalled":
                self.console.append(" ".join(str(each.get("value", "")) for each in told["args"]))


@contextmanager
def running_chromium() -> Iterator[Chromium]:
    """A browser with a profile that is thrown away."""
    with tempfile.TemporaryDirectory(prefix="patang-chromium-", ignore_cleanup_errors=True) as profile:
        browser = Chromium(Path(profile))
        try:
            yield browser
        finally:
            browser.close()


def _above_ten(descriptor: int) -> int:
    """The same end under a number that the browser's own two do not overwrite."""
    moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 10)
    os.close(descriptor)
    return moved
