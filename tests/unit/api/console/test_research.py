"""The pages of research, and the routes that tell the same."""

import pytest

from patang.backtest.asking import AskedBacktest
from tests.unit.api.sample_desk import DAY, HOSTILE, NOW

PAGES = (
    "/research",
    "/research/reports/backtest-august",
    "/research/reports/train-equity",
    "/research/models",
    "/research/models/equity-4c917cc00a",
    "/research/parity",
    f"/research/parity/{DAY}",
    "/research/graduation",
)


@pytest.fixture
def asked(desk):
    """A backtest that was asked for; nothing does research here, so that it is not running."""

    def ask(report: str) -> None:
        desk.keep(
            AskedBacktest(
                run=report.removeprefix("backtest-"),
                job_key="k",
                report=report,
                first=DAY,
                last=DAY,
                symbols=(),
                changed={"risk.min_confidence": HOSTILE},
                asked_by=f"client:{HOSTILE}",
                asked_at=NOW,
            )
        )

    return ask


@pytest.mark.parametrize("path", PAGES)
def test_whatever_was_put_there_is_text(owner, path):
    page = owner.get(path)
    assert page.status_code == 200
    assert HOSTILE not in page.text
    assert page.text.count('aria-current="page"') == 1
    assert page.text.count("<h1") == 1
    assert page.text.count("<table") == page.text.count("<thead")


@pytest.mark.parametrize("path", PAGES)
def test_what_is_over_is_asked_for_once(owner, live, path):
    """A report of last month does not change: no page of research is asked for again and again."""
    assert "data-live" not in owner.get(path).text.partition("<main")[2]
    assert live(path, tag=live(path).headers["ETag"]).status_code == 304


def test_reports_in_a_line_each(owner, text):
    told = text("/research")
    assert "train-equity training 02 Mar 2026 to 18 Aug 2026 – – demonstration only" in told
    assert "backtest-august backtest 02 Mar 2026 to 18 Aug 2026 1184 +12.58 % done" in told
    assert "No older report" in text("/research", **{"from": 50})
    for n in range(20):
        owner.app.state.desk.objects.put(f"reports/more-{n:02}/report.html", b"")
    first = owner.get("/research").text
    assert first.count('href="/research/reports/') == 15
    assert 'href="/research?from=15" rel="next"' in first
    second = owner.get("/research?from=15").text
    assert second.count('href="/research/reports/') == 7
    assert 'rel="next"' not in second


def test_a_backtest_tells_its_figures_and_what_it_is_no_test_of(owner, text):
    told = text("/research/reports/backtest-august")
    for part in (
        "12 of 104 sessions were in a model’s training data",
        "25 % of the trades use modelled option prices",
        "+12.58 %",
        "+₹37,729.75",
        "₹24,110.75",
        "Sharpe ratio, annual 1.42",
        "stop loss 1184 54 %",
        "August 2026 −1.40 %",
        "confidence 31,000",
        f"01 May 2026 a holiday {HOSTILE}",
    ):
        assert part in told, part
    page = owner.get("/research/reports/backtest-august").text
    assert 'href="/reports/backtest-august"' in page
    assert 'href="/research/models/equity-4c917cc00a"' in page


def test_a_training_tells_what_each_gate_said(text):
    told = text("/research/reports/train-equity")
    assert "for demonstration only. 2 of 3 gates failed: brier skill, effective size" in told
    assert f"brier skill failed −0.004 above 0 {HOSTILE}" in told
    assert "deflated sharpe passed 0.97 at least 0.95 24 trials" in told
    assert "effective size failed not measured at least 100 no rows" in told


def test_a_backtest_that_was_asked_for_says_how_it_stands(owner, text, asked, desk, live, monkeypatch):
    asked("backtest-0123456789abcdef")
    path = "/research/reports/backtest-0123456789abcdef"
    told = text(path)
    assert "failed" in told
    assert f"requested by client:{HOSTILE}" in told
    assert f"risk.min confidence {HOSTILE}" in told
    assert "backtest-0123456789abcdef · requested 18 Aug 2026" in text("/research")

    class Running:
        def state(self, execution):
            return "RUNNING"

    monkeypatch.setattr(desk, "research_machine", Running())
    page = owner.get(path).text
    assert "The backtest is running" in page
    assert 'id="report" data-live' in page
    first = live(path)
    assert live(path, tag=first.headers["ETag"]).status_code == 304
    desk.objects.put("reports/backtest-0123456789abcdef/report.html", b"<p>made</p>")
    assert f'<a href="{path}">It is ready' in live(path, tag=first.headers["ETag"]).text
    assert "data-live" not in owner.get(path).text.partition("<main")[2]


def test_models_and_their_cards(text):
    assert "equity-4c917cc00a equity 03 Aug 2026 to 18 Aug 2026 0 of 1 demonstration only" in text(
        "/research/models"
    )
    told = text("/research/models/equity-4c917cc00a")
    for part in (
        f"It learnt from {HOSTILE}.",
        "auc 0.6091",
        "p win range 0.2263 0.6205",
        "coverage rsi 0.98",
        "nothing –",
        "seed 7",
    ):
        assert part in told, part


def test_parity_of_each_day_and_of_own_accounts_alone(text):
    days = text("/research/parity")
    assert "Tue 18 Aug 2026 4 1 unexplained differences Mon 17 Aug 2026 4 0 all explained" in days
    told = text(f"/research/parity/{DAY}")
    assert "main · 310 trading cycles replayed · 2 unexplained" in told
    assert "entry_price 1002.20, replayed 1002.40 fill" in told
    assert "20 at ₹1,002.20, 10:21; sold at ₹988.10, 10:51, stop loss; −₹323.42" in told
    assert "unexplained" in told
    assert "OF-other" not in told
    assert "The details of this comparison are not available" in text("/research/parity/2026-08-17")


def test_how_far_accounts_have_come(text):
    told = text("/research/graduation")
    assert "paper sessions not yet 0 at least 20" in told
    assert "0 of the first 5 sessions" in told
    assert "other" not in told.split("From paper to real money")[-1].split("Condition")[0]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/research/reports/none-of-this-name", 404),
        ("/research/reports/..%2Fminutes", 404),
        ("/research/reports/.hidden", 422),
        ("/research/models/none", 404),
        ("/research/parity/2026-01-01", 404),
        ("/research/parity/gestern", 422),
        ("/research?from=-1", 422),
    ],
)
def test_what_is_not_there(owner, path, status):
    assert owner.get(path).status_code == status


def test_programs_are_told_the_same(stranger, bearer):
    def read(path, **params):
        answer = stranger.get(f"/api/research{path}", headers=bearer("read"), params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    lines = read("/reports", limit=1)
    assert (lines["total"], [line["report"] for line in lines["reports"]]) == (2, ["train-equity"])
    report = read("/reports/train-equity")
    assert [gate["name"] for gate in report["gates"]] == ["brier_skill", "deflated_sharpe", "effective_size"]
    assert read("/reports/backtest-august")["summary"]["metrics"]["all"]["trades"] == 1184
    assert [day["unexplained"] for day in read("/parity")] == [1, 0]
    assert [one["account"] for one in read(f"/parity/{DAY}")["accounts"]] == ["main"]
    assert read("/models")[0]["model_version"] == "equity-4c917cc00a"
    assert read("/models/equity-4c917cc00a")["gates"][0]["name"] == "brier_skill"
    for path in ("/reports/none", "/models/none"):
        assert stranger.get(f"/api/research{path}", headers=bearer("read")).status_code == 404
    others = stranger.get(f"/api/research/parity/{DAY}", headers=bearer("read"), params={"account": "other"})
    assert others.status_code == 404
