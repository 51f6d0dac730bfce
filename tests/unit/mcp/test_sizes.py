"""What a client's context is asked to hold. In characters: four make about a token."""

import json
from collections.abc import Mapping

import pytest

from functions.mcp.results import result_of
from functions.mcp.tools import listed
from patang.identity.principal import ALL_SCOPES, Principal
from patang.kite_replies.orders import Order
from patang.tools.calling import Answered, call
from patang.tools.lists import ListInput, shown
from patang.tools.portfolio import Orders
from patang.tools.registry import TOOLS, find
from tests.unit.api.sample_desk import busy, two_owners
from tests.unit.tools.written_desk import WrittenDesk, caller

# A tool as a model is shown it, all tools, and those of a token that may only read.
A_TOOL, ALL_TOOLS, READING_TOOLS = 2_600, 64_000, 33_000
# The same with the schemas of replies, which hosts keep for themselves.
WHOLE_LIST = 170_000
TEXT, CONTENT = 16_100, 45_000


def size(value) -> int:
    return len(json.dumps(value, separators=(",", ":"), ensure_ascii=False))


def properties(schema):
    for model in (schema, *schema.get("$defs", {}).values()):
        yield from model.get("properties", {}).items()


def told(name: str) -> Mapping:
    return listed(name).model_dump(by_alias=True, exclude_none=True, mode="json")


def of_model(name: str) -> int:
    whole = told(name)
    return size({key: whole[key] for key in ("name", "description", "inputSchema")})


def test_the_list_of_tools_has_a_budget():
    assert sum(of_model(tool.name) for tool in TOOLS) <= ALL_TOOLS
    assert sum(of_model(tool.name) for tool in TOOLS if tool.scope == "read") <= READING_TOOLS
    assert sum(size(told(tool.name)) for tool in TOOLS) <= WHOLE_LIST
    assert {tool.name: of_model(tool.name) for tool in TOOLS if of_model(tool.name) > A_TOOL} == {}


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_a_schema_says_nothing_that_nobody_needs(tool):
    for schema in (told(tool.name)["inputSchema"], told(tool.name)["outputSchema"]):
        for name, spec in properties(schema):
            assert not {"title", "examples"} & spec.keys() or "title" in spec.get("properties", {}), name
            assert spec.get("default", 1) is not None, name
            assert {"type": "null"} not in spec.get("anyOf", ()), name
    assert told(tool.name)["inputSchema"]["additionalProperties"] is False


def orders(count: int) -> tuple[Order, ...]:
    reads = WrittenDesk()
    (one,) = find("get_orders").call(caller(reads), {}).orders
    changing = ("quantity", "filled_quantity", "instrument_token", "pending_quantity")
    return tuple(
        one.model_copy(update={"order_id": f"26081800{n:07}", "tag": f"t{n}"} | dict.fromkeys(changing, n))
        for n in range(count)
    )


def test_a_page_of_a_long_list_fits():
    """Five hundred orders at the broker: the page that comes without being asked for, and the short one."""
    found = orders(500)
    page = Orders(**shown(found, ListInput(), "orders", ()))
    telling = ("order_id", "status", "tradingsymbol", "quantity", "average_price")
    short = Orders(**shown(found, ListInput(compact=True), "orders", telling))
    whole, compact = (result_of("get_orders", Answered(reply, 200)) for reply in (page, short))
    assert len(page.orders) == 50
    assert len(whole.content[0].text) < TEXT
    assert size(whole.structured_content) < CONTENT
    assert size(compact.structured_content) < CONTENT / 10
    assert len(compact.content[0].text) < TEXT / 5


def test_no_text_is_longer_than_its_budget_however_long_the_list():
    everything = Orders(orders=orders(500), total=500)
    text = result_of("get_orders", Answered(everything, 200)).content[0].text
    assert len(text) < TEXT
    assert "more: ask part by part" in text


@pytest.fixture(scope="module")
def desk():
    return busy(two_owners())


@pytest.mark.parametrize(
    "tool", [tool for tool in TOOLS if tool.effect == "looks"], ids=lambda tool: tool.name
)
def test_the_text_is_no_longer_than_the_content(desk, tool):
    """Of what the broker has written, of what the desk shows, or of the error that there is neither."""
    answered = call(caller(WrittenDesk()), tool.name, dict(tool.example))
    if answered.failed:
        owner = desk.caller(Principal("asha", "token:t1 of asha", ("main",), ALL_SCOPES))
        answered = call(owner, tool.name, dict(tool.example))
    result = result_of(tool.name, answered)
    assert 0 < len(result.content[0].text) <= size(result.structured_content)
