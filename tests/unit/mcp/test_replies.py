"""In what a reply travels, where a tool says something on its way: the desk's own tools say nothing there."""

import json
from typing import Any

import pytest
from mcp.server.lowlevel import Server
from mcp_types import CallToolResult, ListToolsResult, TextContent, Tool

from tests.unit.api.sample_desk import two_owners
from tests.unit.mcp.gateway import NEW_ERA, OLD_ERA, Gateway, asked, token

JSON, STREAM = "application/json", "text/event-stream"


def telling_server(_: Any) -> Server[Any]:
    async def tools(*_: Any) -> ListToolsResult:
        return ListToolsResult(tools=[Tool(name="walk", input_schema={"type": "object"})])

    async def call(context: Any, _: Any) -> CallToolResult:
        for step in (1, 2):
            await context.session.report_progress(step, 2, "a step: naïve\n\n[data]")
        return CallToolResult(content=[TextContent(type="text", text="done\r\n\r\ndata: {}")])

    return Server(name="walker", on_list_tools=tools, on_call_tool=call)


@pytest.fixture
def walk():
    """Calls the tool that tells of two steps; the type of the answer, and its messages."""
    desk = two_owners(public_url="https://desk.example")
    gateway, bearer = Gateway(desk, telling_server), token(desk, "read")

    def send(era: str, accept: str, *, wants_progress: bool = True) -> tuple[str, list[dict]]:
        request = asked("tools/call", era, {"name": "walk", "arguments": {}})
        if wants_progress:
            request["params"].setdefault("_meta", {})["progressToken"] = "steps"
        headers = {"mcp_method": "tools/call", "mcp_name": "walk"} if era == NEW_ERA else {}
        status, told, text = gateway.send(
            body=request, bearer=bearer, accept=accept, mcp_protocol_version=era, **headers
        )
        assert status == 200, text
        lines = text.splitlines() if told["content-type"] == STREAM else [f"data: {text}"]
        data = [line.removeprefix("data: ") for line in lines if line.startswith("data: ")]
        return told["content-type"], [json.loads(one) for one in data]

    return send


@pytest.mark.parametrize("era", [OLD_ERA, NEW_ERA])
@pytest.mark.parametrize("accept", [f"{JSON}, {STREAM}", STREAM])
def test_several_messages_are_a_stream_that_ends_with_the_result(walk, era, accept):
    content_type, messages = walk(era, accept)
    assert content_type == STREAM
    *steps, last = messages
    assert [one["params"]["progress"] for one in steps] == [1, 2]
    assert {one["params"]["progressToken"] for one in steps} == {"steps"}
    assert last["result"]["content"][0]["text"] == "done\r\n\r\ndata: {}"


@pytest.mark.parametrize("era", [OLD_ERA, NEW_ERA])
def test_one_that_takes_json_alone_gets_the_result_alone(walk, era):
    content_type, [message] = walk(era, JSON)
    assert content_type == JSON
    assert message["result"]["content"][0]["text"] == "done\r\n\r\ndata: {}"


@pytest.mark.parametrize("era", [OLD_ERA, NEW_ERA])
def test_without_a_step_to_tell_of_it_is_json_again(walk, era):
    content_type, [message] = walk(era, f"{JSON}, {STREAM}", wants_progress=False)
    assert content_type == JSON
    assert "result" in message
