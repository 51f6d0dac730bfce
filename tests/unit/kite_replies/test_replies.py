"""Every reply that the official client knows is read into a model: from replies written for this test, and
from the broker's own examples where the real data is at hand."""

import inspect
import json
import os
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import requests
from pydantic import BaseModel
from requests.adapters import BaseAdapter

from patang.adapters.kite.loader import KiteConnect
from patang.errors import TryAgain
from patang.kite_replies.alerts import Alert
from patang.kite_replies.base import parse
from patang.kite_replies.catalogue import REPLIES
from patang.kite_replies.market import Quote
from patang.kite_replies.orders import Order, OrderUpdate, Trade
from patang.kite_replies.portfolio import Holding
from patang.kite_replies.user import Funds, SegmentFunds, SessionReply
from patang.market.sessions import IST
from tests.unit.kite_replies.written import (
    ALERT,
    ALERT_EVENT,
    CSV,
    HOLDING,
    INDEX_QUOTE,
    ORDER,
    QUOTE,
    SEGMENT,
    SESSION,
    TRADE,
    WRITTEN,
)

# They set something in the client and ask the broker nothing.
_ASK_NOTHING = {"login_url", "set_access_token", "set_session_expiry_hook"}
# What the client takes out of a reply.
_BARE_IDS = ("place_order", "modify_order", "cancel_order", "exit_order")
_ALERTS = {"create_alert", "get_alerts", "get_alert", "modify_alert", "delete_alerts", "get_alert_history"}


class _Answering(BaseAdapter):
    """Answers every request with one body."""

    def __init__(self, content: bytes, media: str) -> None:
        super().__init__()
        self._content, self._media = content, media

    def send(self, request, **_):
        response = requests.Response()
        response.status_code, response._content, response.request = 200, self._content, request
        response.headers["content-type"] = self._media
        return response

    def close(self) -> None:
        """Nothing is open."""


def _asked(method, arguments, data, csv=None):
    """What the official client makes of a reply."""
    client = KiteConnect("key", "token", root="http://broker.test")
    body, media = (csv, "text/csv") if csv else (json.dumps({"data": data}), "application/json")
    client.reqsession.mount("http://", _Answering(body.encode(), media))
    found = getattr(client, method)(*arguments)
    return {"order_id": found} if method in _BARE_IDS else found


def test_every_method_of_the_client_that_asks_has_its_model():
    methods = {
        name for name, _ in inspect.getmembers(KiteConnect, inspect.isfunction) if not name.startswith("_")
    }
    assert methods - _ASK_NOTHING == REPLIES.keys() - _ALERTS == WRITTEN.keys()
    assert len(methods) == 45


@pytest.mark.parametrize("method", WRITTEN)
def test_what_the_client_returns_is_read(method):
    arguments, data = WRITTEN[method]
    found = parse(REPLIES[method], _asked(method, arguments, data, CSV.get(method)), method)
    assert found is True or found


@pytest.mark.parametrize("method", sorted(WRITTEN.keys() - CSV.keys() - {"historical_data"}))
def test_what_the_broker_sends_reads_as_what_the_client_makes_of_it(method):
    arguments, data = WRITTEN[method]
    sent = parse(REPLIES[method], json.loads(json.dumps(data)), method)
    assert sent == parse(REPLIES[method], _asked(method, arguments, data), method)


def test_times_are_indian_and_amounts_exact():
    (order,) = parse(tuple[Order, ...], [ORDER], "orders")
    assert order.order_timestamp == datetime(2026, 8, 18, 9, 31, 7, tzinfo=IST)
    assert order.order_timestamp.utcoffset() == timedelta(hours=5, minutes=30)
    assert (order.price, str(order.average_price)) == (Decimal("101.35"), "101.3")
    assert parse(Trade, TRADE, "a trade").order_timestamp == time(9, 31, 7)
    held = parse(Holding, HOLDING, "a holding")
    assert (held.pnl, held.day_change) == (Decimal("1278.13"), Decimal("11.4"))
    assert (held.authorised_date, held.collateral_type) == (date(2026, 8, 18), "")


def test_what_has_no_time_says_so():
    index = parse(Quote, INDEX_QUOTE, "a quote")
    assert index.timestamp is index.last_trade_time is index.average_price is None
    (event,) = parse(REPLIES["get_alert_history"], [ALERT_EVENT], "events")
    assert event.created_at.tzinfo is not None


def test_funds_are_told_apart_from_those_of_a_segment():
    assert isinstance(parse(REPLIES["margins"], {"equity": SEGMENT}, "margins"), Funds)
    assert isinstance(parse(REPLIES["margins"], SEGMENT, "margins"), SegmentFunds)


def test_an_alert_has_its_basket():
    alert = parse(Alert, ALERT, "an alert")
    (item,) = alert.basket.items
    assert (alert.rhs_constant, item.params.quantity, item.params.tags) == (Decimal("24000.5"), 40, ())


def test_tokens_stand_in_no_representation():
    session = parse(SessionReply, SESSION, "a session")
    assert session.access_token == "very-secret"
    assert "secret" not in repr(session)


@pytest.mark.parametrize("field", ["pnl", "mtf", "isin", "used_quantity", "authorised_date"])
def test_an_optional_field_may_be_missing(field):
    without = {name: value for name, value in HOLDING.items() if name != field}
    assert parse(Holding, without, "a holding").tradingsymbol == "COLPAL"


@pytest.mark.parametrize(
    "changes", [{"order_id": None}, {"quantity": "many"}, {"price": "dear"}, {"order_timestamp": "soon"}]
)
def test_what_a_row_cannot_do_without_is_named(changes):
    field = next(iter(changes))
    with pytest.raises(TryAgain, match=field):
        parse(tuple[Order, ...], [ORDER | changes], "orders")


@pytest.mark.parametrize("amount", [float("nan"), float("inf"), True, [], "1,000"])
def test_what_is_no_amount_is_not_taken_for_one(amount):
    with pytest.raises(TryAgain, match="average_price"):
        parse(Quote, QUOTE | {"average_price": amount}, "a quote")


def _mocks() -> Path:
    beside = Path(__file__).parents[4] / "shared" / "data"
    return Path(os.environ.get("PATANG_DATA") or beside) / "kite" / "kiteconnect-mocks"


_OF_THE_BROKER = {
    "alerts_create": "create_alert",
    "alerts_create_ato": "create_alert",
    "alerts_delete": "delete_alerts",
    "alerts_get": "get_alerts",
    "alerts_get_one": "get_alert",
    "alerts_history": "get_alert_history",
    "alerts_modify": "modify_alert",
    "auctions_list": "get_auction_instruments",
    "autoslice_response": "place_autoslice_order",
    "basket_margins": "basket_order_margins",
    "convert_position": "convert_position",
    "full_profile": "profile",
    "generate_session": "generate_session",
    "gtt_delete_order": "delete_gtt",
    "gtt_get_order": "get_gtt",
    "gtt_get_orders": "get_gtts",
    "gtt_modify_order": "modify_gtt",
    "gtt_place_order": "place_gtt",
    "historical_minute": "historical_data",
    "historical_oi": "historical_data",
    "holdings": "holdings",
    "instruments_all": "instruments",
    "instruments_nse": "instruments",
    "ltp": "ltp",
    "margin_commodity": "margins",
    "margins": "margins",
    "margins_equity": "margins",
    "mf_holdings": "mf_holdings",
    "mf_instruments": "mf_instruments",
    "mf_order_cancel": "cancel_mf_order",
    "mf_order_response": "place_mf_order",
    "mf_orders": "mf_orders",
    "mf_orders_info": "mf_orders",
    "mf_sip_cancel": "cancel_mf_sip",
    "mf_sip_info": "mf_sips",
    "mf_sip_modify": "modify_mf_sip",
    "mf_sip_place": "place_mf_sip",
    "mf_sips": "mf_sips",
    "ohlc": "ohlc",
    "order_cancel": "cancel_order",
    "order_info": "order_history",
    "order_margins": "order_margins",
    "order_modify": "modify_order",
    "order_response": "place_order",
    "order_trades": "order_trades",
    "orders": "orders",
    "positions": "positions",
    "profile": "profile",
    "quote": "quote",
    "session_logout": "invalidate_access_token",
    "trades": "trades",
    "trigger_range": "trigger_range",
    "virtual_contract_note": "get_virtual_contract_note",
}
# Not in the client, and nothing here asks for them; the ticker's frames are read in tests of the ingester.
_NOT_ASKED = {"holdings_auth", "holdings_compact", "holdings_summary"}


def test_the_brokers_own_examples_are_read():
    folder = _mocks()
    if not folder.is_dir():
        pytest.skip(f"the broker's example replies are not at {folder}: set PATANG_DATA")
    files = {path.stem: path for path in folder.iterdir() if path.suffix in (".json", ".csv")}
    files = {name: path for name, path in files.items() if not name.startswith("ticker_")}
    postback = json.loads(files.pop("postback").read_text())
    assert parse(OrderUpdate, postback, "a postback").checksum == postback["checksum"]
    assert files.keys() == _OF_THE_BROKER.keys() | _NOT_ASKED
    for name, method in _OF_THE_BROKER.items():
        text = files[name].read_text()
        if files[name].suffix == ".csv":
            found = parse(REPLIES[method], _asked(method, WRITTEN[method][0], None, text), name)
            assert len(found) == len(text.strip().splitlines()) - 1, name
            continue
        data = json.loads(text)["data"]
        told = data["candles"] if method == "historical_data" else data
        found = parse(REPLIES[method], told, name)
        if isinstance(told, list | dict) and isinstance(found, tuple | dict):
            assert len(found) == len(told), name
        else:
            assert isinstance(found, BaseModel) or found == told, name
