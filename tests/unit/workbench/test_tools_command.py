"""`patang tools`: the registry from the command line, through the running desk's API."""

import json

import pytest
from starlette.testclient import TestClient

from functions.api.app import build_app
from patang.tools.registry import TOOLS
from patang_workbench.cli import main, running
from tests.unit.api.sample_desk import busy, two_owners


@pytest.fixture
def desk(monkeypatch):
    """A running desk, and a token of asha's in the environment."""
    made = busy(two_owners())
    api = TestClient(build_app(made))
    token = made.tokens().issue("asha", "test", ("read", "trade"), days=1).secret
    monkeypatch.setenv("PATANG_URL", "http://testserver")
    monkeypatch.setenv("PATANG_TOKEN", token)
    monkeypatch.setattr(running.httpx, "request", lambda *what, timeout, **more: api.request(*what, **more))
    return made


def test_the_registry_is_listed(desk, capsys):
    assert main(["tools", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [tool.name for tool in TOOLS]
    place = next(line for line in lines if line.startswith("place_order "))
    assert place.split()[1:3] == ["orders", "trade"]
    assert main(["tools", "list", "--json"]) == 0
    assert [one["name"] for one in json.loads(capsys.readouterr().out)] == [tool.name for tool in TOOLS]


def test_a_tool_is_called_and_its_answer_printed(desk, capsys):
    assert main(["tools", "call", "desk_positions", "--account", "main", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["positions"][0]["symbol"] == "RELIANCE"
    assert main(["tools", "call", "desk_orders", "--args", '{"limit": 1}']) == 0
    out = capsys.readouterr().out
    assert 'orders.0.symbol: "RELIANCE"' in out
    assert "more: false" in out


def test_empty_lists_are_said(desk, capsys):
    assert main(["tools", "call", "get_reconciliation"]) == 0
    assert capsys.readouterr().out == "accounts: none\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["haltt"], "BadRequestError: there is no tool 'haltt'; did you mean halt"),
        (["halt", "--args", "{"], "--args is no JSON"),
        (["halt", "--args", "[1]"], "give a JSON object"),
        (["halt", "--account", "other"], "you have no account 'other'"),
        (["halt", "--account", "main", "--args", '{"account_id": "other"}'], "name one account"),
        (["desk_orders", "--args", '{"limit": "many"}'], "limit: Input should be a valid integer"),
    ],
)
def test_what_cannot_be_done_is_said(desk, capsys, arguments, words):
    assert main(["tools", "call", *arguments]) == 1
    assert words in capsys.readouterr().err


def test_text_from_outside_moves_no_cursor(desk, capsys, monkeypatch):
    api = TestClient(build_app(desk))

    def hostile(*what, timeout, **more):
        answer = api.request(*what, **more)
        answer.json = lambda: {"status": "success", "data": {"message": "\x1b[2J gone", "n": None}}
        return answer

    monkeypatch.setattr(running.httpx, "request", hostile)
    assert main(["tools", "call", "get_status"]) == 0
    assert capsys.readouterr().out == 'message: "\\u001b[2J gone"\nn: null\n'
