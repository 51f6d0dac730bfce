"""A cold start of the lane: what is deployed, in a fresh process, from the import to a lane that is ready.

pytest tests/bench/test_cold_start.py -s

The packages are those of the layers and nothing else, with boto3 beside them as Lambda has it. A Lambda of
512 MB has less than a third of a core: its start takes about three to four times as long.
"""

from pathlib import Path
from statistics import median
from typing import Any

import pytest

from tests.bench.as_deployed import laid_out, started

STARTS = 7
START = """
import json, sys, time
began = time.perf_counter()
import boto3
runtime = time.perf_counter()
from functions.order_lane.handler import desk
imported = time.perf_counter()
desk.order_lane()
from patang.adapters.kite.broker import KiteBroker
from patang.adapters.kite.calls import kite_client
ready = time.perf_counter()
loaded = sorted({name.partition(".")[0] for name in sys.modules})
print(json.dumps({"boto3 (the runtime's)": runtime - began, "the handler": imported - runtime,
                  "a lane and Kite's client": ready - imported, "all": ready - began, "loaded": loaded}))
"""


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The function's bundle over its layers, as Lambda lays them out."""
    return laid_out("order_lane", tmp_path_factory)


def start(folder: Path) -> dict[str, Any]:
    return started(
        folder,
        START,
        POWERTOOLS_SERVICE_NAME="order_lane",
        POWERTOOLS_METRICS_NAMESPACE="Patang",
        DESK_TABLE="desk",
        STORE_BUCKET="store",
        ORDER_QUEUE_URL="http://127.0.0.1:1/orders.fifo",
        NOTIFY_TOPIC_ARN="arn:aws:sns:ap-south-1:000000000000:notify",
        SECRET_PREFIX="patang/paper",
    )


def test_the_cold_start_of_the_lane(deployed: Path) -> None:
    start(deployed)
    starts = [start(deployed) for _ in range(STARTS)]

    print(f"\n\n{STARTS} starts of a fresh process on this machine, milliseconds")
    for part in starts[0]:
        if part != "loaded":
            times = [1000 * float(str(one[part])) for one in starts]
            print(f"  {part:<28} median {median(times):7.0f}, fastest {min(times):7.0f}")
    loaded = starts[0]["loaded"]
    assert isinstance(loaded, list)
    assert not {"twisted", "autobahn", "numpy", "pyarrow", "xgboost", "fastapi"} & set(loaded)
