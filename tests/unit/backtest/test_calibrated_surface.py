"""The shipped surface is what the recorded chains make of it, where they are present."""

import os
from pathlib import Path

import pytest

from patang.backtest.premiums.surface import shipped_surface
from patang.errors import BadInput
from patang_workbench.research.calibrate_surface import main

DATA = Path(os.environ.get("PATANG_DATA") or Path(__file__).parents[4] / "shared" / "data")


@pytest.mark.thorough
def test_the_shipped_surface_is_what_calibration_makes(tmp_path: Path) -> None:
    if not (DATA / "options_intraday").is_dir():
        pytest.skip(f"{DATA} has no recorded chains: set PATANG_DATA to the folder of recorded market data")
    made = tmp_path / "surface.json"
    assert main(["--data", str(DATA), "--out", str(made)]) == 0
    found, shipped = (
        type(shipped_surface()).model_validate_json(text)
        for text in (made.read_text("utf-8"), shipped_surface().model_dump_json())
    )
    told = found.model_dump(exclude={"errors"})
    assert told == shipped.model_dump(exclude={"errors"})
    assert dict(found.errors) == pytest.approx(dict(shipped.errors), abs=2e-4)


def test_a_folder_without_chains_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="name the folder of recorded data"):
        main(["--data", str(tmp_path), "--out", str(tmp_path / "surface.json")])
