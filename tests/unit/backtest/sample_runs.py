"""Runs that never happened, drawn from a seed: enough of everything that a report shows."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np

from patang.backtest.history import History, SymbolHistory
from patang.backtest.trade import BacktestResult, DayResult, Trade
from patang.market.instruments import Instrument
from patang.market.sessions import IST
from patang.risk.charges import Segment, round_trip_charges
from patang.settings import Settings
from patang.training.evidence import Evidence, Outcomes, RandomEntries, Reliability, Trial, WindowMetrics
from patang.training.gates.verdict import GateResult, Verdict
from patang.training.run import TrainingRun

__all__ = ["HOSTILE", "backtest_run", "bars_of", "evidence_of", "training_run"]

# What a report would run, load or be broken by if a text were taken for markup.
HOSTILE = "</title><script>alert(1)</script><img src=//x.example onerror=alert(2)>\"'&<svg/onload=alert(3)>"

_MINUTES = 375


def bars_of(symbol: str, days: int, seed: int, price: float = 1000.0) -> SymbolHistory:
    """A share's minutes over weekdays from 2024-01-01, a random walk."""
    draw = np.random.default_rng(seed)
    sessions = weekdays(days)
    opens = [datetime(day.year, day.month, day.day, 9, 15, tzinfo=IST).timestamp() for day in sessions]
    starts = (np.asarray(opens, np.int64)[:, None] + 60 * np.arange(_MINUTES)).ravel()
    close = price * np.exp(np.cumsum(draw.normal(0, 0.0006, len(starts))))
    open_ = np.concatenate(([price], close[:-1]))
    reach = price * np.abs(draw.normal(0, 0.0003, len(starts)))
    instrument = Instrument(
        instrument_token=seed + 1,
        exchange="NSE",
        tradingsymbol=symbol,
        name=symbol,
        instrument_type="EQ",
        segment="NSE",
        tick_size=Decimal("0.05"),
        lot_size=1,
    )
    nothing = np.full((len(starts), 0), np.nan)
    high, low = np.maximum(open_, close) + reach, np.minimum(open_, close) - reach
    volume = np.full(len(starts), 1000.0)
    return SymbolHistory(instrument, starts, open_, high, low, close, volume, nothing, nothing, nothing)


def weekdays(count: int) -> list[date]:
    """So many days from 2024-01-01, weekends left out."""
    found = (date(2024, 1, 1) + timedelta(days=n) for n in range(2 * count + 7))
    return [day for day in found if day.weekday() < 5][:count]


def backtest_run(
    days: int = 60, seed: int = 3, name: str = "NIFTY24JAN21500CE"
) -> tuple[BacktestResult, History]:
    """A share bought in the mornings and, on Fridays, an option called `name` with modelled prices."""
    draw = np.random.default_rng(seed)
    share, index = bars_of("RELIANCE", days, seed, 2500.0), bars_of("NIFTY", days, seed + 1, 21500.0)
    trades = []
    for n, day in enumerate(weekdays(days)):
        at, hold = n * _MINUTES + int(draw.integers(20, 120)), int(draw.integers(15, 120))
        trades.append(_share_trade(share, at, at + hold, n, float(draw.uniform(0.45, 0.75))))
        if day.weekday() == 4:
            trades.append(_option_trade(index, at + 30, at + 30 + hold, n, name, float(draw.normal(2, 12))))
    equity, results = Decimal(300_000), []
    for day in weekdays(days):
        today = sum((t.net_pnl for t in trades if t.exited_at.date() == day), Decimal(0))
        equity += today
        results.append(DayResult(day=day, equity=equity, realised=today, open_positions=0))
    result = BacktestResult(
        source="drawn for a test",
        first=results[0].day,
        last=results[-1].day,
        seed=seed,
        settings=Settings(),
        models={"equity": "equity-19ace5ae68"},
        capital=Decimal(300_000),
        bars=2 * days * _MINUTES,
        cycles=days * 300,
        trades=tuple(trades),
        days=tuple(results),
        refusals={"MODEL_REFUSED": 912, "MAX_CONCURRENT_REACHED": 40, "CHARGES_EXCEED_EDGE": 3},
        skipped={date(2024, 1, 20): "a Saturday session of two hours"},
    )
    return result, History("drawn for a test", [share, index], result.skipped)


def _share_trade(bars: SymbolHistory, at: int, out: int, n: int, p_win: float) -> Trade:
    entry, exit_, moments = _price(bars.close[at]), _price(bars.close[out]), _moments(bars, at, out)
    return Trade(
        **moments,
        trade_id=f"e{n:04}",
        strategy="equity",
        signal_type="BUY",
        exchange="NSE",
        symbol="RELIANCE",
        underlying="RELIANCE",
        product="MIS",
        quantity=12,
        entry_price=entry,
        exit_price=exit_,
        stop_loss_price=_price(entry * Decimal("0.99")),
        target_price=_price(entry * Decimal("1.015")),
        exit_reason="TIME",
        charges=_charges("equity-intraday", "NSE", entry, exit_, 12, moments["entered_at"]),
        slippage=Decimal("6.10"),
        p_win=p_win,
        expected_return_pct=0.4,
        expected_net_profit=Decimal("155.5"),
        prices="recorded",
    )


def _option_trade(bars: SymbolHistory, at: int, out: int, n: int, name: str, moved_pct: float) -> Trade:
    entry, moments = Decimal("113.50"), _moments(bars, at, out)
    exit_ = _price(float(entry) * (1 + moved_pct / 100))
    return Trade(
        **moments,
        trade_id=f"o{n:04}",
        strategy="long_options",
        signal_type="CALL",
        exchange="NFO",
        symbol=name,
        underlying="NIFTY",
        product="MIS",
        quantity=50,
        entry_price=entry,
        exit_price=exit_,
        stop_loss_price=Decimal("68.10"),
        target_price=Decimal("170.25"),
        exit_reason="TIME",
        charges=_charges("options", "NFO", entry, exit_, 50, moments["entered_at"]),
        slippage=Decimal("22.50"),
        p_win=0.61,
        expected_return_pct=6.0,
        expected_net_profit=Decimal("210"),
        prices="modelled",
    )


def _charges(
    segment: Segment, exchange: str, entry: Decimal, exit_: Decimal, quantity: int, at: datetime
) -> Decimal:
    return round_trip_charges(segment, exchange, entry, exit_, quantity, at.date()).total


def _moments(bars: SymbolHistory, at: int, out: int) -> dict[str, Any]:
    decided, entered, exited = (
        datetime.fromtimestamp(int(bars.starts[row]), IST) for row in (at - 1, at, out)
    )
    return {"decided_at": decided, "entered_at": entered, "exited_at": exited, "bars_held": out - at}


def _price(value: float | Decimal) -> Decimal:
    return (Decimal(str(value)) / Decimal("0.05")).quantize(Decimal(1)) * Decimal("0.05")


def training_run(seed: int = 5, passed: bool = False, version: str = "equity-0123456789") -> TrainingRun:
    """A training whose gates all hold, or of which two say no."""
    gates = (
        _gate("deflated_sharpe", True, 0.97, ">=", 0.95, "of 24 trials, over 180 days with an entry"),
        _gate("brier_skill", passed, 0.012 if passed else -0.004, ">", 0.0, "against the base rate of 0.44"),
        _gate("effective_size", passed, 240.0 if passed else None, ">=", 100, "no rows were left to count"),
    )
    return TrainingRun(evidence=evidence_of(seed, version), verdict=Verdict(gates=gates))


def _gate(
    name: str, passed: bool, value: float | None, comparison: str, threshold: float, told: str
) -> GateResult:
    return GateResult(
        name=name, passed=passed, value=value, comparison=comparison, threshold=threshold, told=told
    )


def evidence_of(seed: int, version: str) -> Evidence:
    """Outcomes whose probabilities were kept, roughly, over forty weeks and a final month."""
    draw = np.random.default_rng(seed)
    seen, final = _outcomes(draw, weekdays(200), 6), _outcomes(draw, weekdays(222)[200:], 6)
    trials = tuple(
        Trial(
            number=n,
            parameters={"max_depth": float(2 + n % 4), "eta": 0.05},
            score=float(draw.normal(0.2, 0.1)),
            day_returns=tuple(draw.normal(0, 0.3, 20).tolist()),
        )
        for n in range(24)
    )
    inputs = [f"{name}_{frame}" for name in ("rsi_14", "adx_14", "ema_12") for frame in ("1m", "5m", "15m")]
    return Evidence(
        strategy="equity",
        model_version=version,
        seed=seed,
        data={"source": "drawn for a test", "rows": 1332, "symbols": {"RELIANCE": 666, "INFY": 666}},
        parameters={"max_depth": 3.0, "eta": 0.05},
        windows=tuple(
            _window(f"window {n + 1}", weekdays(200)[40 * n : 40 * n + 40], draw) for n in range(5)
        ),
        combinations=tuple(draw.normal(0.4, 0.8, 15).tolist()),
        final=_window("final", weekdays(222)[200:], draw),
        reliability=_reliability(seen),
        importance={name: float(draw.uniform(1, 9)) for name in inputs},
        contributions={name: float(draw.uniform(0, 0.2)) for name in inputs},
        trials=trials,
        outcomes=seen,
        final_outcomes=final,
        random_entries=RandomEntries(means=tuple(draw.normal(-0.03, 0.03, 1000).tolist()), pool=5120),
    )


def _outcomes(draw: np.random.Generator, days: list[date], each: int) -> Outcomes:
    rows = len(days) * each
    entered = [datetime(d.year, d.month, d.day, 10, 5 * n, tzinfo=IST) for d in days for n in range(each)]
    p_win = draw.uniform(0.3, 0.7, rows)
    gross = np.where(draw.random(rows) < p_win, 0.6, -0.45) + draw.normal(0, 0.05, rows)
    slippage = np.full(rows, 0.04)
    return Outcomes(
        entered=tuple(entered),
        left=tuple(moment + timedelta(minutes=40) for moment in entered),
        p_win=tuple(p_win.tolist()),
        expected_return_pct=tuple((1.05 * p_win - 0.45).tolist()),
        gross_pct=tuple(gross.tolist()),
        net_pct=tuple((gross - slippage - 0.07).tolist()),
        slippage_pct=tuple(slippage.tolist()),
        weight=tuple(draw.uniform(0.3, 1, rows).tolist()),
        taken=tuple((p_win > 0.55).tolist()),
        modelled=(False,) * rows,
    )


def _reliability(outcomes: Outcomes) -> Reliability:
    p, won = np.asarray(outcomes.p_win), np.asarray(outcomes.net_pct) > 0
    parts = np.array_split(np.argsort(p), 10)
    return Reliability(
        predicted=tuple(float(p[part].mean()) for part in parts),
        observed=tuple(float(won[part].mean()) for part in parts),
        count=tuple(len(part) for part in parts),
    )


def _window(name: str, days: list[date], draw: np.random.Generator) -> WindowMetrics:
    return WindowMetrics(
        name=name,
        first=days[0],
        last=days[-1],
        rows=6 * len(days),
        effective_rows=3.9 * len(days),
        base_rate=0.44,
        won=0.46,
        accuracy=0.58,
        f1=0.51,
        auc=float("nan") if name == "window 1" else 0.56,
        brier=0.24,
        brier_skill=float(draw.normal(0.004, 0.01)),
        calibration_error=0.03,
        return_r2=float(draw.normal(0, 0.01)),
    )
