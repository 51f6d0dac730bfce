"""An account's answer to the signals of a cycle."""

import json
from collections import Counter
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from patang.approvals.proposal import Proposal
from patang.audit.event import AuditEvent
from patang.keys import cycle_key, day_key, outbox_partition, proposal_key, risk_key, slippage_partition
from patang.market.cycle import Cycle
from patang.portfolio.account_state import AccountDay, Reservation, RiskState
from patang.ports import Put, WriteConflict
from patang.records import create, load, load_all
from patang.risk.breaker import BREAKER
from patang.risk.proposing import order_id_of
from patang.risk.service import RiskService
from patang.risk.slippage import SlippageTally
from tests.fakes import FixedClock, MemoryObjects, MemoryStore, RecordedMetrics, RecordedNotifier
from tests.unit.risk.samples import (
    AS_OF,
    RUN_ID,
    equity_signal,
    halts,
    mark,
    open_cycle,
    option_signal,
    position,
    settings,
)

D = Decimal


class Account:
    """One account on a store, with what a test wants to ask."""

    def __init__(self, store: MemoryStore | None = None, **risk) -> None:
        self.store, self.objects = store or MemoryStore(), MemoryObjects()
        self.settings = settings(**risk)
        self.metrics, self.notifier = RecordedMetrics(), RecordedNotifier()
        open_cycle(self.store)

    def assess(self, *signals, as_of=AS_OF):
        self.store.write(*(create(signal) for signal in signals))
        return self.service().assess("main", RUN_ID, as_of)

    def service(self):
        return RiskService(
            self.store, self.objects, FixedClock(), lambda: self.settings, self.halts(), self.metrics
        )

    def halts(self):
        return halts(self.store, self.settings, FixedClock(), self.notifier, self.metrics)

    def proposals(self):
        return load_all(self.store, Proposal, "ACCOUNT#main", "PROPOSAL#")

    def state(self):
        return load(self.store, RiskState, risk_key("main")) or RiskState(account="main")

    def events(self, kind):
        found = load_all(self.store, AuditEvent, outbox_partition("main", AS_OF.date()))
        return [event for event in found if event.kind == kind]

    def hold(self, held, unrealised="0"):
        self.store.write(create(held), create(mark(held, unrealised)))


def test_a_good_signal_becomes_one_proposal_with_its_reservation_and_event():
    account = Account()
    signal = equity_signal()
    answer = account.assess(signal)
    order_id = order_id_of("main", signal)
    assert answer == {"proposals": [{"account": "main", "order_id": order_id}], "refusals": {}}
    proposal = load(account.store, Proposal, proposal_key("main", order_id))
    # 10 % of 300,000 at 101 rupees a share, drift included.
    assert (proposal.state, proposal.quantity) == ("PROPOSED", 297)
    assert proposal.expected_net_profit > 150
    reserved = account.state().reservations[order_id]
    assert (reserved.symbol, reserved.strategy, reserved.exposure) == ("INFY", "equity", 297 * D(101))
    (event,) = account.events("PROPOSED")
    assert event.details["bound"] == "SYMBOL_EXPOSURE"
    cycle = load(account.store, Cycle, cycle_key(AS_OF))
    assert (cycle.state, cycle.proposals) == ("FINISHED", 1)


@pytest.mark.parametrize("promoted", [False, True])
def test_in_mode_live_a_demonstration_model_proposes_nothing(promoted):
    # The first sessions with real money are small, and so is what they earn.
    account = Account(min_expected_net_profit_inr=1)
    account.settings = account.settings.model_copy(update={"mode": "live"})
    answer = account.assess(equity_signal(model_promoted=promoted))
    assert len(answer["proposals"]) == promoted
    assert answer["refusals"] == ({} if promoted else {"MODEL_NOT_PROMOTED": 1})
    (event,) = account.events("ASSESSED")
    assert event.details["refusals"] == answer["refusals"]
    assert bool(account.state().reservations) == promoted


def test_the_order_id_names_a_workflow():
    assert order_id_of("main", equity_signal()).replace("-", "").isalnum()
    assert order_id_of("main", equity_signal()) != order_id_of("second", equity_signal())


def test_the_same_cycle_again_proposes_the_same_and_counts_once():
    account = Account()
    first = account.assess(equity_signal(), option_signal(confidence=0.81, expected_return_pct=0.1))
    again = account.service().assess("main", RUN_ID, AS_OF)
    assert again["proposals"] == first["proposals"]
    assert len(account.proposals()) == 1
    day = load(account.store, AccountDay, day_key("main", AS_OF.date()))
    assert day.refusals == first["refusals"] == {"EXPECTED_PROFIT_TOO_LOW": 1}
    assert load(account.store, Cycle, cycle_key(AS_OF)).proposals == 1


def test_two_positions_at_most_are_taken_best_first():
    account = Account()
    answer = account.assess(
        equity_signal("INFY", expected_return_pct=1.4),
        equity_signal("TCS", expected_return_pct=1.6),
        equity_signal("SBIN", expected_return_pct=1.5),
    )
    assert [p.signal.symbol for p in sorted(account.proposals(), key=lambda p: -p.expected_net_profit)] == [
        "TCS",
        "SBIN",
    ]
    assert answer["refusals"] == {"MAX_CONCURRENT_REACHED": 1}


class TestAllStopsTogether:
    """2 % a trade and 3 % a day: 6,000 and 9,000 of 300,000."""

    def share(self, symbol="SBIN"):
        """40 rupees from its price to its stop, 40.425 at the worst."""
        return equity_signal(
            symbol, stop_loss_price=D(60), target_price=D(180), ask=D(100), expected_return_pct=30.0
        )

    def risks(self, account):
        return [proposal.risk_amount for proposal in account.proposals()]

    def test_the_second_of_two_trades_gets_the_rest_of_the_days_limit(self):
        account = Account()
        account.assess(self.share("SBIN"), self.share("TCS"))
        second, first = sorted(self.risks(account))
        assert 6_000 - 41 < first <= 6_000
        assert 9_000 - 41 < first + second <= 9_000
        bounds = sorted(event.details["bound"] for event in account.events("PROPOSED"))
        assert bounds == ["DAILY_LOSS_LIMIT", "RISK_PER_TRADE"]

    def test_nothing_is_left_for_a_third(self):
        account = Account(max_concurrent_positions=9)
        answer = account.assess(self.share("SBIN"), self.share("TCS"), self.share("INFY"))
        assert len(self.risks(account)) == 2
        assert answer["refusals"] == {"SIZE_ZERO_DAILY_LOSS_LIMIT": 1}

    def test_a_position_counts_from_its_worth_down_to_its_stop(self):
        account = Account()
        account.hold(position("TCS", quantity=150, stop_loss_price=D(60)))
        account.assess(self.share())
        (risk,) = self.risks(account)
        # 150 x 40 are 6,000, and the charges of the position count too.
        assert 3_000 - 100 < risk < 3_000

    @pytest.mark.parametrize(("stop", "least", "most"), [(39, 0, 0), (60, 2_900, 3_000), (99, 5_900, 6_000)])
    def test_what_is_left_falls_with_the_distance_to_the_stops_held(self, stop, least, most):
        account = Account()
        account.hold(position("TCS", quantity=150, stop_loss_price=D(stop)))
        answer = account.assess(self.share())
        assert least <= sum(self.risks(account)) <= most
        assert answer["refusals"] == ({} if most else {"SIZE_ZERO_DAILY_LOSS_LIMIT": 1})

    def test_what_is_won_on_paper_only_is_not_put_at_risk(self):
        account = Account()
        account.hold(position("TCS", quantity=150, stop_loss_price=D(60)), unrealised="5000")
        account.assess(self.share())
        assert sum(self.risks(account)) < 3_000

    def test_what_is_won_by_sales_is(self):
        account = Account()
        account.store.write(create(AccountDay(account="main", day=AS_OF.date(), realised_pnl=D(5_000))))
        account.hold(position("TCS", quantity=150, stop_loss_price=D(60)))
        account.assess(self.share())
        assert sum(self.risks(account)) > 5_900

    def test_a_size_of_zero_says_what_is_left(self):
        account = Account()
        account.hold(position("TCS", quantity=150, stop_loss_price=D("40.25")))
        account.assess(self.share())
        path = next(path for path in account.objects.blobs if "/main-" in path)
        (decision,) = json.loads(account.objects.blobs[path])["decisions"]
        assert decision["outcome"] == "SIZE_ZERO_DAILY_LOSS_LIMIT"
        assert decision["numbers"]["limit"] == 9_000
        assert 0 < decision["numbers"]["left"] <= 75
        assert "rupees are left of the day's 9000.00" in decision["told"]

    def test_money_that_is_not_there_is_not_lost_twice(self):
        """A position at its stop already is in the day's loss, and in nothing else."""
        account = Account()
        held = position("TCS", quantity=150, stop_loss_price=D(99))
        account.store.write(create(held), create(mark(held, bid=D(80), last_price=D(80))))
        account.assess(self.share())
        # 150 x 20 are lost: 6,000 are left, less charges.
        assert 5_800 < sum(self.risks(account)) < 6_000


def test_only_one_option_at_a_time():
    account = Account()
    answer = account.assess(
        option_signal(), option_signal("BANKNIFTY26AUG56000CE", underlying="BANKNIFTY", lot_size=30)
    )
    assert len(answer["proposals"]) == 1
    assert answer["refusals"] == {"MAX_OPTIONS_REACHED": 1}


@pytest.mark.parametrize(("hours", "taken"), [(47.9, 0), (48, 1)])
def test_options_cool_down_from_the_last_fill_in_market_time(hours, taken):
    account = Account()
    last = AS_OF - timedelta(hours=hours)
    account.store.write(create(RiskState(account="main", last_option_entry=last)))
    answer = account.assess(option_signal())
    assert len(answer["proposals"]) == taken
    assert answer["refusals"] == ({} if taken else {"OPTION_COOLDOWN": 1})


def test_while_options_cool_down_an_equity_may_be_taken():
    account = Account()
    account.store.write(create(RiskState(account="main", last_option_entry=AS_OF - timedelta(hours=1))))
    account.assess(option_signal(), equity_signal())
    assert [p.signal.strategy for p in account.proposals()] == ["equity"]


def test_what_is_held_is_not_bought_again():
    account = Account()
    account.hold(position("INFY"))
    assert account.assess(equity_signal("INFY"))["refusals"] == {"ALREADY_HELD": 1}


def test_what_is_on_its_way_counts_as_held():
    account = Account(max_concurrent_positions=1)
    reserved = Reservation(symbol="TCS", strategy="equity", exposure=D(30_000), as_of=AS_OF)
    account.store.write(create(RiskState(account="main", reservations={"o1": reserved})))
    assert account.assess(equity_signal("INFY"))["refusals"] == {"MAX_CONCURRENT_REACHED": 1}


def test_an_order_that_is_partly_filled_counts_once():
    account = Account()
    account.hold(position("TCS"))
    reserved = Reservation(symbol="TCS", strategy="equity", exposure=D(1_000), as_of=AS_OF)
    account.store.write(create(RiskState(account="main", reservations={"o1": reserved})))
    assert len(account.assess(equity_signal("INFY"))["proposals"]) == 1


def test_the_portfolio_bound_counts_positions_and_reservations():
    account = Account(max_concurrent_positions=9, min_expected_net_profit_inr=0)
    account.hold(position("TCS", quantity=400))
    reserved = Reservation(symbol="SBIN", strategy="long_options", exposure=D(45_000), as_of=AS_OF)
    account.store.write(create(RiskState(account="main", reservations={"o1": reserved})))
    account.assess(equity_signal("INFY"))
    # 30 % of 300,000 less 40,000 held and 45,000 on its way leaves 5,000.
    assert [p.quantity for p in account.proposals()] == [49]


def test_a_strategys_share_counts_its_positions_and_reservations_and_nobody_elses():
    account = Account(max_concurrent_positions=9, min_expected_net_profit_inr=0)
    account.hold(position("TCS", quantity=300))
    account.hold(position("NIFTY26AUG25000CE", underlying="NIFTY", strategy="long_options", quantity=65))
    reserved = Reservation(symbol="SBIN", strategy="equity", exposure=D(25_000), as_of=AS_OF)
    account.store.write(create(RiskState(account="main", reservations={"o1": reserved})))
    account.assess(equity_signal("INFY"))
    # 20 % of 300,000 less 30,000 held and 25,000 on its way leaves 5,000; the option is another's.
    assert [p.quantity for p in account.proposals()] == [49]
    (event,) = account.events("PROPOSED")
    assert event.details["bound"] == "STRATEGY_SHARE"


def test_too_little_expected_profit_is_refused():
    account = Account(min_expected_net_profit_inr=1_000)
    assert account.assess(equity_signal())["refusals"] == {"EXPECTED_PROFIT_TOO_LOW": 1}


class CountingStore(MemoryStore):
    """Counts how often each partition is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = Counter()

    def query(self, partition, **how):
        self.asked[partition] += 1
        return super().query(partition, **how)


def test_what_fills_have_slipped_is_read_once_a_cycle_and_decides():
    store = CountingStore()
    account = Account(store)
    tally = SlippageTally(
        mode="paper",
        account="another",
        instrument_class="equity",
        size="small",
        fills=300,
        total_pct=D(300) * D("0.6"),
    )
    store.write(create(tally))
    # 1.5 % are expected. Fills slip 0.55 % a side, less than that alone, but not with charges and spread.
    signals = [equity_signal(name) for name in ("INFY", "TCS", "SBIN")]
    assert account.assess(*signals)["refusals"] == {"EXPECTED_PROFIT_TOO_LOW": 3}
    assert store.asked[slippage_partition("paper")] == 1


def test_what_slipped_in_another_mode_decides_nothing():
    account = Account()
    tally = SlippageTally(
        mode="live",
        account="main",
        instrument_class="equity",
        size="small",
        fills=300,
        total_pct=D(300) * 5,
    )
    account.store.write(create(tally))
    assert len(account.assess(equity_signal())["proposals"]) == 1


def test_a_size_of_zero_names_its_bound():
    account = Account()
    # A lot of 65 at 600 is 39,000; 10 % of the capital is 30,000. Its stop would lose no more than 1,300.
    answer = account.assess(option_signal(entry_price=D(600), ask=D(600), stop_loss_price=D(580)))
    assert answer["refusals"] == {"SIZE_ZERO_SYMBOL_EXPOSURE": 1}


def test_signals_refused_before_are_not_looked_at():
    account = Account()
    answer = account.assess(equity_signal(refused=("CONFIDENCE_TOO_LOW",)))
    assert answer == {"proposals": [], "refusals": {}}


def test_a_day_without_sourced_charges_proposes_nothing_and_says_why():
    account = Account()
    old = AS_OF.replace(year=2015)
    account.store.write(create(equity_signal(as_of=old)))
    assert account.service().assess("main", "2015", old)["refusals"] == {"STOP_TRADING": 1}
    assert account.metrics.counts["stop_trading"] == 1


class TestBreaker:
    def test_the_days_loss_leaves_only_exits_for_the_day_and_nothing_but_the_day(self):
        account = Account()
        account.store.write(
            create(AccountDay(account="main", day=AS_OF.date(), realised_pnl=D(-8_000))),
        )
        held = position("TCS")
        account.hold(held, unrealised="-1000")
        assert account.assess(equity_signal())["refusals"] == {"DAILY_LOSS_LIMIT": 1}
        state = account.state()
        assert (state.state, state.halted_by, state.halted_day) == ("REDUCING", BREAKER, AS_OF.date())
        # 9,000 and the charges of the exit to come.
        assert "the day's loss of 90" in state.halt_reason
        assert account.metrics.counts["breaker_opened"] == 1
        assert len(account.events("REDUCING")) == 1
        assert [subject for subject, _ in account.notifier.sent] == ["main: reducing"]

        tomorrow = AS_OF + timedelta(days=1)
        fresh = mark(held, "-1000", tomorrow, previous_close=held.entry_price)
        account.store.write(Put(fresh.key(), fresh.model_dump(mode="json", exclude_none=True)))
        account.store.write(create(equity_signal(as_of=tomorrow)))
        assert len(account.service().assess("main", "tomorrow", tomorrow)["proposals"]) == 1
        assert account.state().state == "ACTIVE"
        assert [subject for subject, _ in account.notifier.sent][-1] == "main: active"

    def test_a_cent_less_is_no_breach_but_leaves_nothing_to_lose(self):
        account = Account()
        account.store.write(create(AccountDay(account="main", day=AS_OF.date(), realised_pnl=D("-8999.99"))))
        assert account.assess(equity_signal())["refusals"] == {"SIZE_ZERO_DAILY_LOSS_LIMIT": 1}
        assert account.state().state == "ACTIVE"

    def test_what_a_bad_day_has_left_is_still_traded(self):
        account = Account()
        account.store.write(create(AccountDay(account="main", day=AS_OF.date(), realised_pnl=D(-8_700))))
        account.assess(equity_signal())
        (proposal,) = account.proposals()
        assert 0 < proposal.risk_amount <= 300
        (event,) = account.events("PROPOSED")
        assert event.details["bound"] == "DAILY_LOSS_LIMIT"

    def test_the_breaker_opens_once_and_survives_a_recovery_within_the_day(self):
        account = Account()
        held = position("TCS")
        account.hold(held, unrealised="-9000")
        account.assess(equity_signal())
        later = AS_OF + timedelta(minutes=1)
        better = mark(held, "500", later)
        account.store.write(Put(better.key(), better.model_dump(mode="json", exclude_none=True)))
        account.store.write(create(equity_signal(signal_id="S2", as_of=later)))
        assert account.service().assess("main", "later", later)["refusals"] == {"DAILY_LOSS_LIMIT": 1}
        assert account.metrics.counts["breaker_opened"] == 1

    def test_a_drawdown_needs_a_person(self):
        account = Account()
        account.store.write(
            create(RiskState(account="main", realised_total=D(-20_000), peak_realised=D(10_000)))
        )
        account.assess(equity_signal())
        state = account.state()
        assert (state.state, state.halted_day) == ("HALTED", None)
        next_week = AS_OF + timedelta(days=7)
        account.store.write(create(equity_signal(as_of=next_week)))
        assert account.service().assess("main", "later", next_week)["refusals"] == {"MAX_DRAWDOWN": 1}

    def test_a_persons_halt_outlives_the_breakers(self):
        account = Account()
        account.store.write(create(AccountDay(account="main", day=AS_OF.date(), realised_pnl=D(-9_000))))
        account.assess(equity_signal())
        assert account.halts().halt("main", "holiday", "owner", AS_OF) is True
        tomorrow = AS_OF + timedelta(days=1)
        account.store.write(create(equity_signal(as_of=tomorrow)))
        assert account.service().assess("main", "tomorrow", tomorrow)["refusals"] == {"HALTED": 1}
        assert account.state().halted_by == "owner"


class ContendedStore(MemoryStore):
    """Before each write somebody else may be quicker; sometimes contention alone makes it fail."""

    def __init__(self) -> None:
        super().__init__()
        self.intruders = []
        self.failures = 0

    def write(self, *writes):
        if self.failures:
            self.failures -= 1
            raise WriteConflict([])
        if self.intruders:
            self.intruders.pop()()
        super().write(*writes)


def test_a_decision_is_made_anew_when_somebody_was_quicker():
    store = ContendedStore()
    account = Account(store, max_concurrent_positions=1)
    store.write(create(equity_signal("INFY")))

    def take_the_place():
        reserved = Reservation(symbol="TCS", strategy="equity", exposure=D(30_000), as_of=AS_OF)
        store.write(create(RiskState(account="main", reservations={"o1": reserved})))

    store.intruders.append(take_the_place)
    answer = account.service().assess("main", RUN_ID, AS_OF)
    assert answer == {"proposals": [], "refusals": {"MAX_CONCURRENT_REACHED": 1}}


def test_passing_contention_is_retried_and_lasting_contention_refuses():
    store = ContendedStore()
    account = Account(store)
    store.write(create(equity_signal()))
    store.failures = 3
    assert len(account.service().assess("main", RUN_ID, AS_OF)["proposals"]) == 1

    store = ContendedStore()
    account = Account(store)
    store.write(create(equity_signal()))
    store.failures = 10
    answer = account.service().assess("main", RUN_ID, AS_OF)
    assert answer == {"proposals": [], "refusals": {"CONTENTION": 1}}


symbols = st.lists(st.sampled_from("ABCDEFGHIJKLMNOP"), min_size=1, max_size=12, unique=True)


@hypothesis_settings(max_examples=40, deadline=None)
@given(
    st.lists(symbols, min_size=1, max_size=4),
    st.integers(1, 20),
    st.integers(0, 3),
    st.integers(20, 90),
    st.sampled_from([D("0.2"), D("0.5"), D(1), D(3)]),
)
def test_no_interleaving_of_cycles_passes_a_limit(cycles, positions, options, portfolio_pct, loss_pct):
    """Each cycle's writes are cut into by the whole of the next one."""
    store = ContendedStore()
    account = Account(
        store,
        max_concurrent_positions=positions,
        max_concurrent_options=options,
        max_portfolio_exposure_pct=portfolio_pct,
    )
    capital = account.settings.capital.model_copy(update={"daily_loss_limit_pct": loss_pct})
    account.settings = account.settings.model_copy(update={"capital": capital})

    def run(number):
        as_of = AS_OF + timedelta(minutes=number)
        return lambda: account.service().assess("main", f"run{number}", as_of)

    for number, names in enumerate(cycles):
        as_of = AS_OF + timedelta(minutes=number)
        for name in names:
            make = option_signal if name < "E" else equity_signal
            store.write(create(make(name, underlying=name, as_of=as_of, signal_id=f"S{number}{name}")))
    store.intruders = [run(number) for number in range(len(cycles) - 1, 0, -1)]
    run(0)()
    state = account.state()
    held = Counter(reserved.strategy for reserved in state.reservations.values())
    by_symbol = Counter(reserved.symbol for reserved in state.reservations.values())
    assert sum(held.values()) <= positions
    assert held["long_options"] <= options
    assert all(times == 1 for times in by_symbol.values())
    exposure = sum((r.exposure for r in state.reservations.values()), D(0))
    assert exposure <= D(300_000) * portfolio_pct / 100
    assert all(r.exposure <= 30_000 for r in state.reservations.values())
    assert sum((r.risk_amount for r in state.reservations.values()), D(0)) <= D(300_000) * loss_pct / 100
    assert len(account.proposals()) == len(state.reservations)
