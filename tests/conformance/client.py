"""The client's library as the official suite drives it, with no person in sight: their browser follows the
authorization server's page back to this machine at once, and they leave forms as they are proposed.

The suite starts a program for every scenario. What it starts is `relay.py`, which knows nothing but a socket;
the library waits behind it, loaded once.
"""

import asyncio
import json
import socketserver
import tempfile
import threading
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
from mcp.client import ClientRequestContext
from mcp_types import ElicitRequestFormParams, ElicitRequestParams, ElicitResult, Tool

from patang_workbench.mcp_client import ClientName, Connection, LoginNeeded, connect, login
from patang_workbench.mcp_client.browser import Browser
from patang_workbench.mcp_client.connection import connected
from patang_workbench.mcp_client.kept import ServerFile
from patang_workbench.mcp_client.oauth import KeptOAuth

__all__ = ["waiting_client"]

# The address that the suite's authorization servers know as a client's own document.
_DOCUMENT = "https://conformance-test.local/client-metadata.json"
_SECONDS = 60.0
_OF_A_TYPE = {"string": "text", "integer": 2, "number": 2.5, "boolean": True, "array": [], "object": {}}


def _say_yes(url: str) -> None:
    with httpx2.Client(follow_redirects=True, timeout=_SECONDS) as browser:
        browser.get(url)


async def _as_proposed(_: ClientRequestContext, asked: ElicitRequestParams) -> ElicitResult:
    if not isinstance(asked, ElicitRequestFormParams):
        return ElicitResult(action="decline")
    fields: dict[str, Any] = asked.requested_schema.get("properties", {})
    content = {name: field.get("default", _OF_A_TYPE[field["type"]]) for name, field in fields.items()}
    return ElicitResult(action="accept", content=content)


async def _use(server: Connection, context: Mapping[str, Any]) -> None:
    """Every tool is called: as the scenario says, else with something of the right type."""
    tools = {tool.name: tool for tool in await server.tools()}
    calls = context.get("toolCalls") or [
        {"name": name, "arguments": _arguments(tool, tools)} for name, tool in tools.items()
    ]
    for call in calls:
        await server.asked(call["name"], call["arguments"])


def _arguments(tool: Tool, tools: Mapping[str, Tool]) -> dict[str, Any]:
    if tool.name == "json_schema_echo":
        return {"schema": tools["json_schema_2020_12_tool"].input_schema}
    fields = tool.input_schema.get("properties", {})
    return {name: _OF_A_TYPE[field["type"]] for name, field in fields.items() if "type" in field}


async def _play(url: str, folder: Path, context: Mapping[str, Any]) -> None:
    client = ClientName(_DOCUMENT)
    if "client_id" in context:
        client = ClientName(context["client_id"], context.get("client_secret"))
    try:
        async with connect(url, folder=folder, questions=_as_proposed, seconds=_SECONDS) as server:
            await _use(server, context)
    except LoginNeeded:
        await login(url, _say_yes, folder=folder, client=client, seconds=_SECONDS)
        await _go_on(ServerFile(url, folder), context)


async def _go_on(file: ServerFile, context: Mapping[str, Any]) -> None:
    """With the person still there: a server may ask for more once it hears what for."""
    with Browser(_say_yes, _SECONDS) as browser:
        auth = KeptOAuth(file, browser, client_document=_DOCUMENT)
        async with connected(file, auth, questions=_as_proposed, seconds=_SECONDS) as server:
            await _use(server, context)


class _Scenario(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        asked = json.loads(self.rfile.readline())
        with tempfile.TemporaryDirectory() as folder:
            try:
                asyncio.run(_play(asked["url"], Path(folder), asked["context"]))
            except Exception:
                # The suite judges what it saw on the wire, and some scenarios end in a refusal.
                self._tell(1, traceback.format_exc())
            else:
                self._tell(0, "")

    def _tell(self, code: int, text: str) -> None:
        self.wfile.write(json.dumps({"code": code, "text": text}).encode())


class _Waiting(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    request_queue_size = 64


@contextmanager
def waiting_client(socket: Path) -> Iterator[None]:
    """The client waits at `socket` for scenarios, each on a thread of its own."""
    with _Waiting(str(socket), _Scenario) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield
        finally:
            server.shutdown()
