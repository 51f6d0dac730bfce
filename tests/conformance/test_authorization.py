"""The official suite of authorization servers against the desk's own: what it says of itself, and a code by
way of Kite's login and the consent's page.

pytest tests/conformance/test_authorization.py -s
"""

import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.conformance.gateway import Gateway, cold_start
from tests.conformance.official import suite
from tests.conformance.person import Person
from tests.unit.api.sample_desk import SampleDesk, two_owners


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    gateway = Gateway()
    yield gateway
    gateway.close()


@pytest.fixture(scope="module")
def desk(gateway: Gateway) -> SampleDesk:
    desk = two_owners(public_url=gateway.address)
    gateway.open(mcp=cold_start("mcp", desk), api=cold_start("api", desk))
    return desk


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def test_every_scenario_of_authorization_servers(gateway: Gateway, desk: SampleDesk, tmp_path: Path) -> None:
    port = free_port()
    wish = {
        "client_name": "Conformance",
        "redirect_uris": [f"http://127.0.0.1:{port}/callback"],
        "token_endpoint_auth_method": "none",
    }
    registered = httpx.post(f"{gateway.address}/register", json=wish, trust_env=False)
    assert registered.status_code == 201, registered.text
    person = Person(desk, gateway.address)
    run = suite(
        "authorization",
        "--url",
        gateway.address,
        "--client-id",
        registered.json()["client_id"],
        "--resource",
        f"{gateway.address}/mcp",
        "--port",
        str(port),
        into=tmp_path,
        shown=lambda page: person.lets_in(page, "read"),
    )
    print(f"\n{run.told('authorization server')}")
    assert run.exit_code == 0, run.said
    statuses = [status for checks in run.checks.values() for status in checks.values()]
    assert statuses == ["SUCCESS"] * 3, run.checks
