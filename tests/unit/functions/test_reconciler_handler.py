"""(reconciler): a person's wish, tickets of the queue, and what is neither."""

import json
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pytest

from functions.reconciler import handler as reconciler
from patang.errors import BadInput, StopTrading
from patang.settings import Settings
from tests.fakes import FixedClock, MemoryStore, RecordedDeadLetters, RecordedMetrics


class Desk(SimpleNamespace):
    """The services that the handler calls, and what they were asked."""

    def __init__(self) -> None:
        super().__init__(
            store=MemoryStore(),
            clock=FixedClock(),
            metrics=RecordedMetrics(),
            dead_letters=RecordedDeadLetters(),
        )
        self.asked: list[Any] = []

    def reconciler(self) -> "Desk":
        return self

    def charge_check(self) -> "Desk":
        return self

    def notifications(self) -> "Desk":
        return self

    def standing_settings(self) -> Settings:
        return Settings()

    def run(self, _as_of: datetime) -> dict[str, object]:
        return {}

    def flush(self) -> int:
        return 0

    def desk_figures(self) -> "Desk":
        return self

    def tell(self, as_of: datetime) -> None:
        self.asked.append(as_of)

    def day_mail(self) -> "Desk":
        raise RuntimeError("the mail fails")

    def polling(self) -> "Desk":
        return self

    def ask(self, accounts: list[str]) -> list[dict[str, Any]]:
        if "nobody" in accounts:
            raise BadInput("there is no account 'nobody'")
        if "before-the-first-tick" in accounts:
            raise StopTrading("no market time has been seen yet")
        self.asked.append(accounts)
        return [{"account": account, "clean": True} for account in accounts]

    def poll(self, ticket: dict[str, Any]) -> str:
        if "number" not in ticket:
            raise BadInput("a poll needs an account and a number")
        self.asked.append(ticket)
        return "POLLED"


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    made = Desk()
    monkeypatch.setattr(reconciler, "desk", made)
    return made


def records(*bodies: str) -> dict[str, Any]:
    return {"Records": [{"messageId": str(n), "body": body} for n, body in enumerate(bodies)]}


def test_a_person_gets_the_verdict_of_the_accounts_he_names(desk: Desk) -> None:
    assert reconciler.handler({"reconcile": ["main"]}, None) == {
        "results": [{"account": "main", "clean": True}]
    }
    assert reconciler.handler({"reconcile": []}, None) == {"results": []}
    assert desk.asked == [["main"], []]


def test_a_mail_that_fails_costs_the_minute_no_figure(desk: Desk) -> None:
    now = desk.clock.now()
    with pytest.raises(RuntimeError, match="the mail fails"):
        reconciler.handler({"scheduled_time": now.isoformat()}, None)
    assert desk.metrics.counts["reconciled"] == 1
    assert desk.asked == [now]


@pytest.mark.parametrize("named", ["main", None, [1], ["nobody"]])
def test_a_wish_that_names_no_account_of_ours_is_refused(desk: Desk, named: object) -> None:
    assert list(reconciler.handler({"reconcile": named}, None)) == ["refused"]
    assert desk.asked == []


def test_a_login_before_the_first_tick_is_refused_and_does_not_come_again(desk: Desk) -> None:
    done = reconciler.handler(records('{"reconcile": ["before-the-first-tick"]}'), None)

    assert done == {"polled": ["no market time has been seen yet"]}


def test_tickets_poll_or_compare(desk: Desk) -> None:
    event = records(
        '{"account": "main", "number": 3}', '{"reconcile": ["main"]}', '{"reconcile": ["nobody"]}'
    )
    assert reconciler.handler(event, None) == {
        "polled": ["POLLED", "RECONCILED", "there is no account 'nobody'"]
    }
    assert desk.asked == [{"account": "main", "number": 3}, ["main"]]


@pytest.mark.parametrize("body", ["{", "[]", '"x"', json.dumps({"account": "main"})])
def test_what_is_no_ticket_goes_to_the_dead_letters_and_not_round_again(desk: Desk, body: str) -> None:
    assert reconciler.handler(records(body), None) == {"polled": ["UNREADABLE"]}
    assert [(source, data) for source, data, _ in desk.dead_letters.letters] == [
        ("reconciler", body.encode())
    ]
    assert desk.metrics.counts["bad_messages"] == 1
