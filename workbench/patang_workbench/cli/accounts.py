"""`patang accounts`: register the account at the broker that a deployed desk trades, and list them."""

import argparse
import getpass
import json
import os

from pydantic import ValidationError

from patang_workbench.cli.deployed import add_stage_arguments, deployed_desk
from patang_workbench.cli.running import CommandError

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs `add` and `list`."""
    verbs = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    new = verbs.add_parser(
        "add", help="register an account, or change it", description="Register an account."
    )
    new.add_argument("account", help="a short name of your own, e.g. main")
    new.add_argument("--api-key", required=True, help="API key of your Kite Connect app")
    new.add_argument("--user-id", required=True, help="your Kite client id; only its login opens the desk")
    new.add_argument("--label", default="", help="how the account is called on the screen")
    new.add_argument("--owner", default="owner", help="whose account it is (owner)")
    new.epilog = "The API secret is asked for, or read from PATANG_API_SECRET."
    add_stage_arguments(new)
    new.set_defaults(do=_add)
    listing = verbs.add_parser("list", help="list accounts", description="List accounts.")
    add_stage_arguments(listing)
    listing.set_defaults(do=_list)


def run(options: argparse.Namespace) -> int:
    """Carry out the verb."""
    code: int = options.do(options)
    return code


def _add(options: argparse.Namespace) -> int:
    secret = os.environ.get("PATANG_API_SECRET") or getpass.getpass("API secret: ")
    if not secret:
        raise CommandError("no API secret was given: nothing is stored")
    try:
        added = (
            deployed_desk(options.stage)
            .accounts()
            .register.add(
                options.account,
                options.label or options.account,
                options.api_key,
                secret,
                options.user_id,
                options.owner,
            )
        )
    except ValidationError as error:
        reasons = "; ".join(f"{e['loc'][0]} {e['input']!r}: {e['msg']}" for e in error.errors())
        raise CommandError(f"the account cannot be stored: {reasons}") from error
    _show([added.model_dump(mode="json")], options)
    return 0


def _list(options: argparse.Namespace) -> int:
    _show(
        [account.model_dump(mode="json") for account in deployed_desk(options.stage).accounts().list()],
        options,
    )
    return 0


def _show(rows: list[dict[str, object]], options: argparse.Namespace) -> None:
    shown = [
        {name: row[name] for name in ("account", "label", "kite_user_id", "api_key", "principal", "enabled")}
        for row in rows
    ]
    if options.json:
        print(json.dumps(shown))
        return
    for row in shown:
        print(", ".join(f"{name} {value}" for name, value in row.items()))
