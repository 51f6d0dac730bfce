"""Delivery of postbacks: the raw JSON of an order's end to the address the app has registered."""

import asyncio
import json
import logging
from typing import Any

import httpx

__all__ = ["Postbacks"]

log = logging.getLogger(__name__)


class Postbacks:
    """Sends postbacks in order, one attempt each, as the broker does: what fails is lost."""

    def __init__(self) -> None:
        self.delivered = 0
        self.failed = 0
        self._queue: asyncio.Queue[tuple[str, str]] = asyncio.Queue()

    def send(self, url: str, data: dict[str, Any]) -> None:
        """Queue one postback."""
        self._queue.put_nowait((url, json.dumps(data)))

    async def run(self) -> None:
        """Deliver until cancelled."""
        async with httpx.AsyncClient(timeout=5.0, trust_env=False) as client:
            while True:
                url, body = await self._queue.get()
                try:
                    reply = await client.post(url, content=body, headers={"Content-Type": "application/json"})
                    reply.raise_for_status()
                    self.delivered += 1
                except httpx.HTTPError as problem:
                    self.failed += 1
                    log.warning("a postback to %s was not accepted: %s", url, problem)
