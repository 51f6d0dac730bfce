"""In what a reply travels: one JSON message where it is one, an event stream where it is more or must be.

The gateway hands out whole replies only, so nothing is lost by looking at one before it goes.
"""

from mcp.server.streamable_http import check_accept_headers
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import Message, Scope, Send

__all__ = ["Replies"]

_JSON, _STREAM = "application/json", "text/event-stream"
# Said to proxies on the way of a stream that is open; the gateway renames the first.
_OF_A_STREAM = ("connection", "x-accel-buffering")


class Replies:
    """What the client of `request` takes, by its Accept header; without one, anything.

    `streamed`: let the SDK stream, with `scope` for the request and `send` for what it says.
    """

    def __init__(self, request: Request, send: Send) -> None:
        anything = "accept" not in request.headers
        takes_json, takes_stream = check_accept_headers(request)
        self._takes_json = anything or takes_json
        self._send = send
        self._start: Message = {}
        self._body = bytearray()
        self.streamed = anything or takes_stream

    def scope(self, scope: Scope) -> Scope:
        """The request for an SDK that streams only to who also takes JSON."""
        if not self.streamed:
            return scope
        changed = dict(scope) | {"headers": list(scope["headers"])}
        MutableHeaders(scope=changed)["accept"] = f"{_JSON}, {_STREAM}"
        return changed

    async def send(self, message: Message) -> None:
        """Takes the reply in pieces and sends it whole."""
        if not self.streamed:
            await self._send(message)
        elif message["type"] == "http.response.start":
            self._start = message
        else:
            self._body += message.get("body", b"")
            if not message.get("more_body", False):
                await self._send_whole()

    async def _send_whole(self) -> None:
        body = bytes(self._body)
        headers = MutableHeaders(raw=list(self._start.get("headers", [])))
        kind = headers.get("content-type", "").partition(";")[0]
        if kind == _STREAM and self._takes_json and len(messages := _messages(body)) == 1:
            headers["content-type"], body = _JSON, messages[0]
        elif kind == _JSON and not self._takes_json and self._start["status"] == 200:
            headers["content-type"], body = _STREAM, b"event: message\r\ndata: " + body + b"\r\n\r\n"
        for name in _OF_A_STREAM:
            del headers[name]
        headers["content-length"] = str(len(body))
        await self._send(self._start | {"headers": headers.raw})
        await self._send({"type": "http.response.body", "body": body, "more_body": False})


def _messages(stream: bytes) -> list[bytes]:
    """The data of each event; pings, which are comments, are none."""
    events = stream.replace(b"\r\n", b"\n").split(b"\n\n")
    data = (
        b"\n".join(line[5:].removeprefix(b" ") for line in event.split(b"\n") if line.startswith(b"data:"))
        for event in events
    )
    return [one for one in data if one]
