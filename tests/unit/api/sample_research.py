"""Research of a desk in memory: a backtest and a training in its store, a model's card, two days compared."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from patang.backtest.figures import Group, Metrics
from patang.backtest.parity.told import DayParity, Side, SignalDifference, TradeParity, keep_told
from patang.backtest.summary import BacktestFigures, ReportSummary, TrainingFigures
from patang.execution.graduation import ParityReport
from patang.market.sessions import IST
from patang.model.card import GateTold, ModelCard
from patang.ports import ObjectStore
from patang.records import Record
from patang.training.gates.verdict import GateResult, Verdict

__all__ = ["records_of_research", "store_research"]

DAY = date(2026, 8, 18)
_HOSTILE = "<script>alert(1)</script>"
_MODEL = "equity-4c917cc00a"


def store_research(objects: ObjectStore) -> None:
    """Reports `backtest-august` and `train-equity`, and what the parity of two days has told."""
    _report(objects, "backtest-august", _backtest())
    training = TrainingFigures(
        strategy="equity",
        model_version=_MODEL,
        promoted=False,
        failed_gates=("brier_skill", "effective_size"),
    )
    _report(
        objects,
        "train-equity",
        ReportSummary(
            kind="training", source="recorded", first=date(2026, 3, 2), last=DAY, training=training
        ),
    )
    gates = (
        GateResult(
            name="brier_skill", passed=False, value=-0.004, comparison=">", threshold=0.0, told=_HOSTILE
        ),
        GateResult(
            name="deflated_sharpe", passed=True, value=0.97, comparison=">=", threshold=0.95, told="24 trials"
        ),
        GateResult(
            name="effective_size", passed=False, value=None, comparison=">=", threshold=100, told="no rows"
        ),
    )
    run = f'{{"version": 1, "evidence": {{}}, "verdict": {Verdict(gates=gates).model_dump_json()}}}'
    objects.put("reports/train-equity/run.json", run.encode())
    keep_told(objects, (_parity("main"), _parity("other")))


def records_of_research() -> tuple[Record, ...]:
    """A model's card, and the outcome of two days' comparison."""
    return (
        ParityReport(day=DAY - timedelta(days=1), compared=4, unexplained=0),
        ParityReport(day=DAY, compared=4, unexplained=1),
        ModelCard(
            strategy="equity",
            model_version=_MODEL,
            promoted=False,
            gates=(GateTold(name="brier_skill", passed=False, told=f"-0.004 {_HOSTILE}"),),
            words=("For demonstration only.", f"It learnt from {_HOSTILE}."),
            inputs=("rsi", "macd_atr"),
            labels={"square_off": "15:15:00", "slippage_pct": 0.03},
            data={"kind": "synthetic", "entries": 44082, "coverage": {"rsi": 0.98, _HOSTILE: [True, None]}},
            training={"rounds": 60, "seed": 7},
            metrics={"auc": 0.6091, "p_win_range": [0.2263, 0.6205], "nothing": None},
            libraries={"xgboost": "3.4.1"},
            first_seen=date(2026, 8, 3),
            last_seen=DAY,
        ),
    )


def _report(objects: ObjectStore, name: str, summary: ReportSummary) -> None:
    objects.put(f"reports/{name}/summary.json", summary.model_dump_json().encode())
    objects.put(f"reports/{name}/report.html", f"<h1>{name}</h1>".encode())


def _backtest() -> ReportSummary:
    whole = Group(
        trades=1184,
        hit_rate_pct=54.2,
        gross_pnl=61840.5,
        charges=24110.75,
        slippage=9120.0,
        net_pnl=37729.75,
        expectancy=31.87,
        profit_factor=1.31,
        average_hold_minutes=74.0,
    )
    none = Group(
        trades=1,
        hit_rate_pct=None,
        gross_pnl=-120.0,
        charges=40.0,
        slippage=0.0,
        net_pnl=-160.0,
        expectancy=None,
        profit_factor=None,
        average_hold_minutes=None,
    )
    metrics = Metrics(
        net_return_pct=12.58,
        growth_a_year_pct=None,
        sharpe=1.42,
        sortino=2.01,
        max_drawdown_pct=4.7,
        drawdown_sessions=19,
        all=whole,
        by_strategy={"equity": whole, "long_options": none},
        by_symbol={"RELIANCE": whole, _HOSTILE: none},
        by_reason={"STOP_LOSS": whole, "TIME": none},
        months={"2026-07": 8.1, "2026-08": -1.4},
        costs={"brokerage": 14000.0, "stt": 6000.25},
    )
    figures = BacktestFigures(
        sessions=104,
        bars=1950000,
        capital=300000.0,
        symbols=("RELIANCE", "NIFTY"),
        models={"equity": _MODEL},
        foreknown_sessions=12,
        modelled_share=0.25,
        refusals={"COOLDOWN": 40, "CONFIDENCE": 31000},
        skipped={date(2026, 5, 1): f"a holiday {_HOSTILE}"},
    )
    return ReportSummary(
        kind="backtest",
        source="candles of the desk",
        first=date(2026, 3, 2),
        last=DAY,
        backtest=figures,
        metrics=metrics,
    )


def _parity(account: str) -> DayParity:
    at = datetime(2026, 8, 18, 10, 21, tzinfo=IST)
    side = Side(
        quantity=20,
        entry_time=at.astimezone(UTC),
        entry_price=Decimal("1002.20"),
        exit_time=at + timedelta(minutes=30),
        exit_price=Decimal("988.10"),
        exit_reason="STOP_LOSS",
        charges=Decimal("41.42"),
        net_pnl=Decimal("-323.42"),
    )
    trades = (
        TradeParity(
            order_id=f"o-{account}-1",
            signal_id="s1",
            symbol="RELIANCE",
            outcome="FILLED",
            recorded=side,
            replayed=side.model_copy(update={"entry_price": Decimal("1002.40")}),
            differences=("entry_price 1002.20, replayed 1002.40",),
            cause="FILL",
        ),
        TradeParity(
            order_id=f"o-{account}-2",
            signal_id="",
            symbol=f"OF-{account}",
            outcome="NOT_PROPOSED",
            recorded=None,
            replayed=side.model_copy(update={"exit_time": None, "exit_price": None, "net_pnl": None}),
            differences=(f"the day has not proposed it {_HOSTILE}",),
            cause="UNEXPLAINED",
        ),
    )
    differs = SignalDifference(as_of=at, what="s2", field="confidence", recorded="0.81", replayed=None)
    return DayParity(
        day=DAY,
        account=account,
        cycles=310,
        not_replayed=2,
        signals=(differs,),
        trades=trades,
        carried=("NIFTY26AUG24500CE",),
    )
