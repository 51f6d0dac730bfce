"""The broker's webhook: taken for its checksum, whatever else it says."""

import hashlib
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st


def postback(secret="secret-main", **changes):
    order = {
        "user_id": "AB1234",
        "order_id": "260818000123456",
        "order_timestamp": "2026-08-18 10:47:29",
        "status": "COMPLETE",
        "tag": "i1",
        "filled_quantity": 20,
    } | changes
    text = f"{order['order_id']}{order['order_timestamp']}{secret}"
    return order | {"checksum": hashlib.sha256(text.encode()).hexdigest()}


def test_a_genuine_postback_is_queued(stranger, desk):
    order = postback()
    assert stranger.post("/postback", json=order).status_code == 204
    [update] = desk.update_queue.updates
    assert (update["account"], update["source"]) == ("main", "postback")
    assert update["order"] == order
    assert update["received_at"] == desk.clock.now().isoformat()


@pytest.mark.parametrize(
    "order",
    [
        postback(secret="guessed"),
        postback(secret="secret-other"),
        postback(user_id="XY5678"),
        postback(user_id="nobody"),
        postback() | {"order_id": "1"},
        postback() | {"checksum": "é"},
        postback() | {"checksum": 17},
        postback() | {"user_id": None},
        postback(user_id="AB9999", secret="secret-family"),
        {"user_id": "AB1234", "checksum": "0" * 64},
        {"checksum": "x", "user_id": ["AB1234"]},
    ],
)
def test_a_wrong_checksum_changes_nothing(stranger, desk, order):
    assert stranger.post("/postback", json=order).status_code == 403
    assert desk.update_queue.updates == []
    assert desk.metrics.counts["postbacks_refused"] == 1


@pytest.mark.parametrize("field", ["checksum", "order_id", "order_timestamp", "tag"])
def test_half_a_character_is_refused(stranger, desk, field):
    """No checksum can be made of it, and no queue takes it."""
    for half in (b'"\\ud800"', b'"\xed\xa0\x80"'):
        body = json.dumps(postback() | {field: "HALF"}).encode().replace(b'"HALF"', half)
        assert stranger.post("/postback", content=body).status_code == 400
    assert desk.update_queue.updates == []


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 60_000, b'{"a":1}', b'{"x":"' + b"y" * 70_000]
)
def test_what_is_no_postback_is_refused(stranger, desk, body):
    assert stranger.post("/postback", content=body).status_code == 400
    assert desk.update_queue.updates == []


TEXTS = st.text(max_size=30)
VALUES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXTS)
FIELDS = st.sampled_from(["user_id", "order_id", "order_timestamp", "status", "checksum", "tag", "guid"])
SPOILED = st.dictionaries(FIELDS, VALUES | st.lists(VALUES, max_size=3), min_size=1, max_size=7)
CHECKSUMS = st.one_of(st.from_regex("[0-9a-f]{64}", fullmatch=True), TEXTS, VALUES)


def states(desk):
    return (dict(desk.store.items), dict(desk.auth_store.items), dict(desk.audit_store.items))


@settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(spoiled=SPOILED, checksum=CHECKSUMS)
def test_whatever_a_forger_sends_changes_nothing(stranger, desk, spoiled, checksum):
    """A genuine order with other fields, and a checksum that is not that of what it says."""
    before = states(desk)
    order = postback() | {"checksum": checksum} | spoiled
    genuine = hashlib.sha256(f"{order['order_id']}{order['order_timestamp']}secret-main".encode()).hexdigest()
    if order["user_id"] == "AB1234" and order["checksum"] == genuine:
        return
    answer = stranger.post(
        "/postback", content=json.dumps(order), headers={"Content-Type": "application/json"}
    )
    assert answer.status_code in (400, 403)
    assert states(desk) == before
    assert desk.update_queue.updates == []
    assert desk.intent_queue.messages == []


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(body=st.binary(max_size=200))
def test_whatever_bytes_come_change_nothing(stranger, desk, body):
    before = states(desk)
    assert stranger.post("/postback", content=body).status_code == 400
    assert states(desk) == before
    assert desk.update_queue.updates == []
