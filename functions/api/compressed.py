"""Answers that are worth compressing, and may be."""

from typing import Final

from starlette.datastructures import Headers
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["Compressed"]

_SMALLEST: Final = 1000


class Compressed:
    """ASGI middleware: what is read below /api, and pages that keep themselves up to date, by gzip.

    A page's frame is not: it holds the word of the session beside text from outside, and the length of a
    compressed answer tells how alike two parts of it are (BREACH). The same goes for answers to POST, one of
    which shows a new token.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._compressing = GZipMiddleware(app, minimum_size=_SMALLEST)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._compressing if _may_be(scope) else self._app
        await app(scope, receive, send)


def _may_be(scope: Scope) -> bool:
    if scope["type"] != "http" or scope["method"] != "GET":
        return False
    return scope["path"].startswith("/api/") or "patang-live" in Headers(scope=scope)
