"""A folder as an object store: the same promises as a bucket, and no half-written file."""

import os
from pathlib import Path

import pytest

from patang.adapters.folder import FolderObjects
from patang.errors import BadInput


@pytest.fixture
def objects(tmp_path: Path) -> FolderObjects:
    return FolderObjects(tmp_path / "store")


def test_what_was_put_is_got_and_replaced(objects: FolderObjects) -> None:
    assert objects.get("a/b.txt") is None
    objects.put("a/b.txt", b"one")
    objects.put("a/b.txt", b"two")
    assert objects.get("a/b.txt") == b"two"


def test_paths_are_listed_by_any_prefix_in_order(objects: FolderObjects) -> None:
    for path in ("a/symbol=X/2", "a/symbol=XY/1", "a/symbol=X/1", "b/1"):
        objects.put(path, b"")
    assert objects.list("a/symbol=X") == ["a/symbol=X/1", "a/symbol=X/2", "a/symbol=XY/1"]
    assert objects.list("a/symbol=X/") == ["a/symbol=X/1", "a/symbol=X/2"]
    assert objects.list("") == ["a/symbol=X/1", "a/symbol=X/2", "a/symbol=XY/1", "b/1"]
    assert objects.list("c/") == []


def test_a_write_that_fails_leaves_the_file_before_it(
    objects: FolderObjects, monkeypatch: pytest.MonkeyPatch
) -> None:
    objects.put("a/b", b"one")

    def fails(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(os, "fdopen", fails)
    with pytest.raises(OSError, match="no space"):
        objects.put("a/b", b"two")
    monkeypatch.undo()
    assert objects.get("a/b") == b"one"
    assert objects.list("") == ["a/b"]


def test_a_file_being_written_is_not_listed(objects: FolderObjects, tmp_path: Path) -> None:
    objects.put("a/b", b"one")
    (tmp_path / "store" / "a" / ".unfinished-x").write_bytes(b"tw")
    assert objects.list("a/") == ["a/b"]


@pytest.mark.parametrize("path", ["../x", "a/../../x", "/etc/x"])
def test_no_path_leads_out_of_the_folder(objects: FolderObjects, path: str) -> None:
    with pytest.raises(BadInput, match="out of the store"):
        objects.put(path, b"")
