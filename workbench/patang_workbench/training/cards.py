"""What the model cards say, and which exits and costs the labels assume."""

from typing import Any

from patang.model.inputs import StrategyName
from patang.risk.slippage import prior_pct
from patang.settings import Settings

__all__ = ["CARDS", "labels_of"]

_COMMON = """
**A demonstration model, trained on synthetic data only. Do not trade money with it.**

No price of a real market went into it. It was trained on a random market of independent symbols in which
most of the time has no drift at all and, for about three tenths of the time, a weak trend
(`patang_workbench.training.history`). What it has learned is that such trends exist and how the desk's
indicators look while one lasts. A real market need not contain them: on real data its probabilities are
those of the synthetic market, and its expected returns are not a forecast.

It is there so that the whole path, from features over a calibrated probability to expected profit after
charges, is exercised with a model that can be reproduced to the byte:
`python -m patang_workbench.training --seed 7 --out model_artifacts`.

With the safe defaults (`min_confidence` 0.80) it lets no trade pass, as it should. The labelled
demonstration profile (`patang_workbench.demo.profile`) lowers that bar.
"""

CARDS: dict[StrategyName, str] = {
    "equity": _COMMON
    + """
Use: probability that an intraday purchase of a share ends with a profit after charges, and its expected
return, at minutes where the equity strategy's rules agree. Long only. The metrics below are the honest
answer to whether the rules earn their costs even here: see `mean_net_pct`.
""",
    "long_options": _COMMON
    + """
Use: probability that a bought index option ends with a profit after charges, and its expected return on the
premium, at minutes where the option strategy's rules agree. Premiums are Black-Scholes on the synthetic
index, at a volatility near the realised one; real options cost more than that, so real results are worse.
""",
}


def labels_of(strategy: StrategyName, settings: Settings) -> dict[str, Any]:
    """The exits and costs that the labels were made with."""
    assumed = prior_pct("options" if strategy == "long_options" else "equity", "small")
    slippage = {"slippage_pct_each_side": float(assumed), "charges": "as of the day"}
    if strategy == "equity":
        equity = settings.equity
        return slippage | {
            "target_atr": equity.target_atr,
            "stop_atr": equity.stop_atr,
            "max_hold_minutes": equity.max_hold_minutes,
            "exit_by": equity.exit_by,
        }
    options = settings.options
    return slippage | {
        "target_pct": float(options.premium_target_pct),
        "stop_pct": float(options.premium_stop_pct),
        "max_hold_minutes": options.max_hold_minutes,
        "exit_by": options.exit_by,
    }
