"""What can go wrong with a server, each told as what it is; and what a server asks a person."""

import asyncio
import io
import json
import sys
from contextlib import ExitStack
from typing import Any

import pytest

from patang.errors import OtherSideFailed, OutcomeUnknown, RateLimited, Refused
from patang_workbench.cli import main, mcp
from patang_workbench.mcp_client import (
    LoginRefused,
    PersonNeeded,
    ServerDown,
    ToolFailed,
    connect,
    login,
    pages_for_a_person,
)
from tests.unit.mcp_client.scripted_server import Scripted, scripted

PAGE = "https://desk.example/approvals/o1"


def text(said: str, **more: Any) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": said}]} | more


def call(server: Scripted, tool: str = "tool", seconds: float = 5, questions=None):
    async def called():
        async with connect(server.url, seconds=seconds, questions=questions) as connection:
            return await connection.call(tool)

    return asyncio.run(called())


def waiting(params: dict[str, Any]) -> dict[str, Any]:
    """A tool that wants a page visited before it goes on."""
    if "inputResponses" not in params:
        asks = {"mode": "url", "message": "Say yes to 5 INFY", "url": PAGE, "elicitationId": "e1"}
        return {
            "resultType": "input_required",
            "inputRequests": {"q": {"method": "elicitation/create", "params": asks}},
            "requestState": "sealed",
        }
    assert params["requestState"] == "sealed"
    return text(f"the person said {params['inputResponses']['q']['action']}")


def form(params: dict[str, Any]) -> dict[str, Any]:
    """A tool that wants a form filled in."""
    if "inputResponses" not in params:
        schema = {"type": "object", "properties": {"pin": {"type": "string"}}}
        asks = {"mode": "form", "message": "Your PIN", "requestedSchema": schema}
        return {
            "resultType": "input_required",
            "inputRequests": {"q": {"method": "elicitation/create", "params": asks}},
        }
    return text(json.dumps(params["inputResponses"]["q"]))


@pytest.mark.parametrize(
    ("answer", "kind", "said"),
    [
        ((429, "text/plain", "slow down"), RateLimited, r"asked too often \(429\): slow down"),
        ((502, "text/html", "<h1>Bad gateway</h1>"), OtherSideFailed, r"answered 502: try again later"),
        ((403, "text/plain", "not you"), Refused, r"answered 403: not you"),
        ((200, "text/html", "<h1>Welcome</h1>"), Refused, r"Unexpected content type: text/html"),
        ((200, "application/json", "{"), OtherSideFailed, r"broke off: Failed to parse JSON"),
        ({"content": "no list"}, OtherSideFailed, r"what the protocol does not allow"),
        (lambda params: None, Refused, r"refused the request: no such thing: get_it \(code -32602\)"),
        (text("no money", isError=True), ToolFailed, r"^get_it: no money$"),
    ],
)
def test_every_failure_says_what_it_is(folder, answer, kind, said):
    with scripted(get_it=answer) as server, pytest.raises(kind, match=said) as raised:
        call(server, "get_it")
    assert type(raised.value) is kind


@pytest.mark.parametrize(("tool", "kind"), [("get_it", ServerDown), ("do_it", OutcomeUnknown)])
def test_a_server_that_says_nothing_is_given_up(folder, tool, kind):
    with scripted() as server:
        server.answers[tool] = lambda params: text("late") if server.closing.wait(20) else None
        with pytest.raises(kind, match="has not answered in time") as raised:
            call(server, tool, seconds=0.5)
    assert ("do_it may have been carried out or not: look" in str(raised.value)) is (tool == "do_it")


@pytest.mark.parametrize(("tool", "kind"), [("get_it", OtherSideFailed), ("do_it", OutcomeUnknown)])
@pytest.mark.parametrize("answer", [(504, "text/plain", "upstream"), (200, "application/json", "{")])
def test_what_a_broken_answer_leaves_open(folder, answer, tool, kind):
    with scripted(**{tool: answer}) as server, pytest.raises(kind) as raised:
        call(server, tool)
    assert type(raised.value) is kind


@pytest.mark.parametrize(("tool", "kind"), [("get_it", ServerDown), ("do_it", OutcomeUnknown)])
def test_a_line_that_breaks_after_the_question(folder, tool, kind):
    with scripted() as server:
        server.answers[tool] = (-1, "", "")
        with pytest.raises(kind, match="hung up"):
            call(server, tool)


@pytest.mark.parametrize("answer", [(429, "text/plain", "slow"), (403, "text/plain", "no")])
def test_a_refusal_leaves_nothing_open(folder, answer):
    with scripted(do_it=answer) as server, pytest.raises((RateLimited, Refused)):
        call(server, "do_it")


def test_a_line_that_is_down_leaves_nothing_open(folder):
    async def called(url: str):
        async with connect(url, seconds=5) as connection:
            await connection.call("get_it")
            closing.close()
            await connection.call("do_it")

    with ExitStack() as closing:
        server = closing.enter_context(scripted(get_it=text("fine"), do_it=text("done")))
        with pytest.raises(ServerDown, match="cannot be reached"):
            asyncio.run(called(server.url))


def test_an_answer_that_is_not_what_the_tool_declares_has_been_given_all_the_same(folder):
    declared = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    tools = [{"name": "do_it", "inputSchema": {"type": "object"}, "outputSchema": declared}]
    listed = {"tools": tools, "ttlMs": 0, "cacheScope": "private"}
    with (
        scripted(do_it=text("x", structuredContent={"n": "x"}), tools__list=listed) as server,
        pytest.raises(OtherSideFailed, match="do_it has run, and answered something else"),
    ):
        call(server, "do_it")


def test_the_tools_are_listed_before_the_call(folder):
    """Whoever lists them afterwards loses the answer of a tool that has run, if the list cannot be had."""
    with scripted(do_it=text("done")) as server:
        assert call(server, "do_it").text == "done"
        assert [method for method, _ in server.seen] == ["server/discover", "tools/list", "tools/call"]
        server.answers["tools/list"] = (503, "text/plain", "")
        with pytest.raises(OtherSideFailed):
            call(server, "do_it")
        assert server.seen[-1][0] == "tools/list"


def test_what_a_failed_tool_says_to_programs_is_kept(folder):
    problem = {"error_type": "OrderRefused", "message": "no money"}
    with (
        scripted(tool=text("no money", isError=True, structuredContent=problem)) as server,
        pytest.raises(ToolFailed) as raised,
    ):
        call(server)
    assert raised.value.structured == problem


@pytest.mark.parametrize(("link", "kind"), [(PAGE, PersonNeeded), ("javascript:alert(1)", ToolFailed)])
def test_an_expired_session_of_a_desk_brings_its_login_link(folder, link, kind):
    problem = {"error_type": "SessionError", "message": "expired", "details": {"login_url": link}}
    with (
        scripted(tool=text("expired", isError=True, structuredContent=problem)) as server,
        pytest.raises((PersonNeeded, ToolFailed)) as raised,
    ):
        call(server)
    assert type(raised.value) is kind
    assert getattr(raised.value, "links", (PAGE,)) == (PAGE,)


def test_structured_content_may_be_anything(folder):
    with scripted(get_it=text("seven", structuredContent=7)) as server:
        answer = call(server, "get_it")
    assert (answer.data, answer.into(int), answer.login_link) == (7, 7, None)
    with pytest.raises(OtherSideFailed, match="get_it answered something else"):
        answer.into(dict[str, int])


def test_pages_are_followed_to_the_end_and_no_further(folder):
    def page(params: dict[str, Any]) -> dict[str, Any]:
        number = int(params.get("cursor", 0))
        tools = [{"name": f"t{number}", "inputSchema": {"type": "object"}}]
        more = {"nextCursor": str(number + 1)} if endless or number < 2 else {}
        return {"tools": tools, "ttlMs": 0, "cacheScope": "private"} | more

    async def listed(url: str):
        async with connect(url, seconds=5) as connection:
            return await connection.tools()

    with scripted(tools__list=page) as server:
        endless = False
        assert [tool.name for tool in asyncio.run(listed(server.url))] == ["t0", "t1", "t2"]
        endless = True
        with pytest.raises(OtherSideFailed, match="lists tools without end"):
            asyncio.run(listed(server.url))


def test_several_calls_at_once(folder):
    async def called(url: str):
        async with connect(url, seconds=5) as connection:
            return await asyncio.gather(*(connection.call(f"t{number}") for number in range(8)))

    with scripted(**{f"t{number}": text(f"said {number}") for number in range(8)}) as server:
        answers = asyncio.run(called(server.url))
    assert [answer.text for answer in answers] == [f"said {number}" for number in range(8)]


def test_errors_of_the_caller_pass_as_they_are(folder):
    async def fails(url: str):
        async with connect(url, seconds=5):
            raise KeyError("mine")

    with scripted() as server, pytest.raises(KeyError, match="mine"):
        asyncio.run(fails(server.url))


@pytest.mark.parametrize(("agrees", "action"), [(True, "accept"), (False, "cancel")])
def test_a_page_is_shown_to_a_person_and_the_call_goes_on(folder, agrees, action):
    shown: list[tuple[str, str]] = []

    def agreed(message: str, url: str) -> bool:
        shown.append((message, url))
        return agrees

    with scripted(tool=waiting) as server:
        assert call(server, questions=pages_for_a_person(agreed)).text == f"the person said {action}"
        offered = server.seen[-1][1]["_meta"]["io.modelcontextprotocol/clientCapabilities"]
    assert shown == [("Say yes to 5 INFY", PAGE)]
    assert "elicitation" in offered


@pytest.mark.parametrize("url", ["javascript:alert(1)", "file:///etc/passwd", "https://desk@evil.example/"])
def test_what_is_no_page_is_shown_to_nobody(folder, url):
    def asks(params: dict[str, Any]) -> dict[str, Any]:
        asked = waiting(params)
        if "inputRequests" in asked:
            asked["inputRequests"]["q"]["params"]["url"] = url
        return asked

    questions = pages_for_a_person(lambda message, url: pytest.fail("shown"))
    with scripted(tool=asks) as server:
        assert call(server, questions=questions).text == "the person said decline"


def test_forms_are_declined(folder):
    with scripted(tool=form) as server:
        answer = call(server, questions=pages_for_a_person(lambda message, url: True))
    assert json.loads(answer.text) == {"action": "decline"}


def test_without_anybody_to_ask_the_server_is_not_told_that_it_may(folder):
    def says(params: dict[str, Any]) -> dict[str, Any]:
        return text(json.dumps(params["_meta"]["io.modelcontextprotocol/clientCapabilities"]))

    with scripted(tool=says) as server:
        assert "elicitation" not in json.loads(call(server).text)


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("typed", "action"), [("y\n", "accept"), ("\n", "cancel"), ("", "cancel")])
def test_in_a_terminal_the_person_sees_the_address_first(folder, typed, action, monkeypatch, capsys):
    opened: list[str] = []
    monkeypatch.setattr(mcp.webbrowser, "open", opened.append)
    monkeypatch.setattr(sys, "stdin", _Terminal(typed))
    with scripted(tool=waiting) as server:
        assert main(["mcp", "call", server.url, "tool"]) == 0
    out, err = capsys.readouterr()
    assert out == f"the person said {action}\n"
    assert "Say yes to 5 INFY" in err
    assert PAGE in err
    assert opened == ([PAGE] if action == "accept" else [])


def test_words_of_a_server_move_no_cursor(folder, capsys):
    evil = "\x1b[2J\x1b]0;owned\x07\u202etxt.exe\r\nfine"
    listed = {
        "tools": [{"name": "t", "title": evil, "inputSchema": {"type": "object"}}],
        "ttlMs": 0,
        "cacheScope": "private",
    }
    with scripted(tool=text(evil), failing=text(evil, isError=True), tools__list=listed) as server:
        assert main(["mcp", "call", server.url, "tool"]) == 0
        assert main(["mcp", "call", server.url, "failing"]) == 1
        assert main(["mcp", "tools", server.url]) == 0
    said = "".join(capsys.readouterr())
    assert not [mark for mark in said if not mark.isprintable() and mark not in "\n\t"]
    assert "fine" in said


def test_a_server_without_any_login_needs_none(folder, capsys):
    with scripted(tools__list={"tools": [], "ttlMs": 0, "cacheScope": "private"}) as server:
        found = asyncio.run(login(server.url, lambda url: pytest.fail("shown"), seconds=5))
        assert (found.way, found.already) == ("none", True)
        assert main(["mcp", "login", server.url]) == 0
    assert "asks for no login" in capsys.readouterr().out


def test_a_server_that_wants_a_token_and_names_no_login(folder):
    with (
        scripted(server__discover=(401, "text/plain", "token?")) as server,
        pytest.raises(LoginRefused, match=r"the login at .* was refused"),
    ):
        asyncio.run(login(server.url, lambda url: pytest.fail("shown"), seconds=5))
