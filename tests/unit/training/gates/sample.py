"""An evidence to spoil: of a model with an edge in its trades, on as many days as are asked for."""

from datetime import datetime, timedelta

import numpy as np

from patang.market.sessions import IST
from patang.training.evidence import Evidence, Outcomes, RandomEntries, Reliability, Trial, WindowMetrics

__all__ = ["OPENING", "evidence", "metrics", "outcomes"]

OPENING = datetime(2026, 3, 2, 10, tzinfo=IST)


def outcomes(days: int, mean_net: float, *, first_day: int = 0, a_day: int = 4, seed: int = 1) -> Outcomes:
    """`a_day` independent trades, half an hour apart, whose net returns lie around `mean_net` percent, and of
    which as many win as p_win says."""
    rng = np.random.default_rng(seed)
    rows = days * a_day
    entered = [
        OPENING + timedelta(days=first_day + row // a_day, minutes=30 * (row % a_day)) for row in range(rows)
    ]
    net = rng.normal(mean_net, 0.5, rows)
    wins = float((net > 0).mean())
    return Outcomes(
        entered=tuple(entered),
        left=tuple(moment + timedelta(minutes=20) for moment in entered),
        p_win=(wins,) * rows,
        expected_return_pct=(mean_net,) * rows,
        gross_pct=tuple((net + 0.06).tolist()),
        net_pct=tuple(net.tolist()),
        slippage_pct=(0.04,) * rows,
        weight=(1.0,) * rows,
        taken=(True,) * rows,
        modelled=(False,) * rows,
    )


def metrics(skill: float = 0.03) -> WindowMetrics:
    return WindowMetrics(
        name="a window",
        first=OPENING.date(),
        last=OPENING.date() + timedelta(days=30),
        rows=240,
        effective_rows=240,
        base_rate=0.4,
        won=0.42,
        accuracy=0.6,
        f1=0.6,
        auc=0.6,
        brier=0.23,
        brier_skill=skill,
        calibration_error=0.03,
        return_r2=0.02,
    )


def evidence(days: int = 60, mean_net: float = 0.25) -> Evidence:
    """Trials of which one is steadily better than the other, and random entries that lose their costs."""
    rng = np.random.default_rng(3)
    noise = rng.normal(0, 1, (2, days))
    return Evidence(
        strategy="equity",
        model_version="equity-test",
        seed=7,
        data={},
        parameters={"rounds": 60},
        windows=(metrics(),),
        combinations=(1.0, 2.0),
        final=metrics(),
        reliability=Reliability(predicted=(0.4,), observed=(0.4,), count=(10,)),
        importance={"rsi": 1.0},
        contributions={"rsi": 0.1},
        trials=(
            Trial(number=1, parameters={}, score=1, day_returns=tuple((1.0 + noise[0]).tolist())),
            Trial(number=2, parameters={}, score=0, day_returns=tuple((0.2 + noise[1]).tolist())),
        ),
        outcomes=outcomes(days, mean_net),
        final_outcomes=outcomes(days // 4, mean_net, first_day=days, seed=2),
        random_entries=RandomEntries(means=tuple(rng.normal(-0.08, 0.04, 500).tolist()), pool=5_000),
    )
