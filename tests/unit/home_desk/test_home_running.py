"""Who works for a home desk, where several processes could."""

import json
import socket
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from patang.errors import BadInput, Refused
from patang_workbench.home_desk import running
from patang_workbench.home_desk.environment import HomeEnvironment
from patang_workbench.home_desk.keeper import Keeper
from patang_workbench.home_desk.running import HomeRun

VARIABLES = {"KITE_API_KEY": "key", "KITE_API_SECRET": "secret", "KITE_USER_ID": "AB1234"}


@pytest.fixture
def given(tmp_path: Path) -> HomeEnvironment:
    return HomeEnvironment.read(VARIABLES | {"PATANG_HOME": str(tmp_path)})


@pytest.fixture
def taken() -> Iterator[socket.socket]:
    """A port that somebody else listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


def test_who_waits_takes_over_as_soon_as_folder_and_port_are_free(
    given: HomeEnvironment, taken: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "_LOOK_SECONDS", 0.1)
    before, port = Keeper(given.folder), taken.getsockname()[1]
    assert before.take()
    before.serve_at("http://127.0.0.1:1")
    with HomeRun(given, "127.0.0.1", port, alone=False) as run:
        assert run.desk.public_url() == "http://127.0.0.1:1"
        before.let_go()
        time.sleep(0.5)
        assert run.desk.public_url() == "", "the port is not free: nobody serves"
        taken.close()
        deadline = time.monotonic() + 20
        while run.desk.public_url() != f"http://127.0.0.1:{port}":
            assert time.monotonic() < deadline
            time.sleep(0.05)
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
                    assert json.load(answer) == {"status": "ok"}
                break
            except OSError:
                assert time.monotonic() < deadline
                time.sleep(0.05)
    assert before.take(), "who has left lets go"


def test_who_must_be_alone_says_who_is_there(given: HomeEnvironment) -> None:
    before = Keeper(given.folder)
    assert before.take()
    before.serve_at("http://127.0.0.1:1")
    with (
        pytest.raises(Refused, match=r"serves .* already, at http://127.0.0.1:1"),
        HomeRun(given, "127.0.0.1", 0, alone=True),
    ):
        pass


@pytest.mark.parametrize("mode", [0o770, 0o777, 0o1777])
def test_a_folder_that_others_can_write_is_no_home(given: HomeEnvironment, mode: int) -> None:
    given.folder.chmod(mode)
    with pytest.raises(BadInput, match="chmod 700"):
        HomeRun(given, "127.0.0.1", 0, alone=True)
    assert list(given.folder.iterdir()) == []


def test_a_port_that_is_taken_leaves_the_folder_to_others(
    given: HomeEnvironment, taken: socket.socket
) -> None:
    port = taken.getsockname()[1]
    with (
        pytest.raises(Refused, match=f"port {port} of 127.0.0.1 cannot be opened"),
        HomeRun(given, "127.0.0.1", port, alone=True),
    ):
        pass
    assert Keeper(given.folder).take()
