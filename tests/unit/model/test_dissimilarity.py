"""How far a row is from a training, and that it does not depend on the rows beside it."""

import math

import numpy as np
import pytest
from pydantic import ValidationError

from patang.model.dissimilarity import Dissimilarity
from patang.training.nearness import fit_dissimilarity


def sample(rows=4_000, seed=2):
    """Three inputs of very different scale, the last two of which move together."""
    rng = np.random.default_rng(seed)
    plain = rng.normal(size=(rows, 3))
    plain[:, 2] = 0.95 * plain[:, 1] + math.sqrt(1 - 0.95**2) * plain[:, 2]
    return plain * [100.0, 1.0, 0.01] + [1_000.0, 0.0, 5.0]


def test_it_is_the_distance_of_mahalanobis():
    table = sample()
    fitted = fit_dissimilarity(table)
    away = table - table.mean(axis=0)
    inverse = np.linalg.inv(np.cov(table.T, bias=True))
    expected = np.sqrt(np.einsum("ij,jk,ik->i", away, inverse, away))
    assert fitted.distance(table) == pytest.approx(expected, rel=0.02)


def test_the_bound_is_a_quantile_of_the_training():
    table = sample()
    fitted = fit_dissimilarity(table, quantile=0.9)
    assert (fitted.distance(table) <= fitted.furthest).mean() == pytest.approx(0.9, abs=0.001)


def test_what_breaks_the_habit_of_two_inputs_is_far_though_each_is_near():
    fitted = fit_dissimilarity(sample())
    usual, unusual = [1_000.0, 2.0, 5.02], [1_000.0, 2.0, 4.98]
    near, far = fitted.distance(np.array([usual, unusual]))
    assert near < fitted.furthest < far


def test_an_input_that_never_changed_and_one_that_is_missing():
    table = np.column_stack([sample(), np.full(4_000, 7.0)])
    table[::10, 0] = np.nan
    fitted = fit_dissimilarity(table)
    assert np.isfinite(fitted.distance(table)).all()
    usual = np.array([1_000.0, 0.0, 5.0, 7.0])
    assert fitted.distance(usual[None])[0] < 1
    assert fitted.distance(np.array([[1_000.0, 0.0, 5.0, 8.0]]))[0] > fitted.furthest
    unknown = np.where([True, False, False, False], np.nan, usual)
    assert fitted.distance(unknown[None])[0] < 1


def test_a_row_beside_others_has_the_bits_of_a_row_alone():
    table = sample(rows=9_000) * np.random.default_rng(1).uniform(0.5, 2, (9_000, 3))
    fitted = fit_dissimilarity(sample())
    together = fitted.distance(table)
    for places in (slice(0, 1), slice(17, 18), slice(8_190, 8_195), slice(100, 190), slice(5, 9_000)):
        assert np.array_equal(fitted.distance(table[places]), together[places])
    assert np.array_equal(fitted.distance(np.asfortranarray(table)), together)
    assert len(fitted.distance(table[:0])) == 0


def test_it_comes_back_from_its_file_as_it_went():
    fitted = fit_dissimilarity(sample())
    assert Dissimilarity.model_validate_json(fitted.model_dump_json()) == fitted


def test_a_whitening_that_does_not_fit_is_refused():
    with pytest.raises(ValidationError, match="is not 2 x 2"):
        Dissimilarity(center=(0, 0), whitening=((1, 0),), quantile=0.9, furthest=1)
