"""What others have placed and nobody can read does not hide the desk's own; what may be ours must be read."""

from collections.abc import Mapping
from typing import Any

import pytest

from patang.adapters.kite.broker import KiteBroker
from patang.adapters.kite.foreign_rows import ForeignRows
from patang.errors import BadInput
from tests.fakes import RecordedMetrics

OURS = "N2608181234567890ABC"
ORDER = {
    "order_id": "1",
    "tag": OURS,
    "status": "OPEN",
    "exchange": "NSE",
    "tradingsymbol": "INFY",
    "transaction_type": "BUY",
    "quantity": 1,
    "filled_quantity": 0,
    "average_price": 0,
}
TRIGGER = {
    "id": 7,
    "status": "active",
    "type": "single",
    "created_at": "2026-08-18 10:00:00",
    "updated_at": "2026-08-18 10:00:00",
    "condition": {
        "exchange": "NSE",
        "tradingsymbol": "INFY",
        "trigger_values": [1400],
        "last_price": 1500,
    },
    "orders": [
        {"transaction_type": "SELL", "quantity": 1, "product": "CNC", "order_type": "LIMIT", "price": 1390}
    ],
}


class Alarms(RecordedMetrics):
    """Keeps the words of each alarm."""

    def __init__(self) -> None:
        super().__init__()
        self.rung: list[tuple[str, dict[str, str]]] = []

    def alarm(self, name: str, **details: str) -> None:
        self.rung.append((name, details))


class Room:
    """A broker whose replies are given, for a desk that holds INFY."""

    def __init__(self, rows: list[Mapping[str, Any]]) -> None:
        self.metrics = Alarms()
        self._rows = rows
        self.broker = KiteBroker(self, ForeignRows(lambda identifier: identifier == "NSE:INFY", self.metrics))

    def read(self, kind: str, call: Any) -> list[Mapping[str, Any]]:
        return self._rows


def foreign(row: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    return {**row, "order_id": "9", "tag": None, "tradingsymbol": "TCS", **changes}


UNREADABLE = {"quantity": "a few"}


@pytest.mark.parametrize("tag", [None, "myown"])
def test_a_foreign_order_that_does_not_parse_is_counted_and_left_out(tag: str | None) -> None:
    room = Room([foreign(ORDER, tag=tag, **UNREADABLE), ORDER])
    assert [order.order_id for order in room.broker.orders()] == ["1"]
    ((name, details),) = room.metrics.rung
    assert (name, details["instrument"]) == ("broker_row_left_out", "NSE:TCS")
    assert "quantity is 'a few'" in details["error"]
    assert "'order_id': '9'" in details["error"]


@pytest.mark.parametrize(
    "row",
    [
        # Ours by its tag, wherever that stands.
        foreign(ORDER, tag=OURS, **UNREADABLE),
        foreign(ORDER, tag="autoslice:1", tags=["autoslice:1", OURS], **UNREADABLE),
        # Without a tag, of what we hold: the order of our trigger looks like that.
        foreign(ORDER, tradingsymbol="INFY", **UNREADABLE),
        # Sells what we hold, whoever wants it.
        foreign(ORDER, tag="myown", tradingsymbol="INFY", **UNREADABLE),
        # Not even what it is of can be read.
        foreign(ORDER, tradingsymbol=None),
    ],
)
def test_an_order_that_may_be_ours_must_parse(row: Mapping[str, Any]) -> None:
    room = Room([ORDER, row])
    with pytest.raises(BadInput):
        room.broker.orders()


def test_a_foreign_trigger_that_does_not_parse_is_counted_and_left_out() -> None:
    condition = {**TRIGGER["condition"], "tradingsymbol": "TCS"}
    room = Room([{**TRIGGER, "id": 8, "type": "trailing", "condition": condition}, TRIGGER])
    assert [gtt.gtt_id for gtt in room.broker.gtts()] == ["7"]
    assert [name for name, _ in room.metrics.rung] == ["broker_row_left_out"]


@pytest.mark.parametrize("changes", [{"type": "trailing"}, {"condition": None}])
def test_a_trigger_that_may_be_ours_must_parse(changes: Mapping[str, Any]) -> None:
    room = Room([{**TRIGGER, **changes}])
    with pytest.raises(BadInput):
        room.broker.gtts()
