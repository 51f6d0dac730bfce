"""`patang instruments` at the simulated exchange, which lists what the broker would."""

import json

from patang.adapters.folder import FolderObjects
from patang.market.instrument_dumps import load_dump
from patang_workbench.cli import main


def test_what_the_simulator_lists_is_kept_under_its_own_day_and_found(desk, tmp_path, monkeypatch, capsys):
    client = desk.sign_in()
    monkeypatch.setenv("KITE_API_KEY", client.api_key)
    monkeypatch.setenv("KITE_ACCESS_TOKEN", client.access_token)
    store = ["--store", str(tmp_path), "--json"]
    assert main(["instruments", "pull", "--root", desk.simulator.kite_root, *store]) == 0
    told = json.loads(capsys.readouterr().out)
    day = desk.simulator.exchange.market.session
    rows = client.instruments()
    assert (told["date"], told["instruments"], told["problems"]) == (day.isoformat(), len(rows), [])
    table = load_dump(FolderObjects(tmp_path), day)
    for row in rows:
        listing = table.get(row["exchange"], row["tradingsymbol"])
        assert (listing.instrument_token, listing.lot_size) == (row["instrument_token"], row["lot_size"])
        assert (listing.expiry or "", float(listing.strike or 0)) == (row["expiry"], row["strike"])
        assert listing.instrument().identifier == listing.identifier
    assert main(["instruments", "search", "NIFTY", "--type", "CE", "--expiry", "nearest", *store]) == 0
    found = json.loads(capsys.readouterr().out)
    nearest = min(row["expiry"] for row in rows if row["name"] == "NIFTY" and row["instrument_type"] == "CE")
    nifty = [listing for listing in found["instruments"] if listing["underlying"] == "NIFTY"]
    assert nifty
    assert {listing["expiry"] for listing in nifty} == {nearest.isoformat()}


def test_a_simulator_that_was_not_signed_in_to_says_so(desk, tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("KITE_ACCESS_TOKEN", raising=False)
    pull = ["instruments", "pull", "--root", desk.simulator.kite_root, "--store", str(tmp_path)]
    assert main(pull) == 1
    assert "log in again" in capsys.readouterr().err
    assert not any(tmp_path.iterdir())
