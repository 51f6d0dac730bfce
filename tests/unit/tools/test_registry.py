"""What every declaration of a tool keeps to."""

import re
import subprocess
import sys

import pytest

from patang.errors import BadInput
from patang.tools.registry import TOOLS, find
from patang.tools.tool import Progress, ToolInput

# https://github.com/zerodha/kite-mcp-server: a client of the broker's own server finds the same here.
OFFICIAL = {
    "login", "get_profile", "get_margins", "get_holdings", "get_positions", "get_trades", "get_orders",
    "get_gtts", "get_mf_holdings", "get_order_history", "get_order_trades", "get_quotes", "get_ltp",
    "get_ohlc",
    "search_instruments", "get_historical_data", "place_order", "modify_order", "cancel_order",
    "place_gtt_order", "modify_gtt_order", "delete_gtt_order",
}  # fmt: skip
PAGED = ("get_holdings", "get_positions", "get_trades", "get_orders", "get_gtts", "get_mf_holdings")
ARGUMENTS = {
    **{name: {"from", "limit"} for name in PAGED},
    "get_order_history": {"order_id"},
    "get_order_trades": {"order_id"},
    "get_quotes": {"instruments"},
    "get_ltp": {"instruments"},
    "get_ohlc": {"instruments"},
    "search_instruments": {"query", "filter_on", "from", "limit"},
    "get_historical_data": {"instrument_token", "from_date", "to_date", "interval", "continuous", "oi"},
    "place_order": {
        "variety", "exchange", "tradingsymbol", "transaction_type", "quantity", "product", "order_type",
        "price", "validity", "validity_ttl", "disclosed_quantity", "trigger_price", "iceberg_legs",
        "iceberg_quantity", "tag",
    },
    "modify_order": {
        "variety", "order_id", "quantity", "price", "order_type", "trigger_price", "validity",
        "disclosed_quantity",
    },
    "cancel_order": {"variety", "order_id"},
    "place_gtt_order": {
        "exchange", "tradingsymbol", "last_price", "transaction_type", "product", "trigger_type",
        "trigger_value", "quantity", "limit_price", "upper_trigger_value", "upper_quantity",
        "upper_limit_price", "lower_trigger_value", "lower_quantity", "lower_limit_price",
    },
    "modify_gtt_order": {
        "trigger_id", "exchange", "tradingsymbol", "last_price", "transaction_type", "trigger_type",
        "trigger_value", "quantity", "limit_price", "upper_trigger_value", "upper_quantity",
        "upper_limit_price", "lower_trigger_value", "lower_quantity", "lower_limit_price",
    },
    "delete_gtt_order": {"trigger_id"},
}  # fmt: skip
# Of the page that asks for the desk: accounts, authentication and tools over HTTP.
EXECUTED = {
    "get_holdings", "get_positions", "get_margins", "get_profile", "get_orders", "get_quotes", "get_ohlc",
    "place_order", "modify_order", "cancel_order",
}  # fmt: skip


def names(tool) -> set[str]:
    return set(tool.input.model_json_schema().get("properties", {}))


def test_names_are_unique_and_words():
    found = [tool.name for tool in TOOLS]
    assert len(found) == len(set(found))
    assert all(re.fullmatch(r"[a-z][a-z_]{2,40}", name) for name in found)
    assert len({tool.title for tool in TOOLS}) == len(TOOLS)


def test_the_brokers_own_tools_are_here_with_their_arguments():
    assert {tool.name for tool in TOOLS} >= OFFICIAL | EXECUTED
    for name, wanted in ARGUMENTS.items():
        assert wanted <= names(find(name)), name


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_a_declaration_is_whole(tool):
    assert issubclass(tool.input, ToolInput)
    made = tool.input.model_validate(dict(tool.example))
    assert tool.input.model_validate_json(made.model_dump_json(by_alias=True)) == made
    assert 20 <= len(tool.description) <= 700
    assert tool.title[0].isupper()
    for schema in (tool.input.model_json_schema(), tool.output.model_json_schema(mode="serialization")):
        assert schema["type"] == "object"
        assert schema["description"]
    assert tool.input.model_json_schema()["additionalProperties"] is False


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_what_a_tool_does_and_who_may_use_it_agree(tool):
    assert tool.scope == "read" if tool.effect == "looks" else tool.scope in ("trade", "admin")
    assert not tool.destructive or tool.effect == "orders" or tool.name.startswith("delete_")
    assert tool.effect != "looks" or tool.idempotent
    assert tool.effect == "orders" or not issubclass(tool.output, Progress)


def test_a_name_that_is_none_is_told_with_those_most_like_it():
    with pytest.raises(BadInput, match="did you mean place_order"):
        find("placeorder")
    with pytest.raises(BadInput, match="GET /api/tools lists them"):
        find("xyzzy")


def test_every_tool_of_an_account_takes_it_by_the_same_name():
    assert not [tool.name for tool in TOOLS if "account" in names(tool)]


def test_the_registry_brings_nothing_that_its_functions_do_not_carry():
    """(api) and (mcp) have no layer of arrays; the broker's client and AWS come with their first call."""
    heavy = ("numpy", "pyarrow", "kiteconnect", "boto3", "fastapi", "mcp", "patang.app")
    code = f"import sys, patang.tools.calling; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
