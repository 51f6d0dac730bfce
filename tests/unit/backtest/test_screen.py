"""The screen spares the rules only what holds nothing: with it and without it the same is found."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from patang.backtest.candidates import found_by_rules
from patang.backtest.history import History, SymbolHistory
from patang.backtest.history_tape import HistoryTape
from patang.backtest.premiums.modelled import ModelledPremiums
from patang.backtest.screen import screen_of
from patang.features.vector import CANDLE_FEATURES
from patang.settings import Settings
from patang.strategies.deciding import Found
from patang.strategies.playbook.equity import Equity
from patang.strategies.registry import strategies, strategy_named
from patang_workbench.research.synthetic import edge_history

SHARES = ("SBIN", "INFY")
CHOICES: list[dict[str, Any]] = [
    {},
    {"setups": ["momentum"], "min_adx": 0.0, "min_frames": 1, "max_rsi": 100.0},
    {"setups": ["mean_reversion"], "min_stretch": 1.0, "max_reversion_adx": 60.0},
    {
        "setups": ["mean_reversion", "momentum"],
        "min_frames": 3,
        "first_entry": "09:37",
        "last_entry": "14:59",
        "exit_by": "15:04",
    },
]


@pytest.fixture(scope="module")
def history() -> History:
    """Two shares and an index whose features are of bars, and then of nothing but chance: values that no
    market makes, equal ones and unknown ones, so that no rule of thumb about markets helps the screen."""
    return replace(
        made := edge_history(5, 1.0, (*SHARES, "NIFTY"), days=1),
        symbols=[shaken(bars, n) for n, bars in enumerate(made.symbols)],
    )


def shaken(bars: SymbolHistory, seed: int) -> SymbolHistory:
    random = np.random.default_rng(seed)
    changed = {}
    for name in ("features", "features_5m", "features_15m"):
        table = getattr(bars, name).copy()
        rows = random.random(table.shape) < 0.3
        table[rows] = random.choice([np.nan, 0.0, -1.0, 20.0, 30.0, 50.0, 70.0, np.inf], rows.sum())
        slow, fast = CANDLE_FEATURES.index("ema_26"), CANDLE_FEATURES.index("ema_12")
        table[::7, fast] = table[::7, slow]
        changed[name] = table
    return replace(bars, **changed)


def chosen(**rules: Any) -> Settings:
    return Settings.model_validate(
        {
            "universe": {"equities": list(SHARES), "indices": ["NIFTY"]},
            "equity": {"max_atr_pct": 10.0, **rules},
            "options": {"underlyings": ["NIFTY"], "enter_on_expiry_day": True, **rules},
        }
    )


def wanted(found: list[Found]) -> list[tuple[Any, str, str]]:
    """Candidates as they are told: of what is not known no value equals itself."""
    return [(minute.as_of, strategy.name, repr(wish)) for minute in found for strategy, wish in minute.wanted]


@pytest.mark.parametrize("rules", CHOICES)
def test_no_candidate_is_lost(history: History, rules: dict[str, Any]) -> None:
    settings = chosen(**rules)
    # The chain is the slow part, and the screen knows nothing of it: some minutes of it are enough.
    hours = {"first_entry": "11:30", "last_entry": "11:40", "exit_by": "15:04"}
    settings = settings.model_copy(update={"options": settings.options.model_copy(update=hours)})
    premiums = ModelledPremiums(history, settings)
    both = [
        list(found_by_rules(HistoryTape(history, premiums, screened=on), strategies(), settings))
        for on in (True, False)
    ]
    assert len(both[0]) < len(both[1])
    assert wanted(both[0]) == wanted(both[1])
    assert wanted(both[0])


def test_the_screen_passes_little_more_than_the_rules(history: History) -> None:
    """On bars of a market nearly all that passes is a candidate: the live rules look at little in vain."""
    market = edge_history(6, 0.5, SHARES, days=2)
    settings, equity = chosen(), strategy_named("equity")
    screen = screen_of(equity)
    assert screen is not None
    passed = sum(int(screen(bars, settings).sum()) for bars in market.symbols)
    found = len(wanted(list(found_by_rules(HistoryTape(market), [equity], settings))))
    assert 0.9 * passed <= found <= passed


def test_a_strategy_that_only_looks_like_one_is_asked_about_everything(history: History) -> None:
    class Braver(Equity):
        """Its rules are its own."""

    assert screen_of(Braver()) is None
    looks = list(HistoryTape(history).looks([Braver()], chosen()))
    assert len(looks) == len(HistoryTape(history).closes)


def test_only_the_minutes_of_a_cycle_are_asked_about(history: History) -> None:
    settings = chosen(min_frames=1, min_adx=0.0).model_copy(update={"cycle_interval_seconds": 300})
    found = list(found_by_rules(HistoryTape(history), [strategy_named("equity")], settings))
    assert found
    assert {minute.as_of.minute % 5 for minute in found} == {0}


def test_a_market_knows_nothing_that_comes_later(history: History) -> None:
    moment = found_moment(history)
    settings, equity = chosen(), [strategy_named("equity")]
    whole = list(found_by_rules(HistoryTape(history), equity, settings))
    cut = list(found_by_rules(HistoryTape(history.until(moment)), equity, settings))
    assert wanted(cut)
    assert wanted(cut) == [wish for wish in wanted(whole) if wish[0] <= moment]


def found_moment(history: History) -> Any:
    found = list(found_by_rules(HistoryTape(history), [strategy_named("equity")], chosen()))
    return found[len(found) // 2].as_of + timedelta(minutes=1)


def test_the_book_of_a_share_is_a_tick_away_on_both_sides() -> None:
    market = edge_history(6, 0.5, ("SBIN",), days=1)
    (bars,) = market.symbols
    settings = chosen(min_frames=1, min_adx=0.0)
    found = list(found_by_rules(HistoryTape(market), [strategy_named("equity")], settings))
    tick = bars.instrument.tick_size
    for minute in found[:20]:
        for _, wish in minute.wanted:
            row = int(np.searchsorted(bars.starts + 60, int(minute.as_of.timestamp())))
            last = Decimal(repr(float(bars.close[row])))
            assert wish.bid < last < wish.ask
            assert wish.ask % tick == wish.bid % tick == 0
            assert wish.ask - last <= 2 * tick
