"""The register of accounts: whose they are, what is kept where, and what keeps one from ending."""

from dataclasses import replace
from datetime import timedelta

import pytest

from patang.approvals.requests.record import OrderRequest, RequestFigures
from patang.audit.event import AuditEvent
from patang.errors import BadInput, Refused, SessionExpired
from patang.keys import outbox_partition
from patang.records import create, load_all
from tests.unit.api.sample_desk import SampleDesk, intent, position, proposal


@pytest.fixture
def desk() -> SampleDesk:
    return SampleDesk()


@pytest.fixture
def register(desk):
    return desk.accounts().register


def added(register, account="main", user="AB1234", principal="asha", **more):
    return register.add(account, "Label", f"key-{user}", f"hidden-{user}", user, principal, **more)


def secret_of(desk, account):
    return desk.secrets.get(f"patang/test/account/{account}")


def waiting_request(now):
    return OrderRequest(
        account="main",
        approval_id="r1",
        request_id="mine",
        mode="paper",
        kind="place",
        wish={},
        asked_digest="0" * 64,
        figures=RequestFigures(orders=1, value=None),
        principal="asha",
        actor="person:asha",
        as_of=now,
        day=now.date(),
        asked_at=now,
    )


def kinds(desk, account="main"):
    found = load_all(desk.store, AuditEvent, outbox_partition(account, desk.clock.now().date()))
    return {event.kind for event in found}


def test_the_first_account_is_its_owners_and_puts_him_on_the_list(desk, register):
    added(register)
    assert [(a.account, a.principal) for a in register.list()] == [("main", "asha")]
    assert [(u.kite_user_id, u.principal, u.allowed) for u in register.allowed()] == [
        ("AB1234", "asha", True)
    ]
    assert secret_of(desk, "main") == {"api_secret": "hidden-AB1234"}
    assert "hidden" not in repr(desk.store.items)


def test_several_accounts_of_one_person(register):
    added(register)
    added(register, "long-term")
    assert [a.account for a in register.of("asha")] == ["long-term", "main"]


@pytest.mark.parametrize("principal", ["asha", "ravi"])
def test_another_person_has_to_be_let_on_first(desk, register, principal):
    added(register)
    with pytest.raises(Refused, match="patang accounts allow CD5678"):
        added(register, "second", "CD5678", principal)
    assert secret_of(desk, "second") is None
    register.allow("CD5678", principal, "arn:admin")
    assert added(register, "second", "CD5678", principal).principal == principal


def test_nobody_is_two_people(register):
    added(register)
    with pytest.raises(Refused, match="list of people"):
        added(register, "second", "AB1234", "ravi")
    with pytest.raises(Refused, match="known on this desk as somebody else"):
        register.allow("AB1234", "ravi", "arn:admin")


def test_a_name_that_somebody_has_is_not_overwritten_and_says_nothing_of_him(desk, register):
    added(register)
    register.allow("CD5678", "ravi", "arn:admin")
    before = register.account("main")
    with pytest.raises(Refused) as refused:
        added(register, "main", "CD5678", "ravi")
    assert register.account("main") == before
    assert secret_of(desk, "main") == {"api_secret": "hidden-AB1234"}
    assert "asha" not in str(refused.value)
    register.remove("main", "asha")
    with pytest.raises(Refused) as removed:
        added(register, "main", "CD5678", "ravi")
    with pytest.raises(Refused) as twice:
        added(register, "other", "CD5678", "ravi") and added(register, "other", "CD5678", "ravi")
    texts = {str(error.value).replace("'other'", "'main'") for error in (refused, removed, twice)}
    assert len(texts) == 1, "who has a name can be told from the refusal"


def test_of_two_that_take_a_name_at_once_one_has_it_with_his_own_secret(desk, register):
    """The other's record comes between the look and the write."""
    register.allow("AB1234", "asha", "arn:admin")
    register.allow("CD5678", "ravi", "arn:admin")
    write = desk.store.write

    def raced(*writes):
        desk.store.write = write
        added(register, "main", "CD5678", "ravi")
        write(*writes)

    desk.store.write = raced
    with pytest.raises(Refused, match="not free"):
        added(register)
    assert register.account("main").principal == "ravi"
    assert secret_of(desk, "main") == {"api_secret": "hidden-CD5678"}


def test_a_name_of_the_desks_choice_cannot_be_guessed(register):
    names = {added(register, None).account for _ in range(20)}
    assert len(names) == 20
    assert all(len(name) == 11 for name in names)


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (position("main", "p1", "RELIANCE", "OPEN"), "position 20 RELIANCE"),
        (intent("main", "N1", "ACKED"), "order N1 (RELIANCE)"),
        (intent("main", "N1", "UNKNOWN"), "order N1 (RELIANCE)"),
        ("proposal", "approval of NIFTY26AUG24500CE (o1)"),
        ("request", "asked for: place (r1)"),
    ],
    ids=["position", "order", "unknown order", "approval", "request"],
)
def test_what_is_open_keeps_an_account_and_is_named(desk, register, record, said):
    added(register)
    if record == "proposal":
        record = proposal("main", "o1", desk.clock.now() + timedelta(seconds=60))
    if record == "request":
        record = waiting_request(desk.clock.now())
    desk.store.write(create(record))
    for end in (register.remove, register.disable):
        with pytest.raises(Refused) as refused:
            end("main", "asha")
        assert said in str(refused.value)
    with pytest.raises(Refused):
        register.withdraw("AB1234", "arn:admin")
    assert register.account("main").enabled
    assert secret_of(desk, "main") is not None


@pytest.mark.parametrize(
    ("at_broker", "said"), [({"77"}, "GTT 77"), (None, "1 GTTs that the broker cannot"), (set(), None)]
)
def test_a_trigger_that_waits_at_the_broker_keeps_it_too(desk, register, at_broker, said):
    added(register)
    laid = intent("main", "N1", "COMPLETE").evolve(kind="GTT_PLACE", target_gtt_id="77")
    desk.store.write(replace(create(laid), index=None))
    register._triggers = lambda account: at_broker
    if said is None:
        register.remove("main", "asha")
        assert register.list() == ()
        return
    with pytest.raises(Refused, match=said):
        register.remove("main", "asha")


def test_an_entry_that_comes_while_an_account_is_removed_is_seen(desk, register):
    added(register)
    write = desk.store.write

    def entered(*writes):
        write(*writes)
        desk.store.write = write
        write(create(position("main", "p1", "RELIANCE", "OPEN")))

    desk.store.write = entered
    with pytest.raises(Refused, match="position 20 RELIANCE"):
        register.remove("main", "asha")
    assert register.account("main").enabled


def test_what_is_removed_leaves_no_secret_and_its_name_to_its_owner(desk, register):
    added(register)
    desk.kite.logins["r"] = "AB1234"
    desk.accounts().complete_login("main", "r")
    register.remove("main", "asha")
    assert secret_of(desk, "main") is None
    assert register.list() == ()
    for look in (register.account, desk.accounts().account):
        with pytest.raises(BadInput, match="no account"):
            look("main")
    desk.clock.advance(5)
    with pytest.raises(SessionExpired):
        desk.accounts().credentials("main")
    assert added(register).revision > 2
    assert kinds(desk) >= {"ACCOUNT_SAVED", "ACCOUNT_DISABLED", "ACCOUNT_REMOVED"}


def test_who_is_taken_off_the_list_is_shut_out(desk, register):
    added(register)
    added(register, "second")
    assert {a.account for a in register.withdraw("AB1234", "arn:admin")} == {"main", "second"}
    assert not any(a.enabled for a in register.list())
    desk.kite.logins["r"] = "AB1234"
    with pytest.raises(Refused, match="switched off"):
        desk.accounts().complete_login("main", "r")
    with pytest.raises(Refused, match="list of people"):
        register.enable("main", "asha")
    register.allow("AB1234", "asha", "arn:admin")
    assert register.enable("main", "asha").enabled


def test_accounts_of_before_the_list_go_on(desk, register):
    """Registered by somebody who could write the table, before anybody was asked about people."""
    desk.register("main", "AB1234", "asha")
    assert register.enable("main", "asha").enabled
    assert added(register, "second").principal == "asha"
    with pytest.raises(Refused):
        added(register, "third", "CD5678", "asha")


def test_somebody_nobody_knows_cannot_be_taken_off(register):
    with pytest.raises(BadInput, match="ZZ9999"):
        register.withdraw("ZZ9999", "arn:admin")
