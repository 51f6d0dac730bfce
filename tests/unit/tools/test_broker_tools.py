"""Tools that look at the broker: what they ask of it, and what they answer."""

import json

import pytest

from patang.errors import BadInput
from patang.identity.rights import UnknownAccount
from patang.tools import charges, instruments, market, mutual_funds, portfolio
from patang.tools.errors import InvalidArguments
from tests.unit.tools.written_desk import WrittenDesk, caller

TOOLS = {
    tool.name: tool for part in (charges, instruments, market, mutual_funds, portfolio) for tool in part.TOOLS
}
# By the broker's limits: https://kite.trade/docs/connect/v3/exceptions/#api-rate-limit
QUOTED = {"get_quotes", "get_ohlc", "get_ltp"}


@pytest.fixture
def desk() -> WrittenDesk:
    return WrittenDesk()


def call(desk, name, **args):
    return TOOLS[name].call(caller(desk), args)


@pytest.mark.parametrize("name", TOOLS)
def test_every_tool_answers_its_example_with_json(desk, name):
    tool = TOOLS[name]
    found = tool.call(caller(desk), tool.example)
    assert isinstance(found, tool.output)
    assert json.loads(found.model_dump_json())
    assert (tool.effect, tool.scope) == ("looks", "read")
    if name != "search_instruments":
        ((kind, _, _),) = desk.asked
        expected = "quote" if name in QUOTED else "historical" if name == "get_historical_data" else "other"
        assert kind == expected


@pytest.mark.parametrize("name", TOOLS)
def test_anothers_account_is_none(desk, name):
    with pytest.raises(UnknownAccount):
        TOOLS[name].call(caller(desk), {**TOOLS[name].example, "account_id": "theirs"})
    assert desk.asked == []


def test_amounts_are_numbers_and_times_indian_in_json(desk):
    (row,) = json.loads(call(desk, "get_orders").model_dump_json())["orders"]
    assert row["price"] == 101.35
    assert row["order_timestamp"] == "2026-08-18T09:31:07+05:30"


def test_a_list_is_taken_in_parts(desk):
    first = call(desk, "get_historical_data", **_candles(limit=2))
    last = call(desk, "get_historical_data", **_candles(limit=2, **{"from": 4}))
    assert (len(first.candles), first.total, len(last.candles), last.candles[0].volume) == (2, 5, 1, 14)
    assert first.candles[0].oi is None
    assert call(desk, "get_historical_data", **_candles(oi=True)).candles[0].oi == 7


def _candles(**changes):
    said = {"instrument_token": 9, "from_date": "2026-08-18", "to_date": "2026-08-18", "interval": "minute"}
    return said | changes


def test_a_day_alone_is_all_of_it(desk):
    call(desk, "get_historical_data", **_candles())
    call(desk, "get_historical_data", **_candles(to_date="2026-08-18 10:00:00"))
    (_, _, day), (_, _, hour) = desk.asked
    assert day[1:3] == ("2026-08-18 00:00:00", "2026-08-18 23:59:59")
    assert hour[2] == "2026-08-18 10:00:00"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"from_date": "2026-08-19"}, "after"),
        ({"from_date": "2026-06-01"}, "60 at most"),
        ({"continuous": True}, "interval day"),
    ],
)
def test_candles_that_no_call_gives(desk, changes, message):
    with pytest.raises(BadInput, match=message):
        call(desk, "get_historical_data", **_candles(**changes))
    assert desk.asked == []


def test_what_the_broker_does_not_know_is_told(desk):
    found = call(desk, "get_ltp", instruments=["NSE:INFY", "NSE:NOSUCH"])
    assert (tuple(found.quotes), found.missing) == (("NSE:INFY",), ("NSE:NOSUCH",))


@pytest.mark.parametrize("identifier", ["INFY", "nse:INFY", "NSE:", "NSE: INFY", "NSE:A:B"])
def test_what_names_no_instrument_is_not_asked_for(desk, identifier):
    with pytest.raises(InvalidArguments, match=r"instruments\.0"):
        call(desk, "get_quotes", instruments=[identifier])


def test_instruments_are_found_by_one_field_or_by_all(desk):
    def names(**args):
        return [row.tradingsymbol for row in call(desk, "search_instruments", **args).instruments]

    assert names(query="infy") == ["INFY"]
    assert names(query="inf") == ["INFIBEAM", "INFY"]
    assert names(query="avenues", filter_on="tradingsymbol") == []
    assert names(query="avenues", filter_on="name") == ["INFIBEAM"]
    assert names(query="NSE:INFY", filter_on="id") == ["INFY"]
    assert names(query="ine009a01021", filter_on="isin") == ["INFY"]
    assert names(query="nifty", filter_on="underlying", instrument_type="PE") == ["NIFTY26AUG24500PE"]


def test_imagined_orders_are_asked_about_in_the_brokers_words(desk):
    order = {
        "exchange": "NSE",
        "tradingsymbol": "INFY",
        "transaction_type": "SELL",
        "quantity": 2,
        "product": "MIS",
        "order_type": "SL",
        "price": "1400.05",
        "trigger_price": "1401",
    }
    call(desk, "get_order_margins", orders=[order])
    ((row,),) = desk.asked[0][2]
    assert (row["variety"], row["price"], row["trigger_price"]) == ("regular", 1400.05, 1401.0)
    with pytest.raises(BadInput, match=r"orders\[0\].price"):
        call(desk, "get_charges", orders=[order | {"price": None}])
    assert call(desk, "get_charges", orders=[order]).total == 1.6


def test_funds_are_found_by_words(desk):
    found = call(desk, "search_mf_instruments", query="LIQUID")
    assert ([fund.tradingsymbol for fund in found.funds], found.total) == (["INF2"], 1)
