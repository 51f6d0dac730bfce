"""After the close: the archive fails and is made up for, and a silent market calls nobody.

It moves the desk's clock behind the session, so it comes last in the folder.
"""

from datetime import datetime, timedelta

import pytest

from patang.market.sessions import IST
from tests.integration.failures.room import Room

ARCHIVED = timedelta(hours=15, minutes=50)


def evening(deployed: Room) -> datetime:
    return datetime.combine(deployed.stack.day, datetime.min.time(), IST) + ARCHIVED


def test_an_archive_that_failed_is_made_up_for(deployed: Room) -> None:
    deployed.faults.tell("archive", "before")
    with pytest.raises(RuntimeError, match=r"\(archive\) failed"):
        deployed.stack.schedules.call("archive", evening(deployed))
    deployed.moment = evening(deployed)
    deployed.look()
    assert deployed.rang() >= {"archive-errors"}
    assert deployed.stored("historical_candles/symbol=TCS/") == []

    deployed.faults.end("archive")
    done = deployed.stack.schedules.call("archive", evening(deployed))
    assert done.get("ok", True), done
    assert len(deployed.stored("historical_candles/symbol=TCS/")) == 1


def test_a_closed_market_is_quiet(deployed: Room) -> None:
    """For ten minutes no tick comes, as in the fault; but the heart beats and says why."""
    for _ in range(10):
        deployed.moment += timedelta(minutes=1)
        if deployed.moment.minute % 5 == 0:
            deployed.stack.schedules.call("heartbeat", deployed.moment)
        deployed.look()

    assert {"ticks-missing", "minutes-missing", "market-closed"} <= deployed.ringing()
    assert "market-silence" not in deployed.ringing()
    assert "heartbeat-missing" not in deployed.ringing()
    assert deployed.rang() & {"market-silence", "heartbeat-missing", "stale-data"} == set()


def test_a_desk_that_is_dead_by_night_is_heard_of(deployed: Room) -> None:
    """Without a heart that beats nobody says that the market is closed, and both call."""
    for _ in range(20):
        deployed.moment += timedelta(minutes=1)
        deployed.look()

    assert {"heartbeat-missing", "market-silence"} <= deployed.rang()
