"""Lists that may be long come part by part, and short where a caller wants them short."""

import json

import pytest

from patang.tools.errors import InvalidArguments
from patang.tools.lists import Table
from patang.tools.registry import TOOLS, find
from tests.unit.tools.written_desk import WrittenDesk
from tests.unit.tools.written_desk import caller as caller_of

COMPACT = [tool for tool in TOOLS if "compact" in tool.input.model_fields]
BY_THE_BROKER = {
    "get_holdings", "get_positions", "get_orders", "get_trades", "get_gtts", "search_instruments",
    "get_quotes", "get_ohlc", "get_ltp", "get_historical_data", "get_mf_holdings", "get_mf_orders",
    "get_mf_sips", "search_mf_instruments",
}  # fmt: skip
OF_THE_DESK = {"desk_positions", "desk_orders", "list_signals", "search_audit"}
# Bounded by what they are of.
SHORT = {
    "get_status": "the last signals and events, and what is open",
    "get_account_funds": "an account each",
    "get_risk_state": "an account each",
    "halt": "an account each",
    "resume": "an account each",
    "flatten": "an account each",
    "get_session": "an account each",
    "get_graduation": "an account each",
    "explain_signal": "the rules of one signal",
    "explain_cycle": "a minute",
    "performance": "the groups of closed trades",
    "trading_report": "strategies, sides and tenths",
    "tax_year": "terms by rates",
    "preflight": "the checks of a day",
    "get_reconciliation": "the differences of one comparison",
    "reconcile": "the differences of one comparison",
    "list_pending_approvals": "requests.max_orders_a_day, and the proposals of a cycle",
    "get_auctions": "holdings in an auction",
    "get_order_history": "the states of one order",
    "get_order_trades": "the fills of one order",
    "get_gtt": "the legs of one trigger",
    "get_alert": "the orders of one alert",
    "create_alert": "the orders of one alert",
    "modify_alert": "the orders of one alert",
    "delete_alert": "the orders of one alert",
    "get_order_margins": "the orders asked about",
    "get_basket_margins": "the orders asked about",
    "get_charges": "the orders asked about",
    "get_trigger_range": "the instruments asked about",
    "list_watchlists": "a person's lists have a limit",
}


def test_every_list_is_taken_in_parts_or_is_short_by_its_nature():
    unbounded = set()
    for tool in TOOLS:
        arguments = set(tool.input.model_json_schema().get("properties", {}))
        if arguments & {"limit", "instruments", "strikes_each_side", "cursor"} or tool.effect == "orders":
            continue
        schema = tool.output.model_json_schema(mode="serialization")
        lists = [
            name for name, spec in schema["properties"].items() if "$ref" in json.dumps(spec.get("items", {}))
        ]
        if lists and tool.name not in SHORT:
            unbounded.add(tool.name)
    assert not unbounded - {"get_watchlist_quotes"}


def test_the_long_ones_have_a_short_form():
    assert {tool.name for tool in COMPACT} >= BY_THE_BROKER | OF_THE_DESK | {
        "get_option_chain", "list_alerts", "get_alert_history", "get_watchlist_quotes",
    }  # fmt: skip


# Their examples look for what the written desk has not.
SEARCHED = {"search_instruments": {"query": "inf"}, "search_mf_instruments": {}}


def whole_and_short(tool, caller, **more):
    args = SEARCHED.get(tool.name, dict(tool.example)) | more
    whole = json.loads(tool.call(caller, args).model_dump_json())
    return whole, json.loads(tool.call(caller, args | {"compact": True}).model_dump_json())


def check(whole, short, name):
    table = Table.model_validate(short["table"])
    lists = [
        key for key, value in whole.items() if isinstance(value, list | dict) and value and key != "missing"
    ]
    assert lists, name
    assert table.rows, name
    assert len(table.rows) == max(len(whole[key]) for key in lists)
    assert all(short[key] in ([], {}) for key in lists)
    assert all(len(row) == len(table.columns) for row in table.rows)
    # Of no column is nothing known in any row where the whole entries say it.
    first = whole[lists[0]]
    entry = (
        first[0] if isinstance(first, list) else {"instrument": next(iter(first))} | first[next(iter(first))]
    )
    for column, cell in zip(table.columns, table.rows[0], strict=True):
        value = entry
        for part in column.split("."):
            value = value[part]
        assert cell == ("/".join(map(str, value)) if isinstance(value, list) else value), column


@pytest.mark.parametrize("name", sorted(BY_THE_BROKER))
def test_what_the_broker_has_comes_short(name):
    whole, short = whole_and_short(find(name), caller_of(WrittenDesk()))
    check(whole, short, name)
    assert len(json.dumps(short["table"])) < len(json.dumps(whole))


@pytest.mark.parametrize("name", sorted(OF_THE_DESK))
def test_what_the_desk_has_comes_short(caller, name):
    whole, short = whole_and_short(find(name), caller("read"), limit=50)
    check(whole, short, name)


def test_positions_of_the_desk_are_taken_in_parts(caller):
    asked = caller("read")
    tool = find("desk_orders")
    first = tool.call(asked, {"limit": 1})
    assert (len(first.orders), first.more, first.total) == (1, False, 1)
    assert tool.call(asked, {"from": 1}).orders == ()
    signals = find("list_signals")
    everything = signals.call(asked, {}).signals
    assert [signals.call(asked, {"from": n, "limit": 1}).signals[0] for n in range(3)] == list(everything)
    assert signals.call(asked, {"limit": 2}).more
    assert not signals.call(asked, {"from": 1, "limit": 2}).more


@pytest.mark.parametrize("wrong", [{"limit": 0}, {"limit": 501}, {"from": -1}, {"compact": "maybe"}])
def test_a_part_that_is_none_is_refused(caller, wrong):
    with pytest.raises(InvalidArguments):
        find("desk_orders").call(caller("read"), wrong)
