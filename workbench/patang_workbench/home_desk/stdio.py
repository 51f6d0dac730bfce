"""MCP on standard input and output: the assistant's host has started this process, for its owner."""

import logging

import anyio
from mcp.server.stdio import stdio_server

from functions.mcp.server import build_server
from patang.identity.principal import Principal, Scope, accounts_of
from patang_workbench.home_desk.desk import HomeDesk

__all__ = ["serve_stdio"]

_log = logging.getLogger("patang.home")


def serve_stdio(desk: HomeDesk, principal: str, scopes: frozenset[Scope]) -> None:
    """Answers until standard input ends. Nothing else comes to standard output meanwhile: the SDK turns
    whatever is printed to standard error."""
    anyio.run(_serve, desk, principal, scopes)


async def _serve(desk: HomeDesk, principal: str, scopes: frozenset[Scope]) -> None:
    def whoever_started_it(_context: object) -> Principal:
        # No browser's word: what needs its owner in person is said on the page.
        return Principal(principal, f"stdio of {principal}", accounts_of(desk.accounts(), principal), scopes)

    server = build_server(desk, whoever_started_it)
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())
    _log.info("the host has hung up")
