"""The page of a report: for whoever is signed in, and whatever was put there, it can do nothing."""

import pytest

from patang_workbench.research.run_files import keep_run, store_run
from tests.unit.backtest.sample_runs import backtest_run


@pytest.fixture
def kept(desk, tmp_path) -> bytes:
    run, history = backtest_run(days=5)
    folder = keep_run("backtest", "a", run, history=history, out=tmp_path / "backtest-mine")
    store_run(folder, desk.objects)
    return (folder / "report.html").read_bytes()


def test_an_owner_sees_it_as_it_was_drawn(owner, kept):
    answer = owner.get("/reports/backtest-mine")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.content == kept


def test_it_may_run_nothing_fetch_nothing_and_is_of_no_site(owner, desk):
    desk.objects.put("reports/hostile/report.html", b"<script>fetch('/api/status')</script>")
    headers = owner.get("/reports/hostile").headers
    policy = dict(part.strip().partition(" ")[::2] for part in headers["content-security-policy"].split(";"))
    assert policy == {
        "default-src": "'none'",
        "style-src": "'unsafe-inline'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
        "sandbox": "",
    }
    assert (headers["x-content-type-options"], headers["cache-control"]) == ("nosniff", "no-store")


def test_a_stranger_is_asked_to_sign_in_and_comes_back_to_it(stranger, kept):
    answer = stranger.get("/reports/backtest-mine", headers={"accept": "text/html"})
    assert answer.status_code == 401
    assert "/login?next=%2Freports%2Fbacktest-mine" in answer.text
    assert kept not in answer.content


@pytest.mark.parametrize("name", ["nobody's", "..%2Fminutes", "none-of-this-name", ".hidden", "a" * 121])
def test_a_report_that_is_not_there_is_none(owner, kept, name):
    assert owner.get(f"/reports/{name}", headers={"accept": "text/html"}).status_code in (404, 422)
