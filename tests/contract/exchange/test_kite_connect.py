"""The official client, unchanged, against the simulator."""

import hashlib
from datetime import date, timedelta
from typing import Any

import kiteconnect.exceptions as kite_errors
import pytest
from kiteconnect import KiteConnect


def orders_of(client: KiteConnect) -> dict[str, dict[str, Any]]:
    return {row["order_id"]: row for row in client.orders()}


def ended(desk: Any, client: KiteConnect, order_id: str) -> dict[str, Any]:
    final = ("COMPLETE", "REJECTED", "CANCELLED")
    return dict(desk.wait(lambda: (row := orders_of(client)[order_id])["status"] in final and row))


def near_call(client: KiteConnect, price: float = 300.0) -> dict[str, Any]:
    """A NIFTY call of next week below a price."""
    calls = [
        row
        for row in client.instruments("NFO")
        if row["name"] == "NIFTY" and row["instrument_type"] == "CE" and row["expiry"] == date(2026, 8, 25)
    ]
    last = client.ltp([f"NFO:{row['tradingsymbol']}" for row in calls])
    return next(row for row in calls if last[f"NFO:{row['tradingsymbol']}"]["last_price"] < price)


def test_login_profile_and_logout(desk: Any) -> None:
    client = KiteConnect(desk.key, root=desk.simulator.kite_root)
    session = client.generate_session(desk.request_token(), desk.secret)
    assert session["user_id"] == "AB1234"
    assert str(session["login_time"]) == "2026-08-18 09:14:30"
    assert session["refresh_token"] == ""
    assert client.profile()["broker"] == "ZERODHA"
    assert desk.sign_in().access_token == client.access_token
    client.invalidate_access_token()
    with pytest.raises(kite_errors.TokenException) as refusal:
        client.profile()
    assert refusal.value.code == 403
    assert desk.sign_in().access_token != client.access_token


def test_login_page_has_one_button_that_leads_back(desk: Any) -> None:
    page = desk.http.get(
        "/connect/login", params={"v": "3", "api_key": desk.key, "redirect_params": "state=7"}
    )
    assert page.text.count("<button>") == 1
    assert "Sign in as AB1234" in page.text
    reply = desk.http.post("/connect/login", data={"api_key": desk.key, "redirect_params": "state=7"})
    assert reply.status_code == 302
    assert reply.headers["location"].startswith("http://127.0.0.1:9/login?")
    assert "action=login" in reply.headers["location"]
    assert "state=7" in reply.headers["location"]


def test_a_wrong_secret_is_refused(desk: Any) -> None:
    client = KiteConnect(desk.key, root=desk.simulator.kite_root)
    with pytest.raises(kite_errors.TokenException) as refusal:
        client.generate_session(desk.request_token(), "guess")
    assert refusal.value.code == 403


def test_a_garbled_token_runs_the_expiry_hook(desk: Any) -> None:
    client = KiteConnect(desk.key, "garbled", root=desk.simulator.kite_root)
    called = []
    client.set_session_expiry_hook(lambda: called.append(True))
    with pytest.raises(kite_errors.TokenException):
        client.orders()
    assert called == [True]


def test_an_unknown_route_answers_in_the_envelope(desk: Any) -> None:
    reply = desk.http.get("/nothing/of/the/kind")
    assert reply.status_code == 404
    assert reply.json()["status"] == "error"
    assert reply.json()["error_type"] == "GeneralException"


def test_instruments(desk: Any) -> None:
    client = desk.sign_in()
    rows = {f"{row['exchange']}:{row['tradingsymbol']}": row for row in client.instruments()}
    assert rows["NSE:NIFTY 50"]["instrument_token"] == 256265
    assert rows["NSE:NIFTY BANK"]["segment"] == "INDICES"
    assert (rows["NSE:INFY"]["instrument_token"], rows["NSE:INFY"]["tick_size"]) == (408065, 0.1)
    option = rows["NFO:NIFTY26AUG24500CE"]
    assert (option["lot_size"], option["strike"], option["segment"]) == (65, 24500.0, "NFO-OPT")
    assert (option["expiry"], option["name"]) == (date(2026, 8, 25), "NIFTY")
    assert {row["instrument_token"] & 0xFF for row in client.instruments("NFO")} == {2}
    assert {row["instrument_token"] & 0xFF for row in client.instruments("NSE")} == {1, 9}
    tokens = [row["instrument_token"] for row in rows.values()]
    assert len(set(tokens)) == len(tokens)
    assert rows["NFO:BANKNIFTY26AUG55200PE"]["lot_size"] == 30


def test_quotes(desk: Any) -> None:
    client = desk.sign_in()
    before = client.quote("NSE:INFY")["NSE:INFY"]
    assert (before["volume"], before["depth"]["buy"][0]["price"]) == (0, 0)
    assert before["last_price"] == before["ohlc"]["close"]
    desk.run_until("09:20:00")
    quote = client.quote(["NSE:INFY", "NSE:NIFTY 50", "NSE:NOSUCH"])
    assert set(quote) == {"NSE:INFY", "NSE:NIFTY 50"}
    infosys = quote["NSE:INFY"]
    assert infosys["ohlc"]["low"] <= infosys["last_price"] <= infosys["ohlc"]["high"]
    assert 0 < infosys["depth"]["buy"][0]["price"] < infosys["depth"]["sell"][0]["price"]
    assert str(infosys["timestamp"]) >= "2026-08-18 09:19:00"
    assert client.ohlc("NSE:INFY")["NSE:INFY"]["ohlc"] == infosys["ohlc"]
    assert client.ltp("NSE:INFY")["NSE:INFY"]["last_price"] == infosys["last_price"]
    with pytest.raises(kite_errors.InputException):
        client.quote([f"NSE:X{number}" for number in range(501)])


def test_historical_candles_of_every_interval(desk: Any) -> None:
    client = desk.sign_in()
    desk.run_until("09:47:30")
    token, day = 408065, date(2026, 8, 17)
    minute = client.historical_data(token, day, day, "minute")
    assert len(minute) == 360
    assert minute[0]["date"].isoformat() == "2026-08-17T09:15:00+05:30"
    for interval, minutes in (
        ("3minute", 3),
        ("5minute", 5),
        ("10minute", 10),
        ("15minute", 15),
        ("30minute", 30),
        ("60minute", 60),
    ):
        bars = client.historical_data(token, day, day, interval)
        assert sum(bar["volume"] for bar in bars) == sum(bar["volume"] for bar in minute)
        assert bars[1]["date"] - bars[0]["date"] == timedelta(minutes=minutes)
        first = minute[:minutes]
        assert bars[0]["open"] == first[0]["open"]
        assert bars[0]["close"] == first[-1]["close"]
        assert bars[0]["high"] == max(bar["high"] for bar in first)
        assert bars[0]["low"] == min(bar["low"] for bar in first)
    (daily,) = client.historical_data(token, day, day, "day")
    assert daily["date"].isoformat() == "2026-08-17T00:00:00+05:30"
    assert daily["high"] == max(bar["high"] for bar in minute)
    today = client.historical_data(token, "2026-08-18 09:20:00", "2026-08-18 15:30:00", "minute")
    assert today[0]["date"].strftime("%H:%M") == "09:20"
    assert today[-1]["date"].strftime("%H:%M") == "09:47"
    option = client.historical_data(near_call(client)["instrument_token"], day, day, "15minute", oi=True)
    assert option[0]["oi"] > 0
    for bad in ({"interval": "2minute"}, {"instrument_token": 1}, {"from_date": "2026-05-01 09:15:00"}):
        asked = {
            "instrument_token": token,
            "from_date": "2026-08-17",
            "to_date": "2026-08-18",
            "interval": "minute",
        }
        with pytest.raises(kite_errors.InputException):
            client.historical_data(**{**asked, **bad})


def test_futures_and_the_volatility_index_have_quotes_and_candles(desk: Any) -> None:
    client = desk.sign_in()
    desk.run_until("09:30:30")
    listed = {row["tradingsymbol"]: row for row in (*client.instruments("NFO"), *client.instruments("NSE"))}
    future, vix = listed["NIFTY26AUGFUT"], listed["INDIA VIX"]
    assert (future["instrument_type"], future["segment"], future["name"]) == ("FUT", "NFO-FUT", "NIFTY")
    assert (future["expiry"], future["lot_size"], future["tick_size"]) == (date(2026, 8, 25), 65, 0.1)
    assert (vix["segment"], vix["instrument_token"]) == ("INDICES", 264969)
    quote = client.quote(["NFO:NIFTY26AUGFUT", "NSE:NIFTY 50", "NSE:INDIA VIX"])
    carry = quote["NFO:NIFTY26AUGFUT"]["last_price"] / quote["NSE:NIFTY 50"]["last_price"]
    assert 1 < carry < 1.003
    assert quote["NFO:NIFTY26AUGFUT"]["oi"] > 0
    assert quote["NFO:NIFTY26AUGFUT"]["depth"]["buy"][0]["quantity"] > 0
    assert 8 < quote["NSE:INDIA VIX"]["last_price"] < 30
    day = date(2026, 8, 17)
    minutes = client.historical_data(future["instrument_token"], day, day, "minute", oi=True)
    assert len(minutes) == 385
    assert all(bar["oi"] > 0 and bar["volume"] > 0 for bar in minutes)
    today = client.historical_data(
        future["instrument_token"], date(2026, 8, 18), date(2026, 8, 18), "5minute"
    )
    assert [bar["date"].strftime("%H:%M") for bar in today] == ["09:15", "09:20", "09:25", "09:30"]
    year = client.historical_data(vix["instrument_token"], date(2025, 8, 18), day, "day")
    assert 230 < len(year) < 260
    assert year[-1]["date"].date() == day
    assert year[-1]["close"] == quote["NSE:INDIA VIX"]["ohlc"]["close"]


def test_the_days_candle_of_a_share_holds_its_closing_auction(desk: Any) -> None:
    client = desk.sign_in()
    before = date(2026, 8, 17)
    (day,) = client.historical_data(408065, before, before, "day")
    minutes = client.historical_data(408065, before, before, "minute")
    assert minutes[-1]["date"].strftime("%H:%M") == "15:14"
    assert day["volume"] > sum(bar["volume"] for bar in minutes)
    assert day["close"] == client.ohlc("NSE:INFY")["NSE:INFY"]["ohlc"]["close"]


def test_a_future_blocks_a_margin_whichever_way_it_is_traded(desk: Any) -> None:
    client = desk.sign_in()
    desk.run_until("09:20:00")
    for side, blocked in (("BUY", 65), ("SELL", 0), ("SELL", 65)):
        order = client.place_order(
            "regular", "NFO", "NIFTY26AUGFUT", side, 65, "NRML", "MARKET", market_protection=-1
        )
        row = ended(desk, client, order)
        assert row["status"] == "COMPLETE", row["status_message"]
        span = client.margins("equity")["utilised"]["span"]
        assert span == pytest.approx(0.12 * blocked * row["average_price"], rel=0.001)


def test_an_option_is_bought_and_sold(desk: Any) -> None:
    client = desk.sign_in()
    desk.run_until("09:20:00")
    option = near_call(client)
    name = option["tradingsymbol"]
    bought = client.place_order(
        "regular", "NFO", name, "BUY", 65, "NRML", "MARKET", tag="entry1", market_protection=-1
    )
    assert isinstance(bought, str)
    row = ended(desk, client, bought)
    assert (row["status"], row["filled_quantity"], row["tag"], row["tags"]) == (
        "COMPLETE",
        65,
        "entry1",
        ["entry1"],
    )
    history = [step["status"] for step in client.order_history(bought)]
    assert history == ["PUT ORDER REQ RECEIVED", "VALIDATION PENDING", "OPEN PENDING", "OPEN", "COMPLETE"]
    (trade,) = client.order_trades(bought)
    assert (trade["quantity"], trade["average_price"]) == (65, row["average_price"])
    (position,) = client.positions()["net"]
    assert (position["quantity"], position["average_price"]) == (65, row["average_price"])
    paid = client.margins("equity")
    assert paid["utilised"]["option_premium"] == pytest.approx(65 * row["average_price"])
    assert paid["net"] == pytest.approx(1_000_000 - 65 * row["average_price"])
    desk.run_until("09:25:00")
    bid = client.quote(f"NFO:{name}")[f"NFO:{name}"]["depth"]["buy"][0]["price"]
    sold = ended(
        desk, client, client.place_order("regular", "NFO", name, "SELL", 65, "NRML", "LIMIT", price=bid)
    )
    (position,) = client.positions()["net"]
    earned = 65 * (sold["average_price"] - row["average_price"])
    assert (position["quantity"], position["pnl"]) == (0, pytest.approx(earned))
    assert client.margins("equity")["net"] == pytest.approx(1_000_000 + earned)
    assert len(client.trades()) == 2


def test_orders_are_modified_and_cancelled(desk: Any) -> None:
    client = desk.sign_in()
    desk.run_until("09:20:00")
    low = round(client.ltp("NSE:INFY")["NSE:INFY"]["last_price"] * 0.97, 0)
    order = client.place_order("regular", "NSE", "INFY", "BUY", 5, "MIS", "LIMIT", price=low)
    desk.wait(lambda: orders_of(client)[order]["status"] == "OPEN")
    assert client.modify_order("regular", order, price=low + 1, quantity=7) == order
    row = orders_of(client)[order]
    assert (row["price"], row["quantity"], row["modified"], row["status"]) == (low + 1, 7, True, "OPEN")
    assert client.cancel_order("regular", order) == order
    assert orders_of(client)[order]["status"] == "CANCELLED"
    with pytest.raises(kite_errors.OrderException) as refusal:
        client.cancel_order("regular", order)
    assert refusal.value.code == 400
    with pytest.raises(kite_errors.OrderException) as refusal:
        client.order_history("123")
    assert refusal.value.code == 404


def test_refusals_reach_the_client_as_kite_sends_them(desk: Any) -> None:
    client = desk.sign_in()
    closed = client.place_order("regular", "NSE", "INFY", "BUY", 1, "CNC", "LIMIT", price=1490)
    assert "Markets are closed" in ended(desk, client, closed)["status_message"]
    desk.run_until("09:20:00")
    for words in (
        {"tag": "much-too-long-for-a-tag"},
        {"order_type": "MARKET", "price": None},
        {"tradingsymbol": "NOSUCH"},
    ):
        asked = {"tradingsymbol": "INFY", "order_type": "LIMIT", "price": 1490.0, **words}
        with pytest.raises(kite_errors.InputException) as refusal:
            client.place_order("regular", "NSE", transaction_type="BUY", quantity=1, product="CNC", **asked)
        assert refusal.value.code == 400
    poor = client.place_order("regular", "NSE", "INFY", "BUY", 9000, "CNC", "LIMIT", price=1490)
    row = ended(desk, client, poor)
    assert row["status"] == "REJECTED"
    assert row["status_message"].startswith("Insufficient funds. Required margin is 13410000.00")
    assert row["status_message_raw"].startswith("RMS:Margin Exceeds")


def test_holdings_are_those_of_the_settings(desk: Any) -> None:
    (row,) = desk.sign_in().holdings()
    assert (row["tradingsymbol"], row["quantity"]) == ("ITC", 50)


def test_accounts_are_apart(desk: Any) -> None:
    client = desk.sign_in()
    desk.run_until("09:20:00")
    order = client.place_order("regular", "NSE", "INFY", "BUY", 1, "MIS", "LIMIT", price=1500)
    desk.key, desk.secret = "otherkey", "othersecret"
    other = desk.sign_in()
    assert other.profile()["user_id"] == "CD5678"
    assert other.orders() == []
    assert other.positions() == {"net": [], "day": []}
    with pytest.raises(kite_errors.OrderException):
        other.cancel_order("regular", order)


def test_more_than_ten_orders_a_second_are_too_many(desk: Any) -> None:
    client = desk.sign_in()
    desk.run_until("09:16:00")

    def flood() -> None:
        for _ in range(200):
            client.place_order("regular", "NSE", "INFY", "BUY", 1, "MIS", "LIMIT", price=1400)

    with pytest.raises(kite_errors.NetworkException) as refusal:
        flood()
    assert refusal.value.code == 429
    assert len(client.orders()) >= 10


def test_faults_of_the_next_order(desk: Any) -> None:
    client = desk.sign_in()
    desk.run_until("09:20:00")

    def place(**words: Any) -> str:
        return str(
            client.place_order("regular", "NSE", "INFY", "BUY", 1, "MIS", "LIMIT", price=1400, **words)
        )

    desk.control("fault", kind="reject", message="RMS: blocked")
    assert ended(desk, client, place())["status_message"] == "RMS: blocked"
    desk.control("fault", kind="http_500")
    with pytest.raises(kite_errors.GeneralException):
        place(tag="never")
    desk.control("fault", kind="timed_out_400")
    with pytest.raises(kite_errors.OrderException, match="timed out"):
        place(tag="unclear")
    desk.control("fault", kind="timeout", delay=5)
    client.timeout = 0.3
    with pytest.raises(Exception, match="timed out"):
        place(tag="lost")
    tags = [row["tag"] for row in client.orders()]
    assert "never" not in tags
    assert tags.count("unclear") == tags.count("lost") == 1
    place(tag="well")
    assert desk.http.post("/_simulator/fault", json={"kind": "flood"}).status_code == 400


def test_postbacks_carry_the_checksum(desk: Any, receiver: Any) -> None:
    client = desk.sign_in()
    desk.control("app", postback_url=f"{receiver.url}/postback")
    desk.run_until("09:20:00")
    order = client.place_order("regular", "NSE", "INFY", "BUY", 1, "MIS", "LIMIT", price=1500, tag="posted")
    (body,) = desk.wait(lambda: receiver.bodies)
    assert (body["order_id"], body["status"], body["tag"]) == (order, "COMPLETE", "posted")
    words = f"{order}{body['order_timestamp']}{desk.secret}"
    assert body["checksum"] == hashlib.sha256(words.encode()).hexdigest()
    assert desk.show("stats")["postbacks"] == 1
