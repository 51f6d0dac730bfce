"""Two ways to spare time that must change nothing: models asked ahead, minutes without room passed over."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest

from patang.backtest.account import Account
from patang.backtest.candidates import found_by_rules
from patang.backtest.engine import backtest
from patang.backtest.fills import FillTerms
from patang.backtest.history import History
from patang.backtest.history_tape import HistoryTape
from patang.backtest.minutes import Look
from patang.backtest.trade import BacktestResult
from patang.model.prediction import Prediction
from patang.settings import Settings
from patang.strategies.registry import strategy_named
from patang_workbench.research.synthetic import edge_history

EQUITY = strategy_named("equity")


class Choosy:
    """Likes some rows better than others; remembers how many it was asked about at a time."""

    version, promoted = "choosy", True

    def __init__(self) -> None:
        self.asked: list[int] = []

    def predict(self, rows: Sequence[Mapping[str, float]]) -> list[Prediction]:
        self.asked.append(len(rows))
        return [Prediction(0.5 + (row["rsi"] % 1) / 2, row["adx"]) for row in rows]

    def explain(self, rows: Sequence[Mapping[str, float]]) -> list[Any]:
        raise AssertionError("a backtest explains nothing")


class Blind(HistoryTape):
    """Foresees nothing."""

    def looks(self, strategies: Any, settings: Settings) -> Iterator[Look]:
        return (look._replace(ahead=None) for look in super().looks(strategies, settings))


@pytest.fixture(scope="module")
def history() -> History:
    return edge_history(3, 1.0, ("SBIN", "INFY", "TCS"), days=4)


def chosen(positions: int = 2) -> Settings:
    return Settings.model_validate(
        {
            "universe": {"equities": ["SBIN", "INFY", "TCS"], "indices": []},
            "equity": {"capital_share_pct": 100, "min_adx": 0, "min_frames": 1, "max_hold_minutes": 20},
            "risk": {
                "max_concurrent_positions": positions,
                "min_confidence": 0.7,
                "min_expected_net_profit_inr": 0,
                "symbol_cooldown_minutes": 0,
                "stop_loss_guard_stops": 50,
            },
        }
    )


def run(tape: HistoryTape, settings: Settings, model: Choosy | None = None) -> BacktestResult:
    answers = {"equity": model or Choosy()}
    return backtest(tape, lambda: answers, [EQUITY], settings, fills=FillTerms(1, 1e9))


def test_what_the_rules_find_was_foreseen_to_the_last_bit(history: History) -> None:
    tape, settings = HistoryTape(history), chosen()
    ahead = {look.as_of: look.ahead for look in tape.looks([EQUITY], settings)}
    found = [(f.as_of, wish.inputs) for f in found_by_rules(tape, [EQUITY], settings) for _, wish in f.wanted]
    foreseen = {part: [dict(row) for row in part()["equity"]] for part in set(ahead.values()) if part}
    assert len(found) > 100
    for as_of, inputs in found:
        part = ahead[as_of]
        assert part is not None
        assert inputs in foreseen[part]


def test_models_asked_ahead_change_no_trade(history: History) -> None:
    together, one_by_one = Choosy(), Choosy()
    seen = run(HistoryTape(history), chosen(), together)
    blind = run(Blind(history), chosen(), one_by_one)
    assert len(seen.trades) >= 20
    assert seen == blind
    # Nothing that was wanted had to be asked for a second time.
    assert len(together.asked) < len(one_by_one.asked) / 5


@pytest.mark.parametrize("positions", [1, 2, 3])
def test_minutes_without_room_passed_over_change_no_trade(
    history: History, positions: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = chosen(positions)
    passed_over = run(HistoryTape(history), settings)
    monkeypatch.setattr(Account, "has_no_room", lambda *_: False)
    every_minute = run(HistoryTape(history), settings)
    assert len(passed_over.trades) >= 20
    assert passed_over.trades == every_minute.trades
    assert passed_over.days == every_minute.days
    # And it did pass over something: what nobody looks at refuses nothing.
    assert sum(passed_over.refusals.values()) < sum(every_minute.refusals.values())
