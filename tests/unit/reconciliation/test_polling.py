"""The order book every five seconds while orders live: one ticket at a time, and none for nothing."""

import pytest

from patang.accounts.funds import Funds
from patang.errors import BadInput
from patang.execution.market_clock import MarketClock
from patang.keys import funds_key
from patang.records import create, load
from patang.settings import KiteSettings
from tests.unit.execution.stages import entry_of, submitted
from tests.unit.execution.trading_desk import TradingDesk


def sent(desk: TradingDesk) -> None:
    intent = submitted(desk)
    desk.lane().process({"account": "main", "intent_id": intent.intent_id})
    desk.exchange.frames.clear()
    desk.polls.tickets.clear()


def deliver(desk: TradingDesk) -> str:
    """The oldest ticket, when its delay is over."""
    ticket, delay = desk.polls.tickets.pop(0)
    desk.pass_time(delay)
    return desk.polling().poll(ticket)


def begun(desk: TradingDesk) -> None:
    desk.store.write(create(MarketClock(market_time=desk.market_time, seen_at=desk.clock.now())))
    sent(desk)
    desk.pass_time(60)
    assert desk.polling().begin("main")


def test_a_fill_that_nobody_told_is_found_within_five_seconds_and_then_it_is_quiet() -> None:
    desk = TradingDesk()
    begun(desk)
    assert [delay for _, delay in desk.polls.tickets] == [5]
    assert deliver(desk) == "POLLED"
    desk.exchange.prices = {"INFY": 1500.0}
    desk.exchange.match()
    desk.exchange.frames.clear()
    assert deliver(desk) in ("POLLED", "ENDED")
    assert entry_of(desk).state == "COMPLETE"
    assert desk.positions()[0].quantity == 20


def test_while_orders_live_one_ticket_follows_the_other() -> None:
    desk = TradingDesk()
    begun(desk)
    for _ in range(5):
        assert deliver(desk) == "POLLED"
        assert len(desk.polls.tickets) == 1


def test_nothing_alive_is_not_looked_at_again() -> None:
    desk = TradingDesk()
    begun(desk)
    desk.exchange.book[next(iter(desk.exchange.book))]["status"] = "CANCELLED"
    assert deliver(desk) == "ENDED"
    assert desk.polls.tickets == []
    assert desk.polling().begin("main")


def test_a_second_beginning_finds_the_ticket_on_its_way() -> None:
    desk = TradingDesk()
    begun(desk)
    assert not desk.polling().begin("main")
    desk.pass_time(24)
    assert not desk.polling().begin("main")
    assert len(desk.polls.tickets) == 1


def test_a_ticket_that_comes_twice_looks_once() -> None:
    desk = TradingDesk()
    begun(desk)
    ticket, _ = desk.polls.tickets.pop()
    assert [desk.polling().poll(ticket) for _ in range(3)] == ["POLLED", "NOT_MINE", "NOT_MINE"]
    assert len(desk.polls.tickets) == 1


def test_a_chain_that_broke_is_begun_anew_and_its_last_ticket_is_dropped() -> None:
    desk = TradingDesk()
    begun(desk)
    late, _ = desk.polls.tickets.pop()
    desk.pass_time(26)
    assert desk.polling().begin("main")
    assert desk.polling().poll(late) == "NOT_MINE"
    assert deliver(desk) == "POLLED"


def test_an_order_that_leaves_begins_its_own_polling_and_a_broken_queue_keeps_it_not() -> None:
    desk = TradingDesk()
    intent = submitted(desk)
    desk.lane().process({"account": "main", "intent_id": intent.intent_id})
    assert [ticket for ticket, _ in desk.polls.tickets] == [{"account": "main", "number": 1}]

    broken = TradingDesk()
    intent = submitted(broken)
    broken.polls.send = None
    assert broken.lane().process({"account": "main", "intent_id": intent.intent_id}) == "ACKED"
    assert broken.metrics.counts["polling_not_begun"] == 1


def test_the_minute_begins_a_chain_that_nobody_has() -> None:
    desk = TradingDesk()
    sent(desk)
    desk.pass_time(60)
    desk.reconciler().run(desk.market_time)
    assert len(desk.polls.tickets) == 1


def test_a_book_that_cannot_be_read_ends_the_chain_until_somebody_begins_again() -> None:
    desk = TradingDesk()
    begun(desk)
    desk.exchange.session_dead = True
    ticket, _ = desk.polls.tickets.pop()
    desk.polling().poll(ticket)
    assert desk.metrics.counts["poll_failed"] == 1
    assert len(desk.polls.tickets) == 1


def test_an_order_sent_while_the_last_look_ends_is_not_forgotten() -> None:
    """The lane finds the lease standing and leaves the polling to whoever has it, who is just ending."""
    desk = TradingDesk()
    begun(desk)
    desk.exchange.book[next(iter(desk.exchange.book))]["status"] = "CANCELLED"
    polling, follower = desk.polling(), desk.follower()

    class Meanwhile:
        def follow(self, *details: object) -> int:
            return follower.follow(*details)

        def refresh_funds(self, account: str) -> None:
            follower.refresh_funds(account)

        def live(self, account: str) -> list[object]:
            self.asked = getattr(self, "asked", 0) + 1
            return [] if self.asked == 1 else ["an order that was sent in between"]

    watched = Meanwhile()
    polling._follower = lambda: watched
    ticket, _ = desk.polls.tickets.pop()
    assert polling.poll(ticket) == "ENDED"
    assert len(desk.polls.tickets) == 1


@pytest.mark.parametrize("ticket", [{}, {"account": "main"}, {"account": 1, "number": 1}])
def test_what_is_no_ticket_is_said_so(ticket: dict[str, object]) -> None:
    with pytest.raises(BadInput, match="a poll needs an account and a number"):
        TradingDesk().polling().poll(ticket)


def test_outside_the_hours_of_a_real_market_nobody_polls() -> None:
    desk = TradingDesk(mode="paper")
    desk.settings = desk.settings.model_copy(update={"kite": KiteSettings()})
    assert desk.polling().begin("main")
    desk.pass_time(7 * 3600)
    assert not desk.polling().begin("main")


def test_before_the_first_tick_of_a_simulated_market_no_book_is_judged_by_the_walls_day() -> None:
    desk = TradingDesk()
    intent = submitted(desk)
    desk.exchange.mishaps = ["lost"]
    desk.lane().process({"account": "main", "intent_id": intent.intent_id})
    desk.clock.advance(24 * 3600)
    ticket, _ = desk.polls.tickets.pop(0)
    desk.polling().poll(ticket)
    assert desk.metrics.counts["poll_failed"] == 1
    assert entry_of(desk).state == "UNKNOWN", "its day has not ended: the wall is on another"


def test_after_a_fill_the_funds_are_asked_for_anew() -> None:
    desk = TradingDesk()
    begun(desk)
    deliver(desk)
    before = load(desk.store, Funds, funds_key("main"))
    desk.exchange.prices = {"INFY": 1500.0}
    desk.exchange.match()
    desk.exchange.net -= 30000
    deliver(desk)
    after = load(desk.store, Funds, funds_key("main"))
    assert before is not None
    assert after is not None
    assert before.net - after.net == 30000
    assert after.told_at == desk.clock.now(), "its age is known"
