"""Data sets of which it is known what can be learnt from them."""

from datetime import datetime

import numpy as np

from patang.market.sessions import IST
from patang.model.inputs import EQUITY_INPUTS
from patang.training.card import DataCard, describe
from patang.training.dataset import Dataset

__all__ = ["card_of", "entries"]


def entries(
    rows: int = 1500, days: int = 30, strength: float = 1.0, seed: int = 1, cost: float = 0.05
) -> Dataset:
    """A few entries an hour; the first input foretells the return by `strength`, of which 0 is pure noise.
    `cost` in percent of the entry price."""
    rng = np.random.default_rng(seed)
    opening = int(datetime(2026, 3, 2, 9, 15, tzinfo=IST).timestamp())
    entered = np.sort(opening + 86_400 * rng.integers(0, days, rows) + 60 * rng.integers(10, 300, rows))
    inputs = rng.normal(size=(rows, len(EQUITY_INPUTS)))
    gross = 0.1 * strength * inputs[:, 0] + rng.normal(0, 0.2, rows)
    return Dataset(
        strategy="equity",
        names=EQUITY_INPUTS,
        inputs=inputs,
        entered=entered,
        left=entered + 60 * rng.integers(1, 45, rows),
        symbol=np.full(rows, "SBIN"),
        gross_pct=gross,
        net_pct=gross - cost,
        slippage_pct=np.full(rows, 0.4 * cost),
        net_pnl=1_000 * (gross - cost),
        weight=rng.uniform(0.2, 1.0, rows),
        modelled=np.zeros(rows, np.bool_),
    )


def card_of(data: Dataset, source: str = "made up") -> DataCard:
    """Its card."""
    return describe(
        data, source, exits={}, one_lot=0, left_out={}, skipped={}, findings={}, labels={"latency_bars": 1}
    )
