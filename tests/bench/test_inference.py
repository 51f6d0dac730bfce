"""What one answer of a model costs, its distance from the training included.

pytest tests/bench/test_inference.py -s
"""

from pathlib import Path
from time import perf_counter, process_time

import numpy as np
import pytest

from patang.model.inputs import INPUTS
from patang.model.signal_model import SignalModel

MODELS = Path(__file__).parents[2] / "model_artifacts"
BUDGET_US = 500


def microseconds(work, times):
    """Of the processor and by the clock, the fastest of five rounds of `times`."""
    busy, by_clock = [], []
    for _ in range(5):
        began, began_by_clock = process_time(), perf_counter()
        for _ in range(times):
            work()
        busy.append(1e6 * (process_time() - began) / times)
        by_clock.append(1e6 * (perf_counter() - began_by_clock) / times)
    return min(busy), min(by_clock)


@pytest.mark.parametrize("strategy", list(INPUTS))
def test_one_row_alone_and_one_of_many(strategy):
    model = SignalModel.load(MODELS, strategy)
    rng = np.random.default_rng(1)
    center = np.array(model.metadata.dissimilarity.center)
    table = center + 0.1 * rng.normal(size=(1_000, len(center))) * np.abs(center)
    rows = [dict(zip(model.metadata.inputs, row, strict=True)) for row in table.tolist()]
    alone, alone_by_clock = microseconds(lambda: model.predict(rows[:1]), 300)
    together, _ = microseconds(lambda: model.predict(rows), 3)
    distance, _ = microseconds(lambda: model.metadata.dissimilarity.distance(table[:1]), 300)
    print(
        f"\n{strategy}: one row {alone:.0f} us of the processor ({alone_by_clock:.0f} by the clock), of it "
        f"{distance:.0f} us for its distance; one of 1000 together {together / 1000:.1f} us"
    )
    assert alone < BUDGET_US
