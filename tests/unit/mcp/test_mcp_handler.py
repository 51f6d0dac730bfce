"""(mcp) as the gateway calls it, wired to nothing: what it refuses needs no table."""

import asyncio

import pytest

from functions.mcp.handler import handler


@pytest.fixture(autouse=True)
def event_loop():
    """Lambda's main thread has one from the import on; a test before this one may have taken it away."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    asyncio.set_event_loop(None)
    loop.close()


def test_the_handler_refuses_a_stream(monkeypatch, capsys):
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "mcp")
    monkeypatch.setenv("STAGE", "test")
    event = {
        "version": "2.0",
        "rawPath": "/mcp",
        "rawQueryString": "",
        "headers": {"host": "desk.example", "accept": "text/event-stream"},
        "requestContext": {"http": {"method": "GET", "path": "/mcp", "sourceIp": "203.0.113.9"}},
        "isBase64Encoded": False,
    }
    for _ in range(2):
        answer = handler(event, None)
        assert answer["statusCode"] == 405
    assert capsys.readouterr().out.count("\n") == 2
