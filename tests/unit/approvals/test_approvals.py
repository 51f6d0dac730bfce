"""One answer to the exact terms shown, in time, by a person; everything else is told why not."""

import re
from decimal import Decimal
from typing import cast

import pytest

from patang.approvals.decisions import Decisions, Undecided
from patang.approvals.link import link_key
from patang.approvals.proposal import Proposal
from patang.approvals.requests.deciding import RequestDecisions
from patang.errors import BadInput
from patang.keys import proposal_key
from patang.records import load
from tests.unit.execution.samples import equity_signal, open_account, proposal_of, propose
from tests.unit.execution.trading_desk import Killed, TradingDesk

ORDER = ("main", "o-s-infy")


@pytest.fixture
def desk() -> TradingDesk:
    desk = TradingDesk()
    open_account(desk.store)
    propose(desk.store, proposal_of(equity_signal(), 20))
    desk.flow().construct(*ORDER)
    return desk


def stored(desk: TradingDesk) -> Proposal:
    proposal = load(desk.store, Proposal, proposal_key(*ORDER))
    assert proposal is not None
    return proposal


def decide(desk: TradingDesk, decision: str = "approve", digest: str | None = None) -> str:
    digest = digest or stored(desk).terms_digest or ""
    return desk.approvals().decide(*ORDER, decision, digest, "owner", desk.clock.now())


def linked(desk: TradingDesk, nonce: str) -> Undecided | None:
    """What the link of a nonce leads to; nobody has asked for an order here."""
    requests = cast(RequestDecisions, None)
    links = desk.auth_store
    return Decisions(desk.store, lambda: links, desk.approvals(), requests, desk.settings, desk.clock).linked(
        nonce
    )


def link_in(text: str) -> str:
    found = re.search(r"https://desk\.example/approvals/(\S+)", text)
    assert found is not None
    return found[1]


def test_the_owner_reads_terms_risk_and_a_link_that_leads_to_them(desk: TradingDesk) -> None:
    desk.approvals().request(*ORDER, "token")
    ((subject, text),) = desk.notifier.sent
    assert "BUY 20 INFY" in subject
    for part in ("1,503.00", "MIS", "1,490.00", "1,515.00", "240.00", "60.00", "400.00", "85%", "10:02:00"):
        assert part in text, part
    seen = linked(desk, link_in(text))
    assert seen is not None
    assert seen.order_id == "o-s-infy"


def test_the_link_is_stored_by_its_hash_alone(desk: TradingDesk) -> None:
    desk.approvals().request(*ORDER, "token")
    nonce = link_in(desk.notifier.sent[0][1])
    assert len(nonce) >= 22, "128 bits, in six a letter"
    assert nonce not in str(desk.auth_store.items)
    assert nonce not in str(desk.store.items)
    assert link_key(nonce) in desk.auth_store.items
    assert "token" not in desk.notifier.sent[0][1]


def test_an_unknown_or_outlived_link_leads_nowhere(desk: TradingDesk) -> None:
    desk.approvals().request(*ORDER, "token")
    nonce = link_in(desk.notifier.sent[0][1])
    assert linked(desk, nonce[:-1] + "x") is None
    desk.clock.advance(120 + 3600)
    assert linked(desk, nonce) is None


def test_a_yes_completes_the_task_once(desk: TradingDesk) -> None:
    desk.approvals().request(*ORDER, "token")
    assert decide(desk) == "APPROVED"
    assert desk.workflows.answers["token"] == {"ok": True, "decision": "approve", "reason": "APPROVED"}
    assert decide(desk) == "ALREADY_DECIDED"
    assert decide(desk, "decline") == "ALREADY_DECIDED"
    assert stored(desk).state == "APPROVED"
    assert stored(desk).decided_by == "owner"
    assert desk.events().count("APPROVAL_APPROVED") == 1


def test_a_no_is_final(desk: TradingDesk) -> None:
    desk.approvals().request(*ORDER, "token")
    assert decide(desk, "decline") == "DECLINED"
    assert decide(desk) == "ALREADY_DECIDED"
    assert desk.workflows.answers["token"]["reason"] == "USER_REJECTED"
    assert desk.flow().conclude(*ORDER, "DECLINED")["reason"] == "USER_REJECTED"
    assert desk.risk().reservations == {}


def test_other_terms_than_shown_are_not_approved(desk: TradingDesk) -> None:
    desk.approvals().request(*ORDER, "token")
    assert decide(desk, digest="0" * 64) == "TERMS_CHANGED"
    assert stored(desk).state == "PENDING"


def test_time_is_over_to_the_second_and_stays_over(desk: TradingDesk) -> None:
    desk.approvals().request(*ORDER, "token")
    desk.clock.advance(119)
    assert desk.approvals().expire(*ORDER, desk.clock.now()) is False
    desk.clock.advance(1)
    assert decide(desk) == "EXPIRED"
    assert decide(desk) == "EXPIRED"
    assert stored(desk).state == "EXPIRED"
    assert desk.workflows.answers["token"]["decision"] == "expired"
    desk.flow().conclude(*ORDER, "APPROVAL_EXPIRED")
    assert decide(desk) == "EXPIRED"


def test_nothing_can_be_decided_before_it_is_asked(desk: TradingDesk) -> None:
    assert decide(desk) == "UNKNOWN"
    assert desk.approvals().decide("main", "o-none", "approve", "", "owner", desk.clock.now()) == "UNKNOWN"
    with pytest.raises(BadInput, match="maybe"):
        decide(desk, "maybe")


def test_automated_mode_answers_by_itself_and_sends_no_link() -> None:
    desk = TradingDesk(approval={"mode": "automated"})
    open_account(desk.store)
    propose(desk.store, proposal_of(equity_signal(), 20))
    desk.flow().construct(*ORDER)
    assert desk.approvals().request(*ORDER, "token") == "APPROVED"
    assert desk.workflows.answers["token"]["decision"] == "approve"
    assert desk.notifier.sent == []
    assert stored(desk).decided_by == "automated"


def test_a_decision_whose_answer_was_lost_is_answered_by_the_sweep(desk: TradingDesk) -> None:
    desk.approvals().request(*ORDER, "token")
    desk.fuse.kill = lambda step: "before" if step == desk_step + 2 else ""
    desk_step = desk.fuse.steps
    with pytest.raises(Killed):
        decide(desk)
    assert stored(desk).state == "APPROVED"
    assert "token" not in desk.workflows.answers
    desk.fuse.kill = lambda step: ""
    desk.clock.advance(30)
    swept = desk.reconciler().run(desk.market_time)["swept"]
    assert swept["answered"] == 1
    assert desk.workflows.answers["token"]["decision"] == "approve"


def test_a_workflow_driven_again_waits_with_its_own_token(desk: TradingDesk) -> None:
    desk.approvals().request(*ORDER, "token-1")
    desk.approvals().request(*ORDER, "token-2")
    assert len(desk.notifier.sent) == 1
    decide(desk)
    assert "token-1" not in desk.workflows.answers
    assert desk.workflows.answers["token-2"]["decision"] == "approve"
    desk.approvals().request(*ORDER, "token-3")
    assert desk.workflows.answers["token-3"]["decision"] == "approve"


def test_a_notification_that_fails_leaves_the_approval_open(desk: TradingDesk) -> None:
    def broken(subject: str, text: str) -> None:
        raise RuntimeError("the topic is gone")

    told = []
    desk.notifier.send = broken
    desk.metrics.count = lambda name, value=1, **details: told.append((name, details))
    assert desk.approvals().request(*ORDER, "token") == "PENDING"
    assert [p.order_id for p in desk.approvals().pending(["main", "other"])] == ["o-s-infy"]
    assert [name for name, _ in told].count("notification_failed") == 1
    assert "approvals/" not in str(told), "the link is a secret and must not reach the log"
    assert decide(desk) == "APPROVED"


def test_terms_carry_the_digest_the_owner_says_yes_to(desk: TradingDesk) -> None:
    terms = stored(desk).terms
    assert terms is not None
    assert terms.digest() == stored(desk).terms_digest
    assert terms.model_copy(update={"price": Decimal("1503.05")}).digest() != stored(desk).terms_digest
