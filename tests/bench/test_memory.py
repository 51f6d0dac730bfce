"""What each function's instance holds at most, on the local stack and with 500 symbols.

pytest tests/bench/test_memory.py -s

A day on the deployed template: each function runs as a process of its own with its layers, boto3 beside it as
Lambda has it, and Linux tells the most that the process has held (VmHWM). The simulated exchange has some ten
symbols; what grows with the symbols is measured again in a process of its own, with 500 and with the world
that it is given in memory: more than the function itself would hold. What is printed is recorded in
tests/infra/measured_memory.csv, which the template is held against.
"""

import os
import subprocess
import sys
import time
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import pytest
import requests

from patang_workbench.demo.run import Run
from patang_workbench.local_stack.stack import LocalStack
from tests.e2e.troubled_day import PLAN

_ROOT = Path(__file__).parents[2]
_LOOK_SECONDS = 0.5
_MIB = 1024
# Raised by no clock between the open and the last trade.
_CALLED_AT_THE_END = ("sessions", "heartbeat", "hours")

_SAY = """
print(int(next(l for l in open("/proc/self/status") if l.startswith("VmHWM")).split()[1]) // 1024)
"""
# With boto3 and the clients that a function has beside it.
_BEGIN = "import boto3; [boto3.client(name) for name in ('dynamodb', 's3', 'sqs', 'sns', 'secretsmanager')]\n"
_WITH_500 = {
    "features": """
from tests.bench.test_features_function import world
from tests.unit.features.test_service import SHARD
desk = world(64)
service, records = desk.instance(), desk.stream.records[SHARD]
for start in range(0, len(records), 2):
    service.process(records[start : start + 2], SHARD)
assert desk.minutes()
""",
    "archive": """
from tests.unit.market.test_archive import Evening, candle
evening = Evening()
for minute in range(9 * 60 + 15, 15 * 60 + 30):
    clock = f"{minute // 60:02}:{minute % 60:02}"
    evening.close(clock, "one", *(candle(f"SHARE{n}", clock, 1000.0, volume=500) for n in range(666)))
assert evening.run()["ok"]
""",
    "signals": """
from tests.bench.test_decisions import MODELS, decide, load_models, seen, settings, strategies
models = load_models(MODELS)
assert decide(seen(1.0), strategies(), lambda: models, settings(), 90)
""",
    "morning": """
from datetime import date
from patang.features.state import FeatureState
from patang.features.pointer import save_seed
from patang.market.instrument_dumps import load_dump, save_dump
from patang.market.instrument_table import InstrumentTable
from tests.bench.test_instruments import _dump
from tests.fakes import MemoryObjects
from tests.unit.features.big_market import SESSION, BigMarket
objects, market = MemoryObjects(), BigMarket()
table = InstrumentTable.from_csv(_dump())
save_dump(objects, date(2026, 8, 18), table)
state = FeatureState(market.universe, SESSION)
state.warm_up(market.history())
save_seed(objects, state)
""",
}


@dataclass
class Peaks:
    """MiB by function, of the processes of one emulator."""

    endpoint: str | None = None
    mib: dict[str, int] = field(default_factory=dict)
    _looked: float = 0.0

    def look(self, stack: LocalStack, _market_time: datetime | None = None) -> None:
        if time.monotonic() - self._looked < _LOOK_SECONDS:
            return
        self._looked = time.monotonic()
        for process in Path("/proc").glob("[0-9]*"):
            try:
                variables = dict(
                    entry.split("=", 1)
                    for entry in (process / "environ").read_text().split("\0")
                    if "=" in entry
                )
                status = (process / "status").read_text()
            except OSError:
                continue
            if variables.get("AWS_ENDPOINT_URL") != stack.emulator.endpoint:
                continue
            if name := variables.get("POWERTOOLS_SERVICE_NAME"):
                held = next(line for line in status.splitlines() if line.startswith("VmHWM"))
                self.mib[name] = max(self.mib.get(name, 0), int(held.split()[1]) // _MIB)


@pytest.fixture(scope="module")
def day() -> dict[str, int]:
    """A trade, the day's end, and a look by page and by assistant."""
    peaks, before = Peaks(), dict(os.environ)
    run = Run(replace(PLAN, approve="auto", until_trades=1, timeout_seconds=240), lambda _: None, peaks.look)
    try:
        with LocalStack(lambda _: None) as stack:
            owner = run.set_up(stack)
            run.session(stack, owner)
            token = owner.token("bench", ["read", "trade"])
            for name in _CALLED_AT_THE_END:
                stack.schedules.call(name, datetime.fromisoformat(f"{stack.day}T16:00:00+05:30"))
            requests.post(
                f"{stack.address}/mcp",
                json={"jsonrpc": "2.0", "id": 1, "method": "tools/list"},
                headers={"Authorization": f"Bearer {token}", "Accept": "application/json, text/event-stream"},
                timeout=60,
            )
            time.sleep(_LOOK_SECONDS)
            peaks.look(stack)
            owner.close()
    finally:
        os.environ.clear()
        os.environ.update(before)
    return peaks.mib


def with_500(function: str) -> int:
    done = subprocess.run(
        [sys.executable, "-c", _BEGIN + _WITH_500[function] + _SAY],
        cwd=_ROOT,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(sys.path),
            "AWS_DEFAULT_REGION": "ap-south-1",
            "POWERTOOLS_SERVICE_NAME": function,
            "STAGE": "bench",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return int(done.stdout.splitlines()[-1])


@pytest.mark.timeout(1200)
def test_what_each_function_holds(day: dict[str, int]) -> None:
    print("\n\nfunction,day_mib,symbols_500_mib")
    for name in sorted(day):
        print(f"{name},{day[name]},{with_500(name) if name in _WITH_500 else ''}")
    assert {"features", "guard", "order_lane", "api", "morning", "archive"} <= set(day)
