"""What lists and replies cost an assistant's context, in tokens, and what they may cost.

pytest tests/conformance/test_sizes.py -s
"""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from functions.mcp.results import result_of
from patang.tools.calling import Answered, call
from patang.tools.lists import ListInput, shown
from patang.tools.portfolio import Orders
from patang.tools.registry import TOOLS, find
from tests.conformance.tokens import tokens
from tests.unit.api.sample_desk import SampleDesk, busy, two_owners
from tests.unit.mcp.gateway import NEW_ERA, OLD_ERA, Gateway, token
from tests.unit.tools.written_desk import WrittenDesk, caller

# What a host puts before its model of each tool; the schemas of replies it keeps for itself.
SHOWN = ("name", "description", "inputSchema")
# Budgets. A tool; the tools of a credential that may look, and of one that may act; the same on the wire.
A_TOOL, TO_LOOK, TO_ACT = 700, 8_000, 16_000
ON_THE_WIRE = 43_000
# Prompts, resources and their templates.
OTHER_LISTS = 1_500
# A reply's text, which is all that some hosts show, and its structured content: the desk's own on a busy day,
# the broker's as its documents show it, and a page of fifty of five hundred orders.
TEXT, CONTENT = 1_500, 2_200
PAGE_TEXT, PAGE_CONTENT = 1_000, 13_000
COMPACT_TEXT, COMPACT_CONTENT = 600, 1_600


@pytest.fixture(scope="module")
def desk() -> SampleDesk:
    return busy(two_owners(public_url="https://desk.example"))


@pytest.fixture(scope="module")
def gateway(desk: SampleDesk) -> Iterator[Gateway]:
    with asyncio.Runner() as runner:
        runner.get_loop()
        yield Gateway(desk)


def written(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


@pytest.mark.parametrize("era", [OLD_ERA, NEW_ERA])
@pytest.mark.parametrize(("scopes", "budget"), [(("read",), TO_LOOK), (("read", "trade"), TO_ACT)])
def test_the_list_of_tools(
    gateway: Gateway, desk: SampleDesk, era: str, scopes: tuple[str, ...], budget: int
) -> None:
    result = gateway.call(token(desk, *scopes), "tools/list", era=era)
    shown_ones = [written({part: tool[part] for part in SHOWN}) for tool in result["tools"]]
    *each, whole = tokens([*shown_ones, written(result)])
    names = [tool["name"] for tool in result["tools"]]
    print(f"\n{era}, {' and '.join(scopes)}: {len(names)} tools, {sum(each)} tokens shown, {whole} sent")
    assert sum(each) <= budget
    assert whole <= ON_THE_WIRE
    assert {name: size for name, size in zip(names, each, strict=True) if size > A_TOOL} == {}


def test_the_other_lists(gateway: Gateway, desk: SampleDesk) -> None:
    bearer = token(desk, "read", "trade")
    methods = ("prompts/list", "resources/list", "resources/templates/list")
    sizes = tokens([written(gateway.call(bearer, method)) for method in methods])
    print("\n" + ", ".join(f"{method} {size}" for method, size in zip(methods, sizes, strict=True)))
    assert sum(sizes) <= OTHER_LISTS


def replies(desk: SampleDesk) -> Iterator[tuple[str, str, str]]:
    """Name, text and structured content of every tool that looks, from the desk or from the broker."""
    mine = desk.caller(desk.tokens().principal(token(desk, "read")))
    brokers = caller(WrittenDesk())
    for tool in TOOLS:
        if tool.effect != "looks":
            continue
        answers = (call(one, tool.name, dict(tool.example)) for one in (mine, brokers))
        if answered := next((one for one in answers if not one.failed), None):
            result = result_of(tool.name, answered)
            yield tool.name, result.content[0].text, written(result.structured_content)


def test_every_reply(desk: SampleDesk) -> None:
    told = list(replies(desk))
    assert len(told) > 30
    texts, contents = tokens([text for _, text, _ in told]), tokens([content for _, _, content in told])
    sizes = sorted(zip(contents, texts, [name for name, _, _ in told], strict=True), reverse=True)
    print(f"\n{len(sizes)} replies, the longest (structured, text):")
    for content, text, name in sizes[:8]:
        print(f"  {name:<24} {content:6} {text:6}")
    assert {name: text for _, text, name in sizes if text > TEXT} == {}
    assert {name: content for content, _, name in sizes if content > CONTENT} == {}


def test_a_page_of_a_long_list() -> None:
    (one,) = find("get_orders").call(caller(WrittenDesk()), {}).orders
    found = tuple(one.model_copy(update={"order_id": f"26081800{n:07}"}) for n in range(500))
    telling = ("order_id", "status", "tradingsymbol", "quantity", "average_price")
    pages: list[Orders] = [
        Orders(**shown(found, ListInput(), "orders", ())),
        Orders(**shown(found, ListInput(compact=True), "orders", telling)),
    ]
    results = [result_of("get_orders", Answered(page, 200)) for page in pages]
    sizes = tokens(
        [text for one in results for text in (one.content[0].text, written(one.structured_content))]
    )
    print(f"\n50 of 500 orders: text {sizes[0]}, structured {sizes[1]}; compact {sizes[2]}, {sizes[3]}")
    for size, budget in zip(sizes, (PAGE_TEXT, PAGE_CONTENT, COMPACT_TEXT, COMPACT_CONTENT), strict=True):
        assert size <= budget
