"""Packed inputs: the same content has the same bytes and name, and comes back to the bit."""

from dataclasses import fields

import numpy as np
import pytest

from patang.backtest.history import SymbolHistory
from patang.backtest.packing import name_of, pack_dataset, pack_symbol, unpack_dataset, unpack_symbol
from patang.errors import BadInput
from patang.market.instruments import Instrument
from patang.training.dataset import Dataset

SHARE = Instrument(
    instrument_token=1,
    exchange="NSE",
    tradingsymbol="SBIN",
    name="STATE BANK OF INDIA",
    instrument_type="EQ",
    segment="NSE",
    tick_size="0.05",
    lot_size=1,
)


def bars(seed: int = 1) -> SymbolHistory:
    rng = np.random.default_rng(seed)
    prices = rng.uniform(90, 110, (4, 50))
    features = [rng.normal(size=(50, 3)) for _ in range(3)]
    features[0][:7] = np.nan
    return SymbolHistory(SHARE, 60 * np.arange(50), *prices, np.zeros(50), *features)


def rows(seed: int = 1) -> Dataset:
    rng = np.random.default_rng(seed)
    floats = {name: rng.normal(size=20) for name in ("gross_pct", "net_pct", "slippage_pct", "net_pnl")}
    return Dataset(
        strategy="equity",
        names=("a", "b"),
        inputs=rng.normal(size=(20, 2)),
        entered=60 * np.arange(20),
        left=60 * np.arange(20) + 300,
        symbol=np.full(20, "SBIN"),
        weight=rng.uniform(size=20),
        modelled=np.arange(20) % 2 == 0,
        **floats,
    )


def same(one, other) -> bool:
    def equal(a, b):
        return a.dtype == b.dtype and a.tobytes() == b.tobytes() if isinstance(a, np.ndarray) else a == b

    return all(equal(getattr(one, f.name), getattr(other, f.name)) for f in fields(one))


def test_bars_and_rows_come_back_to_the_bit():
    assert same(unpack_symbol(pack_symbol(bars())), bars())
    assert same(unpack_dataset(pack_dataset(rows())), rows())


def test_the_name_is_made_of_the_content_and_not_of_the_time(monkeypatch):
    names = {name_of(pack_symbol(bars())), name_of(pack_dataset(rows()))}
    monkeypatch.setattr("time.time", lambda: 2e9)
    monkeypatch.setattr("time.localtime", lambda *_: (2033, 5, 18, 3, 33, 20, 2, 138, 0))

    assert {name_of(pack_symbol(bars())), name_of(pack_dataset(rows()))} == names
    assert name_of(pack_symbol(bars(2))) not in names


@pytest.mark.parametrize("spoilt", [b"", b"not a zip", pack_symbol(bars())[:-30], pack_dataset(rows())])
def test_what_is_not_bars_is_refused(spoilt):
    with pytest.raises(BadInput, match="prepare the run again"):
        unpack_symbol(spoilt)
