"""Pages run with what is deployed for them: (api) has no layer of arrays, tables or models."""

import subprocess
import sys

ABSENT = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("numpy", "pyarrow", "xgboost", "scipy"):
            raise ImportError(f"{name} is not in a layer of (api)")

sys.meta_path.insert(0, Absent())
"""
PAGES = """
from starlette.testclient import TestClient
from functions.api.app import build_app
from functions.api.console.frame import PAGES
from tests.unit.api.sample_desk import busy, two_owners
from tests.unit.api.told_trade import ENTRY, HELD, TAKEN, traded

desk = traded(busy(two_owners()))
client = TestClient(build_app(desk))
secret = desk.tokens().issue("asha", "test", ("read",), days=1).secret
details = [f"/signals/{TAKEN}", f"/orders/{ENTRY}", f"/positions/{HELD}"]
for path in [*(page.path for page in PAGES), *details, "/candles?exchange=NSE&symbol=RELIANCE"]:
    answer = client.get(path, headers={"Authorization": f"Bearer {secret}"})
    # Not every page is for a token.
    print(path, answer.status_code)
    assert answer.status_code in (200, 403, 404), answer.text
"""


def test_every_page_of_the_console_is_shown_without_them():
    found = subprocess.run(
        [sys.executable, "-c", ABSENT + PAGES], capture_output=True, text=True, timeout=60, check=False
    )
    assert found.returncode == 0, found.stderr[-2000:]
    told = dict(line.rsplit(" ", 1) for line in found.stdout.splitlines())
    assert {told[path] for path in told if path.startswith(("/signals", "/orders", "/positions"))} == {"200"}


def test_what_is_absent_there_would_be_noticed():
    found = subprocess.run(
        [sys.executable, "-c", ABSENT + "import patang.market.day_files"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "numpy is not in a layer of (api)" in found.stderr
