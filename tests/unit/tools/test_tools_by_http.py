"""Every tool of the registry, walked through POST /api/kite/execute: the same rights as anywhere else."""

import json

import pytest
from starlette.testclient import TestClient

from functions.api.app import build_app
from patang.tools.registry import TOOLS
from tests.unit.tools.test_rights import WITH_ACCOUNT, everything, name

MORE_THAN_LOOKS = [tool for tool in TOOLS if tool.effect != "looks"]


@pytest.fixture(scope="module")
def headers(desk):
    """Of one program for each owner and each set of scopes, so that asking leaves no trace of its own."""
    made = {
        (principal, scopes): desk.tokens().issue(principal, "walk", scopes, days=1).secret
        for principal in ("asha", "ravi")
        for scopes in (("read",), ("trade",), ("read", "trade", "admin"))
    }
    return lambda principal, *scopes: {"Authorization": f"Bearer {made[principal, scopes]}"}


@pytest.fixture(scope="module")
def browser(desk):
    return TestClient(build_app(desk), follow_redirects=False)


@pytest.fixture
def execute(browser, headers):
    def call(principal, scopes, tool, args):
        body = {"tool": tool, "args": dict(args)}
        return browser.post("/api/kite/execute", json=body, headers=headers(principal, *scopes))

    return call


ALL = ("read", "trade", "admin")


@pytest.mark.parametrize("tool", WITH_ACCOUNT, ids=name)
def test_anothers_account_is_as_one_that_is_not_there(desk, execute, tool):
    before, told = everything(desk), []
    for account in ("main", "nobody"):
        answer = execute("ravi", ALL, tool.name, dict(tool.example) | {"account_id": account})
        assert answer.status_code == 404, answer.text
        assert answer.json()["details"] == {"kind": "UnknownAccount"}
        told.append(json.dumps(answer.json()).replace(account, "?"))
    assert told[0] == told[1]
    assert everything(desk) == before


@pytest.mark.parametrize("tool", MORE_THAN_LOOKS, ids=name)
def test_a_token_to_read_does_no_more_than_look(desk, execute, tool):
    before = everything(desk)
    answer = execute("asha", ("read",), tool.name, tool.example)
    assert (answer.status_code, answer.json()["error_type"]) == (403, "AuthenticationError")
    assert answer.json()["details"] == {"kind": "ScopeMissing", "scope": tool.scope}
    assert everything(desk) == before


@pytest.mark.parametrize("tool", TOOLS, ids=name)
def test_scopes_stand_beside_each_other_so_trade_alone_reads_nothing(desk, execute, tool):
    before = everything(desk)
    answer = execute("asha", ("trade",), tool.name, {"nonsense": 1})
    assert answer.status_code == 403
    assert "scope 'read'" in answer.json()["message"]
    assert everything(desk) == before


@pytest.mark.parametrize("tool", TOOLS, ids=name)
def test_without_a_credential_no_tool_is_run(desk, browser, tool):
    before = everything(desk)
    body = {"tool": tool.name, "args": dict(tool.example)}
    for sent in ({}, {"Authorization": "Bearer patang_guessed"}, {"Cookie": "patang-session=guessed"}):
        answer = browser.post("/api/kite/execute", json=body, headers=sent)
        assert (answer.status_code, answer.json()["error_type"]) == (401, "NotSignedIn")
    assert everything(desk) == before


@pytest.mark.parametrize("tool", TOOLS, ids=name)
def test_an_argument_that_a_tool_does_not_know_is_named_and_its_value_is_not(desk, execute, tool):
    before = everything(desk)
    answer = execute("asha", ALL, tool.name, dict(tool.example) | {"api_secret": "very-hidden"})
    assert (answer.status_code, answer.json()["details"]["kind"]) == (400, "InvalidArguments")
    (told,) = (wrong for wrong in answer.json()["details"]["fields"] if wrong["field"] == "api_secret")
    named = tool.input.model_json_schema(mode="validation").get("properties", {})
    assert told["message"] == f"there is no such argument; there are: {', '.join(named) or 'none'}"
    assert "very-hidden" not in answer.text
    assert everything(desk) == before


@pytest.mark.parametrize("unknown", ["", "place_orders", "PLACE_ORDER", "place_order ", "__class__", "плас"])
def test_a_tool_that_is_none_does_nothing(desk, execute, unknown):
    before = everything(desk)
    answer = execute("asha", ALL, unknown, {"account_id": "main"})
    assert answer.status_code in (400, 422)
    assert answer.json()["error_type"] in ("BadRequestError", "InvalidRequest")
    assert everything(desk) == before


def test_what_belongs_to_a_person_is_found_by_no_other(desk, execute):
    """Ids of asha's account in ravi's own: as ids of nothing."""
    before = everything(desk)
    for tool, args in (
        ("exit_position", {"position_id": "p1"}),
        ("request_state", {"request_id": "infy-1"}),
        (
            "decide_approval",
            {"order_id": "o20260818-1046-a1", "decision": "decline", "terms_digest": "0" * 64},
        ),
        ("reduce_approval", {"order_id": "o20260818-1046-a1", "quantity": 1, "terms_digest": "0" * 64}),
    ):
        [field] = [key for key in args if key.endswith("_id")]
        told = []
        for value in (args[field], f"{args[field]}9"):
            answer = execute("ravi", ALL, tool, args | {field: value, "account_id": "other"})
            assert answer.status_code in (400, 409), (tool, answer.text)
            details = {k: v for k, v in answer.json()["details"].items() if k != "request_id"}
            told.append(json.dumps([answer.json()["message"], details]).replace(value, "?"))
        assert told[0] == told[1], tool
    assert everything(desk) == before
