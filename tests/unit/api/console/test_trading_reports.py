"""The pages of days, months and financial years."""

import re

import pytest

from patang.keys import settings_key
from patang.ports import Put
from patang.settings import Settings
from tests.unit.api.reported_desk import TRADES, reported
from tests.unit.api.sample_desk import DAY, HOSTILE, position

DAILY, MONTHLY, TAX = f"/reports/daily/{DAY}", f"/reports/monthly/{DAY:%Y-%m}", "/reports/tax/2026-27"
BROKER = f"{TAX}/broker"
PURCHASES = "symbol,bought_on,quantity,price\nTCS,2020-05-04,20,2000\n"


@pytest.fixture
def traded(desk):
    return reported(desk)


def tell(owner, table, text, account="main", **more):
    asked = {"table": table, "account": account, "text": text} | more
    answer = owner.post("/api/taxes/tables", json=asked, headers={"X-CSRF-Token": owner.csrf})
    assert answer.status_code == 200, answer.text


def test_what_has_a_report_is_listed(owner, traded, text):
    page = owner.get("/reports").text
    assert f'href="{DAILY}"' in page
    assert f'href="{MONTHLY}"' in page
    assert re.findall(r'href="/reports/tax/([\d-]+)"', page) == ["2026-27", "2025-26", "2024-25", "2023-24"]
    told = text("/reports")
    assert f"August 2026 {TRADES + 1} 16" in told
    assert "A message with a link to each day's and each month's report is sent after market close" in told


def test_which_word_is_sent_follows_the_settings(desk, text):
    settings = Settings.model_validate({"notifications": {"daily_report": False, "monthly_report": False}})
    desk.store.write(Put(settings_key(), {"document": settings.model_dump_json()}))
    desk.clock.advance(6)
    assert "No message about reports is sent." in text("/reports")


def test_a_day_is_chosen_without_a_script(owner):
    answer = owner.get("/reports", params={"day": str(DAY), "account": "main", "mode": ""})
    assert (answer.status_code, answer.headers["location"]) == (303, f"{DAILY}?account=main")


def test_a_month_is_told_with_what_was_expected_and_how_the_model_did(owner, traded, text):
    told = text(MONTHLY)
    assert f"Trades · {TRADES + 1}" in told
    # 16 won by 200 rupees, 8 lost 220, and the one of the sample desk lost 324.40.
    assert "Net P&L +₹1,115.60" in told
    assert "all 24 16 / 17.7 ± 2.1 +₹1,440.00 +₹3,600.00" in told
    assert "24 trades; Brier score 0.196" in told
    assert "56.0 % 4 0.0 % 0 to 49 % no" in told
    page = owner.get(MONTHLY).text
    assert re.search(r'role="img" aria-label="Actual win rate[^"]+56 percent expected, 0 percent won', page)
    assert 'aria-label="24 trades realised +₹1,440.00 after charges; +₹3,600.00 were expected"' in page
    assert f'href="/api{MONTHLY}/trades.csv"' in page


def test_what_was_not_compared_is_no_zero(text, traded):
    told = text(DAILY)
    assert "Not yet checked against the broker: 18 Aug 2026." in told
    assert "Broker charged" not in told


def test_a_note_stands_at_its_trade_as_text_and_its_form_names_the_route(owner, traded, text):
    page = owner.get(MONTHLY).text
    assert HOSTILE not in page
    assert f"sold into {HOSTILE} person:asha" in text(MONTHLY)
    assert 'data-api="POST /api/positions/R00/notes?account=main"' in page
    answer = owner.post(
        "/api/positions/R01/notes?account=main", json={"text": "again"}, headers={"X-CSRF-Token": owner.csrf}
    )
    assert answer.status_code == 200
    assert "again person:asha" in text(MONTHLY)


def test_hostile_names_are_text(owner, desk, text):
    hostile = position("main", f"h{HOSTILE}", HOSTILE, "CLOSED").evolve(strategy=HOSTILE, exit_reason=HOSTILE)
    desk.keep(hostile)
    for path in (DAILY, MONTHLY, TAX):
        assert HOSTILE not in owner.get(path).text
    assert HOSTILE in text(DAILY)


def test_what_is_anothers_is_not_there(owner, traded, desk):
    desk.keep(position("other", "P-other", "WIPRO", "CLOSED"))
    for path in ("/reports", DAILY, MONTHLY, TAX):
        assert "WIPRO" not in owner.get(path).text
        assert owner.get(path, params={"account": "other"}).status_code == 404
    assert owner.get(f"{TAX}/broker?account=other").status_code == 404


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/reports/daily/18-08-2026", 422),
        ("/reports/monthly/2026-13", 400),
        ("/reports/tax/2026", 400),
        ("/reports/tax/2017-18", 400),
        (f"{DAILY}?mode=real", 422),
        (f"{TAX}/broker", 422),
    ],
)
def test_what_makes_no_sense_is_said_on_a_page(owner, path, status):
    answer = owner.get(path)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")


def test_a_wrong_address_is_told_in_the_words_of_people(owner):
    assert "Not understood What was asked for does not fit. day: write a day as YYYY-MM-DD" in _words(
        owner.get("/signals?day=yesterday").text
    )
    assert "The desk has no page at this address." in _words(owner.get("/nowhere").text)
    assert owner.get("/api/nowhere").json()["message"] == "Not Found"


def _words(page):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_what_is_left_to_settle_of_a_year_is_folded_once_it_is_long(owner, desk, text):
    lines = [f"S{number},2026-05-04,NSE,EQ,buy,10,1500,{number},9{number}\n" for number in range(6)]
    first = "symbol,trade_date,exchange,segment,trade_type,quantity,price,trade_id,order_id\n"
    tell(owner, "tradebook", first + "".join(lines), name="2026-05")
    assert "Carried forward to the next year · 6 ₹90,000.00 at cost Held" in text(TAX, mode="live")
    page = owner.get(f"{TAX}?mode=live").text
    assert '<details id="carried"><summary>' in re.sub(r">\s+<", "><", page)
    desk.clock.advance(1)
    tell(owner, "tradebook", first + lines[0], name="2026-05")
    assert '<details id="carried" open>' in owner.get(f"{TAX}?mode=live").text


@pytest.mark.parametrize("path", ["/reports", DAILY, MONTHLY, TAX, BROKER])
def test_a_report_is_a_page_of_the_console_that_asks_for_nothing_by_itself(owner, live, traded, path):
    page = owner.get(path, params={"account": "main"}).text
    assert page.count('aria-current="page"') == 1
    assert "data-live" not in page.partition("<main")[2]
    assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|\sstyle=", page)
    first = live(path, account="main")
    # A report reads months of trades: no open page has it made again every other second.
    assert "<table" not in first.text
    assert live(path, tag=first.headers["ETag"], account="main").status_code == 304


def test_sessions_follow_each_other(owner, traded):
    page = owner.get("/reports/daily/2026-08-17").text
    assert 'href="/reports/daily/2026-08-14"' in page
    assert f'href="{DAILY}"' in page
    running = owner.get(DAILY).text
    assert "/reports/daily/2026-08-19" not in running
    assert "still running" in running


def test_a_day_leads_to_the_session_that_the_owner_has_told_of(desk, owner):
    hours = {"day": "2026-08-16", "reason": "Mock session", "open": "10:00", "close": "12:00"}
    settings = Settings.model_validate({"sessions": [hours]})
    desk.store.write(Put(settings_key(), {"document": settings.model_dump_json()}))
    desk.clock.advance(6)
    assert 'href="/reports/daily/2026-08-16"' in owner.get("/reports/daily/2026-08-17").text


def test_a_year_tells_what_to_settle_and_takes_what_is_told(owner, text, desk):
    desk.objects.put("taxes/main/purchases.csv", PURCHASES.encode())
    told = text(TAX)
    assert "these trades were made on paper: none of this is income" in told
    assert "Shares bought outside the desk main 1 CSV" in told
    page = owner.get(TAX).text
    for table in ("purchases", "tradebook", "notes", "actions"):
        assert f'id="send-{table}"' in page


def test_a_table_that_makes_the_year_impossible_can_be_told_again(owner, text, desk):
    book = "symbol,trade_date,exchange,segment,trade_type,quantity,price,trade_id,order_id\n"
    nowhere = "INFY,2026-08-03,FOO,EQ,buy,10,100,1,1\nINFY,2026-08-03,FOO,EQ,sell,10,110,2,2\n"
    tell(owner, "tradebook", book + nowhere)
    stuck = text(TAX, mode="live")
    assert "This year cannot be calculated: " in stuck
    assert "Tradebook of the broker main 2 CSV" in stuck
    assert 'id="send-tradebook"' in owner.get(TAX, params={"mode": "live"}).text
    desk.clock.advance(1)
    tell(owner, "tradebook", book)
    assert "This year cannot be calculated" not in text(TAX, mode="live")


def test_each_table_says_its_form_with_a_line_that_is_taken(owner, text):
    told = text(TAX)
    assert "the desk does not read PDFs" in told
    page = owner.get(TAX).text
    for form in re.findall(r'<details id="tell-\w+">.*?</details>', page, re.DOTALL):
        [example] = re.findall(r"<code>([^<]+)</code>", form)
        [columns] = re.findall(r'spellcheck="false">([^\n]+)\n', form)
        table = re.search(r'id="tell-(\w+)"', form)[1]
        tell(owner, table, f"{columns}\n{example}\n", None if table == "actions" else "main")


def test_only_who_runs_the_desk_is_asked_for_splits(sign_in):
    page = sign_in("other", "XY5678").get(TAX).text
    assert 'id="send-purchases"' in page
    assert 'id="send-actions"' not in page


def test_a_month_of_many_trades_comes_by_pages_and_its_sums_are_of_all(owner, traded, monkeypatch):
    monkeypatch.setattr("functions.api.console.trading_reports._TRADES_SHOWN", 10)
    seen, address = [], MONTHLY
    while address:
        page = owner.get(address).text
        assert f"Trades · {TRADES + 1}" in page
        seen.append(re.findall(r'href="/positions/(\w+)\?account=main"', page))
        further = re.search(r'href="([^"]+)" rel="next"', page)
        address = further and further[1].replace("&amp;", "&")
    assert [len(each) for each in seen] == [10, 10, 5]
    assert len({name for each in seen for name in each}) == TRADES + 1


def test_a_long_year_comes_by_pages(owner, traded, monkeypatch):
    monkeypatch.setattr("functions.api.console.trading_reports._ROWS_SHOWN", 3)
    lines = "".join(
        f"S{number},2026-05-{4 + number % 2:02d},NSE,EQ,{side},10,1500,{number}{side},9{number}{side}\n"
        for number in range(4)
        for side in ("buy", "sell")
    )
    first = "symbol,trade_date,exchange,segment,trade_type,quantity,price,trade_id,order_id\n"
    tell(owner, "tradebook", first + lines, name="2026-05")
    seen, address = [], f"{TAX}?mode=live"
    while address:
        page = owner.get(address).text
        assert "Trades · 4" in page
        rows = page.partition('id="rows-title"')[2].partition("</section>")[0]
        seen += re.findall(r"<strong>10 (S\d)</strong>", rows)
        further = re.search(r'href="([^"]+)" rel="next"', rows)
        address = further and further[1].replace("&amp;", "&")
    assert sorted(seen) == ["S0", "S1", "S2", "S3"]


def test_the_broker_s_word_stands_beside_ours(owner, text):
    assert "No tradebook of this account yet" in text(BROKER, account="main")
    tell(
        owner,
        "tradebook",
        "symbol,trade_date,exchange,segment,trade_type,quantity,price,trade_id,order_id\n"
        "INFY,2026-05-04,NSE,EQ,buy,10,1500,1,999\n",
    )
    tell(
        owner,
        "notes",
        "day,brokerage,stt,exchange_transaction,sebi,stamp_duty,gst\n"
        "2026-05-04,20,15,0.46,0.02,2,0.09\n2026-05-05,0,0,0,0,0,0\n",
    )
    told = text(BROKER, account="main", mode="live")
    assert "1 of 1 orders do not match" in told
    assert "buy INFY 04 May 2026 · 999 · not placed by the desk only at the broker – 10" in told
    assert "1 figure differs by more than rounding" in told
    assert "04 May 2026 brokerage ₹0.00 ₹20.00 +₹20.00 no" in told
    assert "Contract notes of days without a trade known to the desk: 05 May 2026." in told
