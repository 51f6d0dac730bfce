"""`patang mcp` as a person has it: a process in a shell, Chromium, the simulated broker's login page."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.browser.chromium import Chromium
from tests.browser.serving import ServedDesk
from tests.integration.programs.person import press, question, signed_in

PATANG = str(Path(sys.executable).with_name("patang"))


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """With a folder of its own for what the client remembers."""
    return os.environ | {"XDG_CONFIG_HOME": str(tmp_path)}


def patang(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PATANG, "mcp", *arguments], env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def test_from_the_login_to_the_logout(
    browser: Chromium, served: ServedDesk, environment: dict[str, str]
) -> None:
    url = f"{served.address}/mcp"
    login = subprocess.Popen(
        [PATANG, "mcp", "login", url, "--no-browser", "--timeout", "60"],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert login.stdout is not None
        page = browser.page(login.stdout.readline().removeprefix("Log in at ").strip())
        signed_in(page)
        question(page)
        assert "Patang command line" in page.text()
        press(page, "Allow what is ticked")
        page.until("location.pathname === '/callback'")
        assert "The login is done. You can close this page" in page.text()
        told, _ = login.communicate(timeout=60)
    finally:
        login.kill()
    assert login.returncode == 0
    assert told.startswith(f"logged in at {url} with read; it has ")

    called = patang(environment, "call", url, "get_risk_state", "--json")
    assert json.loads(called.stdout)["accounts"], called.stderr
    page.open(f"{served.address}/settings/programs")
    assert "Patang command line" in page.text()
    press(page, "End")
    press(page, "Yes")
    page.until("document.body.innerText.includes('None is connected')")
    ended = patang(environment, "call", url, "get_risk_state")
    assert (ended.returncode, ended.stdout) == (3, "")
    assert f"the login has ended: run `patang mcp login {url}`" in ended.stderr
    assert patang(environment, "logout", url).stdout == f"logged out at {url}\n"
