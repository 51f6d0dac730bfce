"""Nothing knows its future; and whatever does is found."""

import json
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial

import numpy as np
import pytest

from patang.backtest.featured import MinuteBars, featured, unfeatured
from patang.backtest.informed import trading
from patang.backtest.look_ahead import Leak, Settled, cuts_of, leaks
from patang.market.sessions import IST
from patang.strategies.registry import strategies
from patang_workbench.cli import main
from patang_workbench.demo.profile import DEMONSTRATION
from patang_workbench.research import settling
from patang_workbench.research.settling import Settling
from patang_workbench.research.synthetic import noise_history
from tests.unit.strategies.test_signal_service import SureModel

LAST = date(2026, 8, 4)
MODELS = {"long_options": SureModel(0.9, 5), "equity": SureModel(0.9, 2)}


@pytest.fixture(scope="module")
def history():
    return noise_history(5, ("NIFTY", "SBIN"), 5, LAST)


@pytest.fixture(scope="module")
def bars(history) -> list[MinuteBars]:
    return [unfeatured(symbol) for symbol in history.symbols]


@pytest.fixture(scope="module")
def cuts(bars):
    return cuts_of([b.rows(b.starts >= b.starts[-300]) for b in bars], 1)


def found_in(bars, cuts, told) -> list[Leak]:
    return [leak for _, some in leaks(bars, told, lambda _: cuts) for leak in some]


def settle(history, features=featured) -> Settling:
    # A chain is priced in every cycle that a rule may hold in: fewer cycles, the same code.
    eager = DEMONSTRATION.model_copy(
        update={
            "options": DEMONSTRATION.options.model_copy(update={"cooldown_hours": 0}),
            "cycle_interval_seconds": 600,
        }
    )
    return Settling(strategies(), MODELS, trading(eager, history), features)


def test_features_decisions_labels_and_fills_know_nothing_of_what_comes(history, bars, cuts):
    told = settle(history)
    kinds = {settled.kind for settled in told(bars)[1]}
    assert kinds == {"decision", "label", "fill"}
    assert found_in(bars, cuts, told) == []


def test_features_of_the_minute_after_are_found_and_what_follows_from_them(history, bars, cuts):
    def prophetic(some):
        found = featured(some)
        for symbol in found:
            symbol.features[:] = np.roll(symbol.features, -1, axis=0)
        return found

    kinds = {leak.kind for leak in found_in(bars, cuts, settle(history, prophetic))}
    assert "feature" in kinds


def test_what_is_settled_otherwise_is_told_with_both_values(bars, cuts):
    def by_the_last_close(some):
        first = int(some[0].starts[0])
        settled = Settled("label", cuts[0], f"first bar {first}", str(Decimal(str(some[0].close[-1]))))
        return [], [settled]

    (leak, *_) = found_in(bars, cuts[:1], by_the_last_close)
    assert leak.with_future == str(bars[0].close[-1])
    assert leak.without != leak.with_future


def test_what_only_the_future_puts_there_is_found(bars, cuts):
    whole = len(bars[0])

    def once_all_is_known(some):
        return [], [Settled("fill", cuts[0], "T1", "bought")] if len(some[0]) == whole else []

    (leak,) = found_in(bars, cuts[:1], once_all_is_known)
    assert (leak.with_future, leak.without) == ("bought", None)


def test_what_looks_but_a_bar_ahead_is_found_where_it_was_just_settled(bars):
    """A decision in some minutes of the day alone, on the bar that follows."""

    def peeking(some):
        closes, ends = some[0].close, some[0].starts + 60
        rows = range(61, len(ends), 97)
        whats = {row: str(closes[row + 1]) if row + 1 < len(ends) else "nothing" for row in rows}
        return [], [
            Settled("decision", datetime.fromtimestamp(int(ends[row]), IST), "D", what)
            for row, what in whats.items()
        ]

    assert found_in(bars, cuts_of(bars, 8), peeking) == []
    by_chance = leaks(bars, peeking, partial(cuts_of, bars, 8))
    assert sum(len(some) for _, some in by_chance) >= 3


def test_half_of_the_cuts_are_where_each_kind_was_just_settled(bars):
    moments = [datetime.fromtimestamp(int(start) + 60, IST) for start in bars[0].starts[100:900:7]]
    kinds = ("decision", "label", "fill")
    settled = [Settled(kinds[n % 3], moment, "", "") for n, moment in enumerate(moments)]
    chosen = cuts_of(bars, 12, settled)
    assert len(chosen) == 12
    of_kinds = [one.kind for one in settled if one.at in chosen]
    assert {kind: of_kinds.count(kind) for kind in kinds} == dict.fromkeys(kinds, 2)


def test_a_fill_is_settled_once_its_bar_has_closed_and_the_rest_of_its_order_is_gone(history, bars):
    told = settle(history)
    bought = [one for one in told(bars)[1] if one.name.endswith("bought")]
    assert found_in(bars, [bought[-1].at - timedelta(minutes=3)], told) == []


def test_the_command_finds_a_planted_look_ahead(monkeypatch, capsys, tmp_path):
    asked = ["lookahead", "--data", "synthetic:5", "--from", "2026-08-04", "--to", "2026-08-04"]
    asked += ["--symbols", "SBIN", "--cuts", "1", "--json"]
    assert main(asked) == 0
    clean = json.loads(capsys.readouterr().out)
    assert clean["leaks"] == 0
    assert clean["settled"]["decision"] > 0

    def centred(some):
        found = featured(some)
        for symbol in found:
            symbol.features[:-1, 0] = symbol.features[1:, 0]
        return found

    monkeypatch.setattr("patang.backtest.featured.featured", centred)
    assert main(asked) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["leaks"] > 0
    assert told["found"][0]["kind"] == "feature"
    assert settling.featured is featured
