"""Data sets built from a history: whole, honest about what is not there, and blind to the future."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from patang.backtest.candidates import found_by_rules
from patang.backtest.history import History
from patang.backtest.history_tape import HistoryTape
from patang.backtest.premiums.modelled import ModelledPremiums
from patang.errors import BadInput
from patang.market.sessions import IST
from patang.model.inputs import EQUITY_INPUTS
from patang.settings import EquitySettings, OptionSettings, Settings, UniverseSettings
from patang.strategies.registry import strategy_named
from patang.training.building import build_dataset
from patang.training.card import content_hash
from patang.training.dataset import DATASET_COLUMNS
from patang_workbench.research.synthetic import noise_history

SHARES = ("RELIANCE", "INFY")
SETTINGS = Settings(
    cycle_interval_seconds=300,
    universe=UniverseSettings(equities=SHARES),
    equity=EquitySettings(max_hold_minutes=60),
)


@pytest.fixture(scope="module")
def history():
    return noise_history(3, symbols=("NIFTY", *SHARES), days=4)


@pytest.fixture(scope="module")
def built(history):
    return build_dataset(HistoryTape(history), "equity", SETTINGS, findings={"gap": 2})


def test_every_candidate_of_the_live_rules_has_a_row_or_a_reason(history, built):
    data, card = built
    found = found_by_rules(HistoryTape(history), [strategy_named("equity")], SETTINGS)
    wanted = {
        (int(minute.as_of.timestamp()), wish.instrument.symbol): wish
        for minute in found
        for _, wish in minute.wanted
    }
    assert len(data) + sum(card.left_out.values()) == len(wanted)
    for row in range(len(data)):
        wish = wanted[int(data.entered[row]), str(data.symbol[row])]
        assert data.inputs[row].tolist() == [wish.inputs[name] for name in EQUITY_INPUTS]


def test_rows_hold_together(built):
    data, _ = built
    assert len(data) > 50
    assert set(data.symbol.tolist()) == set(SHARES)
    assert (data.net_pct < data.gross_pct).all()
    assert ((data.left > data.entered) & (data.left - data.entered <= 3_720)).all()
    assert np.isfinite(data.inputs).all()
    assert ((data.weight > 0) & (data.weight <= 1)).all()
    assert (np.sign(data.net_pnl) == np.sign(data.net_pct)).all()
    assert not data.modelled.any()
    # Bought every five minutes while it lasts an hour: most share their time.
    assert data.effective_rows < len(data) / 2


def test_the_card_says_what_there_is(history, built):
    data, card = built
    assert (card.source, card.rows, card.findings) == (history.source, len(data), {"gap": 2})
    assert sum(card.exits.values()) == len(data)
    assert card.labels["cycle_interval_seconds"] == 300
    assert card.labels["max_hold_minutes"] == 60
    assert card.sha256 == content_hash(data)


def test_it_is_the_same_again(history, built):
    assert build_dataset(HistoryTape(history), "equity", SETTINGS)[1].sha256 == built[1].sha256


@pytest.mark.parametrize("of_row", [10, 40, -8])
def test_cutting_off_the_future_changes_no_row_that_was_complete(history, built, of_row):
    data, _ = built
    # The very end of a holding period, and a moment in the middle of another's.
    moment = datetime.fromtimestamp(int(data.left[of_row]), UTC).astimezone(IST)
    cut, card = build_dataset(HistoryTape(history.until(moment)), "equity", SETTINGS)
    complete = data.rows(data.left <= moment.timestamp())
    assert 0 < len(complete) < len(data)
    for name in DATASET_COLUMNS:
        assert np.array_equal(getattr(cut, name), getattr(complete, name)), name
    # Ordered two minutes before, at the latest.
    held = (data.entered <= moment.timestamp() - 120) & (data.left > moment.timestamp())
    assert card.left_out.get("HELD_PAST_THE_DATA", 0) >= held.sum()


def test_another_future_changes_no_row_that_was_complete(history, built):
    """The truncation, and prices after it that are none of the market's."""
    data, _ = built
    moment = int(data.left[len(data) // 2])
    wild = []
    for bars in history.symbols:
        after = bars.starts >= moment
        changed = bars.rows(np.ones(len(bars), np.bool_))
        for name in ("open", "high", "low", "close"):
            getattr(changed, name)[after] *= 1.5
        wild.append(changed)
    other, _ = build_dataset(HistoryTape(History("wild", wild, {})), "equity", SETTINGS)
    before, after = data.rows(data.left <= moment), other.rows(other.left <= moment)
    assert content_hash(before) == content_hash(after)


def test_a_missing_day_costs_the_rows_that_reach_into_it_and_no_other(history, built):
    data, _ = built
    days = history.sessions
    kept = [bars.rows(bars.days != (days[-1] - date(1970, 1, 1)).days) for bars in history.symbols]
    short, card = build_dataset(HistoryTape(History("short", kept, {days[-1]: "lost"})), "equity", SETTINGS)
    last = datetime.combine(days[-1], datetime.min.time(), IST) - timedelta(hours=1)
    assert content_hash(short) == content_hash(data.rows(data.left < last.timestamp()))
    assert card.skipped == {days[-1]: "lost"}


def test_options_are_followed_on_premiums_and_know_no_future_either():
    history = noise_history(5, symbols=("NIFTY",), days=2)
    settings = Settings(cycle_interval_seconds=300, options=OptionSettings(max_hold_minutes=60))

    def of(some):
        return build_dataset(HistoryTape(some, ModelledPremiums(some, settings)), "long_options", settings)

    data, card = of(history)
    assert len(data) > 5
    assert data.modelled.all()
    assert (card.modelled_share, set(data.symbol.tolist())) == (1.0, {"NIFTY"})
    assert np.isfinite(data.inputs).all()
    moment = datetime.fromtimestamp(int(data.left[len(data) // 2]), UTC).astimezone(IST)
    cut, _ = of(history.until(moment))
    assert content_hash(cut) == content_hash(data.rows(data.left <= moment.timestamp()))


def test_no_bars_are_refused():
    with pytest.raises(BadInput, match="no bars"):
        build_dataset(HistoryTape(History("nothing", (), {})), "equity", SETTINGS)


def test_each_day_is_told(history):
    days = []
    build_dataset(HistoryTape(history), "equity", SETTINGS, on_day=days.append)
    assert days == sorted(set(days))
    assert set(days) <= set(history.sessions)
