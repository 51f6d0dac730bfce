"""Several accounts of one person from the environment."""

from pathlib import Path

import anyio
import pytest

from patang_workbench.exchange.server import Simulator
from patang_workbench.local_stack.owner import Owner
from tests.integration.home_desk.home import Home, structured

pytestmark = pytest.mark.anyio

TWO = {
    "PATANG_PRINCIPAL": "asha",
    "PATANG_ACCOUNTS": "main,family-2",
    "PATANG_MAIN_API_KEY": "homekey",
    "PATANG_MAIN_API_SECRET": "homesecret",
    "PATANG_MAIN_USER_ID": "AB1234",
    "PATANG_FAMILY_2_API_KEY": "familykey",
    "PATANG_FAMILY_2_API_SECRET": "familysecret",
    "PATANG_FAMILY_2_USER_ID": "CD5678",
    "PATANG_FAMILY_2_LABEL": "Family",
}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_each_account_has_its_own_login_and_one_that_is_left_out_is_gone(
    tmp_path: Path, port: int, simulator: Simulator
) -> None:
    home = Home(tmp_path, port, simulator, **TWO)
    async with home.assistant("--scopes", "read") as client:
        unsaid = await client.call_tool("login", {})
        assert unsaid.is_error
        assert "family-2, main" in str(unsaid.content)
        owner = Owner(home.address)
        await anyio.to_thread.run_sync(owner.sign_in)
        owner.close()
        assert (await structured(client, "login", account_id="main"))["state"] == "ACTIVE"
        other = await structured(client, "login", account_id="family-2")
        assert other["state"] == "MISSING"
        assert other["login_url"] == f"{home.address}/login?account=family-2&user=CD5678"
        foreign = await client.call_tool("login", {"account_id": "other"})
        assert foreign.is_error
        # What the host was started without, it may not do.
        refused = await client.call_tool("halt_trading", {"account_id": "main", "reason": "test"})
        assert refused.is_error

    fewer = Home(tmp_path, port, simulator, **TWO | {"PATANG_ACCOUNTS": "main"})
    async with fewer.assistant() as client:
        assert (await structured(client, "login"))["account"] == "main"
    assert "account family-2 is not in the environment: switched off" in fewer.said()
