"""Data sets: their rows, their card, and their folder."""

from dataclasses import replace
from datetime import date, datetime

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from patang.errors import BadInput
from patang.market.sessions import IST
from patang.training.card import content_hash, describe, markdown
from patang.training.dataset import Dataset
from patang_workbench.research.dataset_files import is_dataset, keep_dataset, read_dataset

_OPEN = int(datetime(2024, 3, 1, 9, 15, tzinfo=IST).timestamp())


@pytest.fixture
def data():
    rows, rng = 40, np.random.default_rng(2)
    inputs = rng.normal(size=(rows, 3))
    inputs[:10, 2] = np.nan
    entered = _OPEN + 60 * np.sort(rng.integers(0, 3 * 1440, rows))
    gross = rng.normal(size=rows)
    return Dataset(
        strategy="long_options",
        names=("rsi", "adx", "iv_rank"),
        inputs=inputs,
        entered=entered,
        left=entered + 600,
        symbol=rng.choice(["NIFTY", "BANKNIFTY"], rows),
        gross_pct=gross,
        net_pct=gross - 0.3,
        slippage_pct=np.full(rows, 0.1),
        net_pnl=500 * (gross - 0.3),
        weight=rng.uniform(0.1, 1, rows),
        modelled=rng.random(rows) < 0.5,
    )


def card_of(data):
    return describe(
        data,
        "a | pipe",
        exits={"STOP": 30, "TIME": 10},
        one_lot=3,
        left_out={"HELD_PAST_THE_DATA": 2},
        skipped={date(2024, 3, 2): "a drill of two hours"},
        findings={"gap": 1},
        labels={"stop_atr": 1.5},
    )


class TestDataset:
    def test_columns_of_other_lengths_are_refused(self, data):
        with pytest.raises(BadInput, match="weight has 39 rows and entered has 40"):
            replace(data, weight=data.weight[1:])

    def test_inputs_of_another_width_are_refused(self, data):
        with pytest.raises(BadInput, match="40 rows of 2 names"):
            replace(data, names=("rsi", "adx"))

    def test_disorder_is_refused(self, data):
        with pytest.raises(BadInput, match="order of time"):
            replace(data, entered=data.entered[::-1])

    @pytest.mark.parametrize("chosen", [slice(5, 20), np.arange(5, 20), (np.arange(40) // 15 == 5 // 15)])
    def test_rows_keep_every_column(self, data, chosen):
        part = data.rows(chosen)
        assert len(part) == 15
        first = 5 if part.entered[0] == data.entered[5] else 0
        assert part.net_pnl.tolist() == data.net_pnl[first : first + 15].tolist()
        assert part.symbol.tolist() == data.symbol[first : first + 15].tolist()


class TestCard:
    def test_it_counts(self, data):
        card = card_of(data)
        assert (card.rows, card.sessions) == (40, len({*card_days(data)}))
        assert (card.first, card.last) == (min(card_days(data)), max(card_days(data)))
        assert card.symbols == {name: int((data.symbol == name).sum()) for name in ("BANKNIFTY", "NIFTY")}
        assert card.coverage == {"rsi": 1.0, "adx": 1.0, "iv_rank": 0.75}
        assert card.base_rate == pytest.approx((data.net_pct > 0).mean())
        assert card.effective_rows == pytest.approx(data.weight.sum(), abs=0.05)

    def test_a_person_reads_it(self, data):
        text = markdown(card_of(data))
        assert "a \\| pipe" in text
        assert "| 2024-03-02 | a drill of two hours |" in text
        assert "40, worth" in text

    def test_nothing_has_a_card_too(self, data):
        card = card_of(data.rows(slice(0, 0)))
        assert (card.rows, card.first, card.base_rate, card.coverage["rsi"]) == (0, None, 0.0, 0.0)
        assert "None" in markdown(card)

    @pytest.mark.parametrize("column", ["inputs", "left", "net_pnl", "weight", "modelled", "symbol"])
    def test_every_change_of_a_row_changes_the_hash(self, data, column):
        values = getattr(data, column).copy()
        place = (20, 1) if column == "inputs" else 20
        values[place] = "OTHER" if column == "symbol" else not values[place] if column == "modelled" else 1
        assert content_hash(replace(data, **{column: values})) != content_hash(data)

    def test_the_hash_is_of_the_content_alone(self, data):
        again = replace(data, inputs=np.asfortranarray(data.inputs), symbol=data.symbol.astype("<U40"))
        assert content_hash(again) == content_hash(data)


class TestFolder:
    def test_it_comes_back_as_it_was(self, data, tmp_path):
        card = card_of(data)
        assert not is_dataset(str(tmp_path))
        keep_dataset(tmp_path, data, card)
        assert is_dataset(str(tmp_path))
        found, told = read_dataset(tmp_path)
        assert told == card
        assert content_hash(found) == content_hash(data)
        assert np.isnan(found.inputs[:10, 2]).all()
        assert pq.read_table(tmp_path / "dataset.parquet")["entered"].type.tz == "Asia/Kolkata"

    def test_times_in_the_file_are_the_times(self, data, tmp_path):
        keep_dataset(tmp_path, data, card_of(data))
        column = pq.read_table(tmp_path / "dataset.parquet")["entered"].to_pylist()
        assert [int(moment.timestamp()) for moment in column] == data.entered.tolist()

    def test_labels_go_by_their_names(self, data, tmp_path):
        keep_dataset(tmp_path, data, card_of(data))
        table = pq.read_table(tmp_path / "dataset.parquet")
        assert table["expected_return_pct"].to_pylist() == data.gross_pct.tolist()
        assert table["trade_profitable"].to_pylist() == (data.net_pct > 0).tolist()
        assert table["net_pnl"].to_pylist() == data.net_pnl.tolist()

    def test_the_same_rows_are_the_same_bytes(self, data, tmp_path):
        for name in ("one", "two"):
            keep_dataset(tmp_path / name, data, card_of(data))
        for path in (tmp_path / "one").iterdir():
            assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()

    def test_rows_that_are_not_those_of_the_card_are_refused(self, data, tmp_path):
        keep_dataset(tmp_path, data, card_of(data))
        table = pq.read_table(tmp_path / "dataset.parquet")
        place = table.column_names.index("net_pct")
        changed = table.set_column(place, "net_pct", pa.array(np.asarray(table["net_pct"]) + 0.01))
        pq.write_table(changed, tmp_path / "dataset.parquet")
        with pytest.raises(BadInput, match="changed after they were described"):
            read_dataset(tmp_path)

    @pytest.mark.parametrize("missing", ["dataset.parquet", "card.json"])
    def test_half_a_data_set_is_refused(self, data, tmp_path, missing):
        keep_dataset(tmp_path, data, card_of(data))
        (tmp_path / missing).unlink()
        with pytest.raises(BadInput, match="holds no data set"):
            read_dataset(tmp_path)

    def test_a_missing_column_is_refused(self, data, tmp_path):
        keep_dataset(tmp_path, data, card_of(data))
        table = pq.read_table(tmp_path / "dataset.parquet").drop_columns("weight")
        pq.write_table(table, tmp_path / "dataset.parquet")
        with pytest.raises(BadInput, match="weight"):
            read_dataset(tmp_path)


def card_days(data):
    return [datetime.fromtimestamp(int(moment), IST).date() for moment in data.entered]
