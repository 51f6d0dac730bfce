"""Pulling: as few requests as the broker allows, none twice, the same files however often it is stopped."""

import io
from datetime import date, datetime, timedelta

import pyarrow.parquet as pq
import pytest

from patang.adapters.parquet import ParquetTables
from patang.errors import BadInput, Refused, TryAgain
from patang.market.sessions import IST
from patang_workbench.history.loader import Loader
from patang_workbench.history.store import CandleStore
from tests.fakes import MemoryObjects
from tests.unit.history.brokers import NIFTY, RELIANCE, HistoryBroker

# Four requests of 15-minute bars, six of minutes in the last year of it.
FIRST, LAST = date(2024, 6, 3), date(2026, 5, 29)
YEAR = date(2025, 6, 2)
EVENING = datetime(2026, 6, 1, 8, 0, tzinfo=IST)


class Desk:
    """A loader with its broker and store; `pauses` are the waits it asked for."""

    def __init__(self, now: datetime = EVENING, holes: tuple[date, ...] = ()) -> None:
        self.broker = HistoryBroker(now, holes)
        self.objects = MemoryObjects()
        self.pauses: list[float] = []
        self.stopping = False

    def pull(
        self,
        first: date = FIRST,
        last: date = LAST,
        interval: str = "15minute",
        stop_after: int | None = None,
    ) -> int:
        """Pull RELIANCE; how many requests it took."""
        store = CandleStore(self.objects, ParquetTables())
        before = len(self.broker.asked)

        def stopping() -> bool:
            return self.stopping or (stop_after is not None and len(self.broker.asked) - before >= stop_after)

        loader = Loader(self.broker, store, self.broker.now, self.pauses.append, stopping)
        loader.carry_out(loader.plan(RELIANCE, first, last, interval))
        return len(self.broker.asked) - before


def test_a_year_of_minutes_takes_six_requests_of_sixty_days_at_most() -> None:
    desk = Desk()
    assert desk.pull(YEAR, interval="minute") == 6
    assert all((end - start).days < 60 for start, end in desk.broker.asked)
    assert desk.broker.asked[0][0] == YEAR
    assert desk.broker.asked[-1][1] == LAST


@pytest.mark.parametrize(("interval", "requests"), [("5minute", 4), ("15minute", 2), ("day", 1)])
def test_longer_bars_take_fewer_requests(interval: str, requests: int) -> None:
    assert Desk().pull(YEAR, interval=interval) == requests


def test_what_is_complete_is_not_asked_again() -> None:
    desk = Desk()
    desk.pull()
    assert desk.pull() == 0
    assert desk.pull(last=date(2026, 5, 30)) == 0


@pytest.mark.parametrize("stop_after", range(1, 4))
def test_a_pull_that_stops_anywhere_ends_as_if_it_had_not(stop_after: int) -> None:
    whole, stopped = Desk(), Desk()
    whole.pull()
    stopped.pull(stop_after=stop_after)
    assert len(stopped.broker.asked) == stop_after
    stopped.pull()
    assert stopped.broker.asked == whole.broker.asked
    assert stopped.objects.blobs == whole.objects.blobs


@pytest.mark.parametrize("writes", [0, 1, 100, 134, 135, 136, 300, 498])
def test_a_crash_between_any_two_writes_costs_one_request_at_most(writes: int) -> None:
    class Crash(Exception):
        pass

    class Dying(MemoryObjects):
        left = writes

        def put(self, path: str, content: bytes, *, content_type: str = "") -> None:
            if self.left == 0:
                raise Crash
            self.left -= 1
            super().put(path, content)

    whole, crashed = Desk(), Desk()
    whole.pull()
    crashed.objects = Dying()
    with pytest.raises(Crash):
        crashed.pull()
    crashed.objects.left = -1
    crashed.pull()
    assert len(crashed.broker.asked) == len(whole.broker.asked) + 1
    assert crashed.objects.blobs == whole.objects.blobs


def test_only_what_is_missing_between_is_asked_for() -> None:
    desk = Desk()
    desk.pull(date(2026, 1, 5), date(2026, 1, 9))
    desk.pull(date(2026, 1, 19), date(2026, 1, 23))
    desk.broker.asked.clear()
    assert desk.pull(date(2026, 1, 5), date(2026, 1, 23)) == 1
    assert desk.broker.asked == [(date(2026, 1, 12), date(2026, 1, 16))]


def test_a_day_of_which_the_broker_has_nothing_is_known_to_be_empty() -> None:
    empty = date(2026, 5, 20)
    desk = Desk(holes=(empty,))
    desk.pull()
    assert desk.pull() == 0
    pulled = CandleStore(desk.objects, ParquetTables()).pulled("RELIANCE", "15minute")
    assert pulled is not None
    assert pulled.days[empty] == 0
    assert not desk.objects.list(f"historical_candles_15minute/symbol=RELIANCE/date={empty}")


def test_a_session_that_runs_is_asked_for_again_until_it_is_over() -> None:
    day = date(2026, 5, 29)
    desk = Desk(now=datetime(2026, 5, 29, 11, 0, tzinfo=IST))
    desk.pull(day, day)
    assert pulled_bars(desk, day) == 7
    desk.broker.now = datetime(2026, 5, 29, 15, 35, tzinfo=IST)
    assert desk.pull(day, day) == 1
    assert desk.pull(day, day) == 1
    desk.broker.now = datetime(2026, 5, 29, 15, 40, tzinfo=IST)
    assert desk.pull(day, day) == 1
    assert desk.pull(day, day) == 0
    assert pulled_bars(desk, day) == 25


def test_nothing_is_asked_before_the_open_and_of_the_future() -> None:
    desk = Desk(now=datetime(2026, 5, 29, 9, 0, tzinfo=IST))
    assert desk.pull(date(2026, 5, 29), date(2026, 12, 31)) == 0


def test_files_that_the_desk_wrote_are_left_alone() -> None:
    desk = Desk()
    own = "historical_candles_15minute/symbol=RELIANCE/date=2026-05-20/candles_RELIANCE_2026-05-20.parquet"
    desk.objects.put(own, b"the desk's own")
    desk.pull()
    assert desk.objects.get(own) == b"the desk's own"
    assert desk.pull() == 0


def test_everything_is_asked_for_again_on_demand() -> None:
    desk = Desk()
    desk.pull()
    store = CandleStore(desk.objects, ParquetTables())
    loader = Loader(desk.broker, store, desk.broker.now, desk.pauses.append)
    assert loader.carry_out(loader.plan(RELIANCE, FIRST, LAST, "15minute", again=True)).requests == 4


def test_an_outage_is_waited_for_and_no_day_is_lost() -> None:
    desk, whole = Desk(), Desk()
    whole.pull()
    desk.broker.faults = [TryAgain("HTTP 503"), TryAgain("HTTP 429")]
    assert desk.pull() == 6
    assert desk.pauses == [5.0, 15.0]
    assert desk.objects.blobs == whole.objects.blobs


def test_a_broker_that_stays_away_ends_the_pull_with_what_was_fetched() -> None:
    desk = Desk()
    desk.pull(stop_after=2)
    desk.broker.faults = [TryAgain("HTTP 503")] * 4
    with pytest.raises(TryAgain):
        desk.pull()
    assert desk.pull() == 2


def test_a_refusal_is_not_repeated() -> None:
    desk = Desk()
    desk.broker.faults = [Refused("invalid token")]
    with pytest.raises(Refused):
        desk.pull()
    assert len(desk.broker.asked) == 1


def test_daily_bars_of_a_year_share_a_file_and_grow_in_it() -> None:
    desk = Desk()
    desk.pull(date(2026, 3, 2), date(2026, 3, 31), "day")
    desk.pull(date(2026, 1, 1), date(2026, 5, 29), "day")
    (path,) = [path for path in desk.objects.list("historical_candles_day/") if path.endswith(".parquet")]
    assert path == "historical_candles_day/symbol=RELIANCE/year=2026/candles_RELIANCE_2026.parquet"
    table = CandleStore(desk.objects, ParquetTables()).read("RELIANCE", "day", date.min, date.max)
    assert table is not None
    whole = Desk()
    whole.pull(date(2026, 1, 1), date(2026, 5, 29), "day")
    assert table == CandleStore(whole.objects, ParquetTables()).read("RELIANCE", "day", date.min, date.max)


def test_years_that_the_calendar_does_not_know_are_asked_for_weekday_by_weekday() -> None:
    desk = Desk()
    desk.broker.candles = lambda *_: []  # the fake's own calendar ends too
    assert desk.pull(date(2012, 1, 1), date(2012, 12, 31)) == 0
    pulled = CandleStore(desk.objects, ParquetTables()).pulled("RELIANCE", "15minute")
    assert pulled is not None
    assert len(pulled.days) == 261


def test_another_instrument_of_the_same_symbol_is_refused() -> None:
    desk = Desk()
    desk.pull()
    loader = Loader(desk.broker, CandleStore(desk.objects, ParquetTables()), EVENING, desk.pauses.append)
    other = RELIANCE.model_copy(update={"exchange": "BSE"})
    with pytest.raises(BadInput, match="holds NSE:RELIANCE under RELIANCE"):
        loader.plan(other, FIRST, LAST, "15minute")


def test_files_have_the_columns_and_the_compression_that_others_expect() -> None:
    objects = MemoryObjects()
    broker = HistoryBroker(EVENING)
    loader = Loader(broker, CandleStore(objects, ParquetTables()), EVENING, lambda _: None)
    loader.carry_out(loader.plan(NIFTY, LAST, LAST, "minute"))
    content = objects.get(f"historical_candles/symbol=NIFTY/date={LAST}/candles_NIFTY_{LAST}.parquet")
    assert content is not None
    file = pq.ParquetFile(io.BytesIO(content))
    assert file.schema_arrow.names == ["symbol", "timestamp", "open", "high", "low", "close", "volume", "oi"]
    assert str(file.schema_arrow.field("timestamp").type.tz) == "Asia/Kolkata"
    assert file.metadata.row_group(0).column(2).compression == "ZSTD"
    first = file.read().slice(0, 1).to_pylist()[0]
    assert first["timestamp"] == datetime(2026, 5, 29, 9, 15, tzinfo=IST)
    assert (first["symbol"], first["oi"]) == ("NIFTY", None)


def pulled_bars(desk: Desk, day: date) -> int:
    table = CandleStore(desk.objects, ParquetTables()).read(
        "RELIANCE", "15minute", day, day + timedelta(days=1)
    )
    return 0 if table is None else int(table.num_rows)
