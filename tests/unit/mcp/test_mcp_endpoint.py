"""The MCP endpoint as a client meets it: over HTTP, and through the gateway's events."""

import asyncio
import json

import httpx2
import pytest
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client

from functions.mcp.endpoint import McpEndpoint
from patang.approvals.proposal import Proposal
from patang.keys import proposal_key
from patang.tools.registry import TOOLS
from tests.on_a_port import on_a_port
from tests.unit.api.sample_desk import HOSTILE, busy, let_alone, two_owners
from tests.unit.mcp.gateway import NEW_ERA, OLD_ERA, Gateway, asked, token, tool

ORDER = "o20260818-1046-a1"


@pytest.fixture
def desk():
    return busy(two_owners(public_url="https://desk.example"))


@pytest.fixture
def gateway(desk):
    return Gateway(desk)


@pytest.mark.parametrize("era", [OLD_ERA, NEW_ERA])
def test_the_list_is_the_registry_in_both_eras(gateway, desk, era):
    bearer = token(desk, "read", "trade", "admin")
    listed = gateway.call(bearer, "tools/list", era=era)["tools"]
    assert [one["name"] for one in listed] == [one.name for one in TOOLS]
    for told, declared in zip(listed, TOOLS, strict=True):
        assert (told["title"], told["description"]) == (declared.title, declared.description)
        assert told["annotations"] == {
            "readOnlyHint": declared.effect == "looks",
            "destructiveHint": declared.destructive,
            "idempotentHint": declared.idempotent,
            "openWorldHint": declared.effect == "orders",
        }
    found = tool(gateway, bearer, "desk_positions", era=era)
    assert [p["symbol"] for p in found["structuredContent"]["positions"]] == ["RELIANCE"]
    assert found["structuredContent"]["positions"][0]["unrealised_pnl"] == 389.4
    assert "symbol RELIANCE" in found["content"][0]["text"]


@pytest.mark.parametrize("scopes", [("read",), ("read", "trade"), ("read", "trade", "admin"), ("trade",)])
def test_a_credential_is_shown_what_it_may_use_and_no_more(gateway, desk, scopes):
    listed = gateway.call(token(desk, *scopes), "tools/list")["tools"]
    assert [one["name"] for one in listed] == [one.name for one in TOOLS if one.scope in scopes]


def test_one_warm_instance_answers_again_and_again(gateway, desk):
    bearer = token(desk, "read")
    for _ in range(3):
        assert not tool(gateway, bearer, "get_risk_state").get("isError")


def test_a_session_id_means_nothing(gateway, desk):
    bearer = token(desk, "read")
    for session in ("one", "another"):
        result = gateway.call(bearer, "tools/list", mcp_session_id=session)
        assert result["tools"]


def test_without_a_token_it_says_where_to_get_one(gateway):
    status, headers, _ = gateway.send(body={"jsonrpc": "2.0", "id": 1, "method": "tools/list"})
    assert status == 401
    challenge = headers["www-authenticate"]
    assert "https://desk.example/.well-known/oauth-protected-resource/mcp" in challenge
    assert challenge.startswith("Bearer ")


@pytest.mark.parametrize("bearer", ["patang_unknown", "x", "", "patang_" + "a" * 5000])
def test_a_token_that_is_not_known_is_refused(gateway, bearer):
    status, _, _ = gateway.send(body={"jsonrpc": "2.0", "id": 1, "method": "tools/list"}, bearer=bearer)
    assert status == 401


def test_an_ended_and_a_revoked_token_are_refused(gateway, desk):
    bearer = token(desk, "read")
    listing = desk.tokens().list("asha")[0]
    assert desk.tokens().revoke("asha", listing.token_id, "person:asha")
    ended = token(desk, "read")
    desk.clock.advance(86_401)
    for secret in (bearer, ended):
        status, _, _ = gateway.send(body={"jsonrpc": "2.0", "id": 1, "method": "ping"}, bearer=secret)
        assert status == 401


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT", "HEAD"])
def test_only_post_is_taken(gateway, desk, method):
    status, headers, _ = gateway.send(method=method, bearer=token(desk, "read"))
    assert (status, headers["allow"]) == (405, "POST")


def test_another_path_is_not_served(gateway, desk):
    assert gateway.send(bearer=token(desk, "read"), path="/mcp/other")[0] == 404


def test_another_host_or_origin_is_refused(gateway, desk):
    bearer, ping = token(desk, "read"), {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    assert gateway.send(body=ping, bearer=bearer, host="evil.example")[0] == 421
    assert gateway.send(body=ping, bearer=bearer, origin="https://evil.example")[0] == 403
    assert gateway.send(body=ping, bearer=bearer, host="abc.execute-api.ap-south-1.amazonaws.com")[0] == 200


@pytest.mark.parametrize("body", ["", "{", "[]", "null", '{"jsonrpc":"2.0"}', '"text"', "\ud800", "[" * 5000])
def test_garbage_is_a_clear_refusal(gateway, desk, body):
    status, _, text = gateway.send(body=body.encode("utf-8", "replace").decode(), bearer=token(desk, "read"))
    assert 400 <= status < 500
    assert "Traceback" not in text


def test_a_huge_body_is_refused(gateway, desk):
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "ping", "params": {"x": "y" * 300_000}})
    assert gateway.send(body=body, bearer=token(desk, "read"))[0] == 413


def test_a_body_that_says_it_is_huge_is_refused_before_anything_is_looked_at(gateway):
    """Nobody is signed in, and what is sent is not even JSON."""
    status, _, text = gateway.send(body="{" * 300_000, content_length="300000")
    assert status == 413
    assert json.loads(text)["error"]["message"] == (
        "the body has 300000 bytes, and at most 262144 are read: ask for less"
    )


EVENT_STREAM, JSON = "text/event-stream", "application/json"


@pytest.mark.parametrize("era", [OLD_ERA, NEW_ERA])
@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        (f"{JSON}, {EVENT_STREAM}", JSON),
        (JSON, JSON),
        ("*/*", JSON),
        (EVENT_STREAM, EVENT_STREAM),
        ("text/*;q=0.5", EVENT_STREAM),
    ],
)
def test_a_reply_is_json_unless_the_client_takes_only_a_stream(gateway, desk, era, accept, content_type):
    request = asked("tools/list", era)
    status, headers, text = gateway.send(
        body=request,
        bearer=token(desk, "read"),
        mcp_protocol_version=era,
        mcp_method="tools/list",
        accept=accept,
    )
    assert (status, headers["content-type"]) == (200, content_type)
    if content_type == EVENT_STREAM:
        [text] = [line.removeprefix("data: ") for line in text.splitlines() if line.startswith("data: ")]
    assert json.loads(text)["result"]["tools"]
    assert headers.keys().isdisjoint({"mcp-session-id", "connection", "x-accel-buffering"})


@pytest.mark.parametrize("era", [OLD_ERA, NEW_ERA])
def test_a_client_that_takes_neither_is_told(gateway, desk, era):
    status, _, _ = gateway.send(
        body=asked("tools/list", era),
        bearer=token(desk, "read"),
        mcp_protocol_version=era,
        mcp_method="tools/list",
        accept="text/html",
    )
    assert status == 406


def test_another_principals_things_are_not_there(gateway, desk):
    ravi = token(desk, "read", "trade", principal="ravi")
    positions = tool(gateway, ravi, "desk_positions")["structuredContent"]["positions"]
    assert [p["account"] for p in positions] == ["other"]
    refused = tool(gateway, ravi, "desk_positions", account_id="main")
    assert refused["isError"]
    assert "no account 'main'" in refused["content"][0]["text"]
    digest = desk.seen(Proposal, proposal_key("main", ORDER)).terms_digest
    refused = tool(
        gateway,
        ravi,
        "decide_approval",
        account_id="main",
        order_id=ORDER,
        decision="approve",
        terms_digest=digest,
    )
    assert refused["isError"]
    assert desk.seen(Proposal, proposal_key("main", ORDER)).state == "PENDING"


def decide(gateway, bearer, digest, decision="approve"):
    return tool(
        gateway,
        bearer,
        "decide_approval",
        account_id="main",
        order_id=ORDER,
        decision=decision,
        terms_digest=digest,
    )


def test_an_approval_is_declined_once_and_on_its_terms(gateway, desk):
    bearer = token(desk, "read", "trade")
    [waiting] = tool(gateway, bearer, "list_pending_approvals")["structuredContent"]["approvals"]
    assert (waiting["order_id"], waiting["quantity"], waiting["price"]) == (ORDER, 65, 113.5)
    assert waiting["approval_url"] == f"https://desk.example/proposals/main/{ORDER}"
    assert "TERMS_CHANGED" in decide(gateway, bearer, "0" * 64, "decline")["content"][0]["text"]
    declined = decide(gateway, bearer, waiting["terms_digest"], "decline")
    assert declined["structuredContent"]["result"] == "DECLINED"
    again = decide(gateway, bearer, waiting["terms_digest"], "decline")
    assert again["isError"]
    assert "ALREADY_DECIDED" in again["content"][0]["text"]
    decided = desk.seen(Proposal, proposal_key("main", ORDER))
    assert decided.state == "DECLINED"
    assert decided.decided_by.startswith("token:")
    assert desk.workflows.answers[f"task-{ORDER}"]["decision"] == "decline"


@pytest.mark.parametrize(("alone", "result"), [(0, "PENDING"), (7_377, "PENDING"), (7_378, "APPROVED")])
def test_a_proposal_takes_an_assistants_yes_only_where_it_is_small_and_its_owner_allows_it(
    gateway, desk, alone, result
):
    """It is worth 65 at 113.50, 7,377.50 rupees; all scopes that there are change nothing."""
    let_alone(desk, alone)
    digest = desk.seen(Proposal, proposal_key("main", ORDER)).terms_digest
    answer = decide(gateway, token(desk, "read", "trade", "admin"), digest)
    assert desk.seen(Proposal, proposal_key("main", ORDER)).state == result
    assert answer["isError"] is (result == "PENDING")
    if answer["isError"]:
        assert "NOT_IN_PERSON" in answer["content"][0]["text"]
        assert answer["content"][0]["text"].endswith(f"https://desk.example/proposals/main/{ORDER}")


def test_a_token_that_may_only_look_decides_nothing(gateway, desk):
    digest = desk.seen(Proposal, proposal_key("main", ORDER)).terms_digest
    refused = decide(gateway, token(desk, "read"), digest)
    assert refused["isError"]
    assert "scope 'trade'" in refused["content"][0]["text"]
    assert desk.seen(Proposal, proposal_key("main", ORDER)).state == "PENDING"


def test_hostile_text_comes_back_as_data(gateway, desk):
    orders = tool(gateway, token(desk, "read"), "desk_orders")["structuredContent"]["orders"]
    assert orders[0]["message"] == HOSTILE
    assert [order["account"] for order in orders] == ["main"]


def test_wrong_arguments_are_told(gateway, desk):
    wrong = tool(gateway, token(desk, "read"), "list_signals", limit=100_000)
    assert wrong["isError"]
    assert "limit" in wrong["content"][0]["text"]


def test_a_tool_that_is_none_is_told_with_those_most_like_it(gateway, desk):
    wrong = tool(gateway, token(desk, "read"), "get_status_")
    assert wrong["isError"]
    assert "did you mean get_status" in wrong["content"][0]["text"]
    assert wrong["structuredContent"]["error_type"] == "BadRequestError"


def test_features_come_only_when_asked_for(gateway, desk):
    bearer = token(desk, "read")
    short = tool(gateway, bearer, "list_signals")["structuredContent"]["signals"]
    long = tool(gateway, bearer, "list_signals", with_features=True)["structuredContent"]["signals"]
    assert len(short) == 3
    assert all(signal["features"] == {} for signal in short)
    assert long[0]["features"]["rsi_14"] == 61.2


@pytest.mark.parametrize("mode", ["legacy", NEW_ERA])
def test_the_sdks_own_client_works(mode):
    desk = busy(two_owners(public_url=""))

    async def talk(url: str, bearer: str):
        async with (
            httpx2.AsyncClient(headers={"Authorization": f"Bearer {bearer}"}) as http,
            Client(streamable_http_client(url, http_client=http), mode=mode) as client,
        ):
            tools = await client.list_tools()
            status = await client.call_tool("get_status", {})
            return client.protocol_version, [t.name for t in tools.tools], status

    with on_a_port(lambda _: McpEndpoint(desk)) as address:
        desk._environment = dict(desk._environment, PUBLIC_URL=address)
        version, names, status = asyncio.run(talk(f"{address}/mcp", token(desk, "read")))
    assert (version == NEW_ERA) is (mode == NEW_ERA)
    assert "get_risk_state" in names
    assert status.structured_content["pnl"]["realised"] == -734.85
    assert not status.is_error
