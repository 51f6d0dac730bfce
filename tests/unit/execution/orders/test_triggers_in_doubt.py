"""A trigger whose laying had no answer is known by what it is: nobody changes it before it is told whose."""

from decimal import Decimal

import pytest

from patang.execution.orders.requests import DeleteGtt, GttLeg, ModifyGtt, PlaceGtt
from tests.unit.execution.orders.order_room import OrderRoom
from tests.unit.execution.orders.samples import SHARE

D = Decimal


def sold_at(stop: str) -> dict[str, object]:
    values = (D(stop), D("820"))
    leg = {"transaction_type": "SELL", "quantity": 10, "product": "CNC"}
    return {
        "kind": "two-leg",
        "exchange": "NSE",
        "tradingsymbol": "INFY",
        "trigger_values": values,
        "legs": tuple(GttLeg.model_validate(leg | {"price": value}) for value in values),
    }


@pytest.mark.parametrize("deleted", [True, False])
def test_it_is_changed_once_it_is_known_whose_it_is(deleted: bool) -> None:
    room = OrderRoom()
    room.hold(SHARE, "CNC", 10)
    room.exchange.slips = ["unheard"]
    (laid,) = room.taken(PlaceGtt.model_validate(sold_at("780")))
    room.run_lane()
    (gtt,) = room.exchange.gtts()
    assert room.intent(laid.intent_id).state == "UNKNOWN"
    words = {"gtt_id": gtt.gtt_id}
    wish = DeleteGtt(**words) if deleted else ModifyGtt.model_validate(sold_at("785") | words)
    assert "it is just being laid" in room.refusals(wish, "r-2")[0]
    room.lane().process({"account": "main", "intent_id": laid.intent_id})
    assert room.intent(laid.intent_id).target_gtt_id == gtt.gtt_id
    assert room.taken(wish, "r-2")
