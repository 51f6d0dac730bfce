"""Baskets of people: sent as a whole, paid as a whole, and what becomes of the rest."""

from typing import Any

from patang.execution.intent import OrderIntent
from patang.execution.orders.requests import Basket
from tests.unit.execution.orders.order_room import OrderRoom
from tests.unit.execution.orders.samples import OPTION, option_order, share_order


def test_a_basket_is_sent_only_if_all_of_it_may_be() -> None:
    room = OrderRoom()
    wrong = Basket(orders=(option_order(), share_order(price="800.01"), option_order(quantity=1)))
    assert room.refusals(wrong) == [
        "orders[1].price is 800.01: give a multiple of the tick of 0.05: 800.00 or 800.05",
        "orders[2].quantity is 1: give a multiple of the lot of 65, such as 65",
    ]
    intents = room.taken(Basket(orders=(option_order(), share_order())))
    assert [intent.terms.tradingsymbol for intent in intents] == [OPTION.tradingsymbol, "INFY"]
    room.run_lane()
    room.trade()
    assert [view.state for view in room.state().intents] == ["COMPLETE", "COMPLETE"]


def test_a_basket_is_paid_and_covered_as_a_whole() -> None:
    room = OrderRoom()
    room.exchange.net = 10_000.0
    assert "15950.00 are needed" in room.refusals(Basket(orders=(option_order(), share_order())))[0]
    room.hold(OPTION, "NRML", 65)
    sale = option_order(transaction_type="SELL")
    assert "quantity is 130: 65 may be sold" in room.refusals(Basket(orders=(sale, sale)))[0]


def test_of_a_basket_that_fails_in_part_the_rest_is_cancelled_where_that_is_wanted() -> None:
    for cancel_rest in (True, False):
        room = OrderRoom()
        room.exchange.mishaps = ["", "refuse", ""]
        orders = (option_order(price="95"), share_order(), share_order(price="790"))
        first, _, third = room.taken(Basket(orders=orders, cancel_rest=cancel_rest))
        room.run_lane()
        state = room.state()
        assert [view.state for view in state.intents] == ["ACKED", "REJECTED", "ACKED"]
        assert state.intents[1].message == "Insufficient funds."
        assert len(state.cancels) == (2 if cancel_rest else 0)
        assert room.state().cancels == state.cancels, "looking again cancels once"
        room.run_lane()
        room.hear()
        ended = [view.state for view in room.state().intents]
        assert ended == (
            ["CANCELLED", "REJECTED", "CANCELLED"] if cancel_rest else ["ACKED", "REJECTED", "ACKED"]
        )
        assert room.exchange.sent == [first.intent_id, third.intent_id]


def basket_of_three(room: OrderRoom) -> tuple[OrderIntent, ...]:
    """All below the market, so that they stand."""
    orders = (option_order(price="95"), share_order(price="790"), share_order(price="780"))
    return room.taken(Basket(orders=orders, cancel_rest=True))


def states(room: OrderRoom, intents: tuple[OrderIntent, ...]) -> list[str]:
    return [room.intent(intent.intent_id).state for intent in intents]


def test_the_rest_of_a_basket_goes_by_itself_when_an_update_ends_one_of_its_orders() -> None:
    room = OrderRoom()
    intents = basket_of_three(room)
    room.run_lane()
    room.hear()
    room.exchange.cancel("regular", room.intent(intents[1].intent_id).broker_order_id or "")
    room.hear()
    room.run_lane()
    room.hear()
    assert states(room, intents) == ["CANCELLED"] * 3
    cancels = [i for i in room.intents() if i.kind == "CANCEL"]
    assert {i.target_intent_id for i in cancels} == {intents[0].intent_id, intents[2].intent_id}
    assert set(room.state().cancels) == {i.intent_id for i in cancels}
    assert room.store.query_index("OPEN_BASKETS") == []


def test_the_rest_of_a_basket_goes_at_the_next_poll_where_the_broker_refused_one_at_once() -> None:
    room = OrderRoom()
    room.exchange.mishaps = ["", "refuse", ""]
    intents = basket_of_three(room)
    unsent = [m for m in room.queue.messages if m[1] == intents[2].intent_id]
    room.queue.messages = [m for m in room.queue.messages if m not in unsent]
    room.run_lane()
    assert states(room, intents) == ["ACKED", "REJECTED", "NEW"]
    for _ in range(3):
        room.pass_time(5)
        room.follower().follow("main", room.market_time, "poll")
    assert states(room, intents) == ["ACKED", "REJECTED", "DROPPED"], "the third is not sent any more"
    assert len([i for i in room.intents() if i.kind == "CANCEL"]) == 1, "looking again cancels once"
    room.run_lane()
    room.hear()
    assert states(room, intents) == ["CANCELLED", "REJECTED", "DROPPED"]
    assert "ORDER_DROPPED" in room.events()
    assert room.store.query_index("OPEN_BASKETS") == []


def test_of_a_basket_nobody_knows_the_end_of_an_order_is_waited_for() -> None:
    room = OrderRoom()
    room.exchange.mishaps = ["unheard", "refuse"]
    intents = basket_of_three(room)
    room.run_lane()
    assert states(room, intents) == ["UNKNOWN", "REJECTED", "ACKED"]
    assert len(room.state().cancels) == 1
    room.pass_time(5)
    room.follower().follow("main", room.market_time, "poll")
    room.run_lane()
    room.hear()
    assert states(room, intents) == ["CANCELLED", "REJECTED", "CANCELLED"]
    assert len(room.state().cancels) == 2


def test_a_basket_asks_for_its_quotes_in_one_call() -> None:
    room, asked = OrderRoom(), []
    quotes = room.quotes

    def counted(identifiers: Any) -> Any:
        asked.append(sorted(identifiers))
        return quotes(asked[-1])

    room.quotes = counted
    room.taken(Basket(orders=(option_order(), share_order(), option_order())))
    assert asked == [["NFO:NIFTY26AUG24500CE", "NSE:INFY"]]
