"""Every tool, walked: none does more than its scope, none reaches another's account."""

import json

import pytest

from patang.identity.principal import Principal
from patang.settings.changes import DESK_CHAIN
from patang.tools.calling import call
from patang.tools.registry import TOOLS

WITH_ACCOUNT = [tool for tool in TOOLS if "account_id" in tool.input.model_fields]
LOOKING = [tool for tool in TOOLS if tool.effect == "looks"]


def name(tool) -> str:
    return tool.name


def everything(desk) -> tuple[object, ...]:
    """All that a tool could change."""
    stores = (desk.store.items, desk.auth_store.items, desk.audit_store.items, desk.objects.blobs)
    told = (desk.intent_queue.messages, desk.poll_queue.tickets, desk.workflows.answers, desk.notifier.sent)
    return (*map(dict, stores), *(list(one) for one in told))


@pytest.mark.parametrize("tool", LOOKING, ids=name)
def test_what_only_looks_needs_only_the_scope_to_read_and_changes_nothing(desk, caller, tool):
    before = everything(desk)
    answered = call(caller("read"), tool.name, tool.example)
    assert answered.status != 500, answered.reply
    if answered.failed:
        assert answered.reply.details["kind"] != "ScopeMissing"
    assert everything(desk) == before


@pytest.mark.parametrize("tool", [tool for tool in TOOLS if tool.effect != "looks"], ids=name)
def test_what_does_more_is_refused_to_a_token_that_may_only_read(desk, caller, tool):
    before = everything(desk)
    answered = call(caller("read"), tool.name, tool.example)
    assert (answered.status, answered.reply.error_type) == (403, "AuthenticationError")
    assert answered.reply.details == {"kind": "ScopeMissing", "scope": tool.scope}
    assert everything(desk) == before


@pytest.mark.parametrize("tool", TOOLS, ids=name)
def test_a_token_without_the_scope_is_refused_before_its_arguments_are_looked_at(desk, caller, tool):
    others = {"read": "trade", "trade": "admin", "admin": "read"}
    answered = call(caller(others[tool.scope]), tool.name, {"nonsense": 1})
    assert answered.reply.details == {"kind": "ScopeMissing", "scope": tool.scope}


@pytest.mark.parametrize("tool", WITH_ACCOUNT, ids=name)
def test_anothers_account_is_as_one_that_is_not_there(desk, caller, tool):
    before = everything(desk)
    told = []
    for account in ("main", "nobody"):
        answered = call(caller(name="ravi"), tool.name, dict(tool.example) | {"account_id": account})
        assert answered.status == 404, answered.reply
        assert answered.reply.details == {"kind": "UnknownAccount"}
        told.append(answered.reply.message.replace(account, "?"))
    assert told[0] == told[1]
    assert everything(desk) == before


@pytest.mark.parametrize("tool", LOOKING, ids=name)
def test_without_an_account_only_ones_own_is_shown(caller, tool):
    """The desk's own chain and signals are every owner's; an account's name is nobody else's."""
    args = {key: value for key, value in tool.example.items() if key != "account_id"}
    shown = json.loads(call(caller(name="ravi"), tool.name, args).reply.model_dump_json())
    assert "main" not in set(accounts_in(shown))


def accounts_in(shown):
    """Every account that is named anywhere."""
    if isinstance(shown, dict):
        yield from (value for key, value in shown.items() if key in ("account", "account_id"))
        for value in shown.values():
            yield from accounts_in(value)
    elif isinstance(shown, list):
        for value in shown:
            yield from accounts_in(value)


def test_the_walk_sees_the_tools_of_accounts():
    assert {"desk_orders", "place_order", "halt", "flatten", "login", "search_audit"} <= set(
        map(name, WITH_ACCOUNT)
    )


def test_of_several_accounts_one_has_to_be_named(desk):
    two = desk.caller(Principal("asha", "token:t1 of asha", ("main", "second"), frozenset({"trade"})))
    answered = call(two, "cancel_order", {"order_id": "1"})
    assert (answered.status, answered.reply.error_type) == (400, "BadRequestError")
    assert "main, second" in answered.reply.message


def test_the_desks_own_chain_is_every_owners(caller):
    answered = call(caller("read", name="ravi"), "search_audit", {"account_id": DESK_CHAIN})
    assert not answered.failed
