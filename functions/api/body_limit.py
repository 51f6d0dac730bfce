"""How much of a request is read at all."""

from collections.abc import Callable
from typing import Final

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["LARGEST_BODY", "BodyLimit", "too_large"]

# In bytes: far above any request there is.
LARGEST_BODY: Final = 256 * 1024


class BodyLimit:
    """ASGI middleware. A body that says it is larger is answered by `refused` before a byte of it is read;
    one that does not say it is read so far, and whoever reads it gets the exception that tells the same.

    The framework's own limit answers before every middleware: in plain text, and without the headers that
    every answer has.
    """

    def __init__(self, app: ASGIApp, refused: Callable[[Request, str], Response]) -> None:
        self._app = app
        self._refused = refused

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = Headers(scope=scope).get("content-length", "")
        if declared.isdecimal() and int(declared) > LARGEST_BODY:
            await self._refused(Request(scope), too_large(int(declared)))(scope, receive, send)
            return
        read = 0

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > LARGEST_BODY:
                raise HTTPException(413, too_large(read))
            return message

        await self._app(scope, counted, send)


def too_large(size: int) -> str:
    """What is said of a body of so many bytes, or of the first so many of it."""
    return f"the body has {size} bytes or more, and at most {LARGEST_BODY} are read: send less at a time"
