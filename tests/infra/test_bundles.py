"""What is shipped: it fits, it is compiled, it can be imported, and nothing else is in it."""

import importlib.util
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from infra.bundles import PACKAGE_LAYERS, ROOT, BundleError, Bundles
from infra.constructs.desk_function import FUNCTION_LAYERS

LAMBDA_LIMIT = 250 * 2**20
LAMBDA_LAYERS = 5
UNCHECKED_HASH = 0b01


@pytest.fixture(scope="module")
def layers() -> dict[str, Path]:
    """The cloud's layers, built or taken from the cache of builds."""
    bundles = Bundles("cloud")
    return {name: bundles.layer(name).path for name in ("core", "artifacts", *PACKAGE_LAYERS)}


def unzipped(path):
    with zipfile.ZipFile(path) as archive:
        return sum(entry.file_size for entry in archive.infolist())


@pytest.mark.parametrize("function", FUNCTION_LAYERS)
def test_function_and_its_layers_fit_into_lambda(layers, function):
    code = Bundles("cloud").function(function).path
    total = unzipped(code) + sum(unzipped(layers[name]) for name in FUNCTION_LAYERS[function])

    assert len(FUNCTION_LAYERS[function]) <= LAMBDA_LAYERS
    assert total < LAMBDA_LIMIT, f"{total / 2**20:.0f} MB"


def test_layers_bring_compiled_code_for_arm64_and_no_tests(layers):
    with zipfile.ZipFile(layers["model"]) as archive:
        names = archive.namelist()
        compiled = archive.read("python/xgboost/__pycache__/__init__.cpython-313.pyc")

    assert compiled[:4] == importlib.util.MAGIC_NUMBER
    assert int.from_bytes(compiled[4:8], "little") == UNCHECKED_HASH
    assert not [name for name in names if "/tests/" in name or name.endswith(".pyi")]
    assert any(name.endswith("aarch64-linux-gnu.so") for name in names)
    assert not [name for name in names if "x86_64" in Path(name).name]


def test_pyarrow_the_streaming_client_and_what_research_needs_are_where_they_belong(layers):
    tops = {}
    for name, path in layers.items():
        with zipfile.ZipFile(path) as archive:
            tops[name] = {entry.split("/")[1] for entry in archive.namelist() if entry.startswith("python/")}

    assert [name for name, found in tops.items() if "pyarrow" in found] == ["parquet"]
    assert not any(found & {"twisted", "autobahn"} for found in tops.values())
    assert not any(found & {"boto3", "botocore"} for found in tops.values())
    assert not any(found & {"numba", "llvmlite", "sklearn", "skfolio", "pandas"} for found in tops.values())
    assert [name for name, found in tops.items() if "patang" in found] == ["core"]


def test_parquet_is_written_by_the_archive_and_the_ingester_alone():
    assert [name for name, used in FUNCTION_LAYERS.items() if "parquet" in used] == ["archive"]
    assert "pyarrow==" in (ROOT / "requirements/ingester.txt").read_text()


@pytest.mark.parametrize("function", FUNCTION_LAYERS)
def test_every_function_has_an_entry_in_its_bundle(function):
    with zipfile.ZipFile(Bundles("cloud").function(function).path) as archive:
        names = archive.namelist()

    assert f"functions/{function}/handler.py" in names
    assert all(name.startswith(f"functions/{function}/") for name in names)


def test_bundled_function_is_imported_by_its_handler_name_without_its_source_being_looked_at(tmp_path):
    with zipfile.ZipFile(Bundles("local").function("audit_linker").path) as archive:
        archive.extractall(tmp_path)
    with zipfile.ZipFile(Bundles("local").layer("core").path) as archive:
        archive.extractall(tmp_path)
    (tmp_path / "functions/audit_linker/handler.py").write_text("raise RuntimeError('the source was read')")
    code = "from functions.audit_linker.handler import handler; print(handler.__module__)"

    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": f"{tmp_path}:{tmp_path / 'python'}"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout.strip() == "functions.audit_linker.handler", done.stderr


def test_same_sources_make_the_same_bytes(tmp_path):
    first = Bundles("cloud", cache=tmp_path / "first").layer("core")
    second = Bundles("cloud", cache=tmp_path / "second").layer("core")

    assert first.asset_hash == second.asset_hash
    assert first.path.read_bytes() == second.path.read_bytes()


def test_second_build_takes_the_first_ones_result(tmp_path):
    bundles = Bundles("cloud", cache=tmp_path)
    before = bundles.layer("core").path.stat().st_mtime_ns

    assert bundles.layer("core").path.stat().st_mtime_ns == before
    assert [path.name for path in tmp_path.iterdir()] == [bundles.layer("core").path.name]


def test_package_that_cannot_be_installed_is_named(tmp_path, monkeypatch):
    failing = tmp_path / "uv"
    failing.write_text("#!/bin/sh\necho 'no such wheel' >&2\nexit 2\n")
    failing.chmod(0o755)
    monkeypatch.setattr("infra.bundles._uv", lambda: str(failing))

    with pytest.raises(BundleError, match=r"layer-base\.txt could not be installed[\s\S]*no such wheel"):
        Bundles("cloud", cache=tmp_path / "cache").layer("base")


@pytest.mark.parametrize(("name", "entry"), [("ingester", "__main__.py"), ("research_worker", "handler.py")])
def test_image_context_is_laid_out_as_the_repository(name, entry):
    context = Bundles("cloud").image_context(name).path

    assert (context / "Dockerfile").read_text() == (ROOT / f"functions/{name}/Dockerfile").read_text()
    for place in (
        f"requirements/{name}.txt",
        "layers/core/patang/app/desk.py",
        f"functions/{name}/{entry}",
    ):
        assert (context / place).is_file()
    assert not list(context.rglob("__pycache__"))


def test_pages_have_their_chart_library_or_nothing_is_built(monkeypatch, tmp_path):
    with zipfile.ZipFile(Bundles("cloud").function("api").path) as archive:
        library = archive.read("functions/api/static/lightweight-charts.js")
    assert b"Licensed under Apache License 2.0" in library
    monkeypatch.setattr("infra.bundles.ROOT", tmp_path)
    with pytest.raises(BundleError, match="run `make setup`"):
        Bundles("cloud").function("api")
