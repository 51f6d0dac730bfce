"""Signals, orders, positions and the bars of their charts: what happened, why, and to nobody else."""

import re
from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest

from patang.keys import mark_key, position_key
from tests.unit.api.sample_desk import HOSTILE, busy, two_owners
from tests.unit.api.told_trade import ENTRY, EXIT, HELD, LEFT, REFUSED, TAKEN, traded

OF_ONE = [f"/signals/{TAKEN}", f"/signals/{REFUSED}", f"/orders/{ENTRY}", f"/orders/{EXIT}"]
OF_ONE += [f"/positions/{HELD}", f"/positions/{LEFT}"]
PAGES = ["/signals", "/orders", *OF_ONE, "/candles?exchange=NSE&symbol=RELIANCE"]


@pytest.fixture
def desk():
    return traded(busy(two_owners()))


@pytest.mark.parametrize("path", PAGES)
def test_text_from_outside_is_shown_as_text(owner, path):
    page = owner.get(path)
    assert page.status_code == 200
    assert HOSTILE not in page.text
    assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|\sstyle=", page.text), "the policy forbids it"
    if not path.startswith(("/positions", "/candles", f"/orders/{EXIT}?")):
        assert "&lt;script&gt;" in page.text


@pytest.mark.parametrize("path", PAGES)
def test_what_has_not_changed_is_not_sent_again(owner, live, desk, path):
    asked, params = urlsplit(path).path, dict(parse_qsl(urlsplit(path).query))
    first = live(asked, **params)
    assert first.status_code == 200
    desk.clock.advance(5)
    assert live(asked, tag=first.headers["ETag"], **params).status_code == 304
    page, named = owner.get(path).text, re.findall(r'<\w+[^>]*\bid="([^"]+)"[^>]*\bdata-live', first.text)
    assert len(named) == len(re.findall(r"\bdata-live\b", first.text))
    assert [page.count(f' id="{name}"') for name in named] == [1] * len(named)


@pytest.mark.parametrize("path", PAGES)
def test_they_are_for_those_who_signed_in(stranger, path):
    assert stranger.get(path).status_code == 401


@pytest.mark.parametrize("path", [f"/orders/{ENTRY}", f"/positions/{HELD}", "/orders/N260818I1"])
def test_what_is_another_persons_is_not_there(sign_in, path):
    answer = sign_in("other", "XY5678").get(path)
    assert answer.status_code == 404
    assert "RELIANCE" not in answer.text


def test_a_list_has_nobody_elses_orders(sign_in, text):
    assert "N260818I2" not in text("/orders")
    others = sign_in("other", "XY5678").get("/orders").text
    assert "N260818I2" in others
    assert "N260818I1" not in others


@pytest.mark.parametrize(
    ("filters", "shown", "hidden"),
    [
        ({}, ["RELIANCE", "INFY", "HDFCBANK"], []),
        ({"taken": "yes"}, ["BUY RELIANCE", "CALL NIFTY26AUG24500CE"], ["INFY", "HDFCBANK"]),
        ({"taken": "no"}, ["BUY INFY", "CALL HDFCBANK"], ["BUY RELIANCE"]),
        ({"strategy": "equity"}, ["BUY RELIANCE", "BUY INFY"], ["HDFCBANK"]),
        ({"strategy": "", "taken": "", "day": ""}, ["RELIANCE", "INFY", "HDFCBANK"], []),
        ({"day": "2026-08-17"}, ["No signal matches"], ["RELIANCE"]),
    ],
)
def test_signals_by_day_strategy_and_answer(text, filters, shown, hidden):
    page = text("/signals", **filters)
    for words in shown:
        assert words in page
    for words in hidden:
        assert words not in page


def test_a_filter_that_makes_no_sense_is_told(owner):
    assert owner.get("/signals?day=yesterday").status_code == 422
    assert owner.get("/signals?taken=maybe").status_code == 422


def test_older_signals_are_on_the_next_page(owner, desk, monkeypatch):
    monkeypatch.setattr("functions.api.console.signals._A_PAGE", 2)
    seen = []
    path = "/signals?strategy=&taken=&day=2026-08-18"
    while path:
        page = owner.get(path).text
        seen += re.findall(r'href="/signals/([^"]+)"', page)
        older = re.search(r'href="(/signals\?[^"]+)" rel="next"', page)
        path = older and older[1].replace("&amp;", "&")
    assert len(seen) == len(set(seen)) == 5
    assert {TAKEN, REFUSED} <= set(seen)


def test_a_signal_says_why_and_what_was_made_of_it(text):
    page = text(f"/signals/{TAKEN}")
    for words in (
        "sent to accounts",
        "Entry ₹1,002.20 Stop ₹988.10 Target ₹1,031.40 Bid and ask ₹1,002.10 · ₹1,002.20",
        "Win probability 83.0 %",
        "for demonstration only",
        # Rules with what they were held against.
        "RSI 14 61.2 > 55 yes",
        "volume ratio 1.83 ≥ 1.5 yes",
        "minutes since the last not available ≥ 30 yes",
        # Both answers of the model.
        "RSI 14 share of rises: above 70 overbought, under 30 oversold (0 to 100) 61.2 +0.4100 +0.6200",
        "1 highest (0 to 1) 0.31 −0.1200 −0.2000",
        "Total +1.5856 +1.6700",
        "above 25 strong (0 to 100) 27.4",
        "against that of fifteen minutes before (%) no open interest",
        # The account's answer.
        "main: proposed",
        "Order N260818ENTRY : concluded, filled",
        "Expected profit: +₹377.42",
        "brokerage −₹12.02 STT −₹5.15 GST −₹2.31 spread −₹2.00 slippage −₹4.10 Expected net profit +₹377.42",
        "Quantity: 20, limited by risk per trade",
        "risk per trade binding 20.40",
        "at risk ₹282.00 · value at most ₹20,044.00",
        "Verified against the audit log: decisions/",
    ):
        assert words in page, words
    refused = text(f"/signals/{REFUSED}")
    assert "refused: cooldown" in refused
    assert "minutes since the last 12 ≥ 30 no" in refused


def test_a_telling_that_was_changed_is_said_to_be(text, desk):
    [path] = [path for path in desk.objects.list("decisions/") if "/signals-" in path]
    desk.objects.put(path, b"{}")
    page = text(f"/signals/{TAKEN}")
    assert "Does not match the audit log:" in page
    assert "main: proposed" in page


def test_a_signal_that_is_not_there_is_said_to_be_gone(owner):
    for wrong in ("s1", "S209901010000-X-y", "%3Cscript%3E"):
        answer = owner.get(f"/signals/{wrong}")
        assert answer.status_code == 404
        assert "no such signal" in answer.text


def test_an_order_tells_its_way_with_latency_and_slippage(owner, text):
    page = text(f"/orders/{ENTRY}")
    for words in (
        "Buy 20 RELIANCE complete",
        "Filled 20 of 20 at ₹1,002.50",
        "Expected price ₹1,002.20",
        "₹6.00 worse +₹0.30 a unit, +0.030 %",
        "Broker response time 42 ms",
        "Approval took 19.0 s",
        "From order to sent 140 ms",
        "From sent to last fill 3.0 s",
        "Reconciled with the broker yes",
        "Approval answered 10:21:24 · person:asha · 19.0 s later approved",
        "Sent 10:21:26 , market 10:21:00",
        "15 at ₹1,002.60, 20 filled so far",
        "Stop ₹988.10 · target ₹1,031.40",
    ):
        assert words in page, words
    steps = re.findall(r"<li>\s*<strong>([^<]+)", owner.get(f"/orders/{ENTRY}").text)
    assert steps == [
        "Signal",
        "Approval requested",
        "Approval answered",
        "Order created",
        "Sent",
        "Filled",
        "Filled",
        "Reconciled with the broker",
    ]


def test_who_told_of_a_fill_has_its_name_in_kite(text):
    said = text(f"/orders/{ENTRY}")
    assert "10:21:28 by live order update" in said
    assert "market 10:21:28 · live order update · 2.0 s later" in said
    assert "10:21:29 by postback" in said


def test_a_sale_below_what_was_expected_is_worse(text):
    assert "₹2.00 worse −₹0.10 a unit" in text(f"/orders/{EXIT}")


def test_pages_of_one_trade_lead_to_each_other(owner):
    def links(path: str) -> set[str]:
        return set(re.findall(r'href="(/(?:signals|orders|positions)/[^"]+)"', owner.get(path).text))

    entry, held = f"/orders/{ENTRY}?account=main", f"/positions/{HELD}?account=main"
    assert entry in links(f"/signals/{TAKEN}")
    assert {f"/signals/{TAKEN}", held} <= links(f"/orders/{ENTRY}")
    assert {f"/signals/{TAKEN}", entry} <= links(f"/positions/{HELD}")
    for path in (entry, held, f"/signals/{TAKEN}"):
        assert owner.get(path).status_code == 200


def test_a_position_shows_its_price_and_levels_and_a_new_price_is_told(text, live, desk):
    path = f"/positions/{HELD}"
    page = text(path)
    assert "Last price ₹1,021.35" in page
    assert "Unrealised +₹389.40" in page
    assert "Entry slippage ₹2.00 worse" in page
    first = live(path)
    key = mark_key(HELD)
    desk.store.items[key] = {**desk.store.items[key], "last_price": "1022.00"}
    fresh = live(path, tag=first.headers["ETag"])
    assert fresh.status_code == 200
    assert "₹1,022.00" in fresh.text


def test_a_closed_position_tells_its_exit(text):
    page = text(f"/positions/{LEFT}")
    for words in ("Exit ₹988.10", "Exit reason stop", "Net P&L −₹324.40", "20 TCS closed"):
        assert words in page, words
    assert "Last price" not in page
    assert "Exit slippage ₹2.00 worse" in page


def test_the_slippage_of_an_exit_is_that_of_what_was_sold(text, desk):
    key = position_key("main", HELD)
    part = {"state": "CLOSING", "exited_quantity": 5, "exit_slippage": "-0.10"}
    desk.store.items[key] = {**desk.store.items[key], **part}
    page = text(f"/positions/{HELD}")
    assert "Open quantity 15 of 20" in page
    assert "Exit slippage ₹0.50 worse" in page


def test_what_a_person_may_do_stands_where_it_can_be_done(owner):
    def acts(path: str) -> set[str]:
        return set(re.findall(r'data-api="(\w+ /api/[^"?]+)', owner.get(path).text))

    note = "POST /api/positions/{}/notes"
    held = {"PATCH /api/positions/p1", "POST /api/positions/p1/exit", note.format(HELD)}
    assert acts(f"/positions/{HELD}") == held
    assert acts(f"/positions/{LEFT}") == {note.format(LEFT)}
    assert acts("/orders/N260818I1") == {"POST /api/orders/N260818I1/cancel"}
    assert acts(f"/orders/{ENTRY}") == set()


def test_a_note_is_shown_as_text_and_written_by_who_may_trade(owner, desk, text):
    desk.trade_notes().write("main", HELD, HOSTILE, "person:asha", desk.desk_view().moment())
    page = owner.get(f"/positions/{HELD}").text
    assert HOSTILE not in page
    assert "&lt;script&gt;" in page
    assert 'data-api="POST /api/positions/p1/notes?account=main"' in page


@pytest.mark.parametrize(
    ("path", "says"),
    [
        (
            f"/signals/{TAKEN}",
            'data-exchange="NSE" data-symbol="RELIANCE" data-day="2026-08-18" data-interval="minute" '
            'data-marks="terms" data-start="09:21" data-end="13:21" data-follow',
        ),
        (f"/orders/{ENTRY}", 'data-marks="order" data-start="09:51" data-end="11:51" data-follow'),
        (f"/positions/{HELD}", 'data-marks="position" data-start="09:51" data-follow'),
        (
            f"/positions/{LEFT}",
            'data-symbol="TCS" data-day="2026-08-18" data-interval="minute" '
            'data-marks="position" data-start="09:05" data-end="10:37">',
        ),
    ],
)
def test_a_chart_says_what_it_shows_and_what_is_drawn_into_it(owner, path, says):
    page = owner.get(path).text
    assert page.count("<figure") == 1
    assert says in page
    marks = re.search(r'data-marks="(\w+)"', page)[1]
    assert page.count(f'id="{marks}"') == 1
    levels = dict(re.findall(r'data-level="(\w+)" data-price="([\d.]+)"', page))
    assert (levels["stop"], levels["target"]) == ("988.1", "1031.4")
    assert re.search(
        r'data-mark="(?:entry|exit|signal)" data-at="2026-08-18T10:[^"]+\+05:30" data-price="[\d.]+"', page
    )
    # As its licence asks.
    assert "TradingView" in page
    assert "charts.js" in page
    assert "lightweight-charts.js" not in page


def test_what_is_held_for_long_is_drawn_in_longer_bars_where_there_are_any(owner, desk):
    key = position_key("main", HELD)
    kept = desk.store.items[key]
    desk.store.items[key] = {**kept, "entry_time": "2026-08-18T07:40:00+05:30"}
    assert 'data-interval="5minute"' in owner.get(f"/positions/{HELD}").text
    desk.store.items[key] = {**desk.store.items[key], "exchange": "NFO"}
    assert 'data-interval="minute"' in owner.get(f"/positions/{HELD}").text


def test_a_position_of_another_day_shows_the_running_one_from_its_open(owner, desk):
    key = position_key("main", HELD)
    kept = desk.store.items[key]
    desk.store.items[key] = {**kept, "entry_time": "2026-08-14T14:40:00+05:30"}
    page = owner.get(f"/positions/{HELD}").text
    figure = re.search(r"<figure[^>]*>", page)[0]
    assert 'data-day="2026-08-18"' in figure
    assert "data-start" not in figure


@pytest.mark.parametrize("path", [f"/signals/{TAKEN}", f"/orders/{ENTRY}", f"/positions/{LEFT}"])
def test_where_the_candles_are_kept_no_longer_it_is_said_in_the_place_of_the_chart(
    owner, text, monkeypatch, path
):
    monkeypatch.setattr("patang.desk_view.candles._KEPT", timedelta(days=-1))
    assert "<figure" not in owner.get(path).text
    why = "Candles of a minute are kept for ninety days, and 18 Aug 2026 is longer ago."
    assert f"No chart. {why}" in text(path)
    assert why in text("/candles", exchange="BSE", symbol="RELIANCE")


def test_the_bars_of_a_chart_are_a_table_too(owner, text):
    [link] = re.findall(r'href="(/candles\?[^"]+)"', owner.get(f"/positions/{HELD}").text)
    page = owner.get(link.replace("&amp;", "&")).text
    rows = re.findall(r'<th scope="row">(\d\d:\d\d)<[^/]+/span></th><td>([^<]+)</td>', page)
    assert rows[0][0] == "09:51"
    assert rows[-1][0] == "10:46"
    whole = text("/candles", exchange="NSE", symbol="RELIANCE")
    assert "09:15 900 990.00 992.00 989.00 991.00" in whole
    assert "Later" in whole
    assert "No candles are stored" in text("/candles", exchange="BSE", symbol="RELIANCE")
