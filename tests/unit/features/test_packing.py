"""What is packed comes back to the last bit, whether or not it is whole paise."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from patang.errors import BadInput
from patang.features.packing import pack_arrays, unpack_arrays

PRICES = st.integers(-(10**12), 10**12).map(lambda paise: paise / 100) | st.just(float("nan"))


@given(hnp.arrays(np.float64, hnp.array_shapes(max_dims=3, min_side=0), elements=st.floats() | PRICES))
def test_any_floats(array):
    _, found = unpack_arrays(pack_arrays({}, {"a": array}))
    assert found["a"].tobytes() == array.tobytes()
    assert found["a"].shape == array.shape


@given(hnp.arrays(np.float64, hnp.array_shapes(max_dims=2), elements=PRICES))
def test_whole_paise(array):
    _, found = unpack_arrays(pack_arrays({}, {"a": array}))
    assert found["a"].tobytes() == array.tobytes()


@given(hnp.arrays(hnp.integer_dtypes(endianness="<"), hnp.array_shapes(max_dims=3)))
def test_any_integers(array):
    _, found = unpack_arrays(pack_arrays({}, {"a": array, "again": array.T}))
    np.testing.assert_array_equal(found["a"], array)
    np.testing.assert_array_equal(found["again"], array.T)


def test_prices_take_less_than_half():
    prices = np.round(1000 + np.cumsum(np.random.default_rng(1).normal(0, 1, 50_000)), 2)
    assert len(pack_arrays({}, {"prices": prices})) < 0.45 * prices.nbytes


@pytest.mark.parametrize("cut", [4, 5, 40, -9])
def test_cut_bytes_are_refused(cut):
    data = pack_arrays({"x": 1}, {"a": np.arange(100.0), "b": np.arange(7)})
    with pytest.raises(BadInput, match="feature state"):
        unpack_arrays(data[:cut])
