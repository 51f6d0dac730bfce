"""What (features) takes: a cold start, a warm batch, a minute's close; `pytest tests/bench -s`.

Times beside the budgets, on the machine that runs this; five hundred symbols with their windows full. The
world outside is in memory, so that the figures are those of the code; a call to AWS adds its own.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median
from time import perf_counter

import pytest

from patang.features.pointer import save_seed
from patang.features.state import FeatureState
from patang.market.universe import save_universe
from tests.unit.features.big_market import SESSION, SYMBOLS, BigMarket
from tests.unit.features.test_service import SHARD, Desk

_TICK_BUDGET_MS, _FEATURES_BUDGET_MS = 10, 50
_MINUTES = 10
_COLD_STARTS = 3
_ROOT = Path(__file__).parents[2]

# Run in a fresh interpreter: what an instance does until it has handled its first record.
_COLD = """
import base64, json, sys
from time import perf_counter

began = perf_counter()
from functions.features.handler import desk, handler
imported = perf_counter()
# The clients, which talk to nobody yet; then the world in memory behind the same ports.
for port in ("store", "objects", "stream_reader", "workflows", "dead_letters", "metrics"):
    getattr(desk, port)
connected = perf_counter()
# What the desk imports when it is first asked for the service.
import patang.features.closing
import patang.features.service
loaded = perf_counter()

from tests.bench.test_features_function import world
from tests.fakes import RecordedMetrics

outside = world()
for port in ("store", "objects", "workflows", "dead_letters"):
    setattr(desk, port, getattr(outside, port))
desk.stream_reader, desk.metrics = outside.stream, RecordedMetrics()
sequence, data = outside.stream.records["shardId-000000000000"][0]
record = {"eventID": f"shardId-000000000000:{sequence}",
          "kinesis": {"sequenceNumber": sequence, "data": base64.b64encode(data).decode()}}
first = perf_counter()
handler({"Records": [record]}, None)
handled = perf_counter()
print(json.dumps({"handler": imported - began, "clients": connected - imported,
                  "numpy and the service": loaded - connected, "the first record": handled - first}))
"""

_ENVIRONMENT = {
    "DESK_TABLE": "desk",
    "STORE_BUCKET": "store",
    "TICK_STREAM": "ticks",
    "DEAD_LETTER_QUEUE_URL": "https://queue.invalid/1/dead",
    "TRADING_CYCLE_ARN": "arn:aws:states:ap-south-1:000000000000:stateMachine:cycle",
    "POWERTOOLS_SERVICE_NAME": "features",
    "STAGE": "bench",
    "AWS_DEFAULT_REGION": "ap-south-1",
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
}


def world(seconds: int = 1) -> Desk:
    """A desk after its morning, with some seconds of stream: a full tick of everything in each."""
    market, desk = BigMarket(), Desk()
    save_universe(desk.store, desk.objects, market.universe)
    state = FeatureState(market.universe, SESSION)
    state.warm_up(market.history())
    save_seed(desk.objects, state)
    desk.stream.put(market.records(SESSION.open, seconds))
    return desk


def test_a_cold_start() -> None:
    found = []
    for _ in range(_COLD_STARTS):
        done = subprocess.run(
            [sys.executable, "-c", _COLD],
            cwd=_ROOT,
            env={**os.environ, **_ENVIRONMENT, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        found.append(json.loads(done.stdout.splitlines()[-1]))
    parts = {name: 1000 * median(run[name] for run in found) for name in found[0]}
    print(f"\ncold start: {sum(parts.values()):.0f} ms: {_listed(parts)}")


@pytest.fixture(scope="module")
def times() -> dict[str, list[float]]:
    """Milliseconds of each batch of a second: of those that close no minute, and of those that do."""
    desk = world(60 * (_MINUTES + 1) + 3)
    service, records = desk.instance(), desk.stream.records[SHARD]
    found: dict[str, list[float]] = {"second": [], "minute": []}
    for start in range(0, len(records), 2):
        closed = len(desk.minutes())
        began = perf_counter()
        service.process(records[start : start + 2], SHARD)
        took = 1000 * (perf_counter() - began)
        found["second" if len(desk.minutes()) == closed else "minute"].append(took)
    found["close"] = desk.metrics.durations["minute_close_ms"]
    return {name: values[1:] for name, values in found.items()}


def test_a_warm_batch_of_one_second(times: dict[str, list[float]]) -> None:
    seconds = sorted(times["second"])
    print(
        f"\na second of {SYMBOLS} symbols, futures and options: median {median(seconds):.2f} ms, "
        f"the slowest of {len(seconds)} {seconds[-1]:.2f} ms; budget of the tick path {_TICK_BUDGET_MS} ms"
    )


def test_the_close_of_a_minute(times: dict[str, list[float]]) -> None:
    closes, batches = times["close"], times["minute"]
    assert len(closes) == _MINUTES
    print(
        f"\nthe close of a minute of {SYMBOLS} symbols, until its cycle begins: median "
        f"{median(closes):.0f} ms, slowest {max(closes):.0f} ms; budget of the features "
        f"{_FEATURES_BUDGET_MS} ms; with the state's snapshot, which no cycle waits for, "
        f"{median(batches):.0f} ms"
    )


def _listed(parts: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.0f} ms" for name, value in parts.items())
