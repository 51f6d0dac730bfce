"""`patang accounts`: the accounts of a deployed desk, and the people who may have one there."""

import argparse
import getpass
import json
import os
from collections.abc import Callable
from typing import Any

from pydantic import ValidationError

from patang.accounts.account import Account
from patang.accounts.register import AccountRegister
from patang.errors import BadInput, Refused
from patang_workbench.cli.deployed import add_stage_arguments, caller, deployed_desk
from patang_workbench.cli.running import CommandError

__all__ = ["add_arguments", "run"]

type _Do = Callable[[AccountRegister, argparse.Namespace], list[dict[str, Any]]]

_SHOWN = ("account", "label", "kite_user_id", "api_key", "principal", "enabled")
_HOW = "The API secret is asked for, or read from PATANG_API_SECRET."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs."""
    verbs = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    new = _verb(verbs, "add", "register an account", _add, "a short name of your own, e.g. main")
    new.add_argument("--api-key", required=True, help="API key of your Kite Connect app")
    new.add_argument("--user-id", required=True, help="your Kite client id; only its login opens the desk")
    new.add_argument("--label", default="", help="how the account is called on the screen")
    new.add_argument("--owner", default="owner", help="whose account it is (owner)")
    new.epilog = _HOW
    listing = verbs.add_parser("list", help="list accounts", description="List accounts.")
    add_stage_arguments(listing)
    listing.set_defaults(do=lambda register, _: _shown(register.list()))
    label = _verb(verbs, "rename", "change how an account is called on the screen", _rename)
    label.add_argument("label", help="the new label")
    new = _verb(verbs, "credentials", "give an account another API key, secret, or both", _credentials)
    new.add_argument("--api-key", help="the new key, if it is another; the session then ends")
    new.epilog = _HOW
    _verb(verbs, "disable", "switch an account off; refused while something is open", _disable)
    _verb(verbs, "enable", "switch it on again", _enable)
    _verb(verbs, "delete", "take an account off the desk, its secret with it", _delete)
    allow = _person(verbs, "allow", "let another person have accounts on this desk", _allow)
    allow.add_argument("--owner", required=True, help="as whom the desk knows him")
    allow.epilog = "Read first what the exchange asks for before trading for others (README)."
    _person(verbs, "withdraw", "take that back: his accounts are switched off", _withdraw)
    people = verbs.add_parser("people", help="list the people who are allowed", description="List people.")
    add_stage_arguments(people)
    people.set_defaults(do=_people)


def run(options: argparse.Namespace) -> int:
    """Carry out the verb."""
    try:
        rows = options.do(deployed_desk(options.stage).accounts().register, options)
    except ValidationError as error:
        reasons = "; ".join(f"{e['loc'][0]} {e['input']!r}: {e['msg']}" for e in error.errors())
        raise CommandError(f"the account cannot be stored: {reasons}") from error
    except (BadInput, Refused) as error:
        raise CommandError(str(error)) from error
    if options.json:
        print(json.dumps(rows))
    else:
        for row in rows:
            print(", ".join(f"{name} {value}" for name, value in row.items()))
    return 0


def _verb(
    verbs: Any, name: str, text: str, do: _Do, which: str = "the account's short name"
) -> argparse.ArgumentParser:
    return _with_target(verbs, name, text, do, "account", which)


def _person(verbs: Any, name: str, text: str, do: _Do) -> argparse.ArgumentParser:
    return _with_target(verbs, name, text, do, "user_id", "the person's Kite client id")


def _with_target(
    verbs: Any, name: str, text: str, do: _Do, target: str, which: str
) -> argparse.ArgumentParser:
    verb: argparse.ArgumentParser = verbs.add_parser(
        name, help=text, description=f"{text[0].upper()}{text[1:]}."
    )
    verb.add_argument(target, help=which)
    add_stage_arguments(verb)
    verb.set_defaults(do=do)
    return verb


def _add(register: AccountRegister, options: argparse.Namespace) -> list[dict[str, Any]]:
    added = register.add(
        options.account,
        options.label,
        options.api_key,
        _secret(),
        options.user_id,
        options.owner,
        by=caller(),
    )
    return _shown([added])


def _rename(register: AccountRegister, options: argparse.Namespace) -> list[dict[str, Any]]:
    return _shown([register.rename(options.account, options.label, caller())])


def _credentials(register: AccountRegister, options: argparse.Namespace) -> list[dict[str, Any]]:
    # Known before anybody types a secret.
    register.account(options.account)
    changed = register.set_credentials(
        options.account, caller(), api_key=options.api_key, api_secret=_secret()
    )
    return _shown([changed])


def _disable(register: AccountRegister, options: argparse.Namespace) -> list[dict[str, Any]]:
    return _shown([register.disable(options.account, caller())])


def _enable(register: AccountRegister, options: argparse.Namespace) -> list[dict[str, Any]]:
    return _shown([register.enable(options.account, caller())])


def _delete(register: AccountRegister, options: argparse.Namespace) -> list[dict[str, Any]]:
    register.remove(options.account, caller())
    return [{"account": options.account, "removed": True}]


def _allow(register: AccountRegister, options: argparse.Namespace) -> list[dict[str, Any]]:
    register.allow(options.user_id, options.owner, caller())
    return _people(register, options)


def _withdraw(register: AccountRegister, options: argparse.Namespace) -> list[dict[str, Any]]:
    register.withdraw(options.user_id, caller())
    return _people(register, options)


def _people(register: AccountRegister, _: argparse.Namespace) -> list[dict[str, Any]]:
    return [
        {"kite_user_id": user.kite_user_id, "owner": user.principal, "allowed": user.allowed}
        for user in register.allowed()
    ]


def _secret() -> str:
    secret = os.environ.get("PATANG_API_SECRET") or getpass.getpass("API secret: ")
    if not secret:
        raise CommandError("no API secret was given: nothing is stored")
    return secret


def _shown(accounts: "list[Account] | tuple[Account, ...]") -> list[dict[str, Any]]:
    rows = (account.model_dump(mode="json") for account in accounts)
    return [{name: row[name] for name in _SHOWN} for row in rows]
