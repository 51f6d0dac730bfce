"""Research in a browser: a report that is being made tells when it is, and a kept one can do nothing."""

from patang.backtest.asking import AskedBacktest
from tests.browser.console import press
from tests.unit.api.sample_desk import DAY, NOW

NAME = "backtest-0123456789abcdef"


class Running:
    """Workers that have not come to an end."""

    def state(self, execution: str) -> str:
        return "RUNNING"


def test_a_report_that_is_being_made_tells_when_it_is(console):
    desk = console.desk
    desk.research_machine = Running()
    desk.keep(
        AskedBacktest(
            run="0123456789abcdef",
            job_key="k",
            report=NAME,
            first=DAY,
            last=DAY,
            symbols=(),
            asked_by="person:asha",
            asked_at=NOW,
        )
    )
    page = console.page(f"/research/reports/{NAME}")
    assert "The backtest is running" in page.run("document.getElementById('report').innerText")
    for file in ("summary.json", "report.html"):
        kept = desk.objects.get(f"reports/backtest-august/{file}")
        desk.objects.put(f"reports/{NAME}/{file}", kept)
    page.until("document.getElementById('report').innerText.includes('It is ready')")
    press(page, "It is ready: show the results")
    page.until("document.querySelector('.total')?.innerText === '+12.58 %'")
    assert page.console == []


def test_one_goes_from_the_list_to_the_whole_report(console):
    console.desk.objects.put(
        "reports/backtest-august/report.html",
        b"<h1 id=title>drawn</h1><script>document.getElementById('title').textContent = 'ran'</script>",
    )
    page = console.page("/research")
    press(page, "backtest-august")
    page.until("document.querySelector('h1')?.innerText === 'backtest-august'")
    press(page, "The whole report")
    page.until("document.querySelector('#title')?.innerText === 'drawn'")
    assert page.run("self.origin") == "null"
