"""What a client is told before it has anything: where the resource is, and who authorizes for it."""

import pytest
from starlette.testclient import TestClient

from functions.api.app import build_app
from tests.unit.api.sample_desk import two_owners

HERE = "https://desk.example"


@pytest.fixture
def client():
    return TestClient(build_app(two_owners(public_url=HERE)), base_url=HERE, follow_redirects=False)


@pytest.mark.parametrize("behind", ["", "/mcp"])
def test_the_resource_names_its_server_and_every_scope(client, behind):
    answer = client.get(f"/.well-known/oauth-protected-resource{behind}")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {
        "resource": "https://desk.example/mcp",
        "resource_name": "Patang",
        "authorization_servers": ["https://desk.example"],
        "scopes_supported": ["read", "trade", "admin"],
        "bearer_methods_supported": ["header"],
    }


@pytest.mark.parametrize("behind", ["", "/mcp"])
def test_the_server_tells_what_it_takes(client, behind):
    told = client.get(f"/.well-known/oauth-authorization-server{behind}").json()
    assert told["issuer"] == HERE
    assert told["code_challenge_methods_supported"] == ["S256"]
    assert "none" in told["token_endpoint_auth_methods_supported"]
    assert told["client_id_metadata_document_supported"] is True
    assert told["authorization_response_iss_parameter_supported"] is True
    assert told["response_types_supported"] == ["code"]
    assert told["grant_types_supported"] == ["authorization_code", "refresh_token"]
    assert told["scopes_supported"] == ["read", "trade", "admin"]


def test_what_the_metadata_names_is_there(client):
    """Every endpoint is of this desk and answers something else than that there is nothing."""
    told = client.get("/.well-known/oauth-authorization-server").json()
    endpoints = {name: address for name, address in told.items() if name.endswith("_endpoint")}
    assert set(endpoints) == {
        "authorization_endpoint",
        "token_endpoint",
        "registration_endpoint",
        "revocation_endpoint",
    }
    for name, address in endpoints.items():
        assert address.startswith(f"{HERE}/")
        method = "GET" if name == "authorization_endpoint" else "POST"
        assert client.request(method, address).status_code == 400, name


def test_nothing_else_is_well_known(client):
    for path in ("/.well-known/openid-configuration", "/.well-known/oauth-authorization-server/other"):
        assert client.get(path).status_code == 404
