"""`patang mcp` as a shell has it: exit codes, and one account of a failure."""

import signal
import subprocess
import sys
from pathlib import Path

from tests.unit.mcp_client.served_desk import ServedDesk

PATANG = str(Path(sys.executable).with_name("patang"))


def started(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [PATANG, "mcp", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_nobody_is_logged_in(served: ServedDesk, folder: Path) -> None:
    asked = started("call", served.url, "get_risk_state")
    out, err = asked.communicate(timeout=60)
    assert (asked.returncode, out) == (3, "")
    assert err == f"patang: {served.url}: nobody is logged in: run `patang mcp login {served.url}`\n"


def test_a_login_that_is_interrupted(served: ServedDesk, folder: Path) -> None:
    login = started("login", served.url, "--no-browser")
    try:
        assert login.stdout is not None
        assert login.stdout.readline().startswith(f"Log in at {served.origin}/authorize?")
        login.send_signal(signal.SIGINT)
        assert login.communicate(timeout=60) == ("", "")
        assert login.returncode == 130
    finally:
        login.kill()


def test_no_other_command_waits_for_the_sdk() -> None:
    """Importing it takes half a second."""
    asks = "import sys, patang_workbench.cli; print({'mcp', 'mcp_types', 'httpx2'} & sys.modules.keys())"
    found = subprocess.run(
        [sys.executable, "-c", asks], capture_output=True, text=True, check=True, timeout=60
    )
    assert found.stdout == "set()\n"
