"""How long a message has waited on the local stack, whose market runs hundreds of times as fast."""

from datetime import datetime, timedelta

from patang.market.sessions import IST
from patang_workbench.local_stack.queue_ages import oldest_by_the_market, oldest_by_the_wall

MOMENT = datetime(2026, 8, 18, 10, 0, tzinfo=IST)
# A minute of the market a second of the wall, looked at each.
LOOKS = [(float(1000 + n), MOMENT + timedelta(minutes=n)) for n in range(10)]
NOW, THEN = 1010.0, MOMENT + timedelta(minutes=10)


def message(sent: float, *, visible: float | None = None, received: int = 0) -> dict[str, object]:
    at = sent if visible is None else visible
    return {"SentTimestamp": sent, "VisibleAt": at, "IsVisible": at <= NOW, "ReceiveCount": received}


def test_a_message_is_as_old_as_the_market_was_when_it_was_sent():
    assert oldest_by_the_market([message(1007.5), message(1009.5)], LOOKS, THEN) == 180
    assert oldest_by_the_market([message(1007.5, visible=1040, received=1)], LOOKS, THEN) == 180
    assert oldest_by_the_market([], LOOKS, THEN) == 0


def test_one_that_is_not_due_yet_waits_for_nobody():
    later = message(1006, visible=1011)
    assert oldest_by_the_market([later], LOOKS, THEN) == oldest_by_the_wall([later], NOW) == 0


def test_a_ticket_of_the_wall_that_is_taken_at_once_is_not_late_in_a_fast_market():
    """It was sent with its five seconds of delay, in which five minutes of the market went by."""
    taken = message(1004.5, visible=1040, received=1)
    assert oldest_by_the_market([taken], LOOKS, THEN) == 360
    assert oldest_by_the_wall([taken], NOW) == 5.5


def test_a_ticket_that_nobody_takes_is_late_by_the_wall_as_well():
    assert oldest_by_the_wall([message(870)], NOW) == 140
