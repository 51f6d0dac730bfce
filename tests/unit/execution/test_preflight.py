"""The day's preflight: every check by name, what each failure blocks, and how a day that failed heals."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from patang.accounts.account import Account
from patang.errors import ModelRefused, SessionExpired, TryAgain
from patang.execution.graduation import Graduation, Waiver
from patang.execution.lane.rate_tokens import LIMITS, RateTokens
from patang.execution.market_clock import MarketClock
from patang.execution.preflight import egress_refusal, entry_refusal
from patang.execution.preflight.egress import EgressProbe, address_refused
from patang.execution.preflight.service import PreflightService
from patang.execution.reconciliation.record import Reconciliation
from patang.keys import graduation_key, preflight_key, universe_key
from patang.market.preflight import MORNING, Check, Preflight
from patang.market.sessions import IST
from patang.ports import BrokerSession, Put
from patang.records import create, load, replace
from patang.settings import Settings
from patang.settings.changes import DESK_CHAIN
from tests.fakes import FixedClock, MemoryStore, RecordedMetrics, RecordedNotifier

NINE = datetime(2026, 8, 18, 9, 0, tzinfo=IST)
DAY = NINE.date()
ADDRESS = "203.0.113.7"
FOREIGN = "198.51.100.9"
REFUSED = "IP (198.51.100.9) is not allowed to place orders for this app"


@dataclass
class Morning:
    """A live desk with two accounts on which everything is as it should be, until a test spoils it."""

    overrides: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.clock, self.store = FixedClock(NINE + timedelta(seconds=2)), MemoryStore()
        self.metrics, self.notifier = RecordedMetrics(), RecordedNotifier()
        self.settings = Settings.model_validate(
            {"mode": "live", "registered_egress_ip": ADDRESS} | self.overrides
        )
        self.accounts = [self.account("main"), self.account("other")]
        self.address: str | None = ADDRESS
        self.probes = 0
        self.net: Any = "412000.50"
        self.skew = timedelta(0)
        self.consent = "consent"
        self.dead: set[str] = set()
        self.model_problem: str | None = None
        self.model_promoted = True
        self.models_of: list[date] = []
        self.store.write(Put(universe_key(DAY), {"day": DAY.isoformat(), "path": "u", "instruments": 40}))
        for account in ("main", "other"):
            self.reconciled(account)
            waiver = Waiver(account=account, what="paper", reason="a test", by="me", at=NINE)
            self.store.write(create(waiver))

    @staticmethod
    def account(name: str) -> Account:
        return Account(account=name, label=name, kite_user_id=f"U-{name}", api_key="k", principal="owner")

    def reconciled(self, account: str, **changes: Any) -> None:
        fields = {"account": account, "mode": self.settings.mode, "as_of": NINE, "looked_at": NINE}
        found = Reconciliation.model_validate(fields | {"clean": True} | changes)
        known = load(self.store, Reconciliation, found.key())
        self.store.write(create(found) if known is None else replace(found.evolve(revision=known.revision)))

    def session(self, account: str) -> BrokerSession:
        if account in self.dead:
            raise SessionExpired("the broker does not accept the session")
        profile = {"user_id": f"U-{account}", "meta": {"demat_consent": self.consent}}
        return BrokerSession(profile, (self.clock.now() + self.skew).replace(microsecond=0))

    def probe(self) -> EgressProbe:
        self.probes += 1
        problem = None if self.address else "the lane did not answer"
        return EgressProbe(
            probe_id="p", asked_at=NINE, answered_at=NINE, address=self.address, problem=problem
        )

    def margins(self) -> dict[str, Any]:
        if self.net is TryAgain:
            raise TryAgain("the broker had trouble")
        return {"equity": {"net": self.net}}

    def models(self, day: date) -> dict[str, bool]:
        self.models_of.append(day)
        if self.model_problem:
            raise ModelRefused(self.model_problem)
        return {"equity-1": self.model_promoted}

    def service(self) -> PreflightService:
        return PreflightService(
            self.store,
            lambda: tuple(self.accounts),
            self.session,
            lambda account, mode: self,
            self.probe,
            self.models,
            lambda: self.settings,
            lambda: "https://desk.example",
            self.clock,
            self.notifier,
            self.metrics,
        )

    def at(self, moment: datetime) -> Preflight:
        """The schedule's call of a minute; the day's record after it."""
        self.clock.advance((moment - self.clock.now()).total_seconds() + 2)
        self.service().by_schedule(moment)
        return self.record()

    def record(self, day: date = DAY) -> Preflight:
        found = load(self.store, Preflight, preflight_key(day))
        assert found is not None
        return found

    def check(self, name: str, account: str | None = None) -> Check:
        (found,) = [c for c in self.record().checks if (c.name, c.account) == (name, account)]
        return found

    def refusal(self, account: str | None = None, product: str | None = "MIS") -> str | None:
        return entry_refusal(self.store, self.settings, DAY, account, product)


def test_everything_is_checked_and_says_what_was_found_and_expected() -> None:
    desk = Morning({"equity": {"holding_period": "swing"}})
    assert desk.at(NINE).passed
    assert {check.name for check in desk.record().checks} == {
        "calendar", "egress_ip", "instruments", "model", "model_promoted", "market_data", "session",
        "clock_skew", "demat_consent", "funds", "rate_tokens", "reconciliation", "graduation",
    }  # fmt: skip
    assert all(check.found and check.expected for check in desk.record().checks)
    assert desk.refusal("main") is None
    assert desk.refusal() is None


def wrong_address(desk: Morning) -> None:
    desk.address = FOREIGN


def no_address(desk: Morning) -> None:
    desk.address = None


def nothing_registered(desk: Morning) -> None:
    desk.settings = desk.settings.model_copy(update={"registered_egress_ip": None})


def no_universe(desk: Morning) -> None:
    desk.store.items.pop(universe_key(DAY))


def bad_model(desk: Morning) -> None:
    desk.model_problem = "the file is not the one that was measured"


def clock_ahead(desk: Morning) -> None:
    desk.skew = timedelta(seconds=-6)


def clock_behind(desk: Morning) -> None:
    desk.skew = timedelta(seconds=6)


@pytest.mark.parametrize(
    ("spoil", "name", "found"),
    [
        (wrong_address, "egress_ip", FOREIGN),
        (no_address, "egress_ip", "could not be observed: the lane did not answer"),
        (nothing_registered, "egress_ip", "registered_egress_ip is not set"),
        (no_universe, "instruments", "has not made the universe"),
        (bad_model, "model", "not the one that was measured"),
    ],
)
def test_what_is_wrong_with_the_desk_blocks_every_real_entry(
    spoil: Callable[[Morning], None], name: str, found: str
) -> None:
    desk = Morning()
    spoil(desk)
    assert not desk.at(NINE).passed
    check = desk.check(name)
    assert not check.passed
    assert found in check.found
    assert check.to_do
    for account in (None, "main", "other"):
        assert f"{name}: " in str(desk.refusal(account))


@pytest.mark.parametrize(("spoil", "way"), [(clock_ahead, "ahead"), (clock_behind, "behind")])
def test_a_clock_that_is_not_the_brokers_blocks(spoil: Callable[[Morning], None], way: str) -> None:
    desk = Morning()
    spoil(desk)
    desk.at(NINE)
    check = desk.check("clock_skew")
    assert not check.passed
    assert check.found.endswith(way)
    assert "clock_skew" in str(desk.refusal("other"))


@pytest.mark.parametrize("seconds", [-3, -1, 0, 1, 3])
def test_whole_seconds_of_the_brokers_date_are_no_skew(seconds: int) -> None:
    desk = Morning()
    desk.skew = timedelta(seconds=seconds)
    assert desk.at(NINE).passed


def dead_session(desk: Morning) -> None:
    desk.dead = {"main"}


def foreign_session(desk: Morning) -> None:
    desk.accounts[0] = desk.accounts[0].model_copy(update={"kite_user_id": "somebody else"})


def unclean(desk: Morning) -> None:
    difference = {"kind": "OVERSOLD", "symbol": "NSE:INFY:MIS", "ours": "0", "brokers": "-5"}
    desk.reconciled("main", clean=False, differences=[difference])


def yesterdays_reconciliation(desk: Morning) -> None:
    desk.reconciled("main", as_of=NINE - timedelta(days=1))


def reconciled_on_paper(desk: Morning) -> None:
    desk.reconciled("main", mode="paper")


def tokens_spent(desk: Morning) -> None:
    tokens, limits = RateTokens(desk.store), LIMITS["order"]
    sent = limits.day - limits.reserved_day
    tokens.take("main", "order", "exit", desk.clock.now())
    item = next(item for key, item in desk.store.items.items() if key.sort == "RATE#order")
    item["sent"] = sent


@pytest.mark.parametrize(
    ("spoil", "name", "found"),
    [
        (dead_session, "session", "does not accept the session"),
        (foreign_session, "session", "U-main"),
        (unclean, "reconciliation", "OVERSOLD NSE:INFY:MIS"),
        (yesterdays_reconciliation, "reconciliation", "the latest is of 2026-08-17"),
        (reconciled_on_paper, "reconciliation", "made in mode paper"),
        (tokens_spent, "rate_tokens", "500 of 5000"),
    ],
)
def test_what_is_wrong_with_an_account_blocks_it_alone(
    spoil: Callable[[Morning], None], name: str, found: str
) -> None:
    desk = Morning()
    spoil(desk)
    assert not desk.at(NINE).passed
    assert found in desk.check(name, "main").found
    assert name in str(desk.refusal("main"))
    assert desk.refusal("other") is None
    assert desk.refusal() is None, "the other account goes on"


@pytest.mark.parametrize("net", [TryAgain, None, "lots"])
def test_funds_that_cannot_be_read_block_and_where_all_accounts_fail_so_does_the_gate(net: Any) -> None:
    desk = Morning()
    desk.net = net
    assert not desk.at(NINE).passed
    assert "funds" in str(desk.refusal("main"))
    assert "funds" in str(desk.refusal())


def test_a_broker_that_hangs_is_waited_for_once_an_account() -> None:
    desk = Morning()
    desk.dead, asked = {"main"}, []
    desk.margins = lambda: asked.append(1) or {"equity": {"net": 1}}
    desk.at(NINE)
    assert len(asked) == 1, "the other account's"
    assert "not asked" in desk.check("funds", "main").found


def test_without_a_consent_only_shares_that_are_kept_are_not_bought() -> None:
    desk = Morning({"equity": {"holding_period": "swing"}})
    desk.consent = ""
    assert desk.at(NINE).passed
    assert "demat_consent" in str(desk.refusal("main", "CNC"))
    assert desk.refusal("main", "MIS") is None
    assert desk.refusal("main", "NRML") is None
    intraday = Morning()
    intraday.consent = ""
    intraday.at(NINE)
    assert "demat_consent" not in {check.name for check in intraday.record().checks}


def test_market_data_is_not_due_before_the_open_and_is_looked_at_then() -> None:
    desk = Morning()
    assert "none is due" in (desk.at(NINE), desk.check("market_data"))[1].found
    again = desk.record().again_at
    assert again is not None
    assert f"{again:%H:%M}" == "09:17"
    assert desk.at(again - timedelta(minutes=1)).runs == 1
    assert not desk.at(again).passed
    assert "no tick has been seen" in desk.check("market_data").found
    desk.store.write(create(MarketClock(market_time=again, seen_at=desk.clock.now())))
    healed = desk.at(again + timedelta(minutes=1))
    assert healed.passed
    assert healed.runs == 3
    assert desk.refusal("main") is None


def test_old_market_data_fails_by_the_walls_clock() -> None:
    desk = Morning()
    ten = NINE.replace(hour=10)
    seen = ten - timedelta(seconds=121)
    desk.store.write(create(MarketClock(market_time=seen, seen_at=seen)))
    desk.at(ten)
    assert "123 s" in desk.check("market_data").found


def test_a_login_that_comes_late_heals_the_day_within_a_minute() -> None:
    desk = Morning()
    desk.dead = {"main", "other"}
    assert not desk.at(NINE).passed
    assert "https://desk.example/login?account=main" in desk.check("session", "main").to_do
    desk.dead = set()
    assert desk.at(NINE + timedelta(minutes=1)).passed
    assert desk.refusal("main") is None


def test_a_day_that_passed_is_not_checked_again_and_asks_the_lane_nothing() -> None:
    desk = Morning()
    for minute in range(10):
        desk.at(NINE + timedelta(minutes=minute))
    assert desk.record().runs == 1
    assert desk.probes == 1


def test_the_owner_hears_once_of_a_failure_that_lasts() -> None:
    desk = Morning()
    bad_model(desk)
    desk.at(NINE)
    assert desk.notifier.sent == [], "the first minute may heal by itself"
    for minute in range(1, 6):
        desk.at(NINE + timedelta(minutes=minute))
    ((subject, text),) = desk.notifier.sent
    assert "preflight" in subject
    assert "not the one that was measured" in text
    assert desk.metrics.counts["preflight_failed"] == 1


def test_what_the_morning_found_is_told_until_it_is_mended() -> None:
    desk = Morning()
    no_universe(desk)
    told = Check(name="instruments", passed=False, found="the broker's list could not be read")
    earlier = Preflight(
        day=DAY, mode="live", scheduled_time=NINE, ran_at=NINE, passed=False, checks=(told,), by=MORNING
    )
    desk.store.write(create(earlier))
    desk.at(NINE)
    assert desk.check("instruments").found == "the broker's list could not be read"


def test_it_ends_with_the_day() -> None:
    desk = Morning()
    desk.at(NINE)
    tomorrow = DAY + timedelta(days=1)
    assert "has not run" in str(entry_refusal(desk.store, desk.settings, tomorrow, "main"))


def test_an_account_that_was_enabled_after_the_checks_enters_nothing_before_they_are_made_of_it() -> None:
    desk = Morning()
    late = desk.accounts.pop()
    assert desk.at(NINE).passed
    desk.accounts.append(late)
    assert "has not checked account other" in str(desk.refusal("other"))
    assert desk.refusal("main") is None
    desk.reconciled("other", clean=False)
    desk.at(NINE + timedelta(minutes=1))
    assert desk.record().runs == 2
    assert "reconciliation" in str(desk.refusal("other"))
    assert desk.refusal("main") is None
    desk.reconciled("other")
    desk.at(NINE + timedelta(minutes=2))
    assert desk.refusal("other") is None
    desk.at(NINE + timedelta(minutes=3))
    assert desk.record().runs == 3, "all of them are known"


@pytest.mark.parametrize("mode", ["live", "paper"])
def test_models_for_demonstration_are_told_and_stop_no_persons_order(mode: str) -> None:
    desk = Morning({"mode": mode})
    desk.model_promoted = False
    assert desk.at(NINE).passed
    told = desk.check("model_promoted")
    assert told.found == "for demonstration only: equity-1"
    assert (told.passed, told.stops) == (mode != "live", False)
    assert bool(told.to_do) == (mode == "live")
    assert desk.check("model").passed
    assert desk.models_of == [DAY]
    assert desk.refusal("main") is None


@pytest.mark.parametrize("first", [{"kite": {"root": "http://127.0.0.1:9"}}, {"mode": "paper"}])
def test_what_the_day_was_before_is_not_forgotten(first: dict[str, Any]) -> None:
    desk = Morning(first)
    desk.at(NINE)
    desk.settings = Settings.model_validate({"mode": "live", "registered_egress_ip": ADDRESS})
    desk.service().run(NINE + timedelta(hours=6), by="person:asha")
    assert desk.record().mode == "live"
    assert desk.record().mixed
    untouched = Morning()
    untouched.at(NINE)
    untouched.service().run(NINE + timedelta(hours=6), by="person:asha")
    assert not untouched.record().mixed


def test_on_paper_an_account_needs_no_checks_of_its_own() -> None:
    desk = Morning({"mode": "paper"})
    late = desk.accounts.pop()
    desk.at(NINE)
    desk.accounts.append(late)
    assert desk.refusal("other") is None


def test_funds_that_are_no_number_are_not_known() -> None:
    for net in ("NaN", "Infinity", None, "many"):
        desk = Morning()
        desk.net = net
        desk.at(NINE)
        assert not desk.check("funds", "main").passed, net


def test_a_broker_that_answers_with_something_else_stops_the_account_and_not_the_checks() -> None:
    desk = Morning()
    desk.margins = lambda: {"equity": None}  # what it should never answer
    desk.at(NINE)
    assert not desk.check("funds", "main").passed


def test_another_mode_or_address_needs_another_preflight() -> None:
    desk = Morning()
    desk.at(NINE)
    desk.settings = desk.settings.model_copy(update={"registered_egress_ip": FOREIGN})
    assert not desk.at(NINE + timedelta(minutes=1)).passed
    desk.address = FOREIGN
    assert desk.at(NINE + timedelta(minutes=2)).passed
    desk.settings = desk.settings.model_copy(update={"mode": "paper"})
    assert desk.refusal("main") is None, "one for real orders says nothing of paper"
    assert desk.at(NINE + timedelta(minutes=3)).mode == "paper"


@pytest.mark.parametrize(
    ("spoil", "name", "account"),
    [
        (wrong_address, "egress_ip", None),
        (clock_ahead, "clock_skew", None),
        (unclean, "reconciliation", "main"),
        (tokens_spent, "rate_tokens", "main"),
    ],
)
def test_on_paper_what_only_matters_to_real_orders_is_shown_and_blocks_nothing(
    spoil: Callable[[Morning], None], name: str, account: str | None
) -> None:
    desk = Morning({"mode": "paper"})
    spoil(desk)
    assert desk.at(NINE).passed
    assert not desk.check(name, account).passed
    assert desk.refusal("main") is None


@pytest.mark.parametrize("spoil", [no_universe, bad_model, dead_session])
def test_on_paper_what_matters_there_blocks_too(spoil: Callable[[Morning], None]) -> None:
    desk = Morning({"mode": "paper"})
    spoil(desk)
    assert not desk.at(NINE).passed
    assert desk.refusal("main") is not None


def test_on_paper_a_preflight_that_has_not_run_refuses_nothing() -> None:
    assert Morning({"mode": "paper"}).refusal("main") is None


def test_the_brokers_word_on_the_address_takes_the_day_back_until_a_person_says_it_is_mended() -> None:
    desk = Morning()
    desk.at(NINE)
    ten = NINE.replace(hour=10)
    address_refused(desk.store, desk.metrics, "live", ten, desk.clock.now(), REFUSED)
    assert desk.metrics.counts["egress_ip_mismatch"] == 1
    assert REFUSED in str(egress_refusal(desk.store, desk.settings, DAY))
    assert REFUSED in str(desk.refusal("main"))
    desk.store.write(create(MarketClock(market_time=ten, seen_at=ten + timedelta(minutes=2))))
    assert not desk.at(ten + timedelta(minutes=1)).passed, "what the lane sees of itself proves nothing"
    assert REFUSED in desk.check("egress_ip").found
    mended = desk.service().run(ten + timedelta(minutes=2), by="person:owner")
    assert mended.passed
    assert (mended.by, mended.address_refused) == ("person:owner", None)
    assert desk.refusal("main") is None


def test_a_refusal_while_the_checks_are_made_is_not_undone_by_them() -> None:
    desk = Morning()
    bad_model(desk)
    desk.at(NINE)
    desk.model_problem = None
    probe = desk.probe

    def meanwhile() -> EgressProbe:
        address_refused(desk.store, desk.metrics, "live", NINE, desk.clock.now(), REFUSED)
        return probe()

    desk.probe = meanwhile
    assert not desk.at(NINE + timedelta(minutes=1)).passed
    assert REFUSED in str(desk.refusal("main"))


def test_an_order_refused_on_paper_or_before_any_preflight_changes_nothing() -> None:
    desk = Morning({"mode": "paper"})
    address_refused(desk.store, desk.metrics, "live", NINE, NINE, REFUSED)
    desk.at(NINE)
    address_refused(desk.store, desk.metrics, "live", NINE, NINE, REFUSED)
    assert desk.record().address_refused is None


def test_a_holiday_needs_none_and_an_unknown_year_passes_none() -> None:
    desk = Morning()
    holiday = datetime(2026, 8, 15, 9, 0, tzinfo=IST)
    assert desk.service().by_schedule(holiday)["reason"] == "no session today"
    unknown = datetime(2093, 8, 18, 9, 0, tzinfo=IST)
    assert desk.service().by_schedule(unknown)["ok"] is False
    assert "calendar" in str(desk.record(unknown.date()).reason)


def test_no_enabled_account_is_no_desk() -> None:
    desk = Morning()
    desk.accounts = [account.model_copy(update={"enabled": False}) for account in desk.accounts]
    assert not desk.at(NINE).passed
    assert "accounts" in str(desk.refusal("main"))


def test_every_result_that_says_something_new_is_audited() -> None:
    desk = Morning()
    dead_session(desk)
    for minute in range(4):
        desk.at(NINE + timedelta(minutes=minute))
    desk.dead = set()
    desk.at(NINE + timedelta(minutes=4))
    told = [item["account"] for item in desk.store.items.values() if item.get("kind") == "PREFLIGHT"]
    assert sorted(told) == sorted([DESK_CHAIN] * 2 + ["main"] * 2)


def test_what_every_principal_may_read_names_nobodys_account() -> None:
    desk = Morning()
    desk.dead, desk.address = {"other"}, None
    desk.at(NINE)
    events = [item for item in desk.store.items.values() if item.get("kind") == "PREFLIGHT"]
    told = {event["account"]: event["details"] for event in events}
    assert set(told) == {DESK_CHAIN, "other"}
    assert told[DESK_CHAIN]["reason"].startswith("egress_ip: ")
    assert "session" in told[DESK_CHAIN]["reason"]
    assert "other" not in told[DESK_CHAIN]["reason"]
    # Its own chain says what is wrong with it, and nothing of the others or of the desk.
    assert told["other"]["passed"] is False
    assert told["other"]["reason"].startswith("session of other: ")
    assert "egress_ip" not in told["other"]["reason"]


def test_an_account_that_has_not_graduated_sends_no_real_entry() -> None:
    desk = Morning()
    desk.store.items = {k: v for k, v in desk.store.items.items() if k.sort != "WAIVED#paper"}
    assert not desk.at(NINE).passed
    assert "graduation: paper_sessions: 0" in str(desk.refusal("main"))
    kept = load(desk.store, Graduation, graduation_key("main"))
    assert kept is not None
    assert kept.stage == "PAPER"
