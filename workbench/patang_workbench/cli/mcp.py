"""`patang mcp`: other MCP servers, and this desk as one."""

import argparse
import asyncio
import json
import logging
import os
import signal
import sys
import threading
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from patang.errors import AskOwner, PatangError
from patang_workbench.cli import mcp_serve
from patang_workbench.cli.running import CommandError

if TYPE_CHECKING:
    from mcp_types import Tool

    from patang_workbench.mcp_client import ClientName, LoggedIn

__all__ = ["add_arguments", "run"]

_PERSON_NEEDED = 3
_INTERRUPTED = 130
_SECRET = "PATANG_MCP_CLIENT_SECRET"  # noqa: S105 - the name of a variable


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = (
        "Logins are remembered in $XDG_CONFIG_HOME/patang/mcp (~/.config without it), one file a server that "
        "only you can read. 0: done. 1: it did not work. 2: not understood. 3: a person must log in, or "
        "visit a page, first. 130: interrupted."
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)

    def action_for(name: str, does: str) -> argparse.ArgumentParser:
        return actions.add_parser(name, help=does, description=f"{does[0].upper()}{does[1:]}.")

    _add_login(action_for("login", "log in at a server, in this machine's browser"))
    listing = action_for("tools", "list what a server can do")
    calling = action_for("call", "run one tool and print what it answers")
    leaving = action_for("logout", "end the login at a server and forget it")
    for action, does in ((listing, _tools), (calling, _call), (leaving, _logout)):
        action.add_argument(
            "url", metavar="URL", help="the server's address, such as https://desk.example/mcp"
        )
        action.add_argument("--json", action="store_true", help="print JSON")
        action.set_defaults(action=does)
    serving = action_for("serve", "run a desk of one's own on this machine, for assistants")
    mcp_serve.add_arguments(serving)
    serving.set_defaults(action=mcp_serve.run)
    calling.add_argument("name", metavar="TOOL", help="as `patang mcp tools` has it")
    calling.add_argument("--args", default="{}", metavar="JSON", help="its arguments, a JSON object")
    for action in (listing, calling):
        action.add_argument("--timeout", type=float, default=60.0, metavar="SECONDS", help="an answer's (60)")


def _add_login(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "By OAuth where the server asks for it, else by its own login tool as Kite's hosted server has it. "
        f"The secret of a client that was given to you, if it has one, is read from {_SECRET}."
    )
    parser.add_argument("url", metavar="URL", help="the server's address, such as https://desk.example/mcp")
    parser.add_argument("--scope", action="append", default=[], help="a right to ask for; may be repeated")
    parser.add_argument(
        "--client-id",
        metavar="ID",
        help="the https address of your client's metadata document, or an id that the server's owner gave "
        "you; without it this client registers itself",
    )
    parser.add_argument(
        "--port", type=int, help="of the page on 127.0.0.1 that the browser comes back to (a free one)"
    )
    parser.add_argument("--no-browser", action="store_true", help="print the address instead of opening it")
    parser.add_argument("--timeout", type=float, default=300.0, metavar="SECONDS", help="a person's (300)")
    parser.add_argument("--json", action="store_true", help="print JSON; the address goes to stderr")
    parser.set_defaults(action=_login)


def run(options: argparse.Namespace) -> int:
    """Carry out an action. Raises CommandError for what only another try or another address could mend."""
    for name in ("mcp.client", "client"):
        # The SDK's client logs what it raises, too: one account of a failure is enough for a terminal.
        logging.getLogger(name).addHandler(logging.NullHandler())
        logging.getLogger(name).propagate = False
    try:
        code: int = options.action(options)
    except AskOwner as error:
        print(_printable(f"patang: {error}"), file=sys.stderr)
        for link in getattr(error, "links", ()):
            print(_printable(f"  {link}"), file=sys.stderr)
        return _PERSON_NEEDED
    except PatangError as error:
        raise CommandError(_printable(str(error))) from error
    return code


def _login(options: argparse.Namespace) -> int:
    # Here and below: the SDK takes half a second to import, which no other command should wait for.
    from patang_workbench.mcp_client import login

    with _ending_at_once():
        found = asyncio.run(
            login(
                options.url,
                lambda url: _show(url, options),
                scopes=options.scope,
                client=_client_name(options.client_id),
                port=options.port,
                seconds=options.timeout,
            )
        )
    if options.json:
        facts = {
            "url": found.url,
            "way": found.way,
            "scopes": found.scopes,
            "access_token_until": found.until.isoformat() if found.until else None,
            "already": found.already,
            "tools": found.tools,
        }
        print(json.dumps(facts))
    else:
        print(_told(found))
    return 0


@contextmanager
def _ending_at_once() -> Iterator[None]:
    """Ctrl-C ends the process. Tasks of the SDK that are cancelled may first wait for the answer that nobody
    gives any more; and nothing is lost, for what is remembered is replaced whole or not at all.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, lambda *_: os._exit(_INTERRUPTED))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _told(found: "LoggedIn") -> str:
    if found.way == "none":
        return f"{found.url} asks for no login; it has {found.tools} tools"
    scopes = f" with {', '.join(found.scopes)}" if found.scopes else ""
    already = "already " if found.already else ""
    return f"{already}logged in at {found.url}{_printable(scopes)}; it has {found.tools} tools"


def _tools(options: argparse.Namespace) -> int:
    from patang_workbench.mcp_client import connect

    async def listed() -> "tuple[Tool, ...]":
        async with connect(options.url, seconds=options.timeout) as server:
            return await server.tools()

    tools = asyncio.run(listed())
    if options.json:
        print(json.dumps([_as_json(tool) for tool in tools], indent=2, ensure_ascii=False))
        return 0
    widest = max((len(tool.name) for tool in tools), default=0)
    for tool in tools:
        print(_printable(f"{tool.name:<{widest}}  {_effect(tool):<11}  {tool.title or _summary(tool)}"))
    return 0


def _call(options: argparse.Namespace) -> int:
    from patang_workbench.mcp_client import ToolAnswer, connect, pages_for_a_person

    arguments = _arguments(options.args)
    # Where nobody is in front of the terminal, the server is not told that a person can be asked.
    questions = pages_for_a_person(_agreed) if sys.stdin.isatty() else None

    async def called() -> ToolAnswer:
        async with connect(options.url, questions=questions, seconds=options.timeout) as server:
            return await server.call(options.name, arguments)

    answer = asyncio.run(called())
    if options.json:
        print(json.dumps(answer.text if answer.data is None else answer.data, indent=2, ensure_ascii=False))
    else:
        print(_printable(answer.text))
    return 0


def _logout(options: argparse.Namespace) -> int:
    from patang_workbench.mcp_client import logout

    gone = asyncio.run(logout(options.url))
    if options.json:
        print(json.dumps({"url": gone.url, "was_logged_in": gone.known, "tokens_left": gone.left}))
    elif not gone.known:
        print(f"nothing was remembered of {gone.url}")
    else:
        print(f"logged out at {gone.url}")
        if gone.left:
            print("It has no way to end tokens: those that it gave stay valid until they end by themselves.")
    return 0


def _client_name(client_id: str | None) -> "ClientName | None":
    from patang_workbench.mcp_client import ClientName

    return None if client_id is None else ClientName(client_id, os.environ.get(_SECRET))


def _show(url: str, options: argparse.Namespace) -> None:
    if not options.no_browser and webbrowser.open(url):
        where = urlsplit(url).hostname
        print(f"The browser shows the login at {where}; waiting for it to come back", file=sys.stderr)
        return
    print(f"Log in at {url}", file=sys.stderr if options.json else sys.stdout, flush=True)


def _agreed(message: str, url: str) -> bool:
    print(f"The server asks: {_printable(message)}\n  {_printable(url)}", file=sys.stderr)
    print("Open this page in the browser? [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        return False
    webbrowser.open(url)
    return True


def _arguments(said: str) -> dict[str, Any]:
    try:
        arguments = json.loads(said)
    except ValueError as error:
        raise CommandError(
            f"--args is no JSON ({error}): give an object such as '{{\"limit\": 5}}'"
        ) from error
    if not isinstance(arguments, dict):
        raise CommandError(f"--args is {said}: give a JSON object, the arguments by name")
    return arguments


def _as_json(tool: "Tool") -> Any:
    return tool.model_dump(mode="json", by_alias=True, exclude_none=True)


def _effect(tool: "Tool") -> str:
    """What the server says that the tool does; nobody has checked it."""
    hints = tool.annotations
    if hints is None or hints.read_only_hint is None:
        return "not said"
    if hints.read_only_hint:
        return "looks"
    return "destructive" if hints.destructive_hint is not False else "changes"


def _summary(tool: "Tool") -> str:
    return (tool.description or "").partition("\n")[0][:100]


def _printable(text: str) -> str:
    """Words of a server: they move no cursor and colour nothing."""
    return "".join(mark if mark.isprintable() or mark in "\n\t" else "�" for mark in text)
