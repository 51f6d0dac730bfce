"""The routes of reconciliation: each owner's accounts, read and asked for."""

from datetime import datetime

import pytest

from patang.accounts.account import Account
from patang.execution.reconciliation.record import Difference, Reconciliation
from patang.keys import account_key
from patang.market.sessions import IST
from patang.records import create, replace
from tests.fakes import RecordedPollQueue


@pytest.fixture
def compared(desk):
    desk.poll_queue = RecordedPollQueue()
    short = Difference(kind="HOLDING_SHORT", symbol="NSE:INFY:MIS", ours="20", brokers="15")
    moment = datetime(2026, 8, 18, 10, 0, tzinfo=IST)
    for account in ("main", "other"):
        found = Reconciliation(
            account=account, mode="paper", as_of=moment, looked_at=moment, differences=(short,), clean=False
        )
        desk.store.write(create(found))
    return desk


def test_an_owner_reads_his_own(stranger, compared, bearer):
    (found,) = stranger.get("/api/reconciliation", headers=bearer("read")).json()
    assert (found["account"], found["clean"]) == ("main", False)
    assert found["differences"][0]["kind"] == "HOLDING_SHORT"


def test_asking_sends_a_ticket_and_needs_the_scope_to_trade(stranger, compared, bearer):
    answer = stranger.post("/api/reconciliation", json={"account": "main"}, headers=bearer("read", "trade"))
    assert (answer.status_code, answer.json()) == (202, {"accounts": ["main"]})
    assert compared.poll_queue.tickets == [({"reconcile": ["main"]}, 0)]
    refused = stranger.post("/api/reconciliation", json={}, headers=bearer("read"))
    assert refused.status_code == 403
    others = stranger.post("/api/reconciliation", json={"account": "other"}, headers=bearer("trade"))
    assert others.status_code == 404
    assert len(compared.poll_queue.tickets) == 1


def test_who_has_no_account_any_more_asks_for_nobodys(stranger, compared, bearer):
    headers = bearer("read", "trade")
    main = compared.seen(Account, account_key("main"))
    compared.store.write(replace(main.evolve(enabled=False)))
    answer = stranger.post("/api/reconciliation", json={}, headers=headers)
    assert answer.status_code == 401
    assert compared.poll_queue.tickets == []


def test_a_login_asks_for_a_comparison(desk, sign_in):
    desk.poll_queue = RecordedPollQueue()
    sign_in()
    assert desk.poll_queue.tickets == [({"reconcile": ["main"]}, 0)]


def test_a_queue_that_cannot_be_reached_does_not_undo_a_login(desk, sign_in):
    sign_in()
    assert desk.metrics.counts["reconciliation_not_asked"] == 1
