"""What no row of a model's training was like gets no confidence from it."""

import math
from datetime import timedelta
from types import SimpleNamespace

from patang.model.signal_model import Prediction, load_models
from patang.strategies.deciding import decide
from patang.strategies.explanation import LeftAlone
from patang.strategies.market import market_at
from patang.strategies.registry import strategies
from patang.strategies.rules import Rule
from patang_workbench.demo.profile import DEMONSTRATION
from tests.unit.strategies.decided import ARTIFACTS, busy, session


def decided(distance):
    """The busy minute with every row that far from the training, of at most 5."""
    shipped = load_models(ARTIFACTS)

    def moved(model):
        def predict(rows):
            return [Prediction(p.p_win, p.expected_return_pct, distance, 5.0) for p in model.predict(rows)]

        return SimpleNamespace(
            predict=predict, explain=model.explain, version=model.version, promoted=model.promoted
        )

    models = {name: moved(model) for name, model in shipped.items()}
    minute = busy()
    market = market_at([minute], session().universe, minute.minute + timedelta(minutes=1))
    return decide(market, strategies(), lambda: models, DEMONSTRATION, 90)


def far(found):
    return [left for left in found.left_alone if left.gate == "DISSIMILAR"]


def test_a_row_as_far_as_the_training_goes_is_a_signal():
    found = decided(5.0)
    assert found.signals
    assert not far(found)


def test_a_row_beyond_it_is_no_signal_and_says_how_far_it_is():
    near, found = decided(5.0), decided(5.1)
    assert found.signals == ()
    assert near.signals
    assert len(far(found)) == len(near.signals)
    assert found.refusals["DISSIMILAR"] == len(near.signals)
    for left in far(found):
        assert left.rules[-1] == Rule("distance_from_training", "<=", 5.0, passed=False, value=5.1)
        assert {"adx_14", "rsi_14"} <= {rule.name for rule in left.rules}


def test_a_distance_that_is_not_known_is_too_far_and_can_be_kept():
    for unknown in (math.nan, math.inf):
        found = decided(unknown)
        assert found.signals == ()
        assert far(found)
        for left in far(found):
            assert left.rules[-1].value is None
            assert LeftAlone.model_validate_json(left.model_dump_json()) == left
