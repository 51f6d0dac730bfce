"""(heartbeat): one sign of life for each of its times, and none for a time that is gone."""

from types import SimpleNamespace

import pytest

from functions.heartbeat import handler as heartbeat
from patang.market.heartbeat import Heartbeat
from patang.settings import Settings
from tests.fakes import FixedClock, RecordedMetrics


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    metrics = RecordedMetrics()
    made = SimpleNamespace(
        clock=FixedClock(),
        metrics=metrics,
        standing_settings=Settings,
        heartbeat=lambda: Heartbeat(metrics, pytest.fail, None),
    )
    monkeypatch.setattr(heartbeat, "desk", made)
    return made


def test_it_beats_at_its_time(desk: SimpleNamespace) -> None:
    told = heartbeat.handler({"scheduled_time": desk.clock.now().isoformat()}, None)
    assert told["ok"]
    assert desk.metrics.counts["heartbeat"] == 1


@pytest.mark.parametrize("event", [{"scheduled_time": "2026-01-01T08:15:00+05:30"}, {}])
def test_a_time_that_is_gone_is_no_sign_of_life(desk: SimpleNamespace, event: dict[str, str]) -> None:
    assert not heartbeat.handler(event, None)["ok"]
    assert desk.metrics.counts == {"schedule_refused": 1}
