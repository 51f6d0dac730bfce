"""Code assets without Docker: zips of layers and functions, and the build contexts of images.

A bundle's name is the hash of what goes into it, so that a second synth builds nothing and the same sources
give the same template on every machine. What is built stays in `.patang/assets`.
"""

import compileall
import hashlib
import platform
import py_compile
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from infra.config import Flavour

__all__ = ["PACKAGE_LAYERS", "ROOT", "Bundle", "BundleError", "Bundles", "host_is_arm"]

ROOT: Final = Path(__file__).resolve().parent.parent
PACKAGE_LAYERS: Final = ("base", "numeric", "model", "kite", "web", "mcp", "parquet")

_PYTHON: Final = "3.13"
_CLOUD_PLATFORM: Final = "aarch64-manylinux_2_28"
# Raise it when the recipe below changes: the sources' hash does not see that.
_RECIPE: Final = "1"
_ZIP_TIME: Final = (1980, 1, 1, 0, 0, 0)
# What `make setup` puts among a function's own files, and git does not keep.
_INSTALLED: Final = {"api": ("functions/api/static/lightweight-charts.js",)}
_IMAGES_WITH_MODELS: Final = ("research_worker",)
_NOT_SHIPPED: Final = ("tests", "__pycache__")
_NOT_SHIPPED_SUFFIXES: Final = (".pyi", ".pxd", ".pyc")
# C++ headers for those who compile against Arrow: 10 MB that no function reads.
_NOT_SHIPPED_FOLDERS: Final = ("python/bin", "python/pyarrow/include", "python/pyarrow/src")


class BundleError(Exception):
    """A code asset could not be built."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """A built asset: a zip, or for an image a folder, and the hash of what went into it."""

    path: Path
    asset_hash: str


class Bundles:
    """Builds the assets of one flavour. With `build=False` the zips are empty and only the hashes are true,
    which is all that a test of the template needs.
    """

    def __init__(
        self, flavour: Flavour, *, build: bool = True, cache: Path = ROOT / ".patang/assets"
    ) -> None:
        self._platform = _CLOUD_PLATFORM if flavour == "cloud" else None
        self._build = build
        self._cache = cache

    def layer(self, name: str) -> Bundle:
        """The zip of a layer: `core`, `artifacts` or one of PACKAGE_LAYERS. Raises BundleError."""
        if name == "core":
            return self._sources("layer-core", ROOT / "layers/core/patang", "python/patang", "/opt")
        if name == "artifacts":
            return self._sources("layer-artifacts", ROOT / "model_artifacts", "model_artifacts", "/opt")
        lock = ROOT / f"requirements/layer-{name}.txt"
        target = self._platform or sysconfig.get_platform()
        key = _digest(("lock", lock.read_bytes()), ("platform", target.encode()))
        return self._zip(f"layer-{name}", key, lambda out: self._install(lock, out), "/opt")

    def models(self) -> str:
        """Which model artifacts are deployed, in a word: the same for the same files."""
        return _digest_of(_shipped(ROOT / "model_artifacts", "model_artifacts"))[:16]

    def function(self, name: str) -> Bundle:
        """The zip of a function: the packages `functions` and `functions.<name>`. Raises BundleError."""
        missing = [part for part in _INSTALLED.get(name, ()) if not (ROOT / part).exists()]
        if missing:
            raise BundleError(f"{missing[0]} is not installed, and ({name}) ships it: run `make setup`")
        return self._sources(f"function-{name}", ROOT / "functions" / name, f"functions/{name}", "/var/task")

    def image_context(self, name: str) -> Bundle:
        """The folder from which the image of functions/<name> is built, laid out as the repository is."""
        parts = {
            "Dockerfile": ROOT / f"functions/{name}/Dockerfile",
            f"requirements/{name}.txt": ROOT / f"requirements/{name}.txt",
            "layers/core/patang": ROOT / "layers/core/patang",
            f"functions/{name}": ROOT / f"functions/{name}",
        }
        if name in _IMAGES_WITH_MODELS:
            parts["model_artifacts"] = ROOT / "model_artifacts"
        files = {target: source for place, part in parts.items() for target, source in _shipped(part, place)}
        key = _digest_of(files.items())
        path = self._cache / f"image-{name}-{key[:16]}"
        if not path.exists():
            self._cache.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=self._cache) as scratch:
                staged = Path(scratch) / "context"
                _copy(files.items(), staged)
                _move(staged, path)
        return Bundle(path, key)

    def _sources(self, name: str, folder: Path, place: str, root: str) -> Bundle:
        files = dict(_shipped(folder, place))
        key = _digest_of(files.items())
        return self._zip(name, key, lambda out: _copy(files.items(), out), root)

    def _zip(self, name: str, key: str, fill: Callable[[Path], None], root: str) -> Bundle:
        path = self._cache / f"{name}-{key[:16]}{'' if self._build else '-empty'}.zip"
        if not path.exists():
            self._cache.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=self._cache) as scratch:
                staged = Path(scratch) / "content"
                staged.mkdir()
                if self._build:
                    fill(staged)
                    _drop_what_is_not_shipped(staged)
                    _compile(staged, root)
                archive = Path(scratch) / path.name
                _write_zip(staged, archive)
                _move(archive, path)
        return Bundle(path, key)

    def _install(self, lock: Path, out: Path) -> None:
        command = [_uv(), "pip", "install", "--quiet", "--no-deps", "--require-hashes"]
        command += ["--only-binary", ":all:", "--python", sys.executable, "--python-version", _PYTHON]
        command += ["--target", str(out / "python"), "--requirements", str(lock)]
        if self._platform is not None:
            command += ["--python-platform", self._platform]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 (own arguments)
        if done.returncode:
            raise BundleError(
                f"the packages of {lock.name} could not be installed; wheels come from PyPI or from uv's "
                f"cache, so look at the network first:\n{done.stderr.strip()}"
            )


def host_is_arm() -> bool:
    """Whether bundles of the local flavour are built for arm64."""
    return platform.machine() in ("arm64", "aarch64")


def _digest_of(files: Iterable[tuple[str, Path]]) -> str:
    return _digest(*((target, source.read_bytes()) for target, source in sorted(files)))


def _digest(*parts: tuple[str, bytes]) -> str:
    digest = hashlib.sha256(f"{_RECIPE} {_PYTHON}".encode())
    for name, content in parts:
        digest.update(f"\n{name} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


def _shipped(part: Path, place: str) -> Iterable[tuple[str, Path]]:
    if part.is_file():
        yield place, part
        return
    for source in sorted(part.rglob("*")):
        relative = source.relative_to(part)
        if source.is_file() and source.suffix != ".pyc" and not set(_NOT_SHIPPED) & set(relative.parts):
            yield f"{place}/{relative.as_posix()}", source


def _copy(files: Iterable[tuple[str, Path]], out: Path) -> None:
    for target, source in files:
        (out / target).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, out / target)


def _drop_what_is_not_shipped(out: Path) -> None:
    for folder in _NOT_SHIPPED_FOLDERS:
        shutil.rmtree(out / folder, ignore_errors=True)
    for found in sorted(out.rglob("*")):
        if found.is_dir() and found.name in _NOT_SHIPPED:
            shutil.rmtree(found)
        elif found.is_file() and found.suffix in _NOT_SHIPPED_SUFFIXES:
            found.unlink()


def _compile(out: Path, root: str) -> None:
    """Bytecode that is taken without a look at its source: Lambda's file system is read-only and the zip's
    times mean nothing. `root` is where the files will lie, for tracebacks.
    """
    if sys.version_info[:2] != (3, 13):
        raise BundleError(f"bytecode for Lambda needs Python {_PYTHON}, this is {sys.version.split()[0]}")
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    compileall.compile_dir(out, quiet=2, stripdir=str(out), prependdir=root, invalidation_mode=mode)


def _write_zip(folder: Path, archive: Path) -> None:
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as out:
        for source in sorted(folder.rglob("*")):
            if source.is_file():
                entry = zipfile.ZipInfo(source.relative_to(folder).as_posix(), _ZIP_TIME)
                entry.external_attr = 0o644 << 16
                out.writestr(entry, source.read_bytes(), zipfile.ZIP_DEFLATED)
        if not out.namelist():
            # Lambda refuses a zip without an entry.
            out.writestr(zipfile.ZipInfo(".empty", _ZIP_TIME), b"")


def _move(built: Path, path: Path) -> None:
    """Into its place at once; somebody else may have built the same meanwhile."""
    try:
        built.rename(path)
    except OSError:
        if not path.exists():
            raise


def _uv() -> str:
    own = ROOT / ".bootstrap/bin/uv"
    found = str(own) if own.exists() else shutil.which("uv")
    if found is None:
        raise BundleError("uv is not there to install the layers' packages: run `make setup`")
    return found
