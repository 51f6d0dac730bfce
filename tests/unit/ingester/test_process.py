"""The ingester as a process."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

from functions.ingester.__main__ import _name

ROOT = Path(__file__).parents[3]


def test_it_survives_a_store_that_is_away_and_ends_cleanly_when_told(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nobody = f"http://127.0.0.1:{taken.getsockname()[1]}"
    environment = os.environ | {
        "AWS_ENDPOINT_URL": nobody,
        "AWS_DEFAULT_REGION": "ap-south-1",
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
        "DESK_TABLE": "desk",
        "STORE_BUCKET": "store",
        "TICK_STREAM": "ticks",
        "ORDER_UPDATES_QUEUE_URL": f"{nobody}/updates",
        "SECRET_PREFIX": "patang/test",
        "STAGE": "test",
        "POWERTOOLS_SERVICE_NAME": "ingester",
        "HEALTH_FILE": str(tmp_path / "alive"),
        "INSTANCE_FILE": str(tmp_path / "instance"),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "functions.ingester"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    seen = []
    for line in process.stdout:
        seen.append(line)
        if "could not be read" in line:
            break
    process.send_signal(signal.SIGTERM)
    rest, _ = process.communicate(timeout=60)
    assert process.returncode == 0, "".join(seen) + rest
    assert "ended: everything received was put" in rest
    assert (tmp_path / "alive").exists()
    assert (tmp_path / "instance").read_text()


def test_its_name_in_the_lease_is_the_places_and_nobody_elses(tmp_path):
    first = _name(tmp_path / "instance")
    assert first
    assert _name(tmp_path / "instance") == first, "a process that died here is started again"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["instance"]
    assert len({first, _name(None), _name(None)}) == 3
