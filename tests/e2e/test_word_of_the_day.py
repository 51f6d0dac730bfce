"""The mail after the close, and the page that it leads to.

After every other test of this folder: the market's evening comes.
"""

import json
import re
from datetime import date, datetime, time
from time import monotonic, sleep

import pytest

from patang.desk_view.money import rupees
from patang.market.sessions import IST
from patang_workbench.local_stack.owner import Owner
from patang_workbench.local_stack.stack import DESK_ACCOUNT
from tests.e2e.troubled_day import Day

pytestmark = pytest.mark.timeout(280)


def mail_of_the_day(day: Day, today: date) -> str:
    until = monotonic() + 10
    while monotonic() < until:
        told = [str(json.loads(mail)["Message"]) for mail in day.mails_since()]
        found = [text for text in told if f"/reports/daily/{today}" in text]
        if found:
            assert len(found) == 1
            return found[0]
        sleep(0.2)
    raise AssertionError("no mail of the day came")


def test_the_mail_after_the_close_leads_to_the_days_report(day: Day) -> None:
    now: datetime = day.stack.exchange.clock()["market_time"]
    today = now.astimezone(IST).date()
    evening = datetime.combine(today, time(15, 50), IST)
    assert "daily" in day.stack.schedules.call("reconciler", evening)["reports"]
    assert day.stack.schedules.call("reconciler", evening)["reports"] == []
    assert day.stack.schedules.call("sessions", evening.replace(hour=18, minute=0))["reports"] == []

    mail = mail_of_the_day(day, today)
    links = re.findall(r"https?://\S+?/reports/daily/\d{4}-\d\d-\d\d", mail)
    assert [link.rpartition("/")[2] for link in links] == [today.isoformat()]

    owner = Owner(day.stack.address)
    owner.sign_in()
    told = owner.get(f"/api/reports/daily/{today}?account={DESK_ACCOUNT}")
    net = rupees(told["total"]["net"], signed=True)
    assert told["trades"]
    assert f"{len(told['trades'])} trades" in mail
    assert net in mail
    page = owner.open(links[0])
    owner.close()
    assert page.status_code == 200
    assert f'<h1 id="title">{today:%d %b %Y}</h1>' in page.text
    assert net in page.text
    for trade in told["trades"]:
        assert trade["symbol"] in page.text
