"""The inspector's command line, as a developer uses it at a desk: OAuth in the browser, then calls.

pytest tests/conformance/test_inspector.py -s
"""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from functions.mcp.apps import MIME_TYPE, PANEL_OF_TOOL
from patang.tools.registry import TOOLS
from tests.conformance.gateway import Gateway, cold_start
from tests.conformance.official import Ended, node
from tests.conformance.person import Person
from tests.unit.api.sample_desk import SampleDesk, busy, two_owners

ERAS = ("legacy", "modern")
EVERY = {tool.name for tool in TOOLS}
LOOKED_AT = {tool.name for tool in TOOLS if tool.scope == "read"}


class Inspector:
    """The program with a home of its own, at one desk behind one gateway."""

    def __init__(self, home: Path, gateway: Gateway, desk: SampleDesk) -> None:
        self._gateway, self._home, self.desk = gateway, home, desk
        self._person = Person(desk, gateway.address)

    def run(self, *arguments: str, scopes: tuple[str, ...] = ()) -> Ended:
        """With `scopes` a person is there to log in, and ticks them."""
        how = () if scopes else ("--stored-auth-only",)
        return node(
            "mcp-inspector",
            "--cli",
            "--server-url",
            f"{self._gateway.address}/mcp",
            "--transport",
            "http",
            "--format",
            "json",
            "--callback-url",
            "http://127.0.0.1:0/oauth/callback",
            *how,
            *arguments,
            shown=(lambda page: self._person.lets_in(page, *scopes)) if scopes else None,
            HOME=str(self._home),
            MCP_AUTO_OPEN_ENABLED="true",
        )

    def result(self, *arguments: str, scopes: tuple[str, ...] = ()) -> Any:
        done = self.run(*arguments, scopes=scopes)
        assert done.exit_code == 0, done.err
        return json.loads(done.out)["result"]


@contextmanager
def inspecting(*, remaps_challenge: bool = False) -> Iterator[Inspector]:
    gateway = Gateway(remaps_challenge=remaps_challenge)
    desk = busy(two_owners(public_url=gateway.address))
    gateway.open(mcp=cold_start("mcp", desk), api=cold_start("api", desk))
    try:
        with tempfile.TemporaryDirectory() as home:
            yield Inspector(Path(home), gateway, desk)
    finally:
        gateway.close()


@pytest.fixture(scope="module")
def inspector() -> Iterator[Inspector]:
    """Let in by asha for everything that a tool does."""
    with inspecting() as inspector:
        assert names(inspector.result("--method", "tools/list", scopes=("read", "trade"))) == EVERY
        yield inspector


def names(result: Any) -> set[str]:
    return {tool["name"] for tool in result["tools"]}


def test_what_was_not_ticked_is_not_there_and_the_way_in_is_found_without_the_challenge() -> None:
    """Gateways may rename WWW-Authenticate: the addresses by which clients look must do."""
    with inspecting(remaps_challenge=True) as inspector:
        assert names(inspector.result("--method", "tools/list", scopes=("read",))) == LOOKED_AT
        call = ("--method", "tools/call", "--tool-name", "halt", "--tool-arg", "account_id=main")
        done = inspector.run(*call)
        assert done.exit_code == 5
        assert "tool_not_found" in done.err


@pytest.mark.parametrize("era", ERAS)
def test_the_schemas_are_such_as_models_of_every_maker_take(inspector: Inspector, era: str) -> None:
    done = inspector.run("--method", "tools/list", "--strict", "--protocol-era", era)
    assert done.exit_code == 0, done.err
    assert names(json.loads(done.out)["result"]) == EVERY
    assert "Warning" not in done.err, done.err


@pytest.mark.parametrize("era", ERAS)
def test_it_calls_a_tool(inspector: Inspector, era: str) -> None:
    found = inspector.result("--method", "tools/call", "--tool-name", "desk_positions", "--protocol-era", era)
    assert [one["symbol"] for one in found["structuredContent"]["positions"]] == ["RELIANCE"]
    assert "RELIANCE" in found["content"][0]["text"]


def test_resources_and_prompts(inspector: Inspector) -> None:
    [read] = inspector.result("--method", "resources/read", "--uri", "patang://positions")["contents"]
    assert "RELIANCE" in read["text"]
    prompt = inspector.result("--method", "prompts/get", "--prompt-name", "morning_check")
    assert prompt["messages"][0]["content"]["text"]


def test_the_panels_are_told_to_a_host(inspector: Inspector) -> None:
    done = inspector.run("--method", "tools/list", "--app-info", "--advertise-apps")
    assert done.exit_code == 0, done.err
    told = {one["toolName"]: one for one in map(json.loads, done.out.splitlines())}
    assert {name: one["resourceUri"] for name, one in told.items() if one["hasApp"]} == dict(PANEL_OF_TOOL)
    shown = [one for one in told.values() if one["hasApp"]]
    assert {one["resourceMimeType"] for one in shown} == {MIME_TYPE}
    # Nothing is loaded from elsewhere.
    assert [source for one in shown for sources in one["csp"].values() for source in sources] == []


def test_after_an_hour_it_goes_on_without_a_person(inspector: Inspector) -> None:
    inspector.desk.clock.advance(3601)
    assert inspector.result("--method", "tools/call", "--tool-name", "get_risk_state")["structuredContent"]


def test_once_its_owner_has_ended_it_a_person_must_let_it_in_again(inspector: Inspector) -> None:
    grants = inspector.desk.grants()
    [client] = grants.connected("asha")
    assert grants.disconnect("asha", client.grant_id, "person:asha")
    done = inspector.run("--method", "tools/list")
    assert done.exit_code == 3
    assert "auth_required" in done.err
