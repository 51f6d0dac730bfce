"""A backtest says where its models had been told what came."""

from datetime import date
from pathlib import Path

import pytest

from patang.backtest.informed import learned_until
from patang.model.artifact import Metadata, read_artifact

ARTIFACTS = Path(__file__).parents[3] / "model_artifacts"


@pytest.fixture(scope="module")
def metadata() -> Metadata:
    return read_artifact(ARTIFACTS / "equity", "equity").metadata


def trained_on(metadata: Metadata, source: str) -> dict[str, Metadata]:
    data = {"source": source, "first": "2026-06-01", "last": "2026-07-31"}
    return {"equity": metadata.model_copy(update={"data": data})}


@pytest.mark.parametrize(
    ("source", "history", "known"),
    [
        ("store", "store", True),
        ("recorded:somewhere", "s3://another-place", True),
        ("synthetic noise, seed 7", "synthetic noise, seed 7", True),
        ("synthetic noise, seed 7", "synthetic noise, seed 8", False),
        ("synthetic noise, seed 7", "store", False),
        ("store", "synthetic noise, seed 7", False),
    ],
)
def test_recorded_minutes_are_one_market_and_each_synthetic_one_its_own(metadata, source, history, known):
    found = learned_until(trained_on(metadata, source), history)
    assert found == ({"equity": date(2026, 7, 31)} if known else {})


def test_a_model_that_names_no_days_is_of_no_market(metadata):
    assert learned_until({"equity": metadata}, "store") == {}
