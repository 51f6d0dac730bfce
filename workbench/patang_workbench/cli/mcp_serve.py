"""`patang mcp serve`: a desk of one's own for assistants, on this machine and without AWS."""

import argparse
import importlib.util
import logging
import os
import signal
import sys
import threading
from pathlib import Path
from typing import get_args

from patang.identity.principal import Scope
from patang_workbench.cli.running import CommandError
from patang_workbench.home_desk.environment import HomeEnvironment

__all__ = ["add_arguments", "run"]

_PORT = 8721
_PROJECT = Path(__file__).resolve().parents[3]
_EPILOG = """\
Accounts come from the environment: KITE_API_KEY, KITE_API_SECRET and KITE_USER_ID for one; for several
PATANG_ACCOUNTS=main,family and PATANG_MAIN_API_KEY, PATANG_MAIN_API_SECRET, PATANG_MAIN_USER_ID and so on.
The app on developers.kite.trade sends its logins to http://127.0.0.1:8721/kite/callback (or your --port).
State lies in PATANG_HOME (~/.local/share/patang). Orders are on paper until the settings say otherwise.
0: ended as it was told to. 1: it could not begin. docs/guides has it for VS Code, Claude, ChatGPT and Cursor.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = _EPILOG
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    way = parser.add_mutually_exclusive_group(required=True)
    way.add_argument(
        "--stdio", action="store_true", help="speak MCP on stdin and stdout, for a host that starts this"
    )
    way.add_argument("--http", action="store_true", help="serve MCP at /mcp beside the pages, with OAuth")
    parser.add_argument("--home", type=Path, metavar="DIR", help="folder of the desk's state (PATANG_HOME)")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
    parser.add_argument(
        "--port", type=int, default=_PORT, help=f"of the pages, and of /mcp; 0: a free one ({_PORT})"
    )
    parser.add_argument(
        "--public-url", metavar="URL", help="where browsers reach the pages (PATANG_PUBLIC_URL)"
    )
    parser.add_argument(
        "--scopes",
        default="read,trade",
        metavar="SCOPES",
        help="what the host may do over stdio: read, trade, admin, with commas (read,trade)",
    )
    parser.add_argument("--verbose", action="store_true", help="tell every measurement on stderr")


def run(options: argparse.Namespace) -> int:
    """0 when it was told to end. Raises CommandError, BadInput or Refused where it cannot begin."""
    # Whatever the desk writes is its owner's alone, also in a folder that others may enter.
    os.umask(0o077)
    logging.basicConfig(
        level=logging.DEBUG if options.verbose else logging.INFO,
        stream=sys.stderr,
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
    )
    # They tell of every request, and of every closed connection as an error.
    for name, level in (("httpx", logging.WARNING), ("urllib3", logging.WARNING), ("mcp", logging.WARNING)):
        logging.getLogger(name).setLevel(level)
    logging.getLogger("kiteconnect.ticker").setLevel(logging.CRITICAL)
    scopes, given = _scopes(options.scopes), HomeEnvironment.read(_variables(options))
    _find_functions()
    # Here, not at the top: the whole desk, which the other commands do not need.
    from patang_workbench.home_desk.running import HomeRun
    from patang_workbench.home_desk.stdio import serve_stdio

    with HomeRun(given, options.host, options.port, alone=options.http) as running:
        if options.stdio:
            serve_stdio(running.desk, given.principal, scopes)
        else:
            _until_told_to_end()
    return 0


def _variables(options: argparse.Namespace) -> dict[str, str]:
    said = {"PATANG_HOME": options.home, "PATANG_PUBLIC_URL": options.public_url}
    return {**os.environ, **{name: str(value) for name, value in said.items() if value is not None}}


def _scopes(said: str) -> frozenset[Scope]:
    known: dict[str, Scope] = {scope: scope for scope in get_args(Scope.__value__)}
    wanted = [word.strip() for word in said.split(",")]
    wrong = [word for word in wanted if word not in known]
    if wrong:
        raise CommandError(f"--scopes has {wrong[0]!r}: give some of {', '.join(known)}, with commas")
    return frozenset(known[word] for word in wanted)


def _find_functions() -> None:
    """The desk's faces lie beside the packages, and are installed by nobody."""
    if importlib.util.find_spec("functions") is None:
        if not (_PROJECT / "functions" / "mcp").is_dir():
            raise CommandError(
                "the folder functions/ is not found: run this from a checkout, or set PYTHONPATH"
            )
        sys.path.append(str(_PROJECT))


def _until_told_to_end() -> None:
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    ended.wait()
