"""A third strategy is one file in the playbook: what the documentation shows is what trades here."""

import sys
from datetime import timedelta
from pathlib import Path

import pytest

from patang.errors import BadInput, StopTrading
from patang.features.vector import FEATURE_NAMES
from patang.market.candles import ClosedMinute
from patang.settings import Settings
from patang.strategies import playbook
from patang.strategies.registry import strategies, strategy_named, strategy_names
from patang.strategies.signal import Signal
from tests.unit.risk.samples import equity_signal
from tests.unit.strategies.markets import AS_OF, RISING, share_market
from tests.unit.strategies.test_signal_service import Desk, SureModel

ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "tests/examples/playbook"
OURS = ("equity", "long_options")


@pytest.fixture
def with_the_example(monkeypatch):
    """A playbook that has one more file."""
    put(monkeypatch, EXAMPLES, "opening_range")


def put(monkeypatch, folder, name):
    monkeypatch.setattr(playbook, "__path__", [*playbook.__path__, str(folder)])
    module = f"{playbook.__name__}.{name}"
    # Undone at the end: the next test reads the playbook anew.
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.delitem(sys.modules, module)
    monkeypatch.setattr(playbook, name, None, raising=False)


class CountingModel(SureModel):
    """Remembers how many rows each question had."""

    def __init__(self):
        super().__init__(0.9, 2.0)
        self.batches = []

    def predict(self, rows):
        self.batches.append(len(rows))
        return super().predict(rows)


class OneMinute:
    """A desk's session of one minute, in which a share rises out of its range."""

    def __init__(self):
        market = share_market(RISING | {"z_score_20": 2.5, "atr_14": 2.0})
        self.universe = market.universe
        vector = tuple(market.features["INFY"].get(name) for name in FEATURE_NAMES)
        longer = vector[:12]
        self.closed = ClosedMinute(
            minute=AS_OF - timedelta(minutes=1),
            shard="shard-0",
            candles=tuple(market.candles.values()),
            feature_names=FEATURE_NAMES,
            features={"INFY": vector},
            features_5m={"INFY": longer},
            features_15m={"INFY": longer},
            quotes=tuple(market.quotes.values()),
        )


def decided(model) -> list[Signal]:
    minute = OneMinute()
    settings = Settings.model_validate({"universe": {"equities": ("INFY",)}})
    desk = Desk(minute, {"equity": model}, settings)
    desk.close(minute.closed)
    desk.run(AS_OF)
    return desk.stored(AS_OF)


def test_one_file_more_is_one_strategy_more(with_the_example):
    assert strategy_names() == (*OURS, "opening_range")
    assert [strategy.name for strategy in strategies()] == [*OURS, "opening_range"]
    assert equity_signal(strategy="opening_range").strategy == "opening_range"


def test_without_the_file_there_is_no_such_strategy():
    assert strategy_names() == OURS
    with pytest.raises(BadInput, match="no strategy 'opening_range': the playbook has equity, long_options"):
        strategy_named("opening_range")


def test_its_signals_are_decided_beside_the_others_with_one_question_to_the_model(with_the_example):
    model = CountingModel()
    signals = decided(model)
    assert sorted(signal.strategy for signal in signals) == ["equity", "opening_range"]
    assert len({signal.signal_id for signal in signals}) == 2
    assert model.batches == [2]
    (third,) = (signal for signal in signals if signal.strategy == "opening_range")
    assert (third.refused, third.confidence, third.product) == ((), 0.9, "MIS")
    assert "z_score_20 2.5 > 2" in third.audit_trail


def test_it_says_no_with_its_numbers(with_the_example):
    found = strategy_named("opening_range").generate_signals(share_market(RISING), Settings())
    assert "INFY: INSIDE_THE_RANGE (z_score_20 1.2 not > 2)" in map(str, found.refused)


@pytest.mark.parametrize(
    "text", ["", "class Other:\n    name = 'other'\n\nstrategy = Other()\n"], ids=["nothing", "another name"]
)
def test_a_file_that_does_not_define_its_strategy_stops_trading(monkeypatch, tmp_path, text):
    (tmp_path / "broken.py").write_text(text)
    put(monkeypatch, tmp_path, "broken")
    with pytest.raises(StopTrading, match=r"broken\.py must define `strategy`"):
        strategies()


def test_the_documentation_shows_the_file_that_is_tested():
    page = (ROOT / "docs/concepts/strategies.md").read_text()
    assert (EXAMPLES / "opening_range.py").read_text() in page
