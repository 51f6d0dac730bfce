"""Answers that are asked for again and again: who has the same already is told so, without the body."""

import hashlib

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["Polled"]

_OF_PROGRAMS = "/api/"


class Polled:
    """ASGI middleware: a GET below /api carries an ETag, and `If-None-Match` with that tag is answered 304.

    The desk still reads what it reads; what is saved is the way to the one who asks. Answers stay out of
    caches (`no-store`): whoever polls keeps the tag, and what it stands for, himself.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = scope["type"] == "http" and scope["method"] == "GET"
        if not asked or not scope["path"].startswith(_OF_PROGRAMS):
            await self._app(scope, receive, send)
            return
        start: Message | None = None
        body = bytearray()

        async def hold(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start" and message["status"] == 200:
                start = message
            elif start is None:
                await send(message)
            else:
                body.extend(message.get("body", b""))
                if not message.get("more_body", False):
                    await _answer(Headers(scope=scope), start, bytes(body), send)

        await self._app(scope, receive, hold)


async def _answer(asked: Headers, start: Message, body: bytes, send: Send) -> None:
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = MutableHeaders(scope=start)
    headers["ETag"] = tag
    known = {one.strip().removeprefix("W/") for one in asked.get("if-none-match", "").split(",")}
    if known & {tag, "*"}:
        start = start | {"status": 304}
        for name in ("content-length", "content-type"):
            del headers[name]
        start["headers"] = headers.raw
        body = b""
    await send(start)
    await send({"type": "http.response.body", "body": body})
