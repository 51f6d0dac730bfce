"""(api) as the gateway calls it: events of payload format 2.0."""

import asyncio
import base64
import gzip
import json
from urllib.parse import urlencode

import pytest
from mangum import Mangum

from functions.api.app import build_app
from functions.api.assets import address_of
from functions.api.handler import handler
from tests.unit.api.sample_desk import two_owners


@pytest.fixture(autouse=True)
def event_loop():
    """Lambda's main thread has one from the import on; a test before this one may have taken it away."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    asyncio.set_event_loop(None)
    loop.close()


def event(path: str, method: str = "GET", cookies: tuple[str, ...] = (), **headers: str) -> dict:
    return {
        "version": "2.0",
        "routeKey": "ANY /{proxy+}",
        "rawPath": path,
        "rawQueryString": "",
        "cookies": list(cookies),
        "headers": {"host": "desk.example", "x-forwarded-proto": "https"} | headers,
        "requestContext": {"http": {"method": method, "path": path, "sourceIp": "203.0.113.9"}},
        "isBase64Encoded": False,
    }


@pytest.fixture
def gateway():
    return Mangum(build_app(two_owners(public_url="https://desk.example")), lifespan="off")


def test_the_handler_is_up(monkeypatch, capsys):
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "api")
    monkeypatch.setenv("STAGE", "test")
    for _ in range(2):
        answer = handler(event("/healthz"), None)
        assert (answer["statusCode"], answer["body"]) == (200, '{"status":"ok"}')
    assert capsys.readouterr().out.count("\n") == 2


def test_pages_come_as_text_and_what_is_compressed_as_bytes(gateway):
    assert gateway(event("/"), None)["statusCode"] == 401
    style = gateway(event(address_of("patang.css")), None)
    assert style["isBase64Encoded"] is False
    asked = event(address_of("patang.css"))
    asked["headers"]["accept-encoding"] = "gzip"
    smaller = gateway(asked, None)
    assert smaller["isBase64Encoded"] is True
    assert gzip.decompress(base64.b64decode(smaller["body"])).decode() == style["body"]
    assert style["headers"]["strict-transport-security"]


def test_cookies_come_the_gateways_way(gateway):
    answer = gateway(event("/login"), None)
    assert answer["statusCode"] == 303
    [cookie] = answer["cookies"]
    assert cookie.startswith("__Host-patang-login=")
    assert "Secure" in cookie


def test_a_program_is_let_in_through_events(gateway):
    """Cookies stand apart in an event and in its answer, and a form comes in base64."""
    wish = {
        "client_name": "x",
        "redirect_uris": ["http://127.0.0.1:1/"],
        "token_endpoint_auth_method": "none",
    }
    registered = gateway(
        event("/register", "POST", **{"content-type": "application/json"}) | {"body": json.dumps(wish)}, None
    )
    assert registered["statusCode"] == 201
    asked = {
        "response_type": "code",
        "client_id": json.loads(registered["body"])["client_id"],
        "redirect_uri": "http://127.0.0.1:1/",
        "code_challenge": "a" * 43,
        "code_challenge_method": "S256",
    }
    begun = gateway(event("/authorize") | {"rawQueryString": urlencode(asked)}, None)
    assert begun["statusCode"] == 303
    [cookie] = begun["cookies"]
    assert cookie.startswith("__Host-patang-consent=")
    shown = gateway(event(begun["headers"]["location"], cookies=(cookie.partition(";")[0],)), None)
    assert shown["statusCode"] == 401, "Kite's login comes first"
    form = base64.b64encode(urlencode(asked | {"grant_type": "refresh_token"}).encode()).decode()
    answer = gateway(
        event("/token", "POST", **{"content-type": "application/x-www-form-urlencoded"})
        | {"body": form, "isBase64Encoded": True},
        None,
    )
    assert (answer["statusCode"], answer["isBase64Encoded"]) == (400, False)
    assert json.loads(answer["body"])["error"] == "invalid_grant"
