"""Five hundred open positions on the console's first page: what an update of it takes, and weighs."""

import time

from starlette.testclient import TestClient

from functions.api.app import build_app
from tests.unit.api.oauth_client import log_in_at_kite
from tests.unit.api.sample_desk import busy, position, two_owners

POSITIONS = 500


def test_an_update_of_many_positions():
    desk = busy(two_owners())
    for number in range(POSITIONS):
        desk.keep(position("main", f"m{number}", f"SYM{number}", state="OPEN"))
    browser = TestClient(build_app(desk), follow_redirects=False)
    assert log_in_at_kite(browser, desk, "/login?account=main", "AB1234").status_code == 303
    times, size = [], 0
    for _ in range(5):
        began = time.process_time()
        answer = browser.get("/", headers={"Patang-Live": "1", "Accept-Encoding": "gzip"})
        times.append(time.process_time() - began)
        size = int(answer.headers["content-length"])
    assert answer.text.count('id="exit-') >= POSITIONS
    same = browser.get("/", headers={"Patang-Live": "1", "If-None-Match": answer.headers["ETag"]})
    assert same.status_code == 304
    print(
        f"\n{POSITIONS} positions: an update takes {min(times) * 1000:.0f} ms of processor time, "
        f"{size / 1000:.0f} KB compressed of {len(answer.content) / 1000:.0f}; unchanged: 304"
    )
