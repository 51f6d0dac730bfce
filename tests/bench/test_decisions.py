"""The decisions of one cycle beside their budgets: 500 shares, and a chain of 200 strikes with both sides.

pytest tests/bench/test_decisions.py -s
"""

import random
from collections.abc import Callable
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from time import perf_counter, process_time

import pytest

from patang.features.vector import CANDLE_FEATURES, FEATURE_NAMES
from patang.market.candles import ClosedMinute
from patang.market.instruments import Universe
from patang.model.signal_model import load_models
from patang.settings import Settings
from patang.strategies.deciding import decide
from patang.strategies.market import Market, market_at
from patang.strategies.registry import strategies
from tests.unit.strategies.markets import (
    AS_OF,
    FALLING,
    RISING,
    candle,
    chain,
    index,
    index_quote,
    option_quote,
    share,
    share_quote,
)

SHARES, STRIKES = 500, 200
MODEL_BUDGET_MS, RULES_BUDGET_MS = 5, 20
SPOT, EXPIRY = 25_000.0, date(2026, 8, 25)
MODELS = Path(__file__).parents[2] / "model_artifacts"
SYMBOLS = [f"SHARE{number:03}" for number in range(SHARES)]


def settings() -> Settings:
    plain = Settings()
    universe = plain.universe.model_copy(update={"equities": tuple(SYMBOLS)})
    # Everything that asks for an entry is to reach the models and become a signal.
    return plain.model_copy(update={"universe": universe})


def vector(names: tuple[str, ...], features: dict[str, float]) -> tuple[float | None, ...]:
    return tuple(features.get(name) for name in names)


@cache
def minute(rising: float) -> tuple[ClosedMinute, Universe]:
    """A closed minute in which that part of the shares rises; the others fall."""
    rng = random.Random(7)
    contracts = chain("NIFTY", SPOT, EXPIRY, 10_000, each_side=STRIKES // 2)[: 2 * STRIKES]
    shares = [share(symbol, number + 1) for number, symbol in enumerate(SYMBOLS)]
    features = {
        symbol: (RISING if rng.random() < rising else FALLING)
        | {"atr_14": 1.5, "macd": 0.9, "macd_signal": 0.4, "rsi_14": rng.uniform(51, 69), "adx_14": 30.0}
        for symbol in SYMBOLS
    } | {"NIFTY": RISING}
    quotes = [option_quote(contract, SPOT, AS_OF) for contract in contracts]
    quotes += [share_quote(symbol, 1_500.0, AS_OF) for symbol in SYMBOLS]
    quotes.append(index_quote("NIFTY 50", SPOT, AS_OF))
    longer = {symbol: vector(CANDLE_FEATURES, named) for symbol, named in features.items()}
    closed = ClosedMinute(
        minute=AS_OF - timedelta(minutes=1),
        shard="shard-0",
        candles=(candle("NIFTY", SPOT), *(candle(symbol, 1_500.0) for symbol in SYMBOLS)),
        feature_names=FEATURE_NAMES,
        features={symbol: vector(FEATURE_NAMES, named) for symbol, named in features.items()},
        features_5m=longer,
        features_15m=longer,
        quotes=tuple(quotes),
    )
    return closed, Universe(day=AS_OF.date(), instruments=(index(), *shares, *contracts))


def seen(rising: float) -> Market:
    closed, universe = minute(rising)
    return market_at([closed], universe, AS_OF)


def tell(*lines: str) -> None:
    print("", *lines, sep="\n")


def took(work: Callable[[], object], times: int = 15) -> tuple[float, float]:
    """Milliseconds of the fastest: of the processor, and by the clock, which others make longer."""
    of_processor, by_clock = [], []
    for _ in range(times):
        began, began_by_clock = process_time(), perf_counter()
        work()
        of_processor.append(1000 * (process_time() - began))
        by_clock.append(1000 * (perf_counter() - began_by_clock))
    return min(of_processor), min(by_clock)


@pytest.mark.parametrize("rising", [0.1, 1.0])
def test_the_decisions_of_a_cycle(rising):
    desk, models = settings(), load_models(MODELS)
    market, all_of_them = seen(rising), strategies()
    found = [strategy.generate_signals(market, desk) for strategy in all_of_them]
    rows = {
        strategy.model: [candidate.inputs for candidate in findings.candidates]
        for strategy, findings in zip(all_of_them, found, strict=True)
    }
    candidates = sum(map(len, rows.values()))
    left = sum(len(findings.refused) for findings in found)
    assert candidates + left >= SHARES + 1
    assert len(rows["long_options"]) == 1

    # A market names the vectors it is asked for: made anew each time, as in a cycle.
    rules = took(lambda: [strategy.generate_signals(market, desk) for strategy in all_of_them])
    model = took(lambda: [models[name].predict(of_model) for name, of_model in rows.items()])
    signals = {name: of_model[:90] for name, of_model in rows.items()}
    parts = took(lambda: [models[name].explain(of_model) for name, of_model in signals.items()])
    whole = took(lambda: decide(market, all_of_them, lambda: models, desk, 90))

    lines = [f"{SHARES} shares of which {rising:.0%} rise, {2 * STRIKES} contracts: {candidates} candidates"]
    for what, (busy, by_clock), budget in (
        ("rules of all strategies", rules, RULES_BUDGET_MS),
        ("inference, one batch a model", model, MODEL_BUDGET_MS),
        ("contributions of the signals", parts, None),
        ("the whole decision", whole, None),
    ):
        beside = "" if budget is None else f"  budget {budget} ms, {busy / budget:.0%} of it"
        lines.append(f"  {what:<30} {busy:7.2f} ms ({by_clock:.2f} by the clock){beside}")
    tell(*lines)


def test_what_a_batch_saves():
    models = load_models(MODELS)
    market, desk = seen(1.0), settings()
    (equity,) = (strategy for strategy in strategies() if strategy.name == "equity")
    rows = [candidate.inputs for candidate in equity.generate_signals(market, desk).candidates]
    model = models["equity"]
    together, _ = took(lambda: model.predict(rows), 5)
    one_by_one, _ = took(lambda: [model.predict([row]) for row in rows], 3)
    tell(f"{len(rows)} rows: {together:.2f} ms together, {one_by_one:.2f} ms one by one")


def test_the_market_of_a_minute():
    closed, universe = minute(0.1)
    assembled, _ = took(lambda: market_at([closed], universe, AS_OF))
    text = closed.model_dump_json()
    read, _ = took(lambda: ClosedMinute.model_validate_json(text), 5)
    tell(f"minute of {len(text) / 1e6:.1f} MB: parsed in {read:.1f} ms, a market of it in {assembled:.2f} ms")
