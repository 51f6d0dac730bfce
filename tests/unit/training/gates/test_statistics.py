"""The statistics behind the gates, against what is known of them."""

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray
from skfolio.measures import deflated_sharpe_ratio

from patang.errors import BadInput
from patang.training.gates.bootstrap import mean_interval, resampled_days
from patang.training.gates.calibration import calibration_error_of_luck
from patang.training.gates.deflated_sharpe import deflated_sharpe, sharpe
from patang.training.gates.overfitting import overfitting
from patang.training.gates.random_entries import drawn_at_random, share_as_good
from patang.training.gates.trades import day_returns, taken
from patang.training.metrics import expected_calibration_error
from tests.unit.training.gates.sample import outcomes
from tests.unit.training.sample_data import entries


def test_blocks_are_of_the_length_asked_for_and_every_day_is_drawn_alike() -> None:
    drawn = resampled_days(50, 3_000, seed=1, mean_block=5)

    follows = drawn[:, 1:] == (drawn[:, :-1] + 1) % 50
    # A block ends with a chance of 1/5, and goes on by chance where the next begins at the next day.
    assert follows.mean() == pytest.approx(0.8 + 0.2 / 50, abs=0.01)
    assert np.bincount(drawn.ravel(), minlength=50) / drawn.size == pytest.approx(1 / 50, abs=0.002)


def test_the_interval_holds_the_true_mean_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(5)
    days = np.repeat(np.arange(60), 4)
    held = 0
    for seed in range(30):
        # The four trades of a day go together, as they do.
        values = 0.1 + np.repeat(rng.normal(0, 0.4, 60), 4) + rng.normal(0, 0.2, 240)
        found = mean_interval(values, np.ones(240), days, seed)
        assert found is not None
        held += found.low <= 0.1 <= found.high
    assert 25 <= held <= 30


def test_an_interval_of_four_days_is_none() -> None:
    assert mean_interval(np.ones(8), np.ones(8), np.repeat(np.arange(4), 2), 1) is None


def by_hand(table: list[list[float]], blocks: int) -> tuple[float, float]:
    """The definition, without any of the arithmetic that makes it fast."""
    parts = np.array_split(np.arange(len(table[0])), blocks)
    low, loses = [], []
    for half in itertools.combinations(range(blocks), blocks // 2):
        inside = np.concatenate([parts[place] for place in half])
        outside = np.concatenate([parts[place] for place in range(blocks) if place not in half])
        before = [np.mean(np.array(t)[inside]) / np.std(np.array(t)[inside]) for t in table]
        after = [np.mean(np.array(t)[outside]) / np.std(np.array(t)[outside]) for t in table]
        own = after[int(np.argmax(before))]
        low.append((sorted(after).index(own) + 1) / (len(table) + 1) <= 0.5)
        loses.append(low[-1] and own <= 0)
    return float(np.mean(low)), float(np.mean(loses))


def test_overfitting_is_counted_as_its_definition_says() -> None:
    rng = np.random.default_rng(11)
    trials = rng.normal(0.02, 1, (7, 24)).tolist()

    found = overfitting(trials)

    assert found is not None
    assert found == pytest.approx(by_hand(trials, 8))


def test_a_trial_that_is_better_for_good_is_no_overfitting_and_the_best_of_noise_is() -> None:
    rng = np.random.default_rng(2)
    noise = rng.normal(-0.1, 1, (12, 10, 36))
    better = noise[0] + np.array([0.8] + [0.0] * 9)[:, None]

    assert max(measured(better)) < 0.05
    probability, harmful = np.mean([measured(trials) for trials in noise], axis=0)
    # Of noise the best of one half has fewer of the good days left for the other.
    assert probability > 0.5
    assert harmful > 0.4


def test_trials_that_are_all_good_alike_do_no_harm() -> None:
    rng = np.random.default_rng(3)
    alike = rng.normal(1.0, 1, 36) + rng.normal(0, 0.05, (10, 36))

    probability, harmful = measured(alike)

    assert probability > 0.1
    assert harmful == 0.0


def measured(trials: NDArray[np.float64]) -> tuple[float, float]:
    found = overfitting(trials.tolist())
    assert found is not None
    return found.probability, found.harmful


@pytest.mark.parametrize("trials", [[], [[0.1] * 40], [[0.1] * 17, [0.2] * 17]])
def test_overfitting_of_too_little_is_not_known(trials: list[list[float]]) -> None:
    assert overfitting(trials) is None


def test_trials_that_never_trade_say_nothing_good() -> None:
    assert overfitting([[0.0] * 40] * 5) == (1.0, 1.0)


def test_the_more_was_tried_the_more_a_sharpe_ratio_has_to_show() -> None:
    rng = np.random.default_rng(4)
    returns = rng.normal(0.12, 0.5, 120)
    trials = [rng.normal(0, 0.5, 120).tolist() for _ in range(200)]

    few, many = deflated_sharpe(returns, trials[:3]), deflated_sharpe(returns, trials)

    assert few is not None
    assert many is not None
    assert many < few
    earlier = [sharpe(np.array(trial)) for trial in trials[3:]]
    assert deflated_sharpe(returns, trials[:3], earlier) == pytest.approx(many)
    assert deflated_sharpe(returns, trials) == pytest.approx(
        float(deflated_sharpe_ratio(returns, np.array([sharpe(np.array(trial)) for trial in trials])))
    )
    assert deflated_sharpe(np.zeros(120), trials) is None
    assert deflated_sharpe(returns[:9], trials) is None
    assert sharpe(np.zeros(1)) == 0.0


def test_two_trials_alike_in_each_of_many_runs_do_not_hide_that_it_was_luck() -> None:
    """The best of a hundred runs on noise: its own two trials say nothing of how far luck reaches."""
    rng = np.random.default_rng(6)
    noise = rng.normal(0, 0.5, (100, 120))
    best, *others = sorted(noise, key=sharpe, reverse=True)
    own = [best.tolist(), best.tolist()]

    alone = deflated_sharpe(best, own)
    counted = deflated_sharpe(best, own, [sharpe(other) for other in others for _ in range(2)])

    assert alone is not None
    assert counted is not None
    assert alone > 0.95 > 0.8 > counted


def test_a_perfect_model_looks_as_wrong_as_luck_explains() -> None:
    rng = np.random.default_rng(9)
    p_win = rng.uniform(0.2, 0.8, 300)
    weight = np.ones(300)

    luck = calibration_error_of_luck(p_win, weight, seed=1)

    assert 0.04 < luck < 0.09
    seen = [
        expected_calibration_error(p_win, (rng.random(300) < p_win).astype(np.float64), weight)
        for _ in range(50)
    ]
    assert luck == pytest.approx(np.mean(seen), abs=0.01)


def test_a_day_without_a_trade_counts_as_nothing_earned() -> None:
    found = taken(outcomes(3, 0.5, a_day=2))
    days = np.append(np.unique(found.day), found.day[-1] + 1)

    returns = day_returns(found, days)

    assert returns[-1] == 0.0
    assert returns.sum() == pytest.approx(found.net_pct.sum())
    assert found.net_at(2).sum() == pytest.approx((found.net_pct - found.slippage_pct).sum())


def test_entries_at_random_are_of_the_trades_half_hours() -> None:
    pool = entries(rows=3_000, strength=0.0)
    late = (pool.entered + 19_800) % 86_400 >= 10.5 * 3600
    loud = type(pool)(
        **{name: getattr(pool, name) for name in pool.__slots__} | {"net_pct": np.where(late, 9.0, -0.05)}
    )
    # Trades at ten o'clock only: the loud hours are none of theirs.
    early = outcomes(30, 0.3, a_day=1)

    drawn = drawn_at_random((early,), loud, seed=1)

    assert drawn is not None
    assert max(drawn.means) == pytest.approx(-0.05)
    assert share_as_good(taken(early), drawn) == pytest.approx(1 / 2001)
    with pytest.raises(BadInput, match="no entries to draw from"):
        drawn_at_random((early,), pool.rows(pool.entered < 0), seed=1)


def test_trades_at_random_are_as_good_as_entries_at_random() -> None:
    pool = entries(rows=3_000, strength=0.0)
    shares = []
    for seed in range(20):
        found = outcomes(30, float(pool.net_pct.mean()), seed=seed)
        drawn = drawn_at_random((found,), pool, seed)
        assert drawn is not None
        shares.append(share_as_good(taken(found), drawn))
    assert 0.25 < np.mean(shares) < 0.75
