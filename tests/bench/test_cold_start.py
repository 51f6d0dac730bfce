"""A cold start of the lane: what is deployed, in a fresh process, from the import to a lane that is ready.

pytest tests/bench/test_cold_start.py -s

The packages are those of the layers and nothing else, with boto3 beside them as Lambda has it. A Lambda of
512 MB has less than a third of a core: its start takes about three to four times as long.
"""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from statistics import median

import pytest

from infra.bundles import ROOT, Bundles
from infra.constructs.desk_function import FUNCTION_LAYERS

STARTS = 7
RUNTIME = next((ROOT / ".emulator/lib").glob("python3*/site-packages"), None)
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
    if RUNTIME is None:
        pytest.fail("the emulator's environment, which has boto3 as Lambda has it, is missing: make setup")
    bundles, folder = Bundles("local"), tmp_path_factory.mktemp("lambda")
    for name in FUNCTION_LAYERS["order_lane"]:
        unpack(bundles.layer(name).path, folder)
    unpack(bundles.function("order_lane").path, folder)
    return folder


def unpack(path: Path, folder: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        archive.extractall(folder)


def start(folder: Path) -> dict[str, object]:
    done = subprocess.run(
        # Without its own site-packages: what no layer brings must be missing here too.
        [sys.executable, "-S", "-c", START],
        cwd=folder,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join(map(str, (folder, folder / "python", RUNTIME))),
            "PYTHONDONTWRITEBYTECODE": "1",
            "AWS_DEFAULT_REGION": "ap-south-1",
            "POWERTOOLS_SERVICE_NAME": "order_lane",
            "POWERTOOLS_METRICS_NAMESPACE": "Patang",
            "STAGE": "paper",
            "DESK_TABLE": "desk",
            "STORE_BUCKET": "store",
            "ORDER_QUEUE_URL": "http://127.0.0.1:1/orders.fifo",
            "NOTIFY_TOPIC_ARN": "arn:aws:sns:ap-south-1:000000000000:notify",
            "SECRET_PREFIX": "patang/paper",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return found


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
