"""The official client suite against the library of `patang mcp`.

pytest tests/conformance/test_client.py -s
"""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance.client import waiting_client
from tests.conformance.official import ROOT, required, suite

# Other ways to get a token than a person's consent, and proofs of its possession: this client offers none.
EXTENSIONS = {
    "auth/client-credentials-basic",
    "auth/client-credentials-jwt",
    "auth/dpop",
    "auth/dpop-nonce",
    "auth/enterprise-managed-authorization",
    "auth/wif-jwt-bearer",
}


@pytest.fixture(scope="module")
def command() -> Iterator[str]:
    # A socket's path may have 107 bytes: pytest's own folders can be longer.
    with tempfile.TemporaryDirectory() as folder:
        socket = Path(folder) / "client"
        with waiting_client(socket):
            yield f"{sys.executable} -I -S {ROOT / 'tests/conformance/relay.py'} {socket}"


@pytest.mark.parametrize(("revision", "count"), [("2026-07-28", 32), ("2025-11-25", 18)])
def test_all_that_a_revision_requires(command: str, revision: str, count: int, tmp_path: Path) -> None:
    run = suite(
        "client", "--command", command, "--requirements", revision, "--timeout", "120000", into=tmp_path
    )
    wanted = required(revision, "client")
    print(f"\n{run.told(f'client {revision}', wanted)}")
    assert run.exit_code == 0, run.said
    assert len(wanted) == count
    assert wanted <= run.passed
    assert run.failed == EXTENSIONS
    assert "WARNING" not in {status for name in wanted for status in run.checks[name].values()}
