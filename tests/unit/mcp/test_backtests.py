"""A backtest as an assistant has it: asked by a tool, read as a resource, through the gateway's events."""

import json
from datetime import date

import pytest

from patang_workbench.demo.profile import DEMONSTRATION
from patang_workbench.research.synthetic import edge_history
from tests.unit.api.sample_desk import two_owners
from tests.unit.backtest.kept_candles import keep_history
from tests.unit.mcp.gateway import NEW_ERA, OLD_ERA, Gateway, token, tool
from tests.unit.tools.test_backtest_tools import WorkingMachine

ASKED = {"from_date": "2026-06-29", "to_date": "2026-06-30", "symbols": ["NIFTY", "SBIN"]}


@pytest.fixture(scope="module")
def desk():
    made = two_owners(public_url="https://desk.example")
    keep_history(made.objects, edge_history(5, 0.5, ("NIFTY", "SBIN"), 14, date(2026, 6, 30)))
    made.research_machine = WorkingMachine(made.objects)
    made.settings_changes().put(
        DEMONSTRATION.model_copy(update={"cycle_interval_seconds": 300}), "person:asha", based_on=0
    )
    return made


@pytest.mark.parametrize("era", [OLD_ERA, NEW_ERA])
def test_what_was_asked_for_by_a_tool_is_read_as_a_resource(desk, era):
    gateway = Gateway(desk)
    run = tool(gateway, token(desk, "trade"), "run_backtest", era=era, **ASKED)["structuredContent"]
    bearer = token(desk, "read")

    told = tool(gateway, bearer, "get_backtest", era=era, report=run["report"], limit=5, compact=True)
    content = told["structuredContent"]
    assert (content["state"], content["currency"]) == ("DONE", "INR")
    assert content["report_url"] == f"https://desk.example/reports/{run['report']}"
    figures = content["metrics"]["all"]
    assert figures["trades"] == content["trades_total"] > 0
    assert len(content["table"]["rows"]) == min(5, figures["trades"])
    text = told["content"][0]["text"]
    assert f"net_pnl {figures['net_pnl']}" in text
    assert "metrics.by_symbol: 2" in text
    assert len(text) < 4_000

    uri = f"patang://reports/{run['report']}"
    (read,) = gateway.call(bearer, "resources/read", {"uri": uri}, era=era)["contents"]
    assert json.loads(read["text"])["metrics"] == content["metrics"]
    listed = json.loads(
        gateway.call(bearer, "resources/read", {"uri": "patang://reports"}, era=era)["contents"][0]["text"]
    )
    assert [line["report"] for line in listed["reports"]] == [run["report"]]


def test_a_token_that_may_only_read_starts_none(desk):
    before = dict(desk.research_machine.states)
    answer = tool(Gateway(desk), token(desk, "read"), "run_backtest", **ASKED | {"latency_bars": 9})
    assert answer["isError"]
    assert answer["structuredContent"]["details"] == {"kind": "ScopeMissing", "scope": "trade"}
    assert desk.research_machine.states == before
