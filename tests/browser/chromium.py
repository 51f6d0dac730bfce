"""Chromium in the hands of a test: tabs, the frames in them, the mouse, the keyboard."""

import base64
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.browser.devtools import CHROMIUM, PATIENCE, DevTools, DevToolsError

__all__ = ["CHROMIUM", "PATIENCE", "Chromium", "Frame", "Page", "running_chromium"]


class Frame:
    """A document that scripts are run in: a page's own, or one of a frame in a process of its own."""

    def __init__(self, browser: DevTools, session: str, context: int | None = None) -> None:
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

    def __init__(self, browser: DevTools, context: str, target: str, session: str) -> None:
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

    def scripts(self, *, run: bool) -> None:
        """Whether what pages bring is run, from the next address on; what a test runs is in any case."""
        self._browser.send("Emulation.setScriptExecutionDisabled", self._session, value=not run)

    def forget_files(self) -> None:
        """The next address is opened as if its files had never been seen."""
        self._browser.send("Network.clearBrowserCache", self._session)

    def loaded(self) -> tuple[int, float]:
        """The bytes that came over the wire for the document and its files, and the milliseconds until all of
        them were there."""
        self.until("performance.getEntriesByType('navigation')[0].loadEventEnd > 0")
        entries = "['navigation', 'resource'].flatMap((kind) => performance.getEntriesByType(kind))"
        weight = self.run(f"{entries}.reduce((sum, one) => sum + one.transferSize, 0)")
        return int(weight), float(self.run("performance.getEntriesByType('navigation')[0].loadEventEnd"))

    def size(self, width: int, height: int) -> None:
        """The window, in CSS pixels."""
        self._browser.send(
            "Emulation.setDeviceMetricsOverride",
            self._session,
            width=width,
            height=height,
            deviceScaleFactor=1,
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

    def picture(self, path: Path, *, whole: bool = True) -> Path:
        """What is seen, as PNG: all of the page, or the window alone."""
        shot = self._browser.send(
            "Page.captureScreenshot", self._session, format="png", captureBeyondViewport=whole
        )
        path.write_bytes(base64.b64decode(shot["data"]))
        return path

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


class Chromium(DevTools):
    """A running browser."""

    def __init__(self, profile: Path) -> None:
        super().__init__(profile)
        self._pages: list[Page] = []

    def page(self, address: str = "about:blank", width: int = 900, height: int = 900) -> Page:
        """A new tab."""
        context = self.send("Target.createBrowserContext")["browserContextId"]
        target = self.send(
            "Target.createTarget", url="about:blank", browserContextId=context, width=width, height=height
        )["targetId"]
        session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = Page(self, context, target, session)
        self._pages.append(page)
        return page.open(address)

    def close_pages(self) -> None:
        """All tabs: what runs in one that is left open goes on asking."""
        while self._pages:
            self._pages.pop().close()


@contextmanager
def running_chromium() -> Iterator[Chromium]:
    """A browser with a profile that is thrown away."""
    with tempfile.TemporaryDirectory(prefix="patang-chromium-", ignore_cleanup_errors=True) as profile:
        browser = Chromium(Path(profile))
        try:
            yield browser
        finally:
            browser.close()
