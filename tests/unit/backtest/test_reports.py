"""A report is read anywhere, says what the run says, and takes no text of a run for markup."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from html.parser import HTMLParser

import numpy as np
import pytest

from patang.backtest.metrics import metrics_of
from patang.backtest.reports.axes import number_axis, time_axis
from patang.backtest.reports.calibration import Bin, bins_of
from patang.backtest.reports.pages import report_page
from patang.backtest.reports.prices import chart_bars, shown_trades
from patang.backtest.reports.wording import amount, number, percent, short_amount
from patang.training.evidence import Outcomes
from patang.training.gates.verdict import Verdict
from tests.unit.backtest.sample_runs import HOSTILE, backtest_run, training_run

_ALONE = {"meta", "img", "br", "hr", "link", "input"}
# What no report may have: it would run, load or leave.
_NEVER = {"script", "img", "link", "iframe", "object", "embed", "form", "base"}


@dataclass
class Read(HTMLParser):
    """A page as a browser takes it: every element with its attributes, and the text."""

    elements: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    text: str = ""
    open: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in _ALONE:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def read(page: str) -> Read:
    found = Read()
    found.feed(page)
    found.close()
    assert found.open == []
    return found


@pytest.fixture(scope="module")
def backtest():
    run, history = backtest_run()
    return run, read(report_page(run, chart_bars(history, run.trades)))


@pytest.fixture(scope="module")
def training():
    run = training_run()
    return run, read(report_page(run))


@pytest.fixture(params=["backtest", "training"])
def page(request) -> Read:
    return request.getfixturevalue(request.param)[1]


def test_a_page_runs_nothing_and_asks_for_nothing(page):
    assert not _NEVER & {tag for tag, _ in page.elements}
    for _, attributes in page.elements:
        assert not [name for name in attributes if name.startswith("on")]
        for name in ("src", "href", "action", "xlink:href"):
            assert attributes.get(name, "#")[0] == "#"
    policy = next(meta["content"] for meta in page.all("meta") if "http-equiv" in meta)
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"


def test_a_page_can_be_read_without_seeing_it(page):
    assert [len(page.all(tag)) for tag in ("h1", "main", "nav")] == [1, 1, 1]
    assert [tag for tag, _ in page.elements].index("title") < [tag for tag, _ in page.elements].index("body")
    assert page.all("html") == [{"lang": "en"}]
    named = {heading["id"] for heading in page.all("h2")}
    assert {section["aria-labelledby"] for section in page.all("section")} == named
    assert len(page.all("caption")) == len(page.all("table"))
    assert all(head["scope"] in ("col", "row") for head in page.all("th"))
    charts = page.all("svg")
    assert charts
    assert all(chart["role"] == "img" and len(chart["aria-label"]) > 10 for chart in charts)


def test_a_page_knows_both_lights_and_small_screens(page):
    assert any(meta.get("name") == "viewport" for meta in page.all("meta"))
    assert any(meta.get("content") == "light dark" for meta in page.all("meta"))


def test_the_same_run_gives_the_same_page():
    run, history = backtest_run(days=8)
    bars = chart_bars(history, run.trades)
    assert report_page(run, bars) == report_page(run, bars)


@pytest.mark.parametrize("kind", ["backtest", "training"])
def test_no_text_of_a_run_becomes_markup(kind):
    if kind == "backtest":
        run, history = backtest_run(days=6, name=HOSTILE)
        changes = {"source": HOSTILE, "models": {HOSTILE: HOSTILE}, "refusals": {HOSTILE: 1}}
        run = run.model_copy(update={**changes, "skipped": {run.first: HOSTILE}})
        page = report_page(run, chart_bars(history, run.trades))
    else:
        run = training_run(version=HOSTILE)
        card = {HOSTILE: HOSTILE, "deep": {HOSTILE: [HOSTILE, 1]}}
        scores = {HOSTILE: 1.0}
        changes = {"data": card, "contributions": scores, "importance": scores, "parameters": scores}
        page = report_page(run.model_copy(update={"evidence": run.evidence.model_copy(update=changes)}))
    found = read(page)
    assert HOSTILE in found.text
    assert "<script" not in page
    test_a_page_runs_nothing_and_asks_for_nothing(found)


def test_modelled_prices_are_told_at_the_top(backtest):
    run, page = backtest
    modelled = sum(trade.prices == "modelled" for trade in run.trades)
    assert 0 < modelled < len(run.trades)
    assert f"those of {modelled} of {len(run.trades)} trades" in page.text
    recorded = run.model_copy(update={"trades": tuple(t for t in run.trades if t.prices == "recorded")})
    assert "Modelled prices" not in report_page(recorded)


def test_a_backtest_on_days_that_its_models_learned_from_says_that_it_is_no_test(backtest):
    run, page = backtest
    assert "Not a test" not in page.text
    days = [told.day for told in run.days]
    taught = run.model_copy(update={"learned_until": {"equity": days[2]}})
    assert taught.foreknown_sessions == 3
    assert f"trained on what came in 3 of {len(days)} sessions (equity until {days[2]})" in report_page(
        taught
    )
    later = run.model_copy(update={"learned_until": {"equity": days[0] - timedelta(days=1)}})
    assert "Not a test" not in report_page(later)


def test_a_backtest_tells_its_refusals_its_data_and_what_was_left_out(backtest):
    run, page = backtest
    for shown in ("MODEL_REFUSED", "912", run.source, "equity-19ace5ae68", "a Saturday session of two hours"):
        assert shown in page.text
    net = sum(trade.net_pnl for trade in run.trades)
    assert f"came to {amount(net, signed=True)} after charges" in page.text


def test_a_backtest_tells_its_figures_and_its_costs(backtest):
    run, page = backtest
    metrics = metrics_of(run)
    shown = (
        percent(metrics.net_return_pct, signed=True),
        number(metrics.sharpe),
        percent(metrics.max_drawdown_pct),
        amount(-metrics.costs["brokerage"], signed=True),
        amount(-metrics.costs["stt"], signed=True),
        amount(metrics.by_strategy["long_options"].net_pnl, signed=True),
        percent(metrics.months["2024-02"], signed=True),
    )
    for text in shown:
        assert text in page.text


def test_every_gate_is_told_with_its_answer(training):
    run, page = training
    for gate in run.verdict.gates:
        assert gate.told in page.text
    assert page.text.count("✗ fails") == len(run.verdict.failed) == 2
    assert (
        "Not promoted, for demonstration only: 2 of 3 gates say no (brier skill, effective size)" in page.text
    )
    assert "not measurable" in page.text
    assert "Promoted: all 3 gates hold" in report_page(training_run(passed=True))


def test_no_gate_is_no_promotion():
    run = training_run().model_copy(update={"verdict": Verdict(gates=())})
    assert "Not promoted, for demonstration only: no gate was asked" in report_page(run)


def test_the_model_is_told_beside_entries_at_random(training):
    run, page = training
    chart = next(chart for chart in page.all("svg") if chart["aria-label"].startswith("Entries at random"))
    assert "1000 sets drawn from 5,120 entries" in chart["aria-label"]
    seen, final = run.evidence.outcomes, run.evidence.final_outcomes
    rows = [
        (net, weight)
        for part in (seen, final)
        for net, weight, taken in zip(part.net_pct, part.weight, part.taken, strict=True)
        if taken
    ]
    mean = sum(net * weight for net, weight in rows) / sum(weight for _, weight in rows)
    assert f"the model: {percent(mean, 3, signed=True)}" in page.text


def test_a_final_window_that_was_asked_before_is_told(training):
    run, page = training
    assert "The final window was asked for the first time." in page.text
    again = run.evidence.model_copy(update={"final_asked": 3, "earlier_sharpes": (0.1,) * 40})
    text = read(report_page(run.model_copy(update={"evidence": again}))).text
    assert "asked 3 times: it is not untouched any more" in text
    assert "40 more trials" in text


def test_inputs_are_ranked_by_what_they_contribute(training):
    run, page = training
    ranked = sorted(run.evidence.contributions, key=lambda name: -run.evidence.contributions[name])
    places = [page.text.index(name) for name in ranked]
    assert places == sorted(places)


def test_a_score_that_is_no_number_is_a_dash(training):
    run, page = training
    assert np.isnan(run.evidence.windows[0].auc)
    assert not re.search(r"\bnan\b", page.text, re.IGNORECASE)


def test_nothing_to_show_is_said():
    run, _ = backtest_run(days=5)
    empty = run.model_copy(update={"trades": (), "days": (), "refusals": {}})
    assert "Nothing was traded." in report_page(empty)
    training = training_run()
    none = Outcomes(**dict.fromkeys(Outcomes.model_fields, ()))
    changes = {"outcomes": none, "final_outcomes": none, "trials": (), "combinations": ()}
    page = report_page(training.model_copy(update={"evidence": training.evidence.model_copy(update=changes)}))
    assert "nothing was earned or lost" in page


def test_trades_are_drawn_where_they_were_made():
    run, history = backtest_run(days=10)
    page = read(report_page(run, chart_bars(history, run.trades)))
    signs = [a for a in page.all("span") if (a.get("class") or "").startswith("mark")]
    for trade in (run.trades[0], run.trades[-1]):
        says = f"{trade.quantity} {trade.symbol} bought {trade.entered_at:%Y-%m-%d %H:%M}"
        left = next(float(re.search(r"left:([\d.]+)%", s["style"])[1]) for s in signs if s["title"] == says)
        begin, end = history.symbols[0].starts[0], history.symbols[0].starts[-1]
        # Ten sessions of equal length, nights left out.
        day = np.searchsorted(
            np.unique(history.symbols[0].days), (trade.entered_at.timestamp() + 19800) // 86400
        )
        minute = (trade.entered_at.timestamp() - begin) % 86400 / 60
        assert left == pytest.approx(10 * (day + minute / 375), abs=0.6), (begin, end)


def test_an_axis_of_money_tells_its_ticks_apart():
    run, _ = backtest_run(days=40)
    for shrunk in (1, 50, 5_000):
        days = tuple(
            day.model_copy(update={"equity": run.capital + (day.equity - run.capital) / shrunk})
            for day in run.days
        )
        page = report_page(run.model_copy(update={"days": days}))
        chart = page[page.index("<b>Equity</b>") : page.index("<b>Drawdown</b>")]
        labels = re.findall(r'class="y" style="[^"]*">([^<]*)<', chart)
        assert len(labels) == len(set(labels)) >= 3


def test_of_very_many_trades_those_that_mattered_are_drawn():
    run, history = backtest_run(days=10)
    share = [trade for trade in run.trades if trade.symbol == "RELIANCE"]
    small = share[0].model_copy(update={"exit_price": share[0].entry_price, "charges": Decimal("0.01")})
    many = tuple(small.model_copy(update={"trade_id": f"s{n}"}) for n in range(700))
    page = report_page(run.model_copy(update={"trades": (*many, *share)}), chart_bars(history, run.trades))
    assert "drawn are the 600 that earned or lost most; entries are left out" in page
    for trade in share:
        assert (
            f"{trade.exit_reason} {trade.exited_at:%Y-%m-%d %H:%M}: {amount(trade.net_pnl, signed=True)}"
            in page
        )


def test_close_ups_are_of_each_strategy():
    run, _ = backtest_run()
    shown = shown_trades(run.trades)
    for strategy in ("equity", "long_options"):
        own = [trade for trade in run.trades if trade.strategy == strategy]
        best, worst = max(own, key=lambda t: t.net_pnl), min(own, key=lambda t: t.net_pnl)
        assert best in shown
        assert worst in shown
    assert len(shown) == 8


def test_bars_of_a_chart_keep_the_extremes():
    run, history = backtest_run(days=120)
    share = next(symbol for symbol in history.symbols if symbol.symbol == "RELIANCE")
    longest = max(
        (b for b in chart_bars(history, run.trades) if b.symbol == "RELIANCE"), key=lambda b: b.minutes
    )
    assert len(longest.starts) <= 420
    assert longest.high.max() == share.high.max()
    assert longest.low.min() == share.low.min()
    assert (longest.open[0], longest.close[-1]) == (share.open[0], share.close[-1])


def test_the_interval_of_a_bin_is_wilsons():
    # Half of a hundred: 0.4038 to 0.5962, as in Brown, Cai and DasGupta (2001).
    assert Bin(0.5, 0.5, 100).interval == pytest.approx((0.40383, 0.59617), abs=1e-5)
    low, high = Bin(0.1, 0.0, 10).interval
    assert low == pytest.approx(0.0, abs=1e-12)
    assert high == pytest.approx(0.27753, abs=1e-5)


def test_bins_have_equal_counts_and_too_few_have_none():
    p = np.linspace(0, 1, 200)
    bins = bins_of(p, p > 0.5)
    assert [each.count for each in bins] == [20] * 10
    assert [each.observed for each in bins] == [0.0] * 5 + [1.0] * 5
    assert bins_of(p[:19], p[:19] > 0) == []


@pytest.mark.parametrize("values", [(0.013, 0.98), (-3.0, -1.0), (5.0, 5.0), (0.0, 0.0), (1e6, 1.2e7)])
def test_an_axis_holds_its_values_between_round_ticks(values):
    axis = number_axis(values, lambda value, places: f"{value:.{places}f}")
    assert [float(label) for _, label in axis.ticks] == pytest.approx([value for value, _ in axis.ticks])
    assert axis.low <= min(values) <= max(values) <= axis.high
    assert 3 <= len(axis.ticks) <= 7
    assert axis.at([axis.low, axis.high]) == pytest.approx([0, 1])


def test_an_axis_of_time_has_few_labels_of_one_kind():
    minutes = np.arange(375) * 60 + int(datetime(2024, 1, 1, 3, 45, tzinfo=UTC).timestamp())
    one_day = time_axis(minutes).ticks
    assert 3 <= len(one_day) <= 6
    assert all(minutes[int(n)] % 86400 == (int(t[:2]) * 60 + int(t[3:]) - 330) * 60 for n, t in one_day)
    days = minutes[0] + 86400 * np.arange(3000)
    for count, form in ((3000, r"\d{4}"), (1000, r"[A-Z][a-z]{2} \d{4}"), (25, r"\d{2} [A-Z][a-z]{2}")):
        ticks = time_axis(days[:count]).ticks
        assert 3 <= len(ticks) <= 6
        assert all(re.fullmatch(form, label) for _, label in ticks)


@pytest.mark.parametrize(
    ("printed", "text"),
    [
        (amount(-1234567.5), "−₹12,34,567.50"),
        (amount(float("nan")), "–"),
        (number(-0.001, 2), "0.00"),
        (number(None), "–"),
        (percent(3.14159, signed=True), "+3.14 %"),
        (short_amount(1_250_000), "₹12.5L"),
        (short_amount(-23_000_000), "−₹2.3Cr"),
        (short_amount(950), "₹950"),
    ],
)
def test_numbers_are_printed_as_people_read_them(printed, text):
    assert printed == text


def test_the_result_of_a_training_counts_overlapping_entries_once(training):
    run, page = training
    outcomes = (run.evidence.outcomes, run.evidence.final_outcomes)
    made = sum(
        net * weight
        for part in outcomes
        for net, weight, taken in zip(part.net_pct, part.weight, part.taken, strict=True)
        if taken
    )
    labels = [chart["aria-label"] or "" for chart in page.all("svg")]
    result = next(label for label in labels if label.startswith("Net result of the entries"))
    assert f"{percent(made, signed=True)} summed" in result
    assert any(label.startswith("Drawdown: deepest −") for label in labels)
