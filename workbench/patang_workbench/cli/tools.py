"""`patang tools`: the desk's tools by name, as programs and assistants have them."""

import argparse
import json
from collections.abc import Iterator
from typing import Any

from patang_workbench.cli.running import CommandError, RunningDesk, add_desk_arguments

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = (
        "The desk itself runs the tool, with the rights of the token; from here no order ever leaves. "
        "0: it has answered. 1: it has refused, or could not be asked."
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="what there is, what it does and which scope it needs")
    add_desk_arguments(listing)
    listing.set_defaults(action=_list)
    calling = actions.add_parser("call", help="run one tool and print what it answers")
    calling.add_argument("name", metavar="NAME", help="as `patang tools list` has it")
    calling.add_argument("--args", default="{}", metavar="JSON", help="its arguments, a JSON object")
    calling.add_argument("--account", help="the account (args.account_id)")
    add_desk_arguments(calling)
    calling.set_defaults(action=_call)


def run(options: argparse.Namespace) -> int:
    """List the tools, or call one."""
    code: int = options.action(options)
    return code


def _list(options: argparse.Namespace) -> int:
    tools = RunningDesk.found(options).get("/api/tools")
    if options.json:
        print(json.dumps(tools, indent=2, ensure_ascii=False))
        return 0
    widest = max((len(tool["name"]) for tool in tools), default=0)
    for tool in tools:
        print(f"{tool['name']:<{widest}}  {tool['effect']:<7}  {tool['scope']:<5}  {tool['title']}")
    return 0


def _call(options: argparse.Namespace) -> int:
    call = {"tool": options.name, "args": _arguments(options)}
    data = RunningDesk.found(options).post("/api/kite/execute", call)["data"]
    if options.json:
        print(json.dumps(data, indent=2, ensure_ascii=False))
    else:
        for line in _lines("", data):
            print(line)
    return 0


def _arguments(options: argparse.Namespace) -> dict[str, Any]:
    try:
        said = json.loads(options.args)
    except ValueError as error:
        raise CommandError(
            f"--args is no JSON ({error}): give an object such as '{{\"limit\": 5}}'"
        ) from error
    if not isinstance(said, dict):
        raise CommandError(f"--args is {options.args}: give a JSON object, the arguments by name")
    if options.account is None:
        return said
    if said.get("account_id", options.account) != options.account:
        raise CommandError(f"--account says {options.account}, --args {said['account_id']}: name one account")
    return said | {"account_id": options.account}


def _lines(path: str, value: Any) -> Iterator[str]:
    """A line for each value, by its path. Text from outside is quoted as JSON has it: it moves no cursor."""
    inner = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    )
    if inner is None:
        yield f"{path}: {json.dumps(value)}"
        return
    found = False
    for name, each in inner:
        found = True
        yield from _lines(f"{path}.{name}" if path else str(name), each)
    if not found and path:
        yield f"{path}: none"
