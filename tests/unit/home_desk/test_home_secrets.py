"""Secrets of a home desk: from the environment, never onto the disk; tokens for their owner alone."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from patang.errors import BadInput
from patang_workbench.home_desk.secrets import HomeSecrets

NAME = "patang/home/account/main"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "desk" / "sessions.json"


def test_the_api_secret_is_never_written(file: Path) -> None:
    secrets = HomeSecrets(file, {NAME: {"api_secret": "s3cret"}})
    secrets.put(NAME, {"api_secret": "s3cret", "access_token": "t0ken", "version": "1"})
    assert secrets.get(NAME) == {"api_secret": "s3cret", "access_token": "t0ken", "version": "1"}
    assert "s3cret" not in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    # Another process without it in its environment has the token alone.
    assert HomeSecrets(file, {}).get(NAME) == {"access_token": "t0ken", "version": "1"}


def test_the_environments_word_counts_over_an_older_one(file: Path) -> None:
    HomeSecrets(file, {}).put(NAME, {"api_secret": "old", "access_token": "t0ken"})
    assert HomeSecrets(file, {NAME: {"api_secret": "new"}}).get(NAME) == {
        "api_secret": "new",
        "access_token": "t0ken",
    }


def test_secrets_that_are_not_there_and_those_that_are_taken_away(file: Path) -> None:
    secrets = HomeSecrets(file, {})
    assert secrets.get("none") is None
    secrets.put("one", {"a": "1"})
    secrets.delete("one")
    secrets.delete("never")
    assert secrets.get("one") is None


def test_many_who_put_at_once_lose_nothing(file: Path) -> None:
    def put(number: int) -> None:
        HomeSecrets(file, {}).put(f"secret-{number}", {"n": str(number)})

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(put, range(24)))
    found = HomeSecrets(file, {})
    assert [found.get(f"secret-{n}") for n in range(24)] == [{"n": str(n)} for n in range(24)]
    assert not [path for path in file.parent.iterdir() if path.name.startswith(".unfinished")]


def test_a_spoilt_file_is_told_without_its_words(file: Path) -> None:
    file.parent.mkdir()
    file.write_text('{"patang/home/account/main": {"access_token": "t0ken"')
    with pytest.raises(BadInput, match="log in again") as told:
        HomeSecrets(file, {}).get(NAME)
    assert "t0ken" not in str(told.value)
