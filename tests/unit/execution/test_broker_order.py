"""Reading an order the broker tells of: frames, postbacks and rows of the order book."""

from datetime import date, datetime
from typing import Any

import pytest

from patang.errors import BadInput
from patang.execution.following.broker_order import parse_order
from patang.execution.ids import intent_id
from patang.market.sessions import IST

OURS = intent_id("main", "entry", date(2026, 8, 18), "o-1")
FRAME: dict[str, Any] = {
    "order_id": "260818000001",
    "tag": "N260818ABC",
    "status": "complete",
    "exchange": "NSE",
    "tradingsymbol": "INFY",
    "transaction_type": "BUY",
    "quantity": 20,
    "filled_quantity": 20,
    "average_price": 1500.05,
    "status_message": None,
    "order_timestamp": "2026-08-18 10:00:01",
    "exchange_update_timestamp": "2026-08-18 10:00:03",
}


def test_a_frame_is_read_with_its_latest_time_in_ist() -> None:
    order = parse_order(FRAME)
    assert order.status == "COMPLETE"
    assert order.average_price == "1500.05"
    assert order.updated_at == datetime(2026, 8, 18, 10, 0, 3, tzinfo=IST)
    assert order.status_message == ""


def test_a_tag_may_stand_in_the_list_of_tags_only() -> None:
    assert parse_order(FRAME | {"tag": None, "tags": ["N260818ABC"]}).tag == "N260818ABC"
    assert parse_order(FRAME | {"tag": None, "tags": []}).tag == ""


@pytest.mark.parametrize("tag", [None, "", "autoslice", OURS])
@pytest.mark.parametrize("tags", [[OURS, "autoslice", "autoslice:260818"], ["mktp", "mktp:2.00", OURS]])
def test_the_brokers_own_marks_are_not_taken_for_our_tag(tag: str | None, tags: list[str]) -> None:
    assert parse_order(FRAME | {"tag": tag, "tags": tags}).tag == OURS


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("order_id", None),
        ("status", ""),
        ("quantity", "20"),
        ("quantity", -1),
        ("filled_quantity", 1.5),
        ("filled_quantity", True),
        ("average_price", "twelve"),
        ("average_price", "NaN"),
        ("average_price", -3),
        ("order_timestamp", "yesterday"),
    ],
)
def test_a_field_that_does_not_parse_is_named(field: str, value: object) -> None:
    with pytest.raises(BadInput, match=field):
        parse_order(FRAME | {field: value})
