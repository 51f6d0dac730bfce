"""The MCP endpoint behind API Gateway's events, and requests of both eras for it."""

import base64
import json

from mangum import Mangum

from functions.mcp.endpoint import McpEndpoint
from functions.mcp.server import build_server

__all__ = ["NEW_ERA", "OLD_ERA", "Gateway", "asked", "token", "tool"]

OLD_ERA = "2025-11-25"
NEW_ERA = "2026-07-28"


def token(desk, *scopes: str, principal: str = "asha") -> str:
    return desk.tokens().issue(principal, "test", scopes, days=1).secret


def asked(method, era=OLD_ERA, params=None, capabilities=None):
    params = dict(params or {})
    if era == NEW_ERA:
        params["_meta"] = {
            "io.modelcontextprotocol/protocolVersion": NEW_ERA,
            "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
            "io.modelcontextprotocol/clientCapabilities": capabilities or {},
        }
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}


class Gateway:
    """Sends requests as API Gateway's payload format 2.0 does, through one warm instance."""

    def __init__(self, desk, build=build_server) -> None:
        self._handler = Mangum(McpEndpoint(desk, build), lifespan="off")

    def send(self, method="POST", body=None, bearer=None, path="/mcp", **headers) -> tuple[int, dict, str]:
        sent = {
            "host": "desk.example",
            "content-type": "application/json",
            "accept": "application/json, text/event-stream",
        }
        if bearer:
            sent["authorization"] = f"Bearer {bearer}"
        event = {
            "version": "2.0",
            "routeKey": "ANY /mcp",
            "rawPath": path,
            "rawQueryString": "",
            "headers": sent | {name.replace("_", "-"): value for name, value in headers.items()},
            "requestContext": {
                "domainName": "abc.execute-api.ap-south-1.amazonaws.com",
                "http": {"method": method, "path": path, "sourceIp": "203.0.113.9"},
            },
            "body": body if isinstance(body, str) else json.dumps(body),
            "isBase64Encoded": False,
        }
        answer = self._handler(event, None)
        text = answer.get("body", "")
        if answer.get("isBase64Encoded"):
            text = base64.b64decode(text).decode()
        return answer["statusCode"], answer.get("headers", {}), text

    def ask(self, bearer, method, params=None, era=OLD_ERA, capabilities=None, **headers):
        """The whole message that answers, a result or an error."""
        request = asked(method, era, params, capabilities)
        if era == NEW_ERA:
            named = request["params"].get("name") or request["params"].get("uri")
            headers |= {"mcp_method": method} | ({"mcp_name": named} if named else {})
        _, _, text = self.send(body=request, bearer=bearer, mcp_protocol_version=era, **headers)
        return json.loads(text)

    def call(self, bearer, method, params=None, era=OLD_ERA, **more):
        message = self.ask(bearer, method, params, era, **more)
        assert "result" in message, message
        return message["result"]


def tool(gateway, bearer, name, era=OLD_ERA, **arguments):
    return gateway.call(bearer, "tools/call", {"name": name, "arguments": arguments}, era=era)
