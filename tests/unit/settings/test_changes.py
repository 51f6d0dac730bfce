"""Changing settings: versions, the audit log, two people at once, loosened limits, the mode."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from patang.accounts.account import Account
from patang.audit.event import AuditEvent
from patang.errors import Refused, SettingsError
from patang.execution.market_clock import MarketClock
from patang.keys import (
    LIVE_INTENTS,
    OPEN_POSITIONS,
    outbox_partition,
    risk_key,
    settings_key,
    settings_version_key,
)
from patang.market.sessions import IST
from patang.portfolio.account_state import Reservation, RiskState
from patang.ports import Key, Put, Write, WriteConflict
from patang.records import create, load, load_all, replace
from patang.settings import RiskSettings, Settings
from patang.settings.changes import DESK_CHAIN, SettingsChanges
from patang.settings.reader import SettingsReader
from patang.settings.stored import load_version, versions
from tests.fakes import FixedClock, MemoryStore

TUESDAY_MORNING = datetime(2026, 8, 18, 10, 0, tzinfo=IST)
SIMULATED = {"root": "http://127.0.0.1:1"}


class Racing(MemoryStore):
    """A store in which somebody else is quicker, once."""

    def __init__(self) -> None:
        super().__init__()
        self.before_write: Callable[[], None] | None = None

    def write(self, *writes: Write) -> None:
        quicker, self.before_write = self.before_write, None
        if quicker is not None:
            quicker()
        super().write(*writes)


class Desk:
    def __init__(self, now: datetime = TUESDAY_MORNING) -> None:
        self.store, self.clock = Racing(), FixedClock(now)
        self.changes = SettingsChanges(self.store, self.clock)
        self.reader = SettingsReader(self.store, self.clock)
        account = Account(account="main", label="Main", kite_user_id="AB1234", api_key="k", principal="owner")
        self.store.write(create(account))

    def put(self, _by: str = "asha", **said: Any) -> int:
        return self.changes.put(Settings.model_validate(said), _by).version

    def events(self) -> list[AuditEvent]:
        return load_all(self.store, AuditEvent, outbox_partition(DESK_CHAIN, self.clock.now().date()))


@pytest.fixture
def desk() -> Desk:
    return Desk()


def at(clock: str, day: int = 18) -> datetime:
    return datetime.fromisoformat(f"2026-08-{day}T{clock}:00+05:30")


def test_every_change_is_a_version_with_who_when_and_what(desk: Desk):
    assert desk.put("asha", risk={"max_concurrent_positions": 1}) == 1
    desk.clock.advance(60)
    assert desk.put("ravi", profile="small", risk={"max_concurrent_positions": 1}) == 2
    newest, first = versions(desk.store, 10)
    assert (newest.version, newest.written_by, newest.written_at) == (2, "ravi", desk.clock.now())
    assert [(entry.path, entry.old, entry.new) for entry in newest.changes] == [("profile", "safe", "small")]
    assert [(e.path, e.old, e.new) for e in first.changes] == [("risk.max_concurrent_positions", 2, 1)]
    assert load_version(desk.store, 1) == first
    assert desk.changes.in_force().profile == "small"


def test_the_event_is_in_the_same_transaction(desk: Desk):
    before = desk.store.writes
    desk.put("asha", risk={"min_confidence": 0.9})
    assert desk.store.writes == before + 1
    (event,) = desk.events()
    assert (event.kind, event.actor, event.event_id) == ("SETTINGS_CHANGED", "asha", "settings#1")
    assert event.details["changes"] == {"risk.min_confidence": ["0.8", "0.9"]}


def test_the_same_settings_are_no_new_version(desk: Desk):
    assert desk.put(profile="small") == 1
    assert desk.put(profile="small") == 1
    assert len(desk.events()) == 1


def test_of_two_at_once_the_second_decides_on_what_the_first_wrote(desk: Desk):
    desk.put(profile="one")
    other = SettingsChanges(desk.store, desk.clock)
    desk.store.before_write = lambda: other.put(Settings(profile="ravi's"), "ravi") and None
    assert desk.put(profile="asha's") == 3
    assert [entry.old for entry in versions(desk.store, 1)[0].changes] == ["ravi's"]
    assert [event.actor for event in desk.events()] == ["asha", "ravi", "asha"]


def test_settings_written_by_hand_are_followed_by_a_version(desk: Desk):
    desk.store.write(Put(settings_key(), {"document": Settings(profile="by hand").model_dump_json()}))
    assert desk.put(profile="small") == 1
    assert versions(desk.store, 1)[0].changes[0].old == "by hand"


def test_a_loosened_limit_waits_for_the_next_session(desk: Desk):
    desk.put(risk={"risk_per_trade_pct": 1})
    desk.put(risk={"risk_per_trade_pct": 4}, profile="bold")
    assert desk.reader.current().risk.risk_per_trade_pct == 1
    assert desk.reader.current().profile == "bold"
    assert desk.changes.pending() == {"risk.risk_per_trade_pct": "4"}
    assert desk.events()[-1].details["held"] == ["risk.risk_per_trade_pct"]
    for later in ("15:40", "23:59"):
        desk.clock.moment = at(later)
        assert desk.reader.current().risk.risk_per_trade_pct == 1
    desk.clock.moment = at("00:00", day=19)
    assert desk.reader.current().risk.risk_per_trade_pct == 4
    assert desk.changes.pending() == {}
    desk.clock.moment = at("09:15", day=19)
    assert desk.reader.current().risk.risk_per_trade_pct == 4


def test_tightening_in_between_does_not_bring_the_loosening_forward(desk: Desk):
    desk.put(risk={"risk_per_trade_pct": 2})
    desk.put(risk={"risk_per_trade_pct": 1})
    desk.put(risk={"risk_per_trade_pct": 2})
    assert desk.changes.in_force().risk.risk_per_trade_pct == 1
    desk.put(risk={"risk_per_trade_pct": 3}, profile="again")
    assert desk.changes.in_force().risk.risk_per_trade_pct == 1
    desk.put(risk={"risk_per_trade_pct": Decimal("0.5")})
    assert desk.changes.in_force().risk.risk_per_trade_pct == Decimal("0.5")
    assert desk.changes.pending() == {}


@pytest.mark.parametrize("moment", [at("00:00"), at("09:00"), at("09:14"), at("09:00", day=15)])
def test_before_the_exchange_opens_the_next_session_is_the_one_of_the_day(moment: datetime):
    desk = Desk(moment)
    desk.put(risk={"risk_per_trade_pct": 1})
    desk.put(risk={"risk_per_trade_pct": 4})
    assert desk.reader.current().risk.risk_per_trade_pct == 4


@pytest.mark.parametrize("moment", [at("09:15"), at("16:00"), at("23:59"), at("11:00", day=15)])
def test_from_then_on_it_is_the_one_of_another_day(moment: datetime):
    desk = Desk(moment)
    desk.put(risk={"risk_per_trade_pct": 1})
    desk.put(risk={"risk_per_trade_pct": 4})
    assert desk.reader.current().risk.risk_per_trade_pct == 1
    desk.clock.moment = datetime(2026, 8, moment.day + 1, tzinfo=IST)
    assert desk.reader.current().risk.risk_per_trade_pct == 4


TODAY = {"day": "2026-08-18", "reason": "a way round"}


@pytest.mark.parametrize(
    "word",
    [
        TODAY | {"closed": True},
        TODAY | {"open": "09:15", "close": "09:30"},
        TODAY | {"open": "11:00", "close": "15:30"},
    ],
)
def test_no_word_on_the_hours_of_the_day_brings_a_loosening_forward(desk: Desk, word: dict[str, Any]):
    desk.put(risk={"risk_per_trade_pct": 1})
    desk.put(risk={"risk_per_trade_pct": 1}, sessions=[word])
    desk.put(risk={"risk_per_trade_pct": 4}, sessions=[word])
    desk.put(risk={"risk_per_trade_pct": 4})
    assert desk.reader.current().risk.risk_per_trade_pct == 1


def test_a_year_that_the_calendar_does_not_know_makes_nothing_hold_at_once():
    desk = Desk(datetime(2031, 8, 18, 10, 0, tzinfo=IST))
    desk.put(risk={"risk_per_trade_pct": 1})
    desk.put(risk={"risk_per_trade_pct": 4})
    assert desk.reader.current().risk.risk_per_trade_pct == 1


@pytest.mark.parametrize("mode", ["paper", "simulator", "live"])
def test_no_way_through_a_simulator_brings_a_loosening_forward(desk: Desk, mode: str):
    """Simulators have sessions of their own; the market goes by what held there last."""
    desk.put(mode="live", risk={"risk_per_trade_pct": 1})
    desk.put(mode=mode, kite=SIMULATED, risk={"risk_per_trade_pct": 4})
    desk.put(mode=mode, kite=SIMULATED, risk={"risk_per_trade_pct": 5})
    assert desk.changes.in_force().risk.risk_per_trade_pct == 5
    desk.put(mode="live", risk={"risk_per_trade_pct": 5})
    assert desk.reader.current().risk.risk_per_trade_pct == 1
    assert desk.changes.pending() == {"risk.risk_per_trade_pct": "5"}
    desk.put(mode="paper", risk={"risk_per_trade_pct": 4})
    desk.put(mode="live", risk={"risk_per_trade_pct": 4})
    assert desk.changes.in_force().risk.risk_per_trade_pct == 1
    desk.clock.moment = at("00:00", day=19)
    assert desk.reader.current().risk.risk_per_trade_pct == 4


def test_what_waits_goes_on_waiting_after_a_way_through_a_simulator(desk: Desk):
    desk.put(mode="live", risk={"risk_per_trade_pct": 1})
    desk.put(mode="live", risk={"risk_per_trade_pct": 4})
    desk.put(mode="paper", kite=SIMULATED, risk={"risk_per_trade_pct": 4})
    desk.put(mode="live", risk={"risk_per_trade_pct": 4})
    assert desk.changes.in_force().risk.risk_per_trade_pct == 1


def test_a_tightened_limit_holds_at_once_in_whatever_mode(desk: Desk):
    desk.put(mode="live", risk={"risk_per_trade_pct": 2})
    desk.put(mode="paper", kite=SIMULATED, risk={"risk_per_trade_pct": 1})
    assert desk.changes.in_force().risk.risk_per_trade_pct == 1
    desk.put(mode="live", risk={"risk_per_trade_pct": 1})
    assert desk.changes.in_force().risk.risk_per_trade_pct == 1


def test_settings_that_are_wrong_do_not_bring_a_loosening_forward(desk: Desk):
    desk.put(mode="live", risk={"risk_per_trade_pct": 1})
    desk.store.write(Put(settings_key(), {"document": "{", "version": 1}))
    desk.put(mode="live", risk={"risk_per_trade_pct": 4})
    assert desk.changes.in_force().risk.risk_per_trade_pct == 1


def test_a_fresh_desk_begins_with_what_it_likes(desk: Desk):
    desk.put(risk={"risk_per_trade_pct": 4})
    assert desk.changes.in_force().risk.risk_per_trade_pct == 4


@pytest.mark.parametrize("kite", [{}, SIMULATED])
def test_a_desk_that_has_begun_without_a_word_went_by_the_safe_defaults(desk: Desk, kite: dict[str, str]):
    """Also one that has traded in a simulator alone: its first version for the market is measured by them."""
    desk.store.write(create(RiskState(account="main")))
    if kite:
        desk.put(kite=kite, risk={"risk_per_trade_pct": 4})
    desk.put(risk={"risk_per_trade_pct": 4, "min_confidence": 0.9})
    assert desk.reader.current().risk.risk_per_trade_pct == 2
    assert desk.reader.current().risk.min_confidence == 0.9
    desk.clock.moment = at("00:00", day=19)
    assert desk.reader.current().risk.risk_per_trade_pct == 4


def test_the_session_of_a_simulator_is_told_by_its_ticks():
    desk = Desk(datetime(2026, 8, 15, 23, 0, tzinfo=IST))
    desk.put(kite=SIMULATED, mode="simulator", risk={"min_confidence": 0.9})
    clock = MarketClock(market_time=at("11:00"), seen_at=desk.clock.now())
    desk.store.write(create(clock))
    desk.put(kite=SIMULATED, mode="simulator", risk={"min_confidence": 0.5})
    assert desk.reader.current().risk.min_confidence == 0.9
    desk.store.write(replace(clock.evolve(market_time=at("15:40"), revision=1)))
    desk.clock.moment = datetime(2026, 8, 16, 10, 0, tzinfo=IST)
    assert desk.reader.current().risk.min_confidence == 0.9
    desk.store.write(replace(clock.evolve(market_time=at("09:15", day=19), revision=2)))
    desk.clock.advance(6)
    assert desk.reader.current().risk.min_confidence == 0.5


@pytest.mark.parametrize(
    ("item", "place"),
    [
        ({"mode": "paper"}, Key(OPEN_POSITIONS, "main#P1")),
        ({"terms": {"mode": "paper"}}, Key(LIVE_INTENTS, "main#I1")),
    ],
)
def test_the_mode_stays_while_something_is_open(desk: Desk, item: dict[str, Any], place: Key):
    desk.put(profile="one")
    desk.store.write(Put(Key("ACCOUNT#main", "X"), item, place))
    with pytest.raises(Refused, match="1 positions or orders are open in mode paper: close them"):
        desk.put(mode="live")
    with pytest.raises(Refused, match="close them"):
        desk.put(kite=SIMULATED)
    assert desk.put(profile="two") == 2


def test_the_mode_stays_while_an_order_is_reserved(desk: Desk):
    reserved = Reservation(symbol="NIFTY", strategy="equity", exposure=Decimal(1), as_of=TUESDAY_MORNING)
    desk.store.write(create(RiskState(account="main", reservations={"o1": reserved})))
    with pytest.raises(Refused, match="1 positions"):
        desk.put(mode="live")


@pytest.mark.parametrize("known", [True, False])
def test_an_order_that_slips_in_between_is_seen(desk: Desk, known: bool):
    """It is reserved after nothing was found open, before the mode is written."""
    if known:
        desk.store.write(create(RiskState(account="main")))
    reserved = Reservation(symbol="NIFTY", strategy="equity", exposure=Decimal(1), as_of=TUESDAY_MORNING)

    def enter() -> None:
        state = load(desk.store, RiskState, risk_key("main"))
        new = (state or RiskState(account="main")).evolve(reservations={"o1": reserved})
        desk.store.write(replace(new) if state else create(new))

    desk.store.before_write = enter
    with pytest.raises(Refused, match="1 positions"):
        desk.put(mode="live")
    assert desk.changes.stored() is None


def test_while_settings_are_wrong_entries_stop_and_exits_go_by_the_last_good_ones(desk: Desk):
    desk.put(risk={"max_concurrent_positions": 1})
    desk.put(risk={"max_concurrent_positions": 1}, profile="good")
    desk.store.write(Put(settings_key(), {"document": '{"mode": "dream"}', "version": 3}))
    for reader in (desk.reader, SettingsReader(desk.store, desk.clock)):
        with pytest.raises(SettingsError, match="mode = 'dream'"):
            reader.current()
        assert reader.standing().profile == "good"
    desk.put(mode="paper", risk=RiskSettings().model_dump())
    desk.clock.advance(6)
    assert desk.reader.current() == desk.reader.standing()


@pytest.mark.parametrize(
    ("item", "told"),
    [
        ({"document": Settings().model_dump_json(), "version": 3, "colour": "red"}, "colour = 'red'"),
        ({"colour": "red"}, "document"),
        ({"document": Settings().model_dump_json(), "version": "three"}, "version = 'three'"),
        (
            {
                "document": Settings().model_dump_json(),
                "version": 3,
                "held": {"risk.min_confidence": "high"},
                "held_until": at("23:00").isoformat(),
            },
            "what waits .* 'high'",
        ),
    ],
)
def test_an_item_that_another_version_of_patang_wrote_stops_entries_alone(
    desk: Desk, item: dict[str, Any], told: str
):
    desk.put(profile="small")
    desk.put(profile="good")
    desk.store.write(Put(settings_key(), item))
    for reader in (desk.reader, SettingsReader(desk.store, desk.clock)):
        with pytest.raises(SettingsError, match=told):
            reader.current()
        assert reader.standing().profile == "good"
    with pytest.raises(SettingsError, match=told):
        desk.changes.in_force()
    assert desk.put(profile="right") >= 3
    desk.clock.advance(6)
    assert desk.reader.current().profile == "right"


def test_a_kept_version_that_cannot_be_read_is_passed_over(desk: Desk):
    desk.put(profile="good")
    desk.store.write(Put(settings_version_key(2), {"colour": "red"}))
    desk.store.write(Put(settings_key(), {"document": "{", "version": 2}))
    assert desk.reader.standing().profile == "good"
    assert desk.put(profile="right") == 3


def test_settings_of_a_later_patang_are_followed_by_a_version_and_bring_nothing_forward(desk: Desk):
    """After a deployment was taken back: the item and the version that is kept have what we do not know."""
    desk.put(risk={"risk_per_trade_pct": 1})
    later = {"document": Settings().model_dump_json(), "version": 2, "colour": "red"}
    desk.store.write(Put(settings_version_key(2), later), Put(settings_key(), later))
    assert desk.put(risk={"risk_per_trade_pct": 4}) == 3
    assert desk.changes.in_force().risk.risk_per_trade_pct == 1


def test_what_waits_in_a_simulator_waits_in_its_time_also_while_settings_are_wrong():
    desk = Desk(datetime(2026, 11, 21, 10, 0, tzinfo=IST))
    desk.put(kite=SIMULATED, risk={"min_confidence": 0.9})
    desk.store.write(create(MarketClock(market_time=at("11:00"), seen_at=desk.clock.now())))
    desk.put(kite=SIMULATED, risk={"min_confidence": 0.5})
    desk.store.write(Put(settings_key(), {"document": "{", "version": 2}))
    assert desk.reader.standing().risk.min_confidence == 0.9


def test_a_process_that_read_good_settings_keeps_them(desk: Desk):
    desk.store.write(Put(settings_key(), {"document": Settings(profile="by hand").model_dump_json()}))
    assert desk.reader.current().profile == "by hand"
    desk.store.write(Put(settings_key(), {"document": "{"}))
    assert desk.reader.current().profile == "by hand"
    desk.clock.advance(6)
    with pytest.raises(SettingsError):
        desk.reader.current()
    assert desk.reader.standing().profile == "by hand"


def test_where_nothing_was_ever_right_nothing_goes_on(desk: Desk):
    desk.store.write(Put(settings_key(), {"document": '{"mode": "dream"}'}))
    with pytest.raises(SettingsError, match="dream"):
        desk.reader.standing()
    assert desk.put(profile="right") == 1


def test_a_transaction_that_is_in_the_way_is_waited_for(desk: Desk):
    def conflict() -> None:
        raise WriteConflict([])

    desk.store.before_write = conflict
    assert desk.put(profile="small") == 1
    assert len(desk.events()) == 1
