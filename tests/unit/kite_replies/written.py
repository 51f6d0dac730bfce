"""Replies in the broker's shapes, of values made up here: by the client's method, how it is called and what
is answered (`data` of the envelope, or a CSV)."""

from datetime import datetime
from typing import Any

__all__ = ["CSV", "WRITTEN"]

ORDER = {
    "placed_by": "ZZ0001",
    "order_id": "260818000000017",
    "exchange_order_id": "1100000000000042",
    "parent_order_id": None,
    "status": "COMPLETE",
    "status_message": None,
    "status_message_raw": None,
    "order_timestamp": "2026-08-18 09:31:07",
    "exchange_update_timestamp": "2026-08-18 09:31:08",
    "exchange_timestamp": "2026-08-18 09:31:07",
    "variety": "regular",
    "modified": False,
    "exchange": "NFO",
    "tradingsymbol": "NIFTY26AUG24500CE",
    "instrument_token": 9001,
    "order_type": "LIMIT",
    "transaction_type": "BUY",
    "validity": "DAY",
    "product": "NRML",
    "quantity": 65,
    "disclosed_quantity": 0,
    "price": 101.35,
    "trigger_price": 0,
    "average_price": 101.3,
    "filled_quantity": 65,
    "pending_quantity": 0,
    "cancelled_quantity": 0,
    "market_protection": 0,
    "meta": {},
    "tag": "E2608180a1",
    "tags": ["E2608180a1"],
    "guid": "01x",
    "something_new": {"nobody": "knows"},
}
TRADE = {
    "trade_id": 77001,
    "order_id": "260818000000017",
    "exchange": "NFO",
    "tradingsymbol": "NIFTY26AUG24500CE",
    "instrument_token": 9001,
    "product": "NRML",
    "average_price": 101.3,
    "quantity": 65,
    "exchange_order_id": "1100000000000042",
    "transaction_type": "BUY",
    "fill_timestamp": "2026-08-18 09:31:07",
    "order_timestamp": "09:31:07",
    "exchange_timestamp": "2026-08-18 09:31:07",
}
POSITION = {
    "tradingsymbol": "CRUDEOILM26SEPFUT",
    "exchange": "MCX",
    "instrument_token": 511,
    "product": "NRML",
    "quantity": -2,
    "overnight_quantity": -2,
    "multiplier": 10,
    "average_price": 5712.0,
    "close_price": 5701,
    "last_price": 5688,
    "value": 114240,
    "pnl": 480.0000000000011,
    "m2m": 260,
    "unrealised": 480,
    "realised": 0,
    "buy_quantity": 0,
    "sell_quantity": 2,
    "sell_price": 5712,
}
HOLDING = {
    "tradingsymbol": "COLPAL",
    "exchange": "NSE",
    "instrument_token": 3876097,
    "isin": "INE259A01022",
    "product": "CNC",
    "price": 0,
    "quantity": 12,
    "used_quantity": 3,
    "t1_quantity": 2,
    "realised_quantity": 15,
    "authorised_quantity": 0,
    "authorised_date": "2026-08-18 00:00:00",
    "authorisation": {},
    "opening_quantity": 17,
    "collateral_type": None,
    "discrepancy": False,
    "average_price": 2210.105,
    "last_price": 2301.4,
    "close_price": 2290,
    "pnl": 1278.1299999999997,
    "day_change": 11.400000000000091,
    "day_change_percentage": 0.49781659388,
    "mtf": {"quantity": 0, "used_quantity": 0, "average_price": 0, "value": 0, "initial_margin": 0},
}
SEGMENT = {
    "enabled": True,
    "net": 48210.4,
    "available": {"adhoc_margin": 0, "cash": 50000, "live_balance": 48210.4, "intraday_payin": 0},
    "utilised": {"debits": 1789.6, "span": 0, "option_premium": 1789.6},
}
PROFILE = {
    "user_id": "ZZ0001",
    "user_type": "individual",
    "email": "somebody@example.com",
    "user_name": "Some Body",
    "user_shortname": "Some",
    "broker": "ZERODHA",
    "exchanges": ["NSE", "NFO"],
    "products": ["CNC", "NRML", "MIS"],
    "order_types": ["MARKET", "LIMIT"],
    "avatar_url": None,
    "meta": {"demat_consent": "consent"},
}
SESSION = PROFILE | {
    "api_key": "key",
    "access_token": "very-secret",
    "public_token": "public-secret",
    "refresh_token": "",
    "login_time": "2026-08-18 08:20:01",
}
QUOTE = {
    "instrument_token": 408065,
    "timestamp": "2026-08-18 11:00:01",
    "last_trade_time": "2026-08-18 11:00:00",
    "last_price": 1502.55,
    "last_quantity": 4,
    "buy_quantity": 1200,
    "sell_quantity": 900,
    "volume": 1234567,
    "average_price": 1499.87,
    "oi": 0,
    "net_change": 0,
    "lower_circuit_limit": 1350.1,
    "upper_circuit_limit": 1650.1,
    "ohlc": {"open": 1490, "high": 1510, "low": 1488.2, "close": 1495.05},
    "depth": {
        "buy": [{"price": 1502.5, "quantity": 20, "orders": 2}],
        "sell": [{"price": 1502.6, "quantity": 31, "orders": 1}],
    },
}
INDEX_QUOTE = {"instrument_token": 256265, "last_price": 24512.3, "last_trade_time": None, "timestamp": ""}
TRIGGER = {
    "id": 91,
    "user_id": "ZZ0001",
    "parent_trigger": None,
    "type": "single",
    "created_at": "2026-08-01 10:00:00",
    "updated_at": "2026-08-03 10:00:00",
    "expires_at": "2027-08-01 10:00:00",
    "status": "triggered",
    "condition": {
        "exchange": "NSE",
        "last_price": 1495.5,
        "tradingsymbol": "INFY",
        "trigger_values": [1450],
        "instrument_token": 408065,
    },
    "orders": [
        {
            "exchange": "NSE",
            "tradingsymbol": "INFY",
            "product": "CNC",
            "order_type": "LIMIT",
            "transaction_type": "SELL",
            "quantity": 5,
            "price": 1449,
            "result": {
                "timestamp": "2026-08-03 10:00:00",
                "triggered_at": 1449.9,
                "order_result": {"status": "failed", "order_id": "", "rejection_reason": "No holdings"},
            },
        }
    ],
    "meta": None,
}
MARGIN = {
    "type": "equity",
    "tradingsymbol": "INFY",
    "exchange": "NSE",
    "span": 0,
    "var": 1502.55,
    "pnl": {"realised": 0, "unrealised": 0},
    "leverage": 1,
    "charges": {
        "transaction_tax": 1.50255,
        "transaction_tax_type": "stt",
        "brokerage": 0,
        "gst": {"igst": 0.00912345678901, "cgst": 0, "sgst": 0, "total": 0.00912345678901},
        "total": 1.6,
    },
    "total": 1502.55,
}
NOTE = {
    "transaction_type": "BUY",
    "tradingsymbol": "INFY",
    "exchange": "NSE",
    "variety": "regular",
    "product": "CNC",
    "order_type": "LIMIT",
    "quantity": 1,
    "price": 1502.55,
    "charges": MARGIN["charges"],
}
FUND_HOLDING = {
    "folio": None,
    "average_price": 41.123456,
    "last_price": 44.2,
    "last_price_date": "",
    "pledged_quantity": 0,
    "fund": "A fund - direct plan",
    "tradingsymbol": "INF000A01AA1",
    "pnl": 0,
    "quantity": 100.125,
}
FUND_ORDER = {
    "order_id": "0a0b0c0d-0000-4000-8000-000000000001",
    "exchange_order_id": None,
    "tradingsymbol": "INF000A01AA1",
    "fund": "A fund - direct plan",
    "folio": None,
    "status": "OPEN",
    "status_message": None,
    "transaction_type": "BUY",
    "purchase_type": "FRESH",
    "variety": "regular",
    "amount": 5000.0,
    "quantity": 0,
    "average_price": 0.0,
    "last_price": 44.2,
    "last_price_date": "2026-08-17",
    "order_timestamp": "2026-08-18 07:12:00",
    "exchange_timestamp": None,
    "settlement_id": None,
    "placed_by": "ZZ0001",
    "tag": None,
}
SIP = {
    "sip_id": "701",
    "tradingsymbol": "INF000A01AA1",
    "fund": "A fund - direct plan",
    "status": "ACTIVE",
    "sip_reg_num": None,
    "transaction_type": "BUY",
    "dividend_type": "growth",
    "sip_type": "sip",
    "frequency": "monthly",
    "instalment_amount": 1000.0,
    "instalment_day": 5,
    "instalments": -1,
    "pending_instalments": -1,
    "completed_instalments": 3,
    "created": "2026-05-05 06:00:00",
    "last_instalment": "2026-08-05 06:00:00",
    "next_instalment": "2026-09-05",
    "trigger_price": 0,
    "step_up": {"05-05": 10},
    "tag": None,
}
ALERT = {
    "type": "ato",
    "user_id": "ZZ0001",
    "uuid": "11111111-2222-4333-8444-555555555555",
    "name": "buy the dip",
    "status": "enabled",
    "disabled_reason": "",
    "lhs_attribute": "LastTradedPrice",
    "lhs_exchange": "INDICES",
    "lhs_tradingsymbol": "NIFTY 50",
    "operator": "<=",
    "rhs_type": "constant",
    "rhs_attribute": "",
    "rhs_exchange": "",
    "rhs_tradingsymbol": "",
    "rhs_constant": 24000.5,
    "alert_count": 0,
    "created_at": "2026-08-18 10:10:10",
    "updated_at": "2026-08-18 10:10:10",
    "basket": {
        "items": [
            {
                "id": 5,
                "tradingsymbol": "NIFTYBEES",
                "exchange": "NSE",
                "instrument_token": 2707457,
                "weight": 10000,
                "params": {
                    "variety": "regular",
                    "transaction_type": "BUY",
                    "product": "CNC",
                    "order_type": "LIMIT",
                    "quantity": 40,
                    "price": 260.1,
                    "validity": "DAY",
                    "gtt": {"target": 0, "stoploss": 0},
                    "tags": None,
                },
            }
        ]
    },
}
ALERT_EVENT = {
    "uuid": ALERT["uuid"],
    "type": "simple",
    "condition": 'LastTradedPrice("INDICES:NIFTY 50") <= 24000.5',
    "created_at": "2026-08-18 12:00:00",
    "meta": [
        {
            "exchange": "INDICES",
            "tradingsymbol": "NIFTY 50",
            "instrument_token": 256265,
            "timestamp": "2026-08-18 12:00:00",
            "last_trade_time": "0001-01-01 00:00:00",
            "last_price": 23999.95,
            "ohlc": {"open": 24100, "high": 24120, "low": 23990, "close": 24105},
            "net_change": -105.05,
        }
    ],
    "order_meta": None,
}
_MARK = {"order_id": "260818000000018"}
_SLICED = {
    "order_id": "1",
    "children": [
        {"order_id": "2"},
        {"error": {"code": 400, "error_type": "MarginException", "message": "No funds.", "data": None}},
    ],
}
_DUMP = (
    "instrument_token,exchange_token,tradingsymbol,name,last_price,expiry,strike,tick_size,lot_size,"
    "instrument_type,segment,exchange\n"
    "408065,1594,INFY,INFOSYS,0,,0,0.05,1,EQ,NSE,NSE\n"
    "9001,35,NIFTY26AUG24500CE,NIFTY,0,2026-08-25,24500,0.05,65,CE,NFO-OPT,NFO\n"
)
_FUNDS = (
    "tradingsymbol,amc,name,purchase_allowed,redemption_allowed,minimum_purchase_amount,"
    "purchase_amount_multiplier,minimum_additional_purchase_amount,minimum_redemption_quantity,"
    "redemption_quantity_multiplier,dividend_type,scheme_type,plan,settlement_type,last_price,"
    "last_price_date\n"
    "INF000A01AA1,SOME_MF,A fund,1,0,1000,1,1000,0.001,0.001,growth,equity,direct,T3,44.2,2026-08-17\n"
)
_CANDLES = {
    "candles": [
        ["2026-08-18T09:15:00+0530", 100, 101.5, 99.95, 101, 4200, 65000],
        ["2026-08-18T09:16:00+0530", 101, 101, 100.2, 100.25, 900, 65065],
    ]
}
_WHEN = (datetime(2026, 8, 18, 9, 15), datetime(2026, 8, 18, 15, 30))  # noqa: DTZ001 - as the client takes it
_PLACED = ("regular", "NFO", "NIFTY26AUG24500CE", "BUY", 65, "NRML", "LIMIT")
_GTT = ("single", "INFY", "NSE", [1450], 1495.5, [])
_FUND_ID = {"order_id": FUND_ORDER["order_id"]}

CSV = {"instruments": _DUMP, "mf_instruments": _FUNDS}

WRITTEN: dict[str, tuple[tuple[Any, ...], Any]] = {
    "generate_session": (("token", "secret"), SESSION),
    "renew_access_token": (("refresh", "secret"), SESSION),
    "invalidate_access_token": ((), True),
    "invalidate_refresh_token": (("refresh",), True),
    "profile": ((), PROFILE),
    "margins": ((), {"equity": SEGMENT, "commodity": {"enabled": False, "net": 0}}),
    "place_order": (_PLACED, _MARK),
    "place_autoslice_order": (_PLACED, _SLICED),
    "modify_order": (("regular", "1"), _MARK),
    "cancel_order": (("regular", "1"), _MARK),
    "exit_order": (("co", "1"), _MARK),
    "orders": ((), [ORDER]),
    "order_history": (("1",), [ORDER | {"status": "OPEN"}, ORDER]),
    "trades": ((), [TRADE]),
    "order_trades": (("1",), [TRADE]),
    "positions": ((), {"net": [POSITION], "day": []}),
    "holdings": ((), [HOLDING]),
    "get_auction_instruments": ((), [HOLDING | {"auction_number": "31"}]),
    "convert_position": (("NSE", "INFY", "BUY", "day", 1, "CNC", "MIS"), True),
    "mf_orders": ((), [FUND_ORDER]),
    "place_mf_order": (("INF000A01AA1", "BUY"), _FUND_ID),
    "cancel_mf_order": (("1",), _FUND_ID),
    "mf_sips": ((), [SIP]),
    "place_mf_sip": (("INF000A01AA1", 1000, -1, "monthly"), {"sip_id": "701"}),
    "modify_mf_sip": (("701",), {"sip_id": "701"}),
    "cancel_mf_sip": (("701",), {"sip_id": "701"}),
    "mf_holdings": ((), [FUND_HOLDING]),
    "mf_instruments": ((), None),
    "instruments": (("NSE",), None),
    "quote": (("NSE:INFY",), {"NSE:INFY": QUOTE, "NSE:NIFTY 50": INDEX_QUOTE}),
    "ohlc": (("NSE:INFY",), {"NSE:INFY": QUOTE}),
    "ltp": (("NSE:INFY",), {"NSE:INFY": INDEX_QUOTE}),
    "historical_data": ((408065, *_WHEN, "minute"), _CANDLES),
    "trigger_range": (("BUY", "NSE:INFY"), {"NSE:INFY": {"instrument_token": 0, "lower": 1, "upper": 2.5}}),
    "get_gtts": ((), [TRIGGER]),
    "get_gtt": ((91,), TRIGGER),
    "place_gtt": (_GTT, {"trigger_id": 91}),
    "modify_gtt": ((91, *_GTT), {"trigger_id": 91}),
    "delete_gtt": ((91,), {"trigger_id": 91}),
    "order_margins": (([],), [MARGIN]),
    "basket_order_margins": (([],), {"initial": MARGIN, "final": MARGIN, "orders": [MARGIN]}),
    "get_virtual_contract_note": (([],), [NOTE]),
}
"""Alerts are not here: the official client has no method for them."""
