"""The handlers of (features), (morning) and (archive): event in, one service, result out."""

import base64
from datetime import datetime
from typing import Any

import pytest

import functions.archive.handler as archive
import functions.features.handler as features
import functions.morning.handler as morning
from patang.settings import Settings
from tests.fakes import FixedClock, MemoryStore, RecordedMetrics
from tests.unit.market.market_day import at


class Recorded:
    """Stands for the desk: each service is this, and keeps what it was asked."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.clock, self.metrics = FixedClock(at("08:30:05")), RecordedMetrics()
        self.store = MemoryStore()
        self._settings = settings or Settings()
        self.asked: list[Any] = []

    def standing_settings(self) -> Settings:
        return self._settings

    def features(self) -> "Recorded":
        return self

    morning = archive = features

    def process(self, records: list[tuple[str, bytes]], shard: str) -> list[str]:
        self.asked.append((shard, records))
        return ["bad"] * sum(data == b"bad" for _, data in records)

    def run(self, moment: datetime) -> dict[str, Any]:
        self.asked.append(moment)
        return {"ok": True}

    def catch_up(self, moment: datetime) -> dict[str, Any]:
        self.asked.append(("unless prepared", moment))
        return {"ok": True}


def kinesis(shard: str, sequence: str, data: bytes) -> dict[str, Any]:
    return {
        "eventID": f"{shard}:{sequence}",
        "kinesis": {"sequenceNumber": sequence, "data": base64.b64encode(data).decode()},
    }


def test_records_reach_the_service_by_shard_and_in_order(monkeypatch):
    desk = Recorded()
    monkeypatch.setattr(features, "desk", desk)
    event = {"Records": [kinesis("s1", "5", b"a"), kinesis("s1", "6", b"bad"), kinesis("s2", "7", b"c")]}
    assert features.handler(event, None) == {"batchItemFailures": [], "bad_records": 1}
    assert desk.asked == [("s1", [("5", b"a"), ("6", b"bad")]), ("s2", [("7", b"c")])]


@pytest.mark.parametrize("handler", [morning, archive])
def test_scheduled_handlers_take_their_time_from_the_event(monkeypatch, handler):
    desk = Recorded()
    monkeypatch.setattr(handler, "desk", desk)
    assert handler.handler({"scheduled_time": "2016-08-16T03:00:00Z", "again": True}, None) == {"ok": True}
    assert desk.asked == [at("08:30")]


def test_a_schedule_prepares_a_day_once_and_a_person_as_often_as_he_wants(monkeypatch):
    desk = Recorded()
    monkeypatch.setattr(morning, "desk", desk)
    morning.handler({"scheduled_time": "2016-08-16T03:00:00Z"}, None)
    assert desk.asked == [("unless prepared", at("08:30"))]


@pytest.mark.parametrize("handler", [morning, archive])
@pytest.mark.parametrize("text", ["2016-08-16T05:00:00Z", "soon", None])
def test_scheduled_handlers_refuse_a_stale_or_unreadable_time(monkeypatch, handler, text):
    desk = Recorded()
    monkeypatch.setattr(handler, "desk", desk)
    result = handler.handler({"scheduled_time": text}, None)
    assert not result["ok"]
    assert str(text) in result["reason"]
    assert desk.asked == []
    assert desk.metrics.counts == {"schedule_refused": 1}
