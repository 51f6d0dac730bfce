"""How fast the fast path is, alone and beside vectorbt: `pytest tests/bench/test_backtest_fast.py -s`.

One rule for both: bought at the close of the bar in which EMA 12 crosses above EMA 26, sold 1 % below, 2 %
above, or at the close of the bar in which it crosses back. Processor time of one thread, so that what else
the machine does counts little; the two engines take turns, and their ratio is that of one run. Each has what
it charges: ours every component at the rates of the day, vectorbt its flat percentage.
"""

import subprocess
from datetime import date
from decimal import Decimal
from pathlib import Path
from statistics import median
from time import process_time

import numpy as np
import pytest

from patang.backtest.fast.simulate import Bars, Entries, FastTrades, Terms, affordable, simulate
from patang.features.indicator_history import candle_features
from patang.features.indicators import BarColumns
from patang.features.vector import CANDLE_FEATURES

ENGINES = Path(__file__).parent / "engines"
PYTHON = Path(__file__).parents[2] / ".bench" / "bin" / "python"

COUNT, SESSION = 1_000_000, 375
STOP, TARGET, SLIPPAGE, QUANTITY, ROUNDS = 0.01, 0.02, 0.0002, 50, 9
AT_LEAST = 20e6
TIMES_VECTORBT = 5


@pytest.fixture(scope="module")
def bars() -> Bars:
    """A share of a thousand rupees on a tick of five paise, over 2,667 sessions."""
    random = np.random.default_rng(5)
    steps = random.normal(0, 6e-4, COUNT).cumsum()
    close = np.round(1000 * np.exp(steps - np.linspace(0, steps[-1], COUNT)) * 20) / 20
    opened = np.concatenate((close[:1], close[:-1])) + 0.05 * random.integers(-3, 4, COUNT)
    high = np.maximum(opened, close) + 0.05 * random.integers(0, 9, COUNT)
    low = np.minimum(opened, close) - 0.05 * random.integers(0, 9, COUNT)
    session, minute = np.divmod(np.arange(COUNT), SESSION)
    days = (date(2017, 7, 3) - date(1970, 1, 1)).days + session
    starts = days * 86_400 + (9 * 60 + 15 - 330 + minute) * 60
    return Bars(starts, *(column.round(2) for column in (opened, high, low, close)), np.zeros(COUNT), days)


@pytest.fixture(scope="module")
def crosses(bars: Bars) -> tuple[np.ndarray, np.ndarray]:
    """Where EMA 12 crosses above EMA 26, and where below."""
    columns = (bars.open, bars.high, bars.low, bars.close, np.ones(len(bars)))
    table = candle_features(BarColumns(*(column[None] for column in columns)))[0]
    fast, slow = (table[:, CANDLE_FEATURES.index(name)] for name in ("ema_12", "ema_26"))
    above = fast > slow
    known = np.isfinite(slow)
    turned = np.concatenate(([False], known[1:] & known[:-1] & (above[1:] != above[:-1])))
    return turned & above, turned & ~above


def of_crosses(bars: Bars, up: np.ndarray, down: np.ndarray) -> Entries:
    decided, backs = np.flatnonzero(up), np.flatnonzero(down)
    decided = decided[decided < backs[-1]]
    paid = bars.close[decided]
    return Entries(
        decided,
        paid * (1 - STOP),
        paid * (1 + TARGET),
        np.full(len(decided), np.inf),
        bars.starts[backs[np.searchsorted(backs, decided)]] + 60,
        "SIGNAL_REVERSAL",
        np.full(len(decided), QUANTITY),
    )


def seconds(bars: Bars, wanted: Entries, terms: Terms) -> tuple[FastTrades, float]:
    simulate(bars, wanted, terms)
    taken = []
    for _ in range(ROUNDS):
        began = process_time()
        trades = simulate(bars, wanted, terms)
        taken.append(process_time() - began)
    return trades, median(taken)


def told(name: str, trades: FastTrades, taken: float) -> float:
    held = int((trades.left - trades.entered).sum())
    print(
        f"\n{name}: {len(trades):,} trades, {1e3 * taken:.1f} ms, {COUNT / taken / 1e6:.0f}M bars/s; "
        f"{held / COUNT:.0%} of the bars walked with a position, {held / taken / 1e6:.0f}M of these a second"
    )
    return held / taken


def test_bars_a_second(bars: Bars) -> None:
    """A position nearly all of the time, with stop, target, time, slippage and the charges of each day."""
    decided = np.arange(0, COUNT - 1, 5)
    paid = bars.close[decided]
    wanted = Entries(
        decided,
        paid * (1 - STOP),
        paid * (1 + TARGET),
        np.full(len(decided), np.inf),
        bars.starts[np.minimum(decided + 120, COUNT - 1)] + 60,
        "TIME",
        affordable(Decimal(50_000), paid, 1),
    )
    terms = Terms("equity-delivery", slippage_pct=Decimal("0.02"))
    trades, taken = seconds(bars, wanted, terms)
    assert (trades.charges > 0).all()
    assert told("stop, target, time, charges", trades, taken) >= AT_LEAST


@pytest.mark.skipif(not PYTHON.exists(), reason="the other engines are not here: make .bench/.ready")
def test_beside_vectorbt(bars: Bars, crosses: tuple[np.ndarray, np.ndarray], tmp_path: Path) -> None:
    up, down = crosses
    wanted = of_crosses(bars, up, down)
    terms = Terms(
        "equity-delivery", tick_size=Decimal("0.01"), slippage_pct=Decimal("0.02"), latency_minutes=None
    )
    trades, taken = seconds(bars, wanted, terms)
    told("EMA cross", trades, taken)
    source, result = tmp_path / "in.npz", tmp_path / "out.npz"
    columns = {name: getattr(bars, name) for name in ("open", "high", "low", "close")}
    given = np.array([STOP, TARGET, 0.001, SLIPPAGE, QUANTITY, ROUNDS])
    np.savez(source, **columns, entries=up, exits=down, terms=given)
    subprocess.run([PYTHON, ENGINES / "vectorbt_cross.py", source, result], check=True)
    other = dict(np.load(result))
    theirs = float(np.median(other["seconds"]))
    again = seconds(bars, wanted, terms)[1]
    closed = other["closed"]
    count = int(closed.sum())
    assert (trades.entered == other["entered"][closed]).all()
    assert (trades.left == other["left"][closed]).all()
    for ours, name in ((trades.bought, "bought"), (trades.sold, "sold")):
        # Theirs are no prices that can be asked for: ours are the paisa that is not better, of levels on the
        # paisa that is nearest.
        worse = (ours - other[name][closed]) * (1 if name == "bought" else -1)
        assert worse.min() > -0.0051
        assert worse.max() < 0.015
    ratio = theirs / max(taken, again)
    print(f"vectorbt: {1e3 * theirs:.0f} ms, {COUNT / theirs / 1e6:.1f}M bars/s; the same {count:,} trades")
    print(f"times as fast: {ratio:.1f}")
    assert ratio >= TIMES_VECTORBT
