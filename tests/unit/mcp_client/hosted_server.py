"""An MCP server that behaves as the hosted one at mcp.kite.trade does (kite-mcp-server on mcp-go 0.31).

No OAuth: `initialize` gives a session id, the tool `login` answers with a link that is bound to it, and
whoever opens the link is logged in there. An id that it does not know is answered with 400, one that has
ended with 404, and a broker's session that has died with no more than "Failed to execute".
"""

import json
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

__all__ = ["HostedServer"]

_LOGIN = (
    "IMPORTANT: Please display this warning to the user before proceeding:\n\n"
    "WARNING: AI systems are unpredictable. By continuing, you agree to interact with your account at your "
    "own risk.\n\nProvide the user with this login link: [Login to Kite]({url})\n\nIf your client supports "
    "clickable links, you can render it. Otherwise, display the URL and ask them to copy it: {url}\n\nAfter "
    "completing the login in your browser, let me know and I'll continue with your request."
)
_TOOLS = ("login", "get_profile", "get_holdings", "boom")


class HostedServer:
    """Sessions by id: "" (begun), "asked" (somebody has called a tool), "in" (logged in), "over"."""

    def __init__(self) -> None:
        self.sessions: dict[str, str] = {}
        self.methods: list[str] = []
        self.down: int | None = None
        self._closing = threading.Event()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._http.daemon_threads = True
        self.origin = f"http://127.0.0.1:{self._http.server_port}"
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"{self.origin}/mcp"

    def close(self) -> None:
        self._closing.set()
        self._http.shutdown()
        self._http.server_close()

    def forget_everything(self) -> None:
        """A restart: sessions are in its memory alone."""
        self.sessions.clear()

    def end_at_broker(self) -> None:
        """Six in the morning: the broker's tokens are dead, and the server does not know it yet."""
        for session_id, state in self.sessions.items():
            if state == "in":
                self.sessions[session_id] = "asked"

    def answer(self, session_id: str | None, asked: dict[str, Any]) -> tuple[int, Any, dict[str, str]]:
        """Status, body and headers for a message."""
        method = asked["method"]
        self.methods.append(method)
        if self.down is not None:
            return self.down, "upstream connect error", {}
        if method == "initialize":
            new = f"kitemcp-{uuid.uuid4()}"
            self.sessions[new] = ""
            result = {
                "protocolVersion": "2025-03-26",
                "capabilities": {"tools": {"listChanged": True}},
                "serverInfo": {"name": "Kite MCP Server", "version": "v0.2.0"},
            }
            return 200, {"jsonrpc": "2.0", "id": asked["id"], "result": result}, {"Mcp-Session-Id": new}
        state = self.sessions.get(session_id or "")
        if state is None:
            return 400, "Invalid session ID\n", {}
        if state == "over":
            return 404, "Session terminated\n", {}
        if "id" not in asked:
            return 202, "", {}
        return 200, {"jsonrpc": "2.0", "id": asked["id"]} | self._result(str(session_id), asked), {}

    def _result(self, session_id: str, asked: dict[str, Any]) -> dict[str, Any]:
        match asked["method"]:
            case "ping":
                return {"result": {}}
            case "tools/list":
                tools = [{"name": name, "inputSchema": {"type": "object"}} for name in _TOOLS]
                return {"result": {"tools": tools}}
            case "tools/call":
                text, failed = self._called(session_id, asked["params"]["name"])
                return {"result": {"content": [{"type": "text", "text": text}], "isError": failed}}
        return {"error": {"code": -32601, "message": f"Method {asked['method']} not found"}}

    def _called(self, session_id: str, tool: str) -> tuple[str, bool]:
        state = self.sessions[session_id]
        if tool == "login":
            self.sessions[session_id] = state or "asked"
            if state == "in":
                return "You are already logged in as Asha", False
            url = f"{self.origin}/connect/login?v=3&redirect_params=session_id%3D{session_id}"
            return _LOGIN.format(url=url), False
        if state == "":
            self.sessions[session_id] = "asked"
            return "Please log in first using the login tool", True
        if state == "asked" or tool == "boom":
            return f"Failed to execute {tool}", True
        if tool == "get_profile":
            return json.dumps({"user_id": "AB1234", "user_name": "Asha"}), False
        return json.dumps([{"tradingsymbol": "INFY", "quantity": 5, "last_price": 1490.5}]), False

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
                status, body, headers = 404, "404 page not found\n", {}
                if self.path == "/mcp":
                    status, body, headers = server.answer(self.headers.get("mcp-session-id"), asked)
                text = body if isinstance(body, str) else json.dumps(body)
                kind = "text/plain" if isinstance(body, str) else "application/json"
                self._send(status, text, {"content-type": kind} | headers)

            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                if parts.path == "/connect/login":
                    (state,) = parse_qs(parts.query)["redirect_params"]
                    server.sessions[state.removeprefix("session_id=")] = "in"
                    self._send(200, "Login successful", {"content-type": "text/html"})
                    return
                # A stream for what the server might want to say; it says nothing.
                self.send_response(200)
                self.send_header("content-type", "text/event-stream")
                self.end_headers()
                self.wfile.flush()
                server._closing.wait(20)
                self.close_connection = True

            def do_DELETE(self) -> None:
                session_id = self.headers.get("mcp-session-id", "")
                known = session_id in server.sessions
                if known:
                    server.sessions[session_id] = "over"
                self._send(200 if known else 404, "", {})

            def _send(self, status: int, text: str, headers: dict[str, str]) -> None:
                content = text.encode()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *arguments: object) -> None:
                return

        return Handler
