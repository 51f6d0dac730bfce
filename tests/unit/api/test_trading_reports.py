"""Reports by HTTP: JSON, tables, and notes on trades."""

import csv
import io
from datetime import timedelta
from decimal import Decimal

import pytest

from patang.trade_log.fill import new_fill
from tests.unit.api.sample_desk import DAY, NOW, intent, position

TRADE = "P-told"


@pytest.fixture
def closed(desk):
    """A position that was sold this morning, with its fills."""
    bought = intent("main", "N260818T1", "ACKED").evolve(expected_price=Decimal(1000))
    done = bought.evolve(state="COMPLETE", filled_quantity=10, average_price=Decimal(1000))
    sent = intent("main", "X260818T1", "ACKED").evolve(kind="EXIT", expected_price=Decimal(1010))
    terms = sent.terms.model_copy(update={"transaction_type": "SELL"})
    sent = sent.evolve(terms=terms, position_id=TRADE, broker_order_id="260818000123457")
    sold = sent.evolve(state="COMPLETE", filled_quantity=10, average_price=Decimal(1009))
    desk.keep(
        position("main", TRADE, "RELIANCE", "CLOSED").evolve(
            quantity=10,
            entry_price=Decimal(1000),
            entry_intent_id="N260818T1",
            entry_charges=Decimal(5),
            exited_quantity=10,
            exit_value=Decimal(10090),
            exit_price=Decimal(1009),
            exit_time=NOW,
            exit_charges=Decimal(5),
            exit_slippage=Decimal(-1),
            exit_reason="TARGET",
            realised_pnl=Decimal(80),
        ),
        done,
        sold,
        new_fill(bought, done, NOW - timedelta(minutes=20), NOW, "frame"),
        new_fill(sent, sold, NOW, NOW, "frame"),
    )
    return desk


@pytest.fixture
def reader(stranger, bearer):
    headers = bearer("read")
    return lambda path, **params: stranger.get(path, headers=headers, params=params or None)


def word_of(browser):
    return {"X-CSRF-Token": browser.csrf}


def table(answer):
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


def test_a_day_and_its_month_are_told(reader, closed):
    day = reader(f"/api/reports/daily/{DAY}", mode="paper").json()
    [trade] = [each for each in day["trades"] if each["position_id"] == TRADE]
    assert (trade["symbol"], trade["net"], trade["gross"], trade["charges"]) == ("RELIANCE", 80.0, 90.0, 10.0)
    assert day["total"]["trades"] == len(day["trades"])
    month = reader(f"/api/reports/monthly/{DAY:%Y-%m}", mode="paper").json()
    assert month["trades"] == day["trades"]
    assert (month["first"], month["last"]) == ("2026-08-01", "2026-08-31")
    assert {line["side"]: line["lost"] for line in day["slippage"]} == {"BUY": 0.0, "SELL": 10.0}


def test_their_tables_have_a_line_a_trade(reader, closed):
    of_day = table(reader(f"/api/reports/daily/{DAY}/trades.csv", mode="paper"))
    answer = reader(f"/api/reports/monthly/{DAY:%Y-%m}/trades.csv", mode="paper")
    assert of_day == table(answer)
    [of_day] = [row for row in of_day if row["position_id"] == TRADE]
    assert (of_day["symbol"], of_day["net"], of_day["exit_reason"]) == ("RELIANCE", "80", "TARGET")
    assert answer.headers["content-disposition"] == 'attachment; filename="trades-2026-08.csv"'


def test_a_financial_year_is_told(reader, closed):
    told = reader("/api/reports/tax/2026-27", mode="paper").json()
    assert (told["intraday"]["trades"], told["intraday"]["turnover"]) == (1, 90.0)
    on_paper, without_purchase = told["to_settle"]
    assert on_paper == "these trades were made on paper: none of this is income"
    assert without_purchase.startswith("TCS: sold, and their purchase is not known")
    row, left = table(reader("/api/reports/tax/2026-27/rows.csv", mode="paper"))
    assert (left["head"], left["symbol"]) == ("unsettled", "TCS")
    assert (row["head"], row["symbol"], row["bought"], row["sold"]) == (
        "intraday",
        "RELIANCE",
        "10000.00",
        "10090.00",
    )
    broker = reader("/api/reports/tax/2026-27/broker", account="main", mode="paper").json()
    assert (broker["orders"], broker["days_without_note"]) == (None, [str(DAY)])


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/reports/tax/2026", 400),
        ("/api/reports/tax/2026-28", 400),
        ("/api/reports/tax/2026-27/broker?account=other", 404),
        ("/api/reports/monthly/2026-13", 400),
        ("/api/reports/daily/1787011200", 422),
        (f"/api/reports/daily/{DAY}?mode=real", 422),
        (f"/api/reports/daily/{DAY}?account=other", 404),
    ],
)
def test_what_makes_no_sense_or_is_anothers_is_refused(reader, closed, path, status):
    assert reader(path).status_code == status


def test_a_note_is_written_by_whoever_may_trade_and_read_by_all_readers(owner, reader, closed):
    path = f"/api/positions/{TRADE}/notes"
    told = owner.post(path, json={"text": "=sold into <b>news</b>"}, headers=word_of(owner))
    assert told.status_code == 200, told.text
    assert (told.json()["actor"], told.json()["account"]) == ("person:asha", "main")
    [note] = reader(path).json()
    assert (note["text"], note["actor"]) == ("=sold into <b>news</b>", "person:asha")
    rows = table(reader(f"/api/reports/daily/{DAY}/trades.csv", mode="paper"))
    [line] = [row for row in rows if row["position_id"] == TRADE]
    assert line["notes"] == "person:asha: =sold into <b>news</b>"
    kinds = [item.get("kind") for item in closed.store.items.values()]
    assert kinds.count("TRADE_NOTED") == 1


def test_a_note_needs_the_scope_and_a_trade_of_ones_own(stranger, bearer, owner, closed):
    path = f"/api/positions/{TRADE}/notes"
    assert stranger.post(path, json={"text": "x"}, headers=bearer("read")).status_code == 403
    assert stranger.post(path, json={"text": "x"}).status_code == 401
    assert owner.post(path, json={"text": "x"}).status_code == 403, "without the session's word"
    assert owner.post(path, json={"text": " "}, headers=word_of(owner)).status_code == 400
    assert (
        owner.post("/api/positions/P-other/notes", json={"text": "x"}, headers=word_of(owner)).status_code
        == 404
    )
    assert owner.get("/api/positions/P-other/notes").status_code == 404


PURCHASES = "symbol,bought_on,quantity,price\nTCS,2020-05-04,20,2000\n"
ACTIONS = "symbol,ex_day,kind,ratio\nTCS,2026-05-04,split,1:2\n"


def tell(browser, table, text, **more):
    asked = {"table": table, "text": text} | more
    return browser.post("/api/taxes/tables", json=asked, headers=word_of(browser))


def test_a_purchase_that_was_told_settles_the_sale(owner, reader, closed):
    told = tell(owner, "purchases", PURCHASES, account="main")
    assert told.status_code == 200, told.text
    assert (told.json()["rows"], told.json()["account"]) == (1, "main")
    year = reader("/api/reports/tax/2026-27", mode="paper").json()
    assert not [row for row in year["unsettled"] if row["symbol"] == "TCS"]
    assert reader("/api/taxes/tables").json() == [told.json()]
    [row] = table(reader("/api/taxes/tables/purchases", account="main"))
    assert row["symbol"] == "TCS"
    kinds = [item.get("kind") for item in closed.store.items.values()]
    assert kinds.count("TAX_TABLE_TOLD") == 1


def test_a_wrong_line_is_told_by_its_number(owner, desk):
    answer = tell(owner, "purchases", PURCHASES + "INFY,2020-05-04,x,1\n", account="main")
    assert answer.status_code == 400
    assert "line 3" in answer.json()["message"]
    assert desk.objects.list("taxes/") == []


def test_tables_are_told_of_ones_own_accounts_alone(owner, sign_in, stranger, bearer, desk):
    assert tell(owner, "purchases", PURCHASES, account="other").status_code == 404
    assert tell(owner, "purchases", PURCHASES).status_code == 400
    trader = stranger.post(
        "/api/taxes/tables",
        json={"table": "purchases", "account": "main", "text": PURCHASES},
        headers=bearer("read", "trade"),
    )
    assert trader.status_code == 403
    ravi = sign_in("other", "XY5678")
    assert tell(ravi, "actions", ACTIONS).status_code == 403
    assert desk.objects.list("taxes/") == []
    assert tell(owner, "actions", ACTIONS).status_code == 200
    assert tell(owner, "purchases", PURCHASES, account="main").status_code == 200
    # What is the desk's is read by all of it, an account's by its owner.
    assert [each["table"] for each in ravi.get("/api/taxes/tables").json()] == ["actions"]
    assert ravi.get("/api/taxes/tables/purchases?account=main").status_code == 404
    assert ravi.get("/api/taxes/tables/actions").text == ACTIONS
    assert owner.get("/api/taxes/tables/notes?account=main&name=2026-08").status_code == 404


def test_what_is_too_large_is_not_taken(owner, desk):
    lines = "TCS,2020-05-04,20,2000\n" * 9000
    assert tell(owner, "purchases", PURCHASES + lines, account="main").status_code == 422
    assert desk.objects.list("taxes/") == []


def test_a_year_against_its_mailed_notes(owner, reader, closed, desk):
    first = "day,brokerage,stt,exchange_transaction,sebi,stamp_duty,gst\n"
    told = tell(owner, "notes", f"{first}{DAY},0,10,0.31,0.01,2,0.06\n", account="main", name="2026-08")
    assert told.status_code == 200, told.text
    on_paper = reader("/api/reports/tax/2026-27/notes", account="main").json()
    assert (on_paper["notes"], on_paper["lines"]) == (0, [])
    assert on_paper["days_without_note"] == [str(DAY)]
    assert reader("/api/reports/tax/2026-27/notes", account="other").status_code == 404


@pytest.mark.parametrize("day", ["0001-01-01", "1999-12-31", "2100-01-01", "9999-12-31"])
@pytest.mark.parametrize("place", ["/reports/daily", "/api/reports/daily"])
def test_a_day_of_no_year_of_the_desks_is_refused(owner, place, day):
    answer = owner.get(f"{place}/{day}")
    assert answer.status_code == 400
    assert "2000 to 2099" in answer.text
