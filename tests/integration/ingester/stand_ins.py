"""A network that fails on the way from the exchange, and a stream that fails on the way out."""

import asyncio
import hashlib
import threading
from collections import deque
from collections.abc import Callable
from typing import Any, Self

import websockets
from botocore.exceptions import ClientError
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve

from functions.ingester.inbox import Event, Frame, Inbox, Source

__all__ = ["Network", "SpoiledKinesis", "Tap", "shard_of"]


class Network:
    """Stands between a client and the websocket at `root`; in a thread of its own.

    `spoil`: what is done to the next frames of ticks, one each; `spoiled`: those that were.
    """

    def __init__(self, root: str) -> None:
        self.spoil: deque[Callable[[bytes], bytes]] = deque()
        self.spoiled: list[bytes] = []
        self.opened = 0
        self._upstream = root
        self._clients: set[ServerConnection] = set()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._done.set)
        self._thread.join(10)

    @property
    def root(self) -> str:
        return f"ws://127.0.0.1:{self._port}"

    def cut(self) -> None:
        """The line breaks: no closing handshake, nothing."""
        self._loop.call_soon_threadsafe(lambda: [client.transport.abort() for client in list(self._clients)])

    async def _run(self) -> None:
        self._loop, self._done = asyncio.get_running_loop(), asyncio.Event()
        async with serve(self._carry, "127.0.0.1", 0, compression=None, max_size=None) as server:
            self._port = server.sockets[0].getsockname()[1]
            self._ready.set()
            await self._done.wait()

    async def _carry(self, client: ServerConnection) -> None:
        self.opened += 1
        self._clients.add(client)
        assert client.request is not None
        address = self._upstream + client.request.path
        try:
            async with connect(address, compression=None, max_size=None) as exchange:
                ways = [
                    asyncio.create_task(way)
                    for way in (self._down(exchange, client), self._up(client, exchange))
                ]
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)
        except websockets.WebSocketException:
            pass
        finally:
            self._clients.discard(client)

    async def _down(self, exchange: ClientConnection, client: ServerConnection) -> None:
        async for message in exchange:
            if isinstance(message, bytes) and len(message) > 100 and self.spoil:
                message = self.spoil.popleft()(message)
                self.spoiled.append(message)
            await client.send(message)

    async def _up(self, client: ServerConnection, exchange: ClientConnection) -> None:
        async for message in client:
            await exchange.send(message)


class Tap(Inbox):
    """The ingester's inbox, which notes every frame that reached it, and by which connection."""

    def __init__(self, inbox: Inbox, frames: list[tuple[Source, bytes]]) -> None:
        self._inbox = inbox
        self._frames = frames

    def put(self, event: Event) -> None:
        if isinstance(event, Frame):
            self._frames.append((event.source, event.payload))
        self._inbox.put(event)


def shard_of(key: str, shards: int) -> int:
    return int(hashlib.md5(key.encode()).hexdigest(), 16) * shards // 2**128


class SpoiledKinesis:
    """A boto3 client of a stream with some shards, `kept` by number.

    While `is_stalled` it takes nothing. Otherwise every third call refuses every second record, and every
    seventh takes everything and then fails to say so.
    """

    def __init__(self, shards: int) -> None:
        self.kept: list[list[bytes]] = [[] for _ in range(shards)]
        self.is_stalled = False
        self.refused = 0
        self._calls = 0

    def get_paginator(self, _: str) -> Self:
        return self

    def paginate(self, **_: str) -> list[dict[str, Any]]:
        shards = len(self.kept)
        return [
            {
                "Shards": [
                    {
                        "ShardId": f"shard-{n}",
                        "HashKeyRange": {"StartingHashKey": str(-(-n * 2**128 // shards))},
                        "SequenceNumberRange": {},
                    }
                    for n in range(shards)
                ]
            }
        ]

    def put_records(self, StreamName: str, Records: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 (boto3's)
        self._calls += 1
        if self.is_stalled:
            self.refused += len(Records)
            raise ClientError({"Error": {"Code": "ServiceUnavailable"}}, "PutRecords")
        results = [
            self._put(record, refuse=self._calls % 3 == 0 and n % 2 == 0) for n, record in enumerate(Records)
        ]
        if self._calls % 7 == 0:
            raise ClientError({"Error": {"Code": "RequestTimeout"}}, "PutRecords")
        return {"Records": results}

    def _put(self, record: dict[str, Any], *, refuse: bool) -> dict[str, str]:
        if refuse:
            self.refused += 1
            return {"ErrorCode": "ProvisionedThroughputExceededException"}
        place, shards = record.get("ExplicitHashKey"), len(self.kept)
        number = shard_of(record["PartitionKey"], shards) if place is None else int(place) * shards // 2**128
        self.kept[number].append(record["Data"])
        return {"ShardId": f"shard-{number}", "SequenceNumber": "1"}
