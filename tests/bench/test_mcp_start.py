"""What the mcp function costs beside the SDK's smallest server: a cold start, and calls of a warm one.

pytest tests/bench/test_mcp_start.py -s

Both start in fresh processes from the function's bundle (compiled, as it is shipped) over its layers and
nothing else, with boto3 beside them as Lambda has it, and are called through Mangum by payloads as the
gateway sends them. The SDK's server has one tool and answers in JSON alone. The desk's tables are empty ones
in memory, so that what is timed is ours and not DynamoDB's.
"""

from pathlib import Path
from statistics import median
from typing import Any

import pytest

from tests.bench.as_deployed import laid_out, started

STARTS = 7
WARM_CALLS = 300
NAMED = (
    "DESK_TABLE",
    "AUTH_TABLE",
    "AUDIT_TABLE",
    "STORE_BUCKET",
    "ORDER_QUEUE_URL",
    "POLL_QUEUE_URL",
    "NOTIFY_TOPIC_ARN",
    "SECRET_PREFIX",
    "SECRET_KEY_ID",
)
MEASURE = """
import asyncio, contextlib, io, json, sys, time
asyncio.set_event_loop(asyncio.new_event_loop())
import boto3, botocore.config

def event(method, **params):
    body = {{"jsonrpc": "2.0", "id": 1, "method": method, "params": params}}
    headers = {{"host": "desk.example", "content-type": "application/json", "authorization": "Bearer any",
               "accept": "application/json, text/event-stream", "mcp-protocol-version": "2025-11-25",
               "x-forwarded-proto": "https"}}
    return {{"version": "2.0", "routeKey": "ANY /mcp", "rawPath": "/mcp", "rawQueryString": "", "cookies": [],
            "headers": headers, "body": json.dumps(body), "isBase64Encoded": False,
            "requestContext": {{"domainName": "desk.example",
                               "http": {{"method": "POST", "path": "/mcp", "sourceIp": "203.0.113.9"}}}}}}

hello = event("initialize", protocolVersion="2025-11-25", capabilities={{}},
              clientInfo={{"name": "bench", "version": "1"}})
listing = event("tools/list")
quiet, told = io.StringIO(), {{}}

def timed(what, call):
    began = time.perf_counter()
    answer = call()
    told[what] = time.perf_counter() - began
    return answer

def warm(what, one):
    times = []
    for _ in range({calls}):
        began = time.perf_counter()
        handler(one, None)
        times.append(time.perf_counter() - began)
    told[what] = sorted(times)[len(times) // 2]

with contextlib.redirect_stdout(quiet):
    began = time.perf_counter()
{start}
    told["import"] = time.perf_counter() - began
    loaded = sorted({{name.partition(".")[0] for name in sys.modules}})
    modules = len(sys.modules)
    first = timed("first request (initialize)", lambda: handler(hello, None))
    told["import + first request"] = told["import"] + told["first request (initialize)"]
    listed = timed("first tools/list", lambda: handler(listing, None))
    calling = event("tools/call", name=NAME, arguments={{}})
    called = timed("first tools/call", lambda: handler(calling, None))
    warm("warm initialize", hello)
    warm("warm tools/list", listing)
    warm("warm tools/call", calling)
for one in (first, listed, called):
    assert one["statusCode"] == 200, one
    assert "result" in json.loads(one["body"]), one
assert not json.loads(called["body"])["result"].get("isError"), called
print(json.dumps({{"times": told, "modules": modules, "loaded": loaded,
                  "bytes": {{"tools/list": len(listed["body"]), "tools/call": len(called["body"])}}}}))
"""
BARE = """
NAME = "add"
from mcp.server.mcpserver import MCPServer
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings
from mangum import Mangum
server = MCPServer("bare")
@server.tool()
def add(a: int = 1, b: int = 2) -> int:
    return a + b
hosts = TransportSecuritySettings(allowed_hosts=["desk.example"])
async def application(scope, receive, send):
    manager = StreamableHTTPSessionManager(
        server._lowlevel_server, json_response=True, stateless=True, security_settings=hosts
    )
    async with manager.run():
        await manager.handle_request(scope, receive, send)
handler = Mangum(application, lifespan="off")
"""
# Whoever asks is known at once and has no account: a table's answer takes the same time for everybody.
OURS = """
NAME = "get_risk_state"
from functions.mcp.handler import handler, desk
from patang.identity.principal import Principal
class _Known:
    def principal(self, secret):
        return Principal(name="asha", actor="bench", accounts=(), scopes=frozenset({"read", "trade"}))
class _Empty:
    def get(self, key):
        return None
    def query(self, *_, **__):
        return ()
desk.tokens = _Known
desk.store = desk.auth_store = desk.audit_store = _Empty()
"""


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The function's bundle over its layers, as Lambda lays them out."""
    return laid_out("mcp", tmp_path_factory)


def start(folder: Path, code: str) -> dict[str, Any]:
    # The whole start is one block of the program: what it imports is in its time.
    indented = code.replace("\n", "\n    ")
    return started(
        folder,
        MEASURE.format(start=indented, calls=WARM_CALLS),
        POWERTOOLS_SERVICE_NAME="mcp",
        PUBLIC_URL="https://desk.example",
        **{name: f"https://{name}.example" for name in NAMED},
    )


def test_the_start_and_the_calls_of_mcp_beside_the_sdks_smallest_server(deployed: Path) -> None:
    start(deployed, OURS)
    # In turn, so that a busy moment of the machine meets both.
    pairs = [(start(deployed, BARE), start(deployed, OURS)) for _ in range(STARTS)]
    bare, ours = [pair[0] for pair in pairs], [pair[1] for pair in pairs]

    print(f"\n\n{STARTS} fresh processes each, milliseconds: fastest (median)")
    for part in ours[0]["times"]:
        told, fastest = [], []
        for starts in (bare, ours):
            times = [1000 * one["times"][part] for one in starts]
            told.append(f"{min(times):8.2f} ({median(times):8.2f})")
            fastest.append(min(times))
        print(f"  {part:<28} SDK {told[0]}   mcp {told[1]}   ratio {fastest[1] / fastest[0]:.2f}")
    print(f"  modules                      SDK {bare[0]['modules']}   mcp {ours[0]['modules']}")
    for what in ("tools/list", "tools/call"):
        print(f"  bytes of {what:<19} SDK {bare[0]['bytes'][what]}   mcp {ours[0]['bytes'][what]}")
    assert not {"numpy", "pyarrow", "xgboost", "kiteconnect", "twisted", "fastapi"} & set(ours[0]["loaded"])
