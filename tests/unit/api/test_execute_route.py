"""All tools by one address of the HTTP API."""

import pytest

from patang.tools.registry import TOOLS


@pytest.fixture
def execute(stranger, bearer):
    """Calls a tool as asha's program."""
    headers = bearer("read", "trade")

    def call(tool: str, **args):
        return stranger.post("/api/kite/execute", json={"tool": tool, "args": args}, headers=headers)

    return call


def test_a_tool_answers_with_its_data(execute):
    answer = execute("desk_positions", account_id="main")
    assert answer.status_code == 200
    assert answer.json()["status"] == "success"
    assert [p["symbol"] for p in answer.json()["data"]["positions"]] == ["RELIANCE"]
    assert answer.headers["content-type"] == "application/json"


def test_the_registry_is_listed(stranger, bearer):
    listed = stranger.get("/api/tools", headers=bearer("read")).json()
    assert [one["name"] for one in listed] == [tool.name for tool in TOOLS]
    place = next(one for one in listed if one["name"] == "place_order")
    assert (place["effect"], place["scope"], place["destructive"]) == ("orders", "trade", True)
    assert "market_protection" in place["input_schema"]["properties"]
    assert "intents" in place["output_schema"]["properties"]


@pytest.mark.parametrize(
    ("tool", "args", "status", "kind"),
    [
        ("desk_postions", {}, 400, "BadRequestError"),
        ("desk_positions", {"day": "yesterday"}, 400, "BadRequestError"),
        ("desk_positions", {"account_id": "other"}, 404, "BadRequestError"),
        ("get_profile", {"account_id": "main"}, 403, "AuthenticationError"),
        ("place_order", {"tradingsymbol": "INFY"}, 400, "BadRequestError"),
    ],
)
def test_what_goes_wrong_is_told_in_one_form(execute, tool, args, status, kind):
    answer = execute(tool, **args)
    assert answer.status_code == status, answer.text
    problem = answer.json()
    assert set(problem) == {"status", "error_type", "message", "status_code", "details"}
    assert (problem["status"], problem["error_type"], problem["status_code"]) == ("error", kind, status)


def test_a_token_to_read_runs_no_tool_that_does_more(stranger, desk, bearer):
    call = {"tool": "halt", "args": {"account_id": "main"}}
    answer = stranger.post("/api/kite/execute", json=call, headers=bearer("read"))
    assert (answer.status_code, answer.json()["error_type"]) == (403, "AuthenticationError")
    assert "scope 'trade'" in answer.json()["message"]


def test_a_browser_repeats_its_word_for_tools_too(owner):
    call = {"tool": "get_status", "args": {}}
    assert owner.post("/api/kite/execute", json=call).status_code == 403
    word = {"X-CSRF-Token": owner.csrf}
    assert owner.post("/api/kite/execute", json=call, headers=word).status_code == 200


@pytest.mark.parametrize(
    "call", [{}, {"tool": ""}, {"tool": "halt", "args": []}, {"tool": "halt", "more": 1}]
)
def test_what_is_no_call_is_told(stranger, bearer, call):
    answer = stranger.post("/api/kite/execute", json=call, headers=bearer("read", "trade"))
    assert (answer.status_code, answer.json()["error_type"]) == (422, "InvalidRequest")


def test_the_document_shows_an_example_of_every_tool(stranger, bearer):
    document = stranger.get("/api/openapi.json", headers=bearer("read")).json()
    content = document["paths"]["/api/kite/execute"]["post"]["requestBody"]["content"]["application/json"]
    assert {name: one["value"]["args"] for name, one in content["examples"].items()} == {
        tool.name: dict(tool.example) for tool in TOOLS
    }
