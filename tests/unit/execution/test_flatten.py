"""Flatten-all: nothing more is bought, everything held is sold, once."""

from patang.execution.leaving.flatten import Flatten
from patang.keys import mark_key
from patang.portfolio.position import Mark
from patang.records import create, load
from tests.unit.execution.protected import entered, pump
from tests.unit.execution.stages import entry_of, submitted
from tests.unit.execution.trading_desk import TradingDesk
from tests.unit.risk.samples import halts, mark, position


def flatten(desk: TradingDesk) -> Flatten:
    stops = halts(desk.store, desk.settings, desk.clock, desk.notifier, desk.metrics)
    return Flatten(desk.store, stops, desk.exits(), desk.amendments(), desk.get_settings)


def run(desk: TradingDesk):
    return flatten(desk).run("main", "fire", "person:asha", desk.market_time)


def held(desk: TradingDesk, symbol: str, **changes):
    found = position(symbol, mode=desk.settings.mode, **changes)
    desk.store.write(create(found), create(mark(found, as_of=desk.market_time)))
    return found


def test_everything_that_is_open_is_sold_and_the_account_is_halted() -> None:
    desk = TradingDesk()
    one, two, three = held(desk, "TCS"), held(desk, "INFY"), held(desk, "SBIN")
    bought_on_paper = position("LT", mode="paper")
    desk.store.write(create(bought_on_paper))
    done = run(desk)
    assert set(done.exits) == {one.position_id, two.position_id, three.position_id}
    assert desk.risk().state == "HALTED"
    exits = [intent for intent in desk.intents() if intent.kind == "EXIT"]
    assert {intent.reason for intent in exits} == {"FLATTEN"}
    assert len(exits) == 3
    bid = load(desk.store, Mark, mark_key(one.position_id)).bid
    assert all(intent.terms.price < bid for intent in exits if intent.position_id == one.position_id)
    assert "LT" not in {intent.terms.tradingsymbol for intent in exits}


def test_flattening_twice_sells_once() -> None:
    desk = TradingDesk()
    found = held(desk, "TCS")
    run(desk)
    again = run(desk)
    assert (again.exits, again.closing) == ((), (found.position_id,))
    assert len([intent for intent in desk.intents() if intent.kind == "EXIT"]) == 1


def test_an_entry_that_the_lane_has_not_sent_is_dropped() -> None:
    desk = TradingDesk()
    intent = submitted(desk)
    assert run(desk).cancels == ()
    assert desk.lane().process({"account": "main", "intent_id": intent.intent_id}) == "DROPPED"
    assert desk.exchange.sent == []


def test_an_entry_that_stands_at_the_broker_is_cancelled() -> None:
    desk = TradingDesk()
    intent = submitted(desk)
    assert desk.lane().process({"account": "main", "intent_id": intent.intent_id}) == "ACKED"
    desk.pass_time(1)
    assert run(desk).cancels == (intent.intent_id,)
    cancel = next(found for found in desk.intents() if found.kind == "CANCEL")
    assert cancel.target_intent_id == entry_of(desk).intent_id
    assert desk.lane().process({"account": "main", "intent_id": cancel.intent_id}) == "COMPLETE"


def test_an_entry_that_fills_while_the_desk_is_flattened_is_sold_at_once() -> None:
    desk = TradingDesk()
    intent = submitted(desk)
    desk.exchange.prices = {"INFY": 1500.0}
    # The order is on its way: its reply is lost, so nobody can cancel it yet.
    desk.exchange.mishaps = ["unheard"]
    assert desk.lane().process({"account": "main", "intent_id": intent.intent_id}) == "UNKNOWN"
    assert run(desk).cancels == ()
    desk.queue.messages.clear()
    desk.exchange.match()
    pump(desk)
    (found,) = desk.positions()
    assert (found.state, found.exit_reason) == ("CLOSED", "FLATTEN")
    assert desk.exchange.net_quantity("INFY") == 0
    assert [i for i in desk.intents() if i.kind == "PROTECT"] == []


def test_a_sale_that_is_refused_is_begun_again_though_no_stop_is_hit() -> None:
    desk = TradingDesk()
    entered(desk)
    desk.exchange.slips = ["refuse"]
    run(desk)
    pump(desk)
    assert desk.positions()[0].state == "OPEN"
    desk.pass_time(11)
    desk.protector().sweep(desk.positions(), desk.market_time)
    pump(desk)
    (found,) = desk.positions()
    assert (found.state, found.exit_reason) == ("CLOSED", "FLATTEN")


def test_resuming_ends_the_flattening() -> None:
    desk = TradingDesk()
    run(desk)
    assert desk.risk().flattening
    stops = halts(desk.store, desk.settings, desk.clock, desk.notifier, desk.metrics)
    assert stops.resume("main", "person:asha", desk.market_time)
    assert not desk.risk().flattening


def test_an_account_that_is_halted_already_is_flattened_too() -> None:
    desk = TradingDesk()
    stops = halts(desk.store, desk.settings, desk.clock, desk.notifier, desk.metrics)
    stops.halt("main", "news", "person:asha", desk.market_time)
    assert not desk.risk().flattening
    run(desk)
    assert (desk.risk().flattening, desk.risk().halt_reason) == (True, "news")
