"""What the api function costs beside a bare FastAPI + Mangum: a cold start, and a request of a warm one.

pytest tests/bench/test_api_start.py -s

Both start in fresh processes from the function's bundle over its layers and nothing else, with boto3 beside
them as Lambda has it. The bare application has the same framework, one route and no desk. A cold start is
import + first request, through Mangum, of a payload as the gateway sends it.
"""

from pathlib import Path
from statistics import median
from typing import Any

import pytest

from tests.bench.as_deployed import laid_out, started

STARTS = 7
EVENT = """
event = {
    "version": "2.0", "routeKey": "ANY /{proxy+}", "rawPath": "/healthz", "rawQueryString": "", "cookies": [],
    "headers": {"host": "desk.example", "x-forwarded-proto": "https"},
    "requestContext": {"http": {"method": "GET", "path": "/healthz", "sourceIp": "203.0.113.9"}},
    "isBase64Encoded": False,
}
"""
MEASURE = """
import asyncio, contextlib, io, json, sys, time
asyncio.set_event_loop(asyncio.new_event_loop())
import boto3, botocore.config
began = time.perf_counter()
{start}
imported = time.perf_counter()
quiet = io.StringIO()
with contextlib.redirect_stdout(quiet):
    first = handler(event, None)
    answered = time.perf_counter()
    warm = []
    for _ in range(300):
        since = time.perf_counter()
        handler(event, None)
        warm.append(time.perf_counter() - since)
assert first["statusCode"] == 200, first
loaded = sorted({{name.partition(".")[0] for name in sys.modules}})
print(json.dumps({{"import": imported - began, "first request": answered - imported,
                  "import + first request": answered - began, "warm request": sorted(warm)[150],
                  "modules": len(sys.modules), "loaded": loaded}}))
"""
BARE = """
from fastapi import FastAPI
from mangum import Mangum
app = FastAPI()
@app.get("/healthz")
def healthz() -> dict[str, str]:
    return {"status": "ok"}
handler = Mangum(app, lifespan="off")
"""
OURS = "from functions.api.handler import handler"


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The function's bundle over its layers, as Lambda lays them out."""
    return laid_out("api", tmp_path_factory)


def start(folder: Path, code: str) -> dict[str, Any]:
    return started(folder, EVENT + MEASURE.format(start=code), POWERTOOLS_SERVICE_NAME="api")


def fastest(starts: list[dict[str, object]], part: str) -> float:
    return min(1000 * float(str(one[part])) for one in starts)


def test_the_start_and_the_requests_of_the_api_beside_a_bare_application(deployed: Path) -> None:
    start(deployed, OURS)
    # In turn, so that a busy moment of the machine meets both.
    pairs = [(start(deployed, BARE), start(deployed, OURS)) for _ in range(STARTS)]
    bare, ours = [pair[0] for pair in pairs], [pair[1] for pair in pairs]

    print(f"\n\n{STARTS} fresh processes each, milliseconds: fastest (median)")
    for part in ("import", "first request", "import + first request", "warm request"):
        told = []
        for starts in (bare, ours):
            times = [1000 * float(str(one[part])) for one in starts]
            told.append(f"{min(times):8.2f} ({median(times):8.2f})")
        ratio = fastest(ours, part) / fastest(bare, part)
        print(f"  {part:<24} bare {told[0]}   api {told[1]}   ratio {ratio:.2f}")
    print(f"  modules                  bare {bare[0]['modules']}   api {ours[0]['modules']}")
    loaded = ours[0]["loaded"]
    assert isinstance(loaded, list)
    assert not {"numpy", "pyarrow", "xgboost", "kiteconnect", "twisted", "jinja2", "requests"} & set(loaded)
