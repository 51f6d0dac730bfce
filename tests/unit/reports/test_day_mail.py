"""Word that a report is there: once, after the close, with the address of its page."""

from datetime import date, datetime, time

import pytest

from patang.errors import StopTrading
from patang.market.sessions import IST
from patang.records import create
from patang.reports.day_mail import DayMail
from patang.reports.desk_reports import DeskReports
from patang.reports.notes import TradeNotes
from patang.settings import Settings
from patang.trade_log.fill import new_fill
from tests.fakes import FixedClock, MemoryStore, RecordedMetrics, RecordedNotifier
from tests.unit.api.sample_desk import intent, position, two_owners

TUESDAY, LAST = date(2026, 8, 18), date(2026, 8, 31)


class Evening:
    def __init__(
        self,
        public_url="https://desk.example/",
        accounts=("main", "family"),
        sessions=(),
        **notifications,
    ):
        self.store, self.clock = MemoryStore(), FixedClock(at(TUESDAY, "15:50"))
        self.notifier, self.metrics = RecordedNotifier(), RecordedMetrics()
        self.public_url = public_url
        settings = Settings.model_validate({"notifications": notifications, "sessions": sessions})
        reports = DeskReports(self.store, lambda: settings, TradeNotes(self.store, self.clock))
        self.mail = DayMail(
            self.store,
            lambda: accounts,
            reports,
            lambda: settings,
            lambda: self.public_url,
            self.clock,
            self.notifier,
            self.metrics,
        )


def at(day, clock):
    return datetime.combine(day, time.fromisoformat(clock), IST)


def sent(evening):
    return evening.notifier.sent


def test_the_day_is_told_once_with_its_address():
    evening = Evening()
    evening.store.write(_closed())
    assert evening.mail.run(at(TUESDAY, "15:49")) == ()
    assert evening.mail.run(at(TUESDAY, "15:50")) == ("daily",)
    assert evening.mail.run(at(TUESDAY, "15:51")) == ()
    [(subject, text)] = sent(evening)
    assert subject == "Report of 18 Aug 2026: 1 trade, −₹324.40"
    assert text.splitlines() == [
        "main (paper): 1 trade, 0 won, −₹324.40 after ₹41.42 of charges; slippage ₹2.00",
        "family (paper): no trade closed, charges ₹0.00",
        "",
        "https://desk.example/reports/daily/2026-08-18",
    ]
    assert evening.notifier.kinds == ["report"]


def test_a_day_without_trades_is_told_too_and_a_holiday_is_not():
    evening = Evening()
    assert evening.mail.run(at(TUESDAY, "15:50")) == ("daily",)
    assert sent(evening)[0][0] == "Report of 18 Aug 2026: no trade"
    assert evening.mail.run(at(date(2026, 8, 22), "15:50")) == (), "a Saturday"
    assert evening.mail.run(at(date(2026, 8, 15), "15:50")) == (), "Independence Day"


def test_the_months_last_session_tells_of_the_month_as_well():
    evening = Evening()
    assert evening.mail.run(at(LAST, "15:50")) == ("daily", "monthly")
    assert [text.splitlines()[-1] for _, text in sent(evening)] == [
        "https://desk.example/reports/daily/2026-08-31",
        "https://desk.example/reports/monthly/2026-08",
    ]
    # The 31st of January 2026 is a Saturday: the month ends for the desk on the Friday.
    assert evening.mail.run(at(date(2026, 1, 30), "15:50")) == ("daily", "monthly")
    assert evening.mail.run(at(date(2026, 1, 29), "15:50")) == ("daily",)


def test_special_sessions_at_a_weekend_and_in_the_evening_are_told_of():
    evening = Evening()
    assert evening.mail.run(at(date(2026, 2, 1), "15:50")) == ("daily",), "the budget's Sunday"
    muhurat = date(2024, 11, 1)
    assert evening.mail.run(at(muhurat, "18:30")) == ()
    assert evening.mail.run(at(muhurat, "19:30")) == ("daily",)


def test_an_owners_word_on_a_day_makes_it_the_months_last_session():
    saturday = date(2026, 1, 31)
    hours = {"day": saturday, "reason": "Mock session", "open": "10:00", "close": "12:00"}
    evening = Evening(sessions=[hours])
    assert evening.mail.run(at(date(2026, 1, 30), "15:50")) == ("daily",)
    assert evening.mail.run(at(saturday, "12:30")) == ("daily", "monthly")
    closed = {"day": LAST, "reason": "Declared a holiday", "closed": True}
    assert Evening(sessions=[closed]).mail.run(at(date(2026, 8, 28), "15:50")) == ("daily", "monthly")


@pytest.mark.parametrize(
    ("off", "told"),
    [
        ({"daily_report": False}, ("monthly",)),
        ({"monthly_report": False}, ("daily",)),
        ({"daily_report": False, "monthly_report": False}, ()),
    ],
)
def test_each_is_switched_off_by_itself(off, told):
    evening = Evening(**off)
    assert evening.mail.run(at(LAST, "15:50")) == told
    assert len(evening.notifier.sent) == len(told)


def test_what_cannot_be_told_yet_is_told_with_the_next_minute():
    evening = Evening(public_url="")
    assert evening.mail.run(at(TUESDAY, "15:50")) == ()
    assert evening.metrics.counts["report_not_mailed"] == 1
    evening.public_url = "https://desk.example"
    assert evening.mail.run(at(TUESDAY, "15:51")) == ("daily",)


def test_a_day_without_rates_holds_nothing_else_up(monkeypatch):
    evening = Evening()
    bought = intent("main", "N1", "ACKED")
    done = bought.evolve(state="COMPLETE", filled_quantity=10, average_price=bought.terms.price)
    evening.store.write(create(new_fill(bought, done, at(TUESDAY, "10:00"), at(TUESDAY, "10:00"), "frame")))

    def none(*_):
        raise StopTrading("no sourced rate")

    monkeypatch.setattr("patang.reports.desk_reports.contract_note", none)
    assert evening.mail.run(at(TUESDAY, "15:50")) == ()
    assert evening.metrics.counts["report_not_mailed"] == 1
    monkeypatch.undo()
    assert evening.mail.run(at(TUESDAY, "15:51")) == ("daily",)


def _closed():
    return create(position("main", "p3", "TCS", "CLOSED"))


def test_the_desk_is_wired_to_tell_of_those_that_trade():
    desk = two_owners(public_url="https://desk.example")
    assert desk.day_mail().run(at(TUESDAY, "15:50")) == ("daily",)
    [(_, text)] = desk.notifier.sent
    # `family` is switched off.
    assert [line.partition(" ")[0] for line in text.splitlines()] == [
        "main",
        "other",
        "",
        "https://desk.example/reports/daily/2026-08-18",
    ]
