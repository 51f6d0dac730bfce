"""A function as Lambda lays it out: its bundle over its layers, and nothing else that could be imported."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from infra.bundles import ROOT, Bundles
from infra.constructs.desk_function import FUNCTION_LAYERS

__all__ = ["laid_out", "started"]

_RUNTIME = next((ROOT / ".emulator/lib").glob("python3*/site-packages"), None)


def laid_out(function: str, factory: pytest.TempPathFactory) -> Path:
    """A folder of the function's bundle over its layers. Fails the test where boto3 is missing."""
    if _RUNTIME is None:
        pytest.fail("the emulator's environment, which has boto3 as Lambda has it, is missing: make setup")
    bundles, folder = Bundles("local"), factory.mktemp("lambda")
    paths = [bundles.layer(name).path for name in FUNCTION_LAYERS[function]]
    for path in (*paths, bundles.function(function).path):
        with zipfile.ZipFile(path) as archive:
            archive.extractall(folder)
    return folder


def started(folder: Path, program: str, **variables: str) -> dict[str, Any]:
    """What a program says in its last line, as JSON, in a fresh process with boto3 beside it as in Lambda."""
    done = subprocess.run(
        # Without its own site-packages: what no layer brings must be missing here too.
        [sys.executable, "-S", "-c", program],
        cwd=folder,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join(map(str, (folder, folder / "python", _RUNTIME))),
            "PYTHONDONTWRITEBYTECODE": "1",
            "AWS_DEFAULT_REGION": "ap-south-1",
            "STAGE": "paper",
            **variables,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found
