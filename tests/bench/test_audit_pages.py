"""How long the audit log of a busy day takes: 10,000 entries, looked at, searched, verified, taken home.

pytest tests/bench/test_audit_pages.py -s

The desk is in memory: what is measured is the work, not DynamoDB's 500 entries a query beside it.
"""

from datetime import timedelta
from time import perf_counter

import pytest
from starlette.testclient import TestClient

from functions.api.app import build_app
from patang.audit.chain import link
from patang.records import create
from tests.unit.api.sample_desk import DAY, NOW, busy, event, two_owners

ENTRIES = 10_000
# Pages at once; what goes through all of a day within the time of a request (28 s), with room to spare.
BUDGET_MS = {
    "/audit": 500,
    "/audit?text=nothing+of+the+kind": 1500,
    f"/audit/main/{DAY}/5000": 500,
    "/audit/verification": 8000,
    "/api/audit/export?account=main": 3000,
    "/api/audit/export?account=main&format=csv": 3000,
}


@pytest.fixture(scope="module")
def reader():
    desk = busy(two_owners())
    written = [
        event(
            "main",
            number,
            "ORDER_FILLED",
            "broker",
            NOW + timedelta(seconds=number),
            {"symbol": f"S{number % 50}", "quantity": number, "price": "1002.20", "intent_id": f"N{number}"},
        )
        for number in range(100, 100 + ENTRIES)
    ]
    for one in written:
        desk.store.write(create(one))
    link(desk.audit_store, "main", DAY, written)
    headers = {"Authorization": f"Bearer {desk.tokens().issue('asha', 'bench', ('read',), days=1).secret}"}
    return TestClient(build_app(desk), headers=headers)


@pytest.mark.parametrize("path", BUDGET_MS)
def test_a_busy_day_stays_usable(reader, path):
    reader.get(path)
    since = perf_counter()
    answer = reader.get(path)
    took = (perf_counter() - since) * 1000
    assert answer.status_code == 200
    print(f"{path}: {took:.0f} ms, {len(answer.content) // 1024} KB")
    assert took < BUDGET_MS[path]
    if path.startswith("/audit"):
        assert len(answer.content) < 100 * 1024
