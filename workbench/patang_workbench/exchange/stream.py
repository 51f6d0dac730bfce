"""The ticker's websocket: subscriptions, binary frames, order frames, heartbeats."""

import asyncio
import json
import struct
from collections import deque
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, Final

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from patang_workbench.exchange.lines import MODES, QUOTE, Line

__all__ = ["Connection", "Hub", "frame"]

HEARTBEAT: Final = b"\x00"
MAX_INSTRUMENTS: Final = 3000
_ROOM: Final = 16
"""Binary frames that may wait for a slow client before the market's clock waits too."""
_U16 = struct.Struct(">H")


def frame(packets: Iterable[bytes]) -> bytes:
    """Packets in one binary message."""
    parts = [_U16.pack(len(packet)) + packet for packet in packets]
    return _U16.pack(len(parts)) + b"".join(parts)


class Connection:
    """One client of the ticker with its subscriptions (token to mode) and its outgoing queue."""

    def __init__(self, socket: WebSocket, user_id: str, lines: Mapping[int, Line]) -> None:
        self.user_id = user_id
        self.modes: dict[int, str] = {}
        self._socket = socket
        self._lines = lines
        self._queue: deque[bytes | str] = deque()
        self._binary = 0
        self._filled = asyncio.Event()
        self._drained = asyncio.Event()
        self._closed = False

    def text(self, kind: str, data: Any) -> None:
        """Queue a text frame."""
        self._put(json.dumps({"type": kind, "data": data}))

    async def ticks(self, ticked: Mapping[int, bytes]) -> int:
        """Queue one frame with the packets of the subscribed instruments, and wait while the queue is full.

        `ticked` maps tokens to full packets; returns how many went into the frame.
        """
        packets = [self._cut(token, packet) for token, packet in ticked.items() if token in self.modes]
        if not packets:
            return 0
        while self._binary >= _ROOM and not self._closed:
            self._drained.clear()
            await self._drained.wait()
        if self._closed:
            return 0
        self._put(frame(packets))
        return len(packets)

    def obey(self, message: str) -> None:
        """Take a client's message: subscribe, unsubscribe or mode. Anything else is answered by an error."""
        try:
            request = json.loads(message)
            action, value = request["a"], request["v"]
            mode, tokens = value if action == "mode" else (QUOTE, value)
            known = [token for token in tokens if token in self._lines]
            if action == "unsubscribe":
                for token in known:
                    self.modes.pop(token, None)
                return
            if action not in ("subscribe", "mode") or mode not in MODES:
                raise ValueError(f"unknown action {action!r} or mode {mode!r}")
        except (ValueError, KeyError, TypeError) as problem:
            self.text("error", f"Invalid message: {problem}")
            return
        if len(self.modes.keys() | set(known)) > MAX_INSTRUMENTS:
            self.text("error", f"More than {MAX_INSTRUMENTS} instruments on one connection.")
            return
        for token in known:
            # Subscribing again keeps the mode that was set.
            self.modes[token] = mode if action == "mode" else self.modes.get(token, QUOTE)
        if known:
            self._put(frame(self._cut(token, self._lines[token].packet()) for token in known))

    async def run(self, beat: float) -> None:
        """Serve the client until it goes; `beat` is the heartbeat's distance in wall seconds."""
        tasks = [asyncio.create_task(work) for work in (self._send(), self._receive(), self._beat(beat))]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._closed = True
            self._drained.set()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self.close(1000)

    async def close(self, code: int) -> None:
        """Close the socket from this side."""
        self._closed = True
        self._drained.set()
        if self._socket.application_state is not WebSocketState.DISCONNECTED:
            with suppress(RuntimeError, WebSocketDisconnect):
                await self._socket.close(code)

    def _cut(self, token: int, packet: bytes) -> bytes:
        return packet[: self._lines[token].size(self.modes[token])]

    def _put(self, message: bytes | str) -> None:
        self._queue.append(message)
        self._binary += isinstance(message, bytes)
        self._filled.set()

    async def _send(self) -> None:
        while True:
            while self._queue:
                message = self._queue.popleft()
                if isinstance(message, bytes):
                    await self._socket.send_bytes(message)
                    self._binary -= 1
                    self._drained.set()
                else:
                    await self._socket.send_text(message)
            self._filled.clear()
            await self._filled.wait()

    async def _receive(self) -> None:
        while True:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            self.obey(message.get("text") or (message.get("bytes") or b"").decode(errors="replace"))

    async def _beat(self, distance: float) -> None:
        while True:
            if self._binary < _ROOM:
                self._put(HEARTBEAT)
            await asyncio.sleep(distance)


class Hub:
    """All connections of the ticker, and how much went out to them."""

    def __init__(self) -> None:
        self.connections: set[Connection] = set()
        self.ticks_sent = 0
        self.frames = 0

    async def ticked(self, lines: Iterable[Line]) -> None:
        """Send the packets of the lines that ticked in one market second."""
        wanted = {token for connection in self.connections for token in connection.modes}
        packets = {line.instrument.token: line.packet() for line in lines if line.instrument.token in wanted}
        if not packets:
            return
        for connection in list(self.connections):
            sent = await connection.ticks(packets)
            self.ticks_sent += sent
            self.frames += bool(sent)

    def order(self, user_id: str, data: Mapping[str, Any]) -> None:
        """Send an order frame to every connection of its user."""
        for connection in self.connections:
            if connection.user_id == user_id:
                connection.text("order", data)

    async def drop(self, user_id: str | None = None) -> int:
        """Close every connection, or those of a user; returns how many there were."""
        dropped = [found for found in self.connections if user_id in (None, found.user_id)]
        for connection in dropped:
            await connection.close(1011)
        return len(dropped)
