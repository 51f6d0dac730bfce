"""The broker's webhook: taken for its checksum, whatever else it says."""

import hashlib

import pytest


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


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 60_000, b'{"a":1}', b'{"x":"' + b"y" * 70_000]
)
def test_what_is_no_postback_is_refused(stranger, desk, body):
    assert stranger.post("/postback", content=body).status_code == 400
    assert desk.update_queue.updates == []
