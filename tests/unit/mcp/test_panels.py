"""The panels as a server offers them: which tools have one, and what kind of document it is."""

import base64
import hashlib
import re

import pytest

from functions.mcp.apps import MIME_TYPE, PANEL_OF_TOOL, PANELS
from functions.mcp.apps.panels import DESK, ORDER
from patang.errors import StopTrading
from patang.tools.orders import OrderAnswer
from patang.tools.registry import TOOLS, find

ADDRESS = "https://desk.example"
# What a tool is called by that needs no yes, or belongs to an order whose panel is there already.
NEVER_WAIT = {"cancel_order", "exit_position", "request_state"}


def documents():
    return [pytest.param(panel.html(ADDRESS), id=panel.name) for panel in PANELS.values()]


def test_every_tool_whose_order_may_wait_for_a_yes_shows_the_order():
    may_wait = {tool.name for tool in TOOLS if tool.output is OrderAnswer} - NEVER_WAIT
    shown = {name for name, uri in PANEL_OF_TOOL.items() if uri == ORDER.uri}
    assert shown == may_wait | {"list_pending_approvals"}
    assert [name for name, uri in PANEL_OF_TOOL.items() if uri == DESK.uri] == ["get_status"]


def test_every_panel_and_every_tool_of_one_is_there():
    assert set(PANEL_OF_TOOL.values()) == set(PANELS)
    for name in PANEL_OF_TOOL:
        find(name)
    for uri, panel in PANELS.items():
        assert uri == panel.uri
        assert uri.startswith("ui://")
        assert panel.meta["ui"]["csp"] == {
            "connectDomains": [],
            "resourceDomains": [],
            "frameDomains": [],
            "baseUriDomains": [],
        }
    assert MIME_TYPE == "text/html;profile=mcp-app"


@pytest.mark.parametrize("document", documents())
def test_a_document_loads_nothing_and_runs_only_what_stands_in_it(document):
    assert document.startswith("<!doctype html>")
    assert not re.findall(
        r"(?:src|href|srcset|action)\s*=|url\(|@import|https?://(?!desk\.example)", document
    )
    assert not re.findall(
        r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b|new Function", document
    )
    [policy] = re.findall(r'Content-Security-Policy" content="([^"]+)"', document)
    named = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert named["default-src"] == named["base-uri"] == named["form-action"] == "'none'"
    for kind, directive in (("script", "script-src"), ("style", "style-src")):
        [text] = re.findall(rf"<{kind}>(.*?)</{kind}>", document, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert named[directive] == f"'sha256-{digest}'"


@pytest.mark.parametrize("document", documents())
def test_a_document_has_no_way_to_say_yes_or_to_raise_risk(document):
    called = set(re.findall(r'host\.call\("(\w+)"', document))
    assert called <= {
        "get_status",
        "list_alerts",
        "halt",
        "list_pending_approvals",
        "request_state",
        "search_audit",
        "desk_orders",
        "get_risk_state",
        "get_session",
        "decide_approval",
    }
    assert len(re.findall(r"host\.call\(", document)) == len(re.findall(r'host\.call\("', document))
    for name in called:
        find(name)
    assert re.findall(r'decision: "(\w+)"', document) == (["decline"] if "decide_approval" in called else [])


@pytest.mark.parametrize("document", documents())
def test_a_document_is_small_and_its_budget_is_kept(document):
    assert len(document.encode()) < 48_000


def test_the_address_is_the_desks_and_is_no_markup():
    document = ORDER.html('https://desk.example/"><script>alert(1)</script>')
    assert "<script>alert" not in document
    assert 'content="https://desk.example/&quot;&gt;&lt;script&gt;' in document
    assert ORDER.html(f"{ADDRESS}/") == ORDER.html(ADDRESS)


def test_without_the_desks_address_there_is_no_panel():
    with pytest.raises(StopTrading, match="PUBLIC_URL"):
        DESK.html("")
