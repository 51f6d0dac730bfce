"""An order of yesterday of which nobody heard how it ended: what is held tells."""

import pytest

from patang.errors import OutcomeUnknown
from tests.unit.execution.lane_cases import deliver, new_intent, stored
from tests.unit.execution.protected import pump
from tests.unit.execution.samples import equity_signal
from tests.unit.execution.stages import entry_of, submitted
from tests.unit.execution.trading_desk import TradingDesk


def standing(desk: TradingDesk) -> None:
    """A delivery buy that stands at the broker, compared once on its day."""
    intent = submitted(desk, equity_signal(holding_period="swing", exit_by=None))
    desk.lane().process({"account": "main", "intent_id": intent.intent_id})
    desk.exchange.frames.clear()
    desk.exchange.prices = {}
    desk.pass_time(60)
    assert desk.comparison().run("main", desk.market_time)[0].clean


def overnight(desk: TradingDesk) -> None:
    desk.exchange.frames.clear()
    desk.exchange.end_day()
    desk.pass_time(23 * 3600)
    desk.follower().follow("main", desk.market_time, "poll")


@pytest.mark.parametrize("part", [20, 7])
def test_a_fill_of_the_days_last_moment_that_nobody_told_is_found_in_the_morning(part: int) -> None:
    desk = TradingDesk()
    standing(desk)
    desk.exchange.prices, desk.exchange.fill_at_most = {"INFY": 1499.0}, part
    desk.exchange.match()
    overnight(desk)
    (position,) = desk.positions()
    assert (position.quantity, entry_of(desk).filled_quantity) == (part, part)
    assert entry_of(desk).state == ("COMPLETE" if part == 20 else "CANCELLED")
    assert position.entry_price == entry_of(desk).terms.price
    assert desk.risk().reservations == {}
    desk.exchange.fill_at_most = None
    desk.exchange.prices = {}
    desk.protector().keep("main", position.position_id, desk.market_time)
    pump(desk)
    assert [gtt.status for gtt in desk.exchange.triggers.values()] == ["active"]
    assert desk.comparison().run("main", desk.market_time)[0].clean


def test_an_order_that_was_not_filled_has_ended_with_its_day() -> None:
    desk = TradingDesk()
    standing(desk)
    overnight(desk)
    assert (entry_of(desk).state, desk.positions()) == ("CANCELLED", [])
    assert "order_missing" not in desk.metrics.counts


def test_shares_of_the_owner_are_not_taken_for_a_fill() -> None:
    desk = TradingDesk()
    desk.exchange.carried["NSE", "INFY", "CNC"] = 20
    standing(desk)
    overnight(desk)
    assert (entry_of(desk).state, desk.positions()) == ("CANCELLED", [])


def test_what_cannot_be_told_apart_alarms() -> None:
    desk = TradingDesk()
    standing(desk)
    desk.exchange.carried["NSE", "INFY", "CNC"] = 35
    overnight(desk)
    assert (entry_of(desk).state, desk.positions()) == ("CANCELLED", [])
    assert desk.metrics.counts["order_missing"] == 1
    assert "holds 35 INFY beside the desk's" in str(desk.risk().halt_reason)


@pytest.mark.parametrize("looked_up_by", ["follower", "lane"])
def test_an_order_whose_reply_was_lost_is_not_called_lost_by_the_book_of_another_day(
    looked_up_by: str,
) -> None:
    """It was filled in its day's last moment, and the broker was not to be reached before the morning."""
    desk = TradingDesk()
    intent = submitted(desk, equity_signal(holding_period="swing", exit_by=None))
    desk.exchange.mishaps = ["unheard"]
    assert desk.lane().process({"account": "main", "intent_id": intent.intent_id}) == "UNKNOWN"
    desk.exchange.prices = {"INFY": 1499.0}
    desk.exchange.match()
    desk.exchange.frames.clear()
    desk.exchange.end_day()
    desk.pass_time(23 * 3600)
    if looked_up_by == "lane":
        assert desk.lane().process({"account": "main", "intent_id": intent.intent_id}) == "UNKNOWN"
        assert "order_never_arrived" not in desk.metrics.counts
    desk.follower().follow("main", desk.market_time, "poll")
    assert "order_never_arrived" not in desk.metrics.counts
    assert (entry_of(desk).state, desk.metrics.counts["order_missing"]) == ("CANCELLED", 1)
    assert (desk.risk().state, desk.risk().gate) == ("REDUCING", "UNKNOWN_ORDER")
    assert "exactly these 20 INFY" in str(desk.risk().halt_reason)
    told = [text for subject, text in desk.notifier.sent if subject == "An order's end is unknown"]
    assert ["exactly these 20 INFY" in text for text in told] == [True]
    assert "bought nothing: as far as anybody knows" in desk.notifier.sent[-1][1]
    # Nobody can tell those shares from the owner's: a clean comparison does not let entries in again.
    assert desk.comparison().run("main", desk.market_time)[0].clean
    desk.halts().end_of_day("main", desk.market_time)
    assert desk.risk().is_halted_on(desk.market_time.date())
    desk.halts().resume("main", "owner", desk.market_time)
    assert desk.risk().state == "ACTIVE"


def test_of_an_unheard_purchase_that_is_not_held_the_account_stops_too_and_says_so() -> None:
    """It may have been sold by now, as an intraday one is."""
    desk = TradingDesk()
    intent = submitted(desk)
    desk.exchange.mishaps = ["lost"]
    assert desk.lane().process({"account": "main", "intent_id": intent.intent_id}) == "UNKNOWN"
    overnight(desk)
    assert (entry_of(desk).state, desk.risk().gate) == ("CANCELLED", "UNKNOWN_ORDER")
    assert "holds no INFY of that product" in str(desk.risk().halt_reason)


@pytest.mark.parametrize("looked_up_by", ["follower", "lane"])
@pytest.mark.parametrize("done", [True, False])
def test_a_conversion_of_yesterday_is_not_called_done_because_nothing_is_left_of_its_product(
    looked_up_by: str, done: bool
) -> None:
    desk = TradingDesk()
    desk.exchange.carried["NSE", "INFY", "MIS"] = 20
    intent = new_intent(desk, "CONVERT")

    def unheard(request: object) -> None:
        if done:
            desk.exchange.carried["NSE", "INFY", "CNC"] = 20
        desk.exchange.carried["NSE", "INFY", "MIS"] = 0
        raise OutcomeUnknown("connection reset")

    desk.exchange.convert_position = unheard
    assert deliver(desk, intent) == "UNKNOWN"
    desk.pass_time(23 * 3600)
    if looked_up_by == "lane":
        assert deliver(desk, intent) == "UNKNOWN"
    desk.follower().follow("main", desk.market_time, "poll")
    assert stored(desk, intent).state == "CANCELLED"
    assert (desk.risk().state, desk.risk().gate) == ("REDUCING", "UNKNOWN_ORDER")
    assert desk.metrics.counts["order_missing"] == 1
    assert "whether it was done" in str(desk.risk().halt_reason)
