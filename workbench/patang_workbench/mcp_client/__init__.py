"""A client for MCP servers, from code and from the command line: logging in, listing tools, calling them.

async with connect("https://desk.example/mcp") as desk:
    profile = (await desk.call("get_profile")).into(Profile)
"""

from patang_workbench.mcp_client.answers import ToolAnswer
from patang_workbench.mcp_client.connection import Connection, connect
from patang_workbench.mcp_client.failures import (
    LoginNeeded,
    LoginRefused,
    PersonNeeded,
    ServerDown,
    ToolFailed,
)
from patang_workbench.mcp_client.questions import pages_for_a_person
from patang_workbench.mcp_client.signing_in import ClientName, LoggedIn, LoggedOut, login, logout

__all__ = [
    "ClientName",
    "Connection",
    "LoggedIn",
    "LoggedOut",
    "LoginNeeded",
    "LoginRefused",
    "PersonNeeded",
    "ServerDown",
    "ToolAnswer",
    "ToolFailed",
    "connect",
    "login",
    "logout",
    "pages_for_a_person",
]
