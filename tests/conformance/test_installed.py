"""What `make conformance` installs: named by version and hash, from whatever registry the machine has."""

import json

from tests.conformance.official import ROOT

LOCK = ROOT / "requirements/conformance/package-lock.json"


def test_the_lock_names_hashes_and_no_address() -> None:
    text = LOCK.read_text()
    assert "://" not in text
    packages = {path: one for path, one in json.loads(text)["packages"].items() if path}
    assert packages
    assert [path for path, one in packages.items() if not one.get("integrity")] == []


def test_every_package_asked_for_has_one_version() -> None:
    asked = json.loads((ROOT / "requirements/conformance/package.json").read_text())["dependencies"]
    locked = json.loads(LOCK.read_text())["packages"]
    assert {name: locked[f"node_modules/{name}"]["version"] for name in asked} == asked
