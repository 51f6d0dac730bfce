"""What turns up after it was taken for lost is taken back, and never beside another of the same."""

from dataclasses import replace as changed
from datetime import timedelta
from decimal import Decimal

import pytest

from patang.errors import OutcomeUnknown
from patang.execution.ids import intent_id
from patang.execution.intent import OrderIntent
from patang.keys import position_key
from patang.portfolio.position import Position
from patang.ports import Gtt, GttRequest
from patang.records import create, load, replace
from tests.unit.execution.lane_cases import calls_counted, deliver, new_intent, stored, trigger
from tests.unit.execution.samples import MORNING
from tests.unit.execution.stages import bought, submitted, tell
from tests.unit.execution.trading_desk import TradingDesk


def given_up(desk: TradingDesk, kind: str = "GTT_PLACE") -> tuple[OrderIntent, list[GttRequest]]:
    """A trigger whose request was lost on its way and is still travelling, thirty seconds later."""
    intent, travelling = new_intent(desk, kind), []

    def swallow(request: GttRequest) -> str:
        travelling.append(request)
        raise OutcomeUnknown("Order request timed out")

    place, desk.exchange.place_gtt = desk.exchange.place_gtt, swallow
    assert deliver(desk, intent) == "UNKNOWN"
    desk.exchange.place_gtt = place
    desk.pass_time(31)
    assert deliver(desk, intent) == "REJECTED"
    return stored(desk, intent), travelling


def another(desk: TradingDesk, stop: str = "1450.00", **fields: object) -> OrderIntent:
    """The next try at a trigger, with the market a little further on."""
    first = stored(desk, next(intent for intent in desk.intents() if intent.kind == "GTT_PLACE"))
    gtt = trigger(stop).model_copy(update={"last_price": Decimal("1501.00")})
    following = OrderIntent(
        account="main",
        intent_id=intent_id("main", "gtt_place", MORNING.date(), "another"),
        kind="GTT_PLACE",
        terms=first.terms,
        gtt=gtt,
        as_of=desk.market_time,
        written_at=desk.clock.now(),
        reducing=True,
        **fields,
    )
    desk.store.write(create(following))
    return following


def test_an_order_that_appears_after_it_was_given_up_is_adopted_with_its_fill() -> None:
    desk = TradingDesk()
    intent = submitted(desk)
    desk.exchange.mishaps = ["late"]
    assert deliver(desk, intent) == "UNKNOWN"
    arriving, desk.exchange.coming = desk.exchange.coming, []
    desk.pass_time(31)
    assert deliver(desk, intent) == "REJECTED"
    assert desk.risk().reservations == {}
    desk.exchange.coming = [(desk.clock.now(), act) for _, act in arriving]
    desk.exchange.prices = {"INFY": 1500.0}
    desk.exchange.match()
    tell(desk)
    assert stored(desk, intent).state == "COMPLETE"
    (position,) = desk.positions()
    assert position.quantity == 20
    assert desk.exchange.sent.count(intent.intent_id) == 1
    assert desk.metrics.counts["order_turned_up_late"] == 1


def test_a_trigger_that_turned_up_is_taken_instead_of_laying_another_like_it() -> None:
    desk = TradingDesk()
    lost, travelling = given_up(desk)
    gtt_id = desk.exchange.place_gtt(travelling[0])
    following, calls = another(desk), calls_counted(desk)
    assert deliver(desk, following) == "COMPLETE"
    assert stored(desk, following).target_gtt_id == gtt_id
    assert stored(desk, lost).state == "REJECTED"
    assert calls == []
    assert len(desk.exchange.triggers) == 1


def test_another_trigger_is_not_laid_beside_one_that_turned_up() -> None:
    desk = TradingDesk()
    lost, travelling = given_up(desk)
    gtt_id = desk.exchange.place_gtt(travelling[0])
    following, calls = another(desk, stop="1460.00"), calls_counted(desk)
    assert deliver(desk, following) == "DROPPED"
    assert gtt_id in stored(desk, following).reason
    assert (stored(desk, lost).state, stored(desk, lost).target_gtt_id) == ("COMPLETE", gtt_id)
    assert calls == []


def test_a_trigger_that_never_came_does_not_keep_the_next_one_back() -> None:
    desk = TradingDesk()
    given_up(desk)
    following = another(desk)
    assert deliver(desk, following) == "COMPLETE"
    assert len(desk.exchange.triggers) == 1


@pytest.mark.parametrize("what", ["older", "of another", "deleted"])
def test_a_trigger_like_ours_is_not_ours(what: str) -> None:
    desk = TradingDesk()
    lost, travelling = given_up(desk)
    gtt_id = desk.exchange.place_gtt(travelling[0])
    there: Gtt = desk.exchange.triggers[gtt_id]
    if what == "older":
        there = changed(there, created_at=lost.as_of - timedelta(hours=1))
    elif what == "deleted":
        there = changed(there, status="deleted")
    else:
        other = new_intent_of_another(desk, gtt_id)
        assert stored(desk, other).target_gtt_id == gtt_id
    desk.exchange.triggers[gtt_id] = there
    assert desk.resolution().late_triggers("main", MORNING.date()) == []
    assert stored(desk, lost).state == "REJECTED"


def new_intent_of_another(desk: TradingDesk, gtt_id: str) -> OrderIntent:
    taken = another(desk)
    desk.store.write(replace(stored(desk, taken).evolve(state="COMPLETE", target_gtt_id=gtt_id)))
    return taken


def test_the_sweep_takes_a_late_trigger_back_and_deletes_one_that_its_position_has_replaced() -> None:
    desk = TradingDesk()
    position = bought(desk)
    lost, travelling = given_up(desk)
    desk.store.write(replace(lost.evolve(position_id=position.position_id)))
    desk.queue.messages.clear()
    gtt_id = desk.exchange.place_gtt(travelling[0])
    assert desk.intent_sweep().run("main", desk.market_time) == 1
    assert (stored(desk, lost).state, stored(desk, lost).target_gtt_id) == ("COMPLETE", gtt_id)
    assert desk.metrics.counts["order_turned_up_late"] == 1
    held = load(desk.store, Position, position_key("main", position.position_id))
    assert held is not None
    ((group, _, body),) = desk.queue.messages
    assert group == "main#exit"
    assert desk.lane().process(body) == "COMPLETE"
    assert desk.exchange.triggers[gtt_id].status == "deleted"
    assert desk.intent_sweep().run("main", desk.market_time) == 0


def test_a_persons_late_trigger_is_left_to_him() -> None:
    desk = TradingDesk()
    lost, travelling = given_up(desk)
    desk.exchange.place_gtt(travelling[0])
    desk.queue.messages.clear()
    assert desk.intent_sweep().run("main", desk.market_time) == 1
    assert stored(desk, lost).state == "COMPLETE"
    assert desk.queue.messages == []
