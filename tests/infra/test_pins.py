"""Every dependency is pinned by hashes, in every lock, and nothing is installed without asking for them."""

import json
import re

import pytest

from patang_workbench.bill_of_materials import LockError, read_lock
from patang_workbench.deployment.programs import ROOT

LOCKS = sorted(
    path
    for path in (*ROOT.glob("requirements/*.txt"), *ROOT.glob("requirements/*/*.txt"))
    if path.name != "README.txt"
)
NODE_LOCKS = sorted(ROOT.glob("requirements/*/package-lock.json"))
INSTALLERS = [
    ROOT / "Makefile",
    ROOT / "Dockerfile",
    ROOT / "infra/bundles.py",
    *ROOT.glob("functions/*/Dockerfile"),
]
REQUIREMENT = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]*")


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.stem)
def test_every_package_of_a_lock_has_one_version_and_its_hashes(lock):
    packages = read_lock(lock)

    assert packages
    assert all(package.sha256 for package in packages)
    # One version of a package, or one for each marker.
    marked = [(package.name, package.marker) for package in packages]
    assert len(set(marked)) == len(marked)
    assert not re.search(r"https?://|--(extra-)?index-url|--find-links", lock.read_text())


def requirements(path):
    for line in path.read_text().splitlines():
        said = line.partition("#")[0].strip()
        if said.startswith("-r "):
            yield from requirements((path.parent / said.removeprefix("-r ")).resolve())
        elif found := REQUIREMENT.match(said):
            yield found[0].lower().replace("_", "-").replace(".", "-")


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.stem)
def test_a_lock_holds_all_that_its_requirements_ask_for(lock):
    layer = lock.stem.removeprefix("layer-")
    asked = lock.with_suffix(".in") if layer == lock.stem else ROOT / f"layers/{layer}/requirements.in"
    found = {package.name.replace(".", "-") for package in read_lock(lock)}

    assert set(requirements(asked)) - found == set()


def test_layers_and_images_take_the_versions_that_the_tests_ran_with():
    tried = {(package.name, package.version) for package in read_lock(ROOT / "requirements/dev.txt")}

    for lock in LOCKS:
        if lock.stem.startswith("layer-") or lock.stem in {"home", "ingester", "research_worker"}:
            assert {(package.name, package.version) for package in read_lock(lock)} <= tried, lock.stem


@pytest.mark.parametrize("lock", NODE_LOCKS, ids=lambda path: path.parent.name)
def test_every_package_of_node_has_its_hash_and_runs_nothing_when_installed(lock):
    packages = json.loads(lock.read_text())["packages"]

    asked = json.loads((lock.parent / "package.json").read_text())["dependencies"]
    assert asked
    assert {f"node_modules/{name}" for name in asked} <= packages.keys()
    for name, package in packages.items():
        if name:
            assert package["integrity"].startswith("sha512-"), name
            assert "resolved" not in package, name
    assert "ignore-scripts=true" in (lock.parent / ".npmrc").read_text().splitlines()


def test_nothing_is_installed_without_hashes():
    installs = [
        (path.name, line)
        for path in INSTALLERS
        for line in path.read_text().replace("\\\n", " ").splitlines()
        if re.search(r"\b(pip (install|sync)|\"pip\", \"install\"|npm .*\b(ci|install)\b)", line)
    ]

    assert len(installs) > 8
    for where, line in installs:
        own = "--no-deps" in line and "--editable" in line
        frozen = re.search(r"\bnpm\b.* (ci|install --package-lock-only)\b", line)
        assert "--require-hashes" in line or own or frozen, (where, line)


@pytest.mark.parametrize(
    "line",
    [
        "numpy>=2 \\",
        "numpy==2.5.5",
        "numpy @ https://example.com/numpy.whl \\",
        "--extra-index-url https://example.com",
    ],
)
def test_a_lock_with_something_loose_in_it_is_refused(tmp_path, line):
    loose = tmp_path / "loose.txt"
    loose.write_text(
        f"{line}\n    --hash=sha256:{'0' * 64}\n" if line.endswith("\\") else f"{line}\n    # via -r x.in\n"
    )

    with pytest.raises(LockError, match="not pinned"):
        read_lock(loose)
