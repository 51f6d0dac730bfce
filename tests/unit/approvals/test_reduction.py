"""Less than was proposed: other terms, another hash, less held back; and a yes to exactly those."""

import threading
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest

from patang.approvals.proposal import Proposal
from patang.execution.graduation import Graduation
from patang.keys import proposal_key
from patang.market.preflight import Preflight
from patang.ports import Write, WriteConflict
from patang.records import create, load
from patang.risk.expected_profit import expected_profit
from tests.fakes import MemoryStore
from tests.unit.execution.samples import (
    MORNING,
    equity_signal,
    open_account,
    option_signal,
    proposal_of,
    propose,
)
from tests.unit.execution.stages import quote_at
from tests.unit.execution.trading_desk import TradingDesk

ORDER = ("main", "o-s-infy")


class OneAtATime(MemoryStore):
    """A write is all or nothing for other threads too, as the table's is."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()

    def write(self, *writes: Write) -> None:
        with self._lock:
            super().write(*writes)


RICH = equity_signal(expected_return_pct=5.0, target_price=Decimal("1600.00"), confidence=0.95)


@pytest.fixture
def desk() -> TradingDesk:
    desk = TradingDesk()
    open_account(desk.store)
    quote_at(desk, RICH, RICH.entry_price)
    propose(desk.store, proposal_of(RICH, 20))
    desk.flow().construct(*ORDER)
    desk.approvals().request(*ORDER, "token")
    return desk


def stored(desk: TradingDesk) -> Proposal:
    proposal = load(desk.store, Proposal, proposal_key(*ORDER))
    assert proposal is not None
    return proposal


def reduce(desk: TradingDesk, quantity: int, digest: str | None = None) -> tuple[str, str]:
    digest = digest or stored(desk).terms_digest or ""
    done = desk.approvals().reduce(*ORDER, quantity, digest, "owner", desk.clock.now())
    return done.result, done.why


def decide(desk: TradingDesk, digest: str) -> str:
    return desk.approvals().decide(*ORDER, "approve", digest, "owner", desk.clock.now())


def test_less_has_other_terms_another_hash_and_less_held_for_it(desk: TradingDesk) -> None:
    before, held = stored(desk), desk.risk().reservations["o-s-infy"]
    assert reduce(desk, 12) == ("REDUCED", "")
    after, holds = stored(desk), desk.risk().reservations["o-s-infy"]
    assert (after.quantity, after.proposed_quantity) == (12, 20)
    assert after.terms is not None
    assert after.terms.quantity == 12
    assert after.terms_digest == after.terms.digest() != before.terms_digest
    assert after.expires_at_time == before.expires_at_time, "a smaller wish buys no time"
    assert after.expected_net_profit == round(expected_profit(RICH, 12).net, 2)
    assert after.risk_amount < before.risk_amount
    assert holds.exposure < held.exposure
    assert holds.risk_amount == after.risk_amount
    assert "APPROVAL_REDUCED" in desk.events()


def test_a_yes_is_to_the_reduced_terms_and_only_they_are_sent(desk: TradingDesk) -> None:
    first = stored(desk).terms_digest or ""
    reduce(desk, 12)
    assert decide(desk, first) == "TERMS_CHANGED"
    assert decide(desk, stored(desk).terms_digest or "") == "APPROVED"
    assert desk.flow().recheck(*ORDER) == {"ok": True, "reason": "VALID"}
    intent_id = desk.flow().submit(*ORDER, "lane")["intent_id"]
    desk.lane().process({"account": "main", "intent_id": intent_id})
    assert [order.quantity for order in desk.exchange.orders()] == [12]


@pytest.mark.parametrize(
    ("quantity", "why"),
    [(20, "not less"), (21, "not less"), (0, "is nothing"), (-5, "is nothing")],
)
def test_it_goes_down_only(desk: TradingDesk, quantity: int, why: str) -> None:
    before = stored(desk)
    result, told = reduce(desk, quantity)
    assert result == "NOT_REDUCED"
    assert why in told
    assert stored(desk) == before


def test_options_go_down_by_whole_lots() -> None:
    desk, rich = TradingDesk(), option_signal(expected_return_pct=40.0, confidence=0.95)
    open_account(desk.store)
    propose(desk.store, proposal_of(rich, 195))
    order = ("main", proposal_of(rich, 1).order_id)
    desk.flow().construct(*order)
    desk.approvals().request(*order, "token")
    digest = load(desk.store, Proposal, proposal_key(*order)).terms_digest
    wish = (digest, "owner", desk.clock.now())
    assert "lot of 65" in desk.approvals().reduce(*order, 100, *wish).why
    assert desk.approvals().reduce(*order, 130, *wish).result == "REDUCED"


def test_what_is_no_longer_worth_its_costs_is_not_bought(desk: TradingDesk) -> None:
    result, why = reduce(desk, 1)
    assert result == "NOT_REDUCED"
    assert "less than the 150" in why


def test_after_a_decision_or_the_time_nothing_is_made_less(desk: TradingDesk) -> None:
    digest = stored(desk).terms_digest or ""
    desk.clock.advance(120)
    assert reduce(desk, 12, digest)[0] == "EXPIRED"
    assert stored(desk).state == "EXPIRED"
    assert desk.workflows.answers["token"]["decision"] == "expired"
    assert reduce(desk, 12, digest)[0] == "EXPIRED"


def test_a_yes_and_a_smaller_wish_at_the_same_moment_are_never_mixed(desk: TradingDesk) -> None:
    """The yes to 20 that loses against the wish for 12 is told that the terms have changed."""
    digest, write = stored(desk).terms_digest or "", desk.store.write
    other = iter([lambda: reduce(desk, 12, digest)])

    def beaten(*writes):
        for first in other:
            desk.store.write = write
            assert first() == ("REDUCED", "")
            raise WriteConflict(())
        write(*writes)

    desk.store.write = beaten
    assert decide(desk, digest) == "TERMS_CHANGED"
    assert stored(desk).state == "PENDING"
    assert stored(desk).quantity == 12


@pytest.mark.parametrize(
    ("stage", "day", "state"),
    [
        ("LIVE", MORNING.date(), "APPROVED"),
        ("FIRST_SESSIONS", MORNING.date(), "PENDING"),
        ("LIVE", MORNING.date().replace(day=17), "PENDING"),
        (None, None, "PENDING"),
    ],
    ids=["graduated", "first sessions", "graduated yesterday, not looked at today", "never looked at"],
)
def test_automated_mode_skips_the_person_only_after_the_first_live_sessions(stage, day, state) -> None:
    desk = TradingDesk(approval={"mode": "automated"})
    open_account(desk.store)
    propose(desk.store, proposal_of(RICH, 20))
    desk.settings = desk.settings.model_copy(update={"mode": "live"})
    if stage is not None:
        desk.store.write(
            create(Graduation(account="main", day=day, stage=stage, conditions=(), live_sessions=0))
        )
    desk.flow().construct(*ORDER)
    assert desk.approvals().request(*ORDER, "token") == state


def test_automated_mode_skips_no_check() -> None:
    """The desk's own yes goes through the same recheck: here the preflight has been taken back meanwhile."""
    desk = TradingDesk(approval={"mode": "automated"})
    open_account(desk.store)
    quote_at(desk, RICH, RICH.entry_price)
    propose(desk.store, proposal_of(RICH, 20))
    desk.flow().construct(*ORDER)
    assert desk.approvals().request(*ORDER, "token") == "APPROVED"
    failed = Preflight(
        day=MORNING.date(),
        mode="simulator",
        scheduled_time=MORNING,
        ran_at=MORNING,
        passed=False,
        checks=({"name": "model", "passed": False, "found": "it was changed"},),
    )
    desk.store.write(create(failed))
    reason = str(desk.flow().recheck(*ORDER)["reason"])
    assert reason.startswith("PREFLIGHT_NOT_PASSED: ")
    assert "it was changed" in reason


def test_many_hands_at_once_come_to_one_decision_on_terms_that_were_shown() -> None:
    """Approve, decline and fewer units, each from its own thread, forty times: one decision, one answer to
    the workflow, and what is approved is what its digest says."""
    for _ in range(40):
        desk = TradingDesk(OneAtATime())
        open_account(desk.store)
        propose(desk.store, proposal_of(RICH, 20))
        desk.flow().construct(*ORDER)
        desk.approvals().request(*ORDER, "token")
        digest, start = stored(desk).terms_digest or "", threading.Barrier(4)

        def act(wish: str, desk=desk, digest=digest, start=start) -> str:
            start.wait()
            if wish == "fewer":
                return reduce(desk, 12, digest)[0]
            return desk.approvals().decide(*ORDER, wish, digest, wish, desk.clock.now())

        with ThreadPoolExecutor(4) as pool:
            results = list(pool.map(act, ("approve", "approve", "decline", "fewer")))
        decided = [result for result in results[:3] if result in ("APPROVED", "DECLINED")]
        after = stored(desk)
        if results[3] == "REDUCED":
            assert decided == [], "each was shown 20"
            assert (after.state, after.quantity) == ("PENDING", 12)
        else:
            assert len(decided) == 1, results
            assert (after.state, after.quantity) == (decided[0], 20)
            assert desk.workflows.answers["token"]["reason"] in ("APPROVED", "USER_REJECTED")
        assert after.terms is not None
        assert after.terms.digest() == after.terms_digest
