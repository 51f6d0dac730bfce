"""Calls as they are made of the broker's own MCP server: each is understood here.

Names, arguments and JSON types are those of https://github.com/zerodha/kite-mcp-server (mcp/*.go), whose
schemas say `number` for ids, amounts and counts alike.
"""

import pytest

from patang.tools.registry import find

ORDER = {
    "variety": "regular",
    "exchange": "NSE",
    "tradingsymbol": "INFY",
    "transaction_type": "BUY",
    "quantity": 10.0,
    "product": "CNC",
    "order_type": "LIMIT",
    "price": 1500.5,
}
SINGLE = {
    "exchange": "NSE",
    "tradingsymbol": "INFY",
    "last_price": 1490.0,
    "transaction_type": "SELL",
    "trigger_type": "single",
    "trigger_value": 1600.0,
    "quantity": 5.0,
    "limit_price": 1599.5,
}
TWO_LEGS = {
    name: SINGLE[name] for name in ("exchange", "tradingsymbol", "last_price", "transaction_type")
} | {
    "trigger_type": "two-leg",
    "upper_trigger_value": 1600.0,
    "upper_quantity": 5.0,
    "upper_limit_price": 1599.5,
    "lower_trigger_value": 1400.0,
    "lower_quantity": 5.0,
    "lower_limit_price": 1399.5,
}
PAGED = {"from": 0.0, "limit": 10.0}
DAYS = {"from_date": "2026-08-17 09:15:00", "to_date": "2026-08-18 15:30:00"}

CALLS = [
    ("login", {}),
    ("get_profile", {}),
    ("get_margins", {}),
    *((name, args) for name in ("get_holdings", "get_positions", "get_trades") for args in ({}, PAGED)),
    *((name, args) for name in ("get_orders", "get_gtts", "get_mf_holdings") for args in ({}, PAGED)),
    ("get_order_history", {"order_id": "260818000123456"}),
    ("get_order_trades", {"order_id": "260818000123456"}),
    *((name, {"instruments": ["NSE:INFY", "NSE:SBIN"]}) for name in ("get_quotes", "get_ltp", "get_ohlc")),
    ("search_instruments", {"query": "INFY"}),
    *(
        ("search_instruments", {"query": "INFY", "filter_on": on, **PAGED})
        for on in ("id", "name", "isin", "tradingsymbol", "underlying")
    ),
    *(
        ("get_historical_data", {"instrument_token": 408065.0, "interval": interval, **DAYS})
        for interval in (
            "minute", "day", "3minute", "5minute", "10minute", "15minute", "30minute", "60minute",
        )
    ),
    (
        "get_historical_data",
        {"instrument_token": 408065, "interval": "day", "continuous": False, "oi": True, **DAYS},
    ),
    ("place_order", ORDER),
    *(("place_order", ORDER | {"product": product}) for product in ("MIS", "MTF")),
    *(
        ("place_order", ORDER | {"exchange": exchange, "product": "NRML"})
        for exchange in ("MCX", "NFO", "BFO")
    ),
    ("place_order", ORDER | {"exchange": "BSE", "validity": "IOC", "tag": "mine"}),
    ("place_order", ORDER | {"variety": "amo"}),
    ("place_order", {**ORDER, "validity": "TTL", "validity_ttl": 5.0, "disclosed_quantity": 2.0}),
    ("place_order", {**ORDER, "order_type": "SL", "trigger_price": 1499.0}),
    ("place_order", {**ORDER, "variety": "iceberg", "iceberg_legs": 2.0, "iceberg_quantity": 5.0}),
    ("modify_order", {"variety": "regular", "order_id": "26081800012", "order_type": "LIMIT", "price": 15.0}),
    (
        "modify_order",
        {
            "variety": "regular",
            "order_id": "260818000123456",
            "order_type": "SL",
            "quantity": 5.0,
            "price": 1501.0,
            "trigger_price": 1499.5,
            "validity": "DAY",
            "disclosed_quantity": 0.0,
        },
    ),
    ("cancel_order", {"variety": "regular", "order_id": "260818000123456"}),
    ("place_gtt_order", SINGLE | {"product": "CNC"}),
    ("place_gtt_order", TWO_LEGS | {"product": "CNC"}),
    ("modify_gtt_order", SINGLE | {"trigger_id": 123456.0}),
    ("modify_gtt_order", TWO_LEGS | {"trigger_id": 123456}),
    ("delete_gtt_order", {"trigger_id": 123456.0}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "arguments"), CALLS, ids=[f"{n}-{i}" for i, (n, _) in enumerate(CALLS)])
def test_a_call_of_the_brokers_own_server_is_understood(name, arguments):
    find(name).input.model_validate(arguments)


def test_every_one_of_its_tools_is_called():
    assert len({name for name, _ in CALLS}) == 22
