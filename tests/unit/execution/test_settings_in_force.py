"""What settings do to orders on their way: exits go on while they are wrong, and no entry meets an event."""

import pytest

from patang.errors import SettingsError
from patang.execution.intent import OrderIntent
from patang.execution.lane.order_lane import OrderLane
from patang.keys import intent_key
from patang.records import load
from patang.settings import EventBlackout, Settings
from tests.unit.execution.samples import MORNING
from tests.unit.execution.stages import approved, closing, submitted
from tests.unit.execution.trading_desk import TradingDesk


def unreadable() -> Settings:
    raise SettingsError("the desk's settings are wrong: risk.min_confidence = 2")


def lane(desk: TradingDesk) -> OrderLane:
    """A lane whose stored settings are wrong, and which has the last good ones."""
    return OrderLane(
        desk.store,
        desk.broker,
        desk.resolution(),
        desk.protector(),
        desk.lane_tokens(),
        desk.second_try(),
        desk.polling(),
        desk.workflows,
        unreadable,
        desk.get_settings,
        desk.clock,
        desk.notifier,
        desk.metrics,
    )


def test_while_settings_are_wrong_an_entry_is_dropped_with_the_reason() -> None:
    desk = TradingDesk()
    intent = submitted(desk)
    assert lane(desk).process({"account": "main", "intent_id": intent.intent_id}) == "DROPPED"
    assert desk.exchange.sent == []
    dropped = load(desk.store, OrderIntent, intent_key("main", intent.intent_id))
    assert dropped is not None
    assert "risk.min_confidence = 2" in dropped.reason
    assert desk.risk().reservations == {}


def test_while_settings_are_wrong_exits_go_on() -> None:
    desk = TradingDesk()
    _, intent = closing(desk)
    sent = len(desk.exchange.sent)
    assert lane(desk).process({"account": "main", "intent_id": intent.intent_id}) == "ACKED"
    assert desk.exchange.sent[sent:] == [intent.intent_id]


@pytest.mark.parametrize(("until", "ok"), [("23:59", False), ("09:30", True)])
def test_an_event_that_has_begun_meanwhile_keeps_an_approved_order_back(until: str, ok: bool) -> None:
    desk = TradingDesk()
    proposal = approved(desk)
    event = EventBlackout(day=MORNING.date(), start="09:00", until=until, reason="Reserve Bank")
    desk.settings = desk.settings.model_copy(update={"blackouts": (event,)})
    found = desk.flow().recheck("main", proposal.order_id)
    assert found["ok"] is ok
    assert ("EVENT_BLACKOUT: Reserve Bank" in str(found["reason"])) is not ok
