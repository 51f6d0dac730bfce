"""The service along the stream: cold starts, repeats, other instances, crashes, bad records, cycles."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta

import numpy as np
import pytest

from patang.errors import BadInput, SettingsError
from patang.features.closing import MinuteCloser
from patang.features.pointer import FeaturePointer, save_seed
from patang.features.service import FeatureService
from patang.features.state import FeatureState
from patang.features.warm_up import MINUTE_BAR
from patang.keys import cycle_key, state_pointer_key
from patang.market.candles import ClosedMinute
from patang.market.chain_snapshot import ChainSnapshot
from patang.market.cycle import Cycle
from patang.market.envelope import envelope
from patang.market.minutes import load_minute
from patang.market.session_override import SessionOverride
from patang.market.universe import save_universe
from patang.ports import WriteConflict
from patang.records import load
from patang.settings import Settings
from patang.trail.ids import trail_ids
from tests.fakes import (
    FixedClock,
    MemoryObjects,
    MemoryStore,
    RecordedDeadLetters,
    RecordedMetrics,
    RecordedWorkflows,
)
from tests.unit.market.market_day import (
    DAY,
    SESSION,
    at,
    marker_record,
    quiet_second,
    stream,
    tick,
    ticks_record,
    universe,
)

SHARD = "shardId-000000000000"


class MemoryStream:
    """A StreamReader over lists, one a shard. Sequence numbers differ in length, as Kinesis's do."""

    def __init__(self, *shards: str) -> None:
        self.records: dict[str, list[tuple[str, bytes]]] = {shard: [] for shard in shards or (SHARD,)}
        self.read_again = 0

    def put(self, records: list[bytes], shard: str = SHARD) -> list[tuple[str, bytes]]:
        start = 95 + len(self.records[shard])
        added = [(str(start + n), record) for n, record in enumerate(records)]
        self.records[shard] += added
        return added

    def shards(self) -> list[str]:
        return list(self.records)

    def read(self, shard: str, after: str | None, until: str) -> Iterator[tuple[str, bytes]]:
        for sequence, data in self.records[shard]:
            if (after is None or int(sequence) > int(after)) and int(sequence) < int(until):
                self.read_again += 1
                yield sequence, data


class Desk:
    """The world outside, and instances that share it."""

    def __init__(self, *shards: str) -> None:
        self.store, self.objects = MemoryStore(), MemoryObjects()
        self.workflows, self.metrics = RecordedWorkflows(), RecordedMetrics()
        self.dead_letters = RecordedDeadLetters()
        self.clock = FixedClock()
        self.stream = MemoryStream(*shards)
        self.settings = Settings()
        self.read_settings: Callable[[], Settings] = lambda: self.settings
        save_universe(self.store, self.objects, universe())

    def instance(self) -> FeatureService:
        closer = MinuteCloser(self.store, self.objects, self.stream, self.workflows, self.metrics)
        return FeatureService(
            self.store,
            self.objects,
            self.stream,
            closer,
            self.dead_letters,
            lambda: self.read_settings(),
            self.metrics,
            self.clock,
        )

    def minutes(self) -> dict[str, bytes]:
        return {path: blob for path, blob in self.objects.blobs.items() if path.startswith("minutes/")}

    def cycle(self, clock: str) -> Cycle | None:
        return load(self.store, Cycle, cycle_key(at(clock)))

    def pointer(self) -> FeaturePointer:
        return load(self.store, FeaturePointer, state_pointer_key(SHARD))


def batches(records: list[tuple[str, bytes]], size: int) -> list[list[tuple[str, bytes]]]:
    return [records[n : n + size] for n in range(0, len(records), size)]


def whole(records: list[bytes]) -> Desk:
    """What one instance, in one batch, leaves behind."""
    desk = Desk()
    desk.instance().process(desk.stream.put(records), SHARD)
    return desk


def test_a_minute_closes_on_the_marker_that_is_a_grace_behind_it():
    desk = Desk()
    service = desk.instance()
    service.process(desk.stream.put(stream(at("09:15"), at("09:16:02"), every=1)), SHARD)
    assert desk.minutes() == {}
    service.process(desk.stream.put([marker_record(at("09:16:02"))]), SHARD)
    assert list(desk.minutes()) == [ClosedMinute.path(at("09:15"), SHARD)]
    assert desk.workflows.started == {
        "2016-08-16-0916": (
            "trading_cycle",
            {"run_id": "2016-08-16-0916", "as_of": "2016-08-16T09:16:00+05:30"},
        )
    }
    assert desk.cycle("09:16").state == "STARTED"
    [closed] = load_minute(desk.objects, desk.store, at("09:15"))
    assert closed.minute == at("09:15")
    assert len(closed.candles) == len(universe().instruments)


@pytest.mark.parametrize("size", [1, 3, 7, 1000])
def test_batches_of_any_size_leave_the_same_minutes(size):
    records = stream(at("09:15"), at("09:19:10"))
    expected = whole(records)
    desk = Desk()
    service = desk.instance()
    for batch in batches(desk.stream.put(records), size):
        service.process(batch, SHARD)
    assert desk.minutes() == expected.minutes()
    assert desk.workflows.started == expected.workflows.started
    assert desk.stream.read_again == 0


def test_a_cold_instance_for_every_batch_leaves_the_same_minutes():
    records = stream(at("09:15"), at("09:19:10"))
    desk = Desk()
    for batch in batches(desk.stream.put(records), 5):
        desk.instance().process(batch, SHARD)
    assert desk.minutes() == whole(records).minutes()
    assert len(desk.workflows.started) == 4
    assert desk.stream.read_again > 0


def test_two_instances_in_turn_never_trust_a_stale_memory():
    records = stream(at("09:15"), at("09:19:10"))
    desk = Desk()
    instances = [desk.instance(), desk.instance()]
    for n, batch in enumerate(batches(desk.stream.put(records), 3)):
        instances[n // 2 % 2].process(batch, SHARD)
    assert desk.minutes() == whole(records).minutes()


def test_a_redelivered_batch_changes_nothing():
    records = stream(at("09:15"), at("09:18:10"))
    desk = Desk()
    service = desk.instance()
    for batch in batches(desk.stream.put(records), 6):
        service.process(batch, SHARD)
        before = dict(desk.store.items), desk.minutes()
        service.process(batch, SHARD)
        desk.instance().process(batch, SHARD)
        assert (dict(desk.store.items)[cycle_key(at("09:16"))] if desk.minutes() else None) == (
            before[0].get(cycle_key(at("09:16")))
        )
        assert desk.minutes() == before[1]
    assert desk.minutes() == whole(records).minutes()
    assert len(desk.workflows.started) == 3


def test_a_memory_rebuilt_for_an_old_batch_does_not_pass_for_a_new_one():
    records = stream(at("09:15"), at("09:18:10"))
    desk = Desk()
    all_batches = batches(desk.stream.put(records), 5)
    first, second = desk.instance(), desk.instance()
    for number, batch in enumerate(all_batches):
        first.process(batch, SHARD)
        if number == len(all_batches) - 4:
            break
    second.process(all_batches[1], SHARD)
    for batch in all_batches[-3:]:
        second.process(batch, SHARD)
    assert desk.minutes() == whole(records).minutes()


def test_a_pointer_from_another_stream_is_read_past():
    records = stream(at("09:15"), at("09:18:10"))
    desk = Desk()
    first, second = batches(desk.stream.put(records), 60)
    desk.instance().process(first, SHARD)
    read = desk.stream.read

    def foreign(shard, after, until):
        if after is not None:
            raise BadInput(f"{after} did not come from this stream")
        yield from read(shard, after, until)

    desk.stream.read = foreign
    desk.instance().process(second, SHARD)
    assert desk.metrics.counts["stream_position_unknown"] == 1
    assert desk.minutes() == whole(records).minutes()


def test_ticks_are_counted_once_however_often_they_are_read():
    records = stream(at("09:15"), at("09:18:10"))
    desk = Desk()
    for batch in batches(desk.stream.put(records), 5):
        desk.instance().process(batch, SHARD)
    assert desk.metrics.counts["ticks"] == len(records) // 2 * len(universe().instruments)


def test_how_old_ticks_are_when_they_are_here_is_told_once_a_batch():
    desk = Desk()
    desk.clock.moment = at("09:15:02") + timedelta(milliseconds=1_500)
    desk.instance().process(desk.stream.put(stream(at("09:15"), at("09:15:02"))), SHARD)
    desk.instance().process(desk.stream.put([marker_record(at("09:15:03"))]), SHARD)
    (age,) = desk.metrics.durations["tick_age_ms"]
    assert 1_000 <= age <= 3_500


def test_of_a_day_that_is_played_again_no_age_is_told():
    desk = Desk()
    desk.clock.moment = at("09:15:02") + timedelta(days=3)
    desk.instance().process(desk.stream.put(stream(at("09:15"), at("09:15:02"))), SHARD)
    assert "ticks" in desk.metrics.counts
    assert "tick_age_ms" not in desk.metrics.durations


def test_lines_of_a_closing_minute_carry_its_run():
    desk, seen = Desk(), {}
    count = desk.metrics.count

    def noting(name: str, value: float = 1, **details: str) -> None:
        seen[name] = dict(trail_ids())
        count(name, value, **details)

    desk.metrics.count = noting
    desk.instance().process(desk.stream.put(stream(at("09:15"), at("09:16:04"), every=1)), SHARD)
    assert seen["cycle_started"] == {"run_id": "2016-08-16-0916", "as_of": "2016-08-16T09:16:00+05:30"}
    assert "run_id" not in seen["ticks"], "of a second, not of a minute"


def test_the_pointer_only_moves_forward():
    desk = Desk()
    service = desk.instance()
    all_batches = batches(desk.stream.put(stream(at("09:15"), at("09:18:10"))), 6)
    for batch in all_batches:
        service.process(batch, SHARD)
    reached = desk.pointer()
    desk.instance().process(all_batches[0], SHARD)
    assert desk.pointer().sequence == reached.sequence
    assert desk.pointer().snapshot_sequence == reached.snapshot_sequence


@pytest.mark.parametrize("failing", range(1, 14))
@pytest.mark.parametrize("instance_dies", [True, False])
def test_a_failure_of_any_write_is_made_good_by_the_next_delivery(failing, instance_dies):
    records = stream(at("09:15"), at("09:18:10"))
    expected = whole(records)
    desk = Desk()
    count = 0
    write, put = desk.store.write, desk.objects.put

    def dying(call):
        def act(*args, **named):
            nonlocal count
            count += 1
            if count == failing:
                raise ConnectionError("the instance is gone")
            return call(*args, **named)

        return act

    desk.store.write, desk.objects.put = dying(write), dying(put)
    service = desk.instance()
    for batch in batches(desk.stream.put(records), 13):
        try:
            service.process(batch, SHARD)
        except ConnectionError:
            service = desk.instance() if instance_dies else service
            service.process(batch, SHARD)
    assert count > failing, "the crash must have happened"
    assert desk.minutes() == expected.minutes()
    assert desk.workflows.started == expected.workflows.started
    for clock in ("09:16", "09:17", "09:18"):
        assert desk.cycle(clock).state == "STARTED"


def test_a_crash_between_the_cycles_item_and_its_start_is_made_good():
    desk = Desk()
    start = desk.workflows.start
    desk.workflows.start = lambda *_: (_ for _ in ()).throw(ConnectionError("no answer"))
    batch = desk.stream.put(stream(at("09:15"), at("09:16:10")))
    service = desk.instance()
    with pytest.raises(ConnectionError):
        service.process(batch, SHARD)
    assert desk.cycle("09:16").state == "STARTED"
    assert desk.workflows.started == {}
    desk.workflows.start = start
    service.process(batch, SHARD)
    assert list(desk.workflows.started) == ["2016-08-16-0916"]


def test_a_finished_cycle_is_not_begun_again():
    desk = Desk()
    batch = desk.stream.put(stream(at("09:15"), at("09:16:10")))
    desk.instance().process(batch, SHARD)
    cycle = desk.cycle("09:16")
    desk.store.items[cycle.key()]["state"] = "FINISHED"
    desk.workflows.started.clear()
    desk.store.items.pop(state_pointer_key(SHARD))
    desk.instance().process(batch, SHARD)
    assert desk.workflows.started == {}
    assert desk.cycle("09:16").state == "FINISHED"


def test_an_unparsable_record_is_kept_and_stops_nothing():
    records = stream(at("09:15"), at("09:16:10"))
    expected = whole(records)
    desk = Desk()
    bad = desk.instance().process(desk.stream.put([*records[:3], b"not a record", *records[3:]]), SHARD)
    assert [record.data for record in bad] == [b"not a record"]
    [(source, data, reason)] = desk.dead_letters.letters
    assert data == b"not a record"
    assert source == f"ticks/{SHARD}/{bad[0].sequence}"
    assert "not a tick record" in reason
    assert desk.minutes() == expected.minutes()


def test_a_bad_record_is_not_lost_when_the_dead_letter_queue_is_away():
    desk = Desk()
    send = desk.dead_letters.send
    desk.dead_letters.send = lambda *_: (_ for _ in ()).throw(ConnectionError("no queue"))
    service = desk.instance()
    batch = desk.stream.put([quiet_second(at("09:15"), 0), b"broken"])
    with pytest.raises(ConnectionError):
        service.process(batch, SHARD)
    desk.dead_letters.send = send
    service.process(batch, SHARD)
    assert [data for _, data, _ in desk.dead_letters.letters] == [b"broken"]


def test_a_bad_record_read_again_later_is_not_sent_again():
    desk = Desk()
    desk.instance().process(desk.stream.put([quiet_second(at("09:15"), 0), b"broken"]), SHARD)
    desk.instance().process(desk.stream.put([quiet_second(at("09:15:05"), 5)]), SHARD)
    assert len(desk.dead_letters.letters) == 1


def test_the_last_of_two_shards_starts_the_cycle():
    one, two = "shardId-000000000000", "shardId-000000000001"
    desk = Desk(one, two)
    records = stream(at("09:15"), at("09:16:10"))
    desk.instance().process(desk.stream.put(records, one), one)
    assert desk.workflows.started == {}
    assert desk.cycle("09:16") is None
    markers = [marker_record(at("09:15:01")), marker_record(at("09:16:05"))]
    desk.instance().process(desk.stream.put(markers, two), two)
    assert list(desk.workflows.started) == ["2016-08-16-0916"]
    assert [c.shard for c in load_minute(desk.objects, desk.store, at("09:15"))] == [one, two]


def test_after_a_gap_every_minute_closes_and_only_the_last_is_decided_on():
    desk = Desk()
    service = desk.instance()
    service.process(desk.stream.put(stream(at("09:15"), at("09:16:10"))), SHARD)
    service.process(desk.stream.put(stream(at("09:19:30"), at("09:20:10"))), SHARD)
    assert len(desk.minutes()) == 5
    states = {clock: desk.cycle(clock).state for clock in ("09:16", "09:17", "09:18", "09:19", "09:20")}
    assert states == {
        "09:16": "STARTED",
        "09:17": "SKIPPED",
        "09:18": "SKIPPED",
        "09:19": "STARTED",
        "09:20": "STARTED",
    }
    assert len(desk.workflows.started) == 3
    [empty] = load_minute(desk.objects, desk.store, at("09:17"))
    assert empty.candles == ()


def test_minutes_before_the_stream_was_first_seen_are_not_closed():
    desk = Desk()
    desk.instance().process(desk.stream.put(stream(at("11:00:20"), at("11:02:10"))), SHARD)
    assert sorted(desk.minutes()) == [ClosedMinute.path(at(c), SHARD) for c in ("11:00", "11:01")]


def test_nothing_closes_before_the_open_or_after_the_close():
    desk = Desk()
    service = desk.instance()
    service.process(desk.stream.put(stream(at("09:00"), at("09:14:59"), every=30)), SHARD)
    assert desk.minutes() == {}
    service.process(desk.stream.put(stream(at("15:29"), at("15:45"), every=30)), SHARD)
    assert ClosedMinute.path(at("15:29"), SHARD) in desk.minutes()
    assert ClosedMinute.path(at("15:30"), SHARD) not in desk.minutes()
    last = desk.cycle("15:30")
    assert (last.state, last.reason) == ("SKIPPED", "outside the session's hours")


def test_the_morning_s_seed_is_where_the_day_begins():
    desk = Desk()
    other = universe().evolve(instruments=universe().instruments[:2])
    save_seed(desk.objects, FeatureState(other, SESSION))
    desk.instance().process(desk.stream.put(stream(at("09:15"), at("09:16:10"))), SHARD)
    [closed] = load_minute(desk.objects, desk.store, at("09:15"))
    assert [c.symbol for c in closed.candles] == ["NIFTY", "INFY"]
    assert desk.metrics.counts["unknown_instrument"] == 11


def test_a_broken_seed_is_reported_and_the_universe_used():
    desk = Desk()
    desk.objects.put(f"features/seed/{DAY}.bin", b"broken")
    desk.instance().process(desk.stream.put(stream(at("09:15"), at("09:16:10"))), SHARD)
    assert desk.metrics.counts["feature_seed_unreadable"] == 1
    assert len(desk.minutes()) == 1


def test_a_snapshot_of_another_version_is_made_again_from_the_stream():
    records = stream(at("09:15"), at("09:18:10"))
    expected = whole(records)
    desk = Desk()
    first, second = batches(desk.stream.put(records), 60)
    desk.instance().process(first, SHARD)
    desk.objects.put(desk.pointer().snapshot, b"PFS1 of tomorrow")
    desk.instance().process(second, SHARD)
    assert desk.metrics.counts["feature_state_unreadable"] == 1
    assert desk.minutes() == expected.minutes()


def test_without_a_universe_ticks_are_counted_and_markers_pass():
    desk = Desk()
    for key in [key for key in desk.store.items if key.partition == "UNIVERSE"]:
        desk.store.items.pop(key)
    service = desk.instance()
    service.process(desk.stream.put(stream(at("09:15"), at("09:16:10"))), SHARD)
    assert desk.minutes() == {}
    assert desk.metrics.counts["ticks_outside_session"] > 0
    save_universe(desk.store, desk.objects, universe())
    service.process(desk.stream.put(stream(at("09:17"), at("09:18:10"))), SHARD)
    assert list(desk.minutes()) == [ClosedMinute.path(at("09:17"), SHARD)]


@pytest.mark.parametrize("day", [date(2016, 8, 15), date(2014, 8, 14)])
def test_a_closed_or_unknown_day_closes_no_minute(day):
    desk = Desk()
    moment = at("10:00", day)
    records = [
        ticks_record(moment, [tick(256265, moment, 8600.0)]),
        marker_record(moment + timedelta(minutes=5)),
    ]
    desk.instance().process(desk.stream.put(records), SHARD)
    assert desk.minutes() == {}
    assert ("calendar_unknown" in desk.metrics.counts) == (day.year == 2014)


def test_a_new_day_begins_a_new_state_and_an_old_record_does_not():
    desk = Desk()
    tomorrow = date(2016, 8, 17)
    save_universe(desk.store, desk.objects, universe(tomorrow))
    service = desk.instance()
    service.process(desk.stream.put(stream(at("15:28"), at("15:31"))), SHARD)
    late = [quiet_second(at("15:29:59"), 1), marker_record(at("15:31"))]
    opening = [
        ticks_record(at("09:15:01", tomorrow), [tick(256265, at("09:15:01", tomorrow), 8650.0)]),
        *late,
        marker_record(at("09:16:05", tomorrow)),
    ]
    service.process(desk.stream.put(opening), SHARD)
    [closed] = load_minute(desk.objects, desk.store, at("09:15", tomorrow))
    assert [(c.symbol, c.close) for c in closed.candles] == [("NIFTY", 8650.0)]


def override(close: str, day: date = DAY, **more: str) -> SessionOverride:
    return SessionOverride(day=day, open="09:15", close=close, reason="the exchange says so", **more)


def test_the_owners_hours_hold_from_the_mornings_first_tick():
    desk = Desk()
    desk.settings = Settings(sessions=(override("09:20"),))
    desk.instance().process(desk.stream.put(stream(at("09:15"), at("09:25"))), SHARD)
    assert max(desk.minutes()) == ClosedMinute.path(at("09:19"), SHARD)
    assert desk.cycle("09:19").state == "STARTED"
    assert desk.cycle("09:20").reason == "outside the session's hours"


def test_a_seed_of_other_hours_is_put_right():
    desk = Desk()
    save_seed(desk.objects, FeatureState(universe(), SESSION))
    desk.settings = Settings(sessions=(override("09:18"),))
    desk.instance().process(desk.stream.put(stream(at("09:15"), at("09:25"))), SHARD)
    assert max(desk.minutes()) == ClosedMinute.path(at("09:17"), SHARD)
    assert desk.metrics.counts["session_hours_changed"] == 1


def test_an_extension_said_during_the_day_reaches_the_next_minute():
    desk = Desk()
    service = desk.instance()
    service.process(desk.stream.put(stream(at("15:28"), at("15:31"))), SHARD)
    assert max(desk.minutes()) == ClosedMinute.path(at("15:29"), SHARD)
    desk.settings = Settings(sessions=(override("17:00"),))
    service.process(desk.stream.put([marker_record(at("15:44:59"))]), SHARD)
    service.process(desk.stream.put(stream(at("15:45"), at("15:47:10"))), SHARD)
    [closed] = load_minute(desk.objects, desk.store, at("15:46"))
    assert len(closed.candles) == len(universe().instruments)
    assert desk.cycle("15:47").state == "STARTED"
    cold = desk.instance()
    cold.process(desk.stream.put(stream(at("15:47:10"), at("15:48:10"))), SHARD)
    assert len(load_minute(desk.objects, desk.store, at("15:47"))[0].candles) == len(universe().instruments)


def test_an_override_opens_a_day_that_the_calendar_does_not_know():
    desk, day = Desk(), date(2014, 8, 14)
    save_universe(desk.store, desk.objects, universe(day))
    desk.settings = Settings(sessions=(override("15:30", day),))
    desk.instance().process(
        desk.stream.put(
            [
                ticks_record(at("09:15:01", day), [tick(256265, at("09:15:01", day), 7800.0)]),
                marker_record(at("09:16:05", day)),
            ]
        ),
        SHARD,
    )
    assert list(desk.minutes()) == [ClosedMinute.path(at("09:15", day), SHARD)]


def test_settings_that_do_not_parse_stop_no_minute():
    desk = Desk()
    desk.settings = Settings(sessions=(override("09:19"),))
    service = desk.instance()
    service.process(desk.stream.put(stream(at("09:15"), at("09:16:10"))), SHARD)

    def broken() -> Settings:
        raise SettingsError("risk is no number")

    desk.read_settings = broken
    service.process(desk.stream.put(stream(at("09:16:10"), at("09:25"))), SHARD)
    assert max(desk.minutes()) == ClosedMinute.path(at("09:18"), SHARD), "what was said last holds"
    assert desk.metrics.counts["settings_unreadable"] > 0


def test_a_day_that_is_closed_by_the_owner_keeps_what_it_has():
    desk = Desk()
    service = desk.instance()
    service.process(desk.stream.put(stream(at("09:15"), at("09:16:10"))), SHARD)
    desk.settings = Settings(sessions=(SessionOverride(day=DAY, closed=True, reason="a cyclone"),))
    service.process(desk.stream.put(stream(at("09:16:10"), at("09:17:10"))), SHARD)
    assert len(desk.minutes()) == 2


def test_chains_are_written_every_five_minutes_behind_the_cycle():
    desk = Desk()
    desk.instance().process(desk.stream.put(stream(at("09:15"), at("09:26"))), SHARD)
    chains = [path for path in desk.objects.blobs if path.startswith("chains/")]
    assert chains == [ChainSnapshot.path("NIFTY", at(clock)) for clock in ("09:20", "09:25")]
    first = ChainSnapshot.model_validate_json(desk.objects.blobs[chains[0]])
    assert (first.as_of, len(first.rows)) == (at("09:20"), sum(i.is_option for i in universe().instruments))
    [closed] = load_minute(desk.objects, desk.store, at("09:19"))
    assert first.spot == next(q.last_price for q in closed.quotes if q.identifier == "NSE:NIFTY 50")


def test_a_gap_is_counted_once_and_marks_its_minutes():
    desk = Desk()
    service = desk.instance()
    service.process(desk.stream.put(stream(at("09:15"), at("09:17"))), SHARD)
    gap = envelope("gap", at("09:18:30"), since=at("09:16:58"))
    service.process(desk.stream.put([gap, *stream(at("09:18:30"), at("09:20:10"))]), SHARD)
    desk.instance().process(desk.stream.put([marker_record(at("09:20:11"))]), SHARD)
    assert desk.metrics.counts["stream_gaps"] == 1
    gaps = [load_minute(desk.objects, desk.store, at(f"09:{m}"))[0].gap for m in range(15, 20)]
    assert gaps == [False, True, True, True, False]


@pytest.mark.parametrize("tomorrow", [date(2016, 8, 17), date(2016, 8, 18)])
def test_only_the_session_before_hands_its_indicators_on(tomorrow):
    desk = Desk()
    state = FeatureState(universe(), SESSION)
    bars = np.zeros(60, MINUTE_BAR)
    bars["start"] = int(at("09:15").timestamp()) - 86_400 + 60 * np.arange(60)
    for name in ("open", "high", "low", "close"):
        bars[name] = 1000.0 + np.arange(60) % 7
    state.warm_up({"TCS": bars})
    save_seed(desk.objects, state)
    save_universe(desk.store, desk.objects, universe(tomorrow))
    desk.instance().process(desk.stream.put(stream(at("15:25"), at("15:31"))), SHARD)
    desk.instance().process(
        desk.stream.put(
            [
                ticks_record(at("09:15:01", tomorrow), [tick(2953217, at("09:15:01", tomorrow), 1001.0)]),
                marker_record(at("09:16:05", tomorrow)),
            ]
        ),
        SHARD,
    )
    [closed] = load_minute(desk.objects, desk.store, at("09:15", tomorrow))
    is_next = tomorrow == date(2016, 8, 17)
    assert (closed.features["TCS"][closed.feature_names.index("adx_14")] is not None) == is_next
    assert ("indicators_inherited" in desk.metrics.counts) == is_next


def test_contention_for_the_pointer_is_met_with_patience_that_ends():
    desk = Desk()
    write = desk.store.write

    def contended(*writes):
        if any(w.key == state_pointer_key(SHARD) for w in writes):
            raise WriteConflict([])
        write(*writes)

    desk.store.write = contended
    with pytest.raises(WriteConflict):
        desk.instance().process(desk.stream.put([marker_record(at("09:15"))]), SHARD)


def test_an_empty_batch_is_no_work():
    desk = Desk()
    assert desk.instance().process([], SHARD) == []
    assert desk.store.writes == 1, "the universe's"
