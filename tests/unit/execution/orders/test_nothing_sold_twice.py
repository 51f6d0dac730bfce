"""What a person may sell beside everything that is on its way, and what of Patang's he cannot take away."""

from decimal import Decimal
from typing import Any

import pytest

from patang.execution.lane.sending import request_of
from patang.execution.orders.requests import (
    Basket,
    CancelOrder,
    ConvertPosition,
    GttLeg,
    ModifyGtt,
    ModifyOrder,
    PlaceGtt,
    PlaceOrder,
)
from patang.market.instruments import Instrument
from patang.records import replace
from tests.unit.execution.orders.order_room import OrderRoom
from tests.unit.execution.orders.samples import OPTION, SHARE, option_order, share_order
from tests.unit.execution.protected import entered, position
from tests.unit.execution.samples import equity_signal
from tests.unit.execution.stages import bought

SELL_65 = option_order(transaction_type="SELL", price="110")
SELL_TEN_OF_BSE = share_order(exchange="BSE", transaction_type="SELL")


class TwoExchanges(OrderRoom):
    """The share is listed on both."""

    def instrument(self, exchange: str, tradingsymbol: str, as_of: Any) -> Instrument | None:
        if (exchange, tradingsymbol) == ("BSE", SHARE.tradingsymbol):
            return SHARE.model_copy(update={"exchange": "BSE", "segment": "BSE"})
        return super().instrument(exchange, tradingsymbol, as_of)


def test_a_delivered_share_is_sold_on_one_exchange_and_not_on_the_other_too() -> None:
    room = TwoExchanges()
    room.hold(SHARE, "CNC", 10)
    sale = share_order(transaction_type="SELL")
    both = Basket(orders=(sale, SELL_TEN_OF_BSE))
    assert "10 are held" in room.refusals(both)[0]
    room.taken(sale)
    assert "10 stand to be sold" in room.refusals(SELL_TEN_OF_BSE, "r-2")[0], "it waits for the lane"
    room.run_lane()
    assert "10 stand to be sold" in room.refusals(SELL_TEN_OF_BSE, "r-2")[0], "it stands at the broker"


def test_a_share_of_patangs_is_not_sold_on_the_other_exchange() -> None:
    room = TwoExchanges()
    swing(room)
    room.exchange.end_day()
    room.market["INFY"] = 1500.0
    sale = share_order(exchange="BSE", transaction_type="SELL", quantity=20, price="1500")
    assert "20 of them are Patang's positions" in room.refusals(sale)[0]
    room.hold(SHARE, "CNC", 5)
    assert room.ask(sale.model_copy(update={"quantity": 5})).accepted


def test_an_iceberg_stands_with_all_of_its_legs() -> None:
    room = OrderRoom()
    room.hold(OPTION, "NRML", 130)
    room.taken(
        option_order(
            transaction_type="SELL", quantity=130, variety="iceberg", iceberg_legs=2, iceberg_quantity=65
        )
    )
    room.run_lane()
    (leg,) = room.exchange.book.values()
    leg |= {"quantity": 65, "meta": {"iceberg": {"leg": 1, "legs": 2, "remaining_quantity": 65}}}
    assert room.refusals(SELL_65, "r-2")


def test_an_iceberg_that_was_placed_elsewhere_stands_with_all_of_its_legs() -> None:
    room = OrderRoom()
    room.hold(OPTION, "NRML", 130)
    room.taken(SELL_65)
    room.run_lane()
    (leg,) = room.exchange.book.values()
    leg |= {"tag": "byhand", "meta": {"iceberg": {"leg": 1, "legs": 2, "remaining_quantity": 65}}}
    room.store.items = {key: item for key, item in room.store.items.items() if "INTENT#" not in key.sort}
    assert room.refusals(SELL_65, "r-2")


def test_a_cut_order_of_which_one_part_is_seen_stands_whole() -> None:
    room = OrderRoom()
    room.hold(OPTION, "NRML", 130)
    (sale,) = room.taken(option_order(transaction_type="SELL", quantity=130, price="110", autoslice=True))
    room.store.write(replace(sale.evolve(state="UNKNOWN", sending_at=room.clock.now())))
    room.exchange.place(request_of(sale.terms.model_copy(update={"quantity": 65}), sale.intent_id))
    assert room.refusals(SELL_65, "r-2")


def test_a_sale_that_is_being_made_larger_stands_as_it_will() -> None:
    room = OrderRoom()
    room.hold(OPTION, "NRML", 130)
    (sale,) = room.taken(SELL_65)
    room.run_lane()
    room.taken(ModifyOrder(order_id=sale.intent_id, quantity=130), "r-2")
    assert room.refusals(SELL_65, "r-3")


def trigger(units: int, **fields: Any) -> dict[str, Any]:
    leg = GttLeg(transaction_type="SELL", quantity=units, product="NRML", price=Decimal(90))
    target = leg.model_copy(update={"price": Decimal(120)})
    return {
        "kind": "two-leg",
        "exchange": "NFO",
        "tradingsymbol": OPTION.tradingsymbol,
        "trigger_values": (Decimal(90), Decimal(120)),
        "legs": (leg, target),
    } | fields


def test_a_trigger_that_is_being_made_larger_stands_as_it_will() -> None:
    room = OrderRoom()
    room.hold(OPTION, "NRML", 130)
    room.taken(PlaceGtt(**trigger(65)))
    room.run_lane()
    (gtt,) = room.exchange.gtts()
    room.taken(ModifyGtt(**trigger(130), gtt_id=gtt.gtt_id), "r-2")
    assert room.refusals(SELL_65, "r-3")


def test_what_is_being_converted_is_not_sold_in_its_old_product() -> None:
    room = OrderRoom()
    room.hold(OPTION, "MIS", 65)
    conversion = ConvertPosition(
        exchange="NFO",
        tradingsymbol=OPTION.tradingsymbol,
        transaction_type="BUY",
        position_type="overnight",
        quantity=65,
        old_product="MIS",
        new_product="NRML",
    )
    room.taken(conversion)
    assert room.refusals(option_order(transaction_type="SELL", product="MIS"), "r-2")
    assert room.refusals(conversion, "r-3"), "nor converted twice"


def test_a_cover_order_that_sells_first_is_a_short_sale() -> None:
    words = {"variety": "co", "product": "MIS", "transaction_type": "SELL", "trigger_price": "810"}
    with pytest.raises(ValueError, match="sells short"):
        share_order(**words)
    assert isinstance(share_order(**words | {"transaction_type": "BUY", "trigger_price": "790"}), PlaceOrder)


def clear_account(room: OrderRoom) -> None:
    """The stages of a trade open the account themselves."""
    for key in [key for key in room.store.items if key.partition == "ACCOUNTS" or key.sort == "SESSION"]:
        del room.store.items[key]


def swing(room: OrderRoom) -> None:
    """Twenty shares to keep, with the trigger that guards them."""
    clear_account(room)
    entered(room, equity_signal(holding_period="swing", exit_by=None))


def test_protection_that_is_just_being_laid_is_not_cancelled() -> None:
    room = OrderRoom()
    clear_account(room)
    held = bought(room, equity_signal(holding_period="swing", exit_by=None))
    (laying,) = [i for i in room.intents() if i.kind == "GTT_PLACE"]
    assert laying.state == "NEW"
    assert f"position {held.position_id}" in room.refusals(CancelOrder(order_id=laying.intent_id))[0]


@pytest.mark.parametrize("known", [True, False], ids=["adopted", "not seen yet"])
def test_the_order_of_a_positions_trigger_is_not_a_persons_to_take_away(known: bool) -> None:
    room = OrderRoom()
    swing(room)
    room.exchange.prices = {"INFY": float(position(room).stop_loss_price) - 1}
    room.exchange._trigger()
    child = next(order for order in room.exchange.orders() if not order.tag)
    if known:
        assert room.trigger_watch().follow("main", room.get_settings().mode, room.exchange, room.market_time)
    for wish in (
        CancelOrder(order_id=child.order_id),
        ModifyOrder(order_id=child.order_id, price=Decimal(1400)),
    ):
        assert f"position {position(room).position_id}" in room.refusals(wish)[0]
