"""`patang halt`, `patang resume`, `patang flatten`: a person's stop of a deployed desk, and its end."""

import argparse
import dataclasses
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from patang.app import Desk
from patang.errors import PatangError
from patang.execution.orders.foreign_holdings import ForeignHolding
from patang_workbench.cli.deployed import add_stage_arguments, caller, deployed_desk
from patang_workbench.cli.running import CommandError

__all__ = ["flatten", "halt", "resume"]

type _Act = Callable[[Desk, str, str, str, datetime], dict[str, Any]]


class _Verb:
    """A verb over one account or, without one, over all of the desk's."""

    def __init__(self, act: _Act, default_reason: str, *, sends: bool = False) -> None:
        self._act = act
        self._default_reason = default_reason
        self._sends = sends

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("--account", help="one account (all of the desk's)")
        parser.add_argument("--reason", default=self._default_reason, help="why, for the audit log")
        if self._sends:
            parser.add_argument("--yes", action="store_true", help="do not ask: sell everything now")
            parser.add_argument(
                "--foreign",
                action="store_true",
                help="also what the account holds that the desk has not bought; asks for a yes of its own",
            )
            parser.add_argument(
                "--yes-foreign", action="store_true", help="do not ask for that either: sell all of it now"
            )
        add_stage_arguments(parser)

    def run(self, options: argparse.Namespace) -> int:
        """Carry out the verb; 1 if there was nothing to do."""
        if self._sends and not options.yes:
            what = options.account or "every account"
            if input(f"Halt {what} and sell everything it holds? Type flatten: ").strip() != "flatten":
                raise CommandError("nothing was done")
        desk, actor = deployed_desk(options.stage), caller()
        known = [account.account for account in desk.accounts().list()]
        if options.account is not None and options.account not in known:
            raise CommandError(f"there is no account {options.account!r}; there are: {', '.join(known)}")
        as_of = desk.desk_view().moment()
        wanted = known if options.account is None else [options.account]
        done = [self._act(desk, account, options.reason, actor, as_of) for account in wanted]
        if self._sends and options.foreign:
            sell = _sell_foreign(desk, actor, as_of, sure=options.yes_foreign)
            done = [row | {"foreign": sell(str(row["account"]))} for row in done]
        if options.json:
            print(json.dumps(done))
        else:
            for row in done:
                print(", ".join(f"{name} {value}" for name, value in row.items()))
        return 0 if any(row["changed"] for row in done) else 1


def _halt(desk: Desk, account: str, reason: str, actor: str, as_of: datetime) -> dict[str, Any]:
    changed = desk.halts().halt(account, reason, actor, as_of)
    return _state(desk, account, changed=changed)


def _resume(desk: Desk, account: str, reason: str, actor: str, as_of: datetime) -> dict[str, Any]:
    changed = desk.halts().resume(account, f"{actor} ({reason})" if reason else actor, as_of)
    return _state(desk, account, changed=changed)


def _flatten(desk: Desk, account: str, reason: str, actor: str, as_of: datetime) -> dict[str, Any]:
    begun = desk.flatten().run(account, reason, actor, as_of)
    told = {name: list(ids) for name, ids in dataclasses.asdict(begun).items() if name != "account"}
    return _state(desk, account, changed=True) | told


def _sell_foreign(desk: Desk, actor: str, as_of: datetime, *, sure: bool) -> Callable[[str], list[Any]]:
    """What sells an account's foreign holdings, each account on a yes of its own; a row a holding."""

    def sell(account: str) -> list[Any]:
        try:
            found = desk.foreign_holdings().of(account, as_of)
            if not found or not (sure or _is_wanted(account, found)):
                return []
            request = f"flatten-{desk.clock.now():%Y%m%d-%H%M%S}"
            receipts = desk.foreign_holdings().sell(account, found, request, actor)
        except PatangError as error:
            raise CommandError(f"{account}: foreign holdings were not all sold: {error}") from error
        return [
            dataclasses.asdict(holding)
            | {"intents": list(receipt.intent_ids), "refused": [rule.text for rule in receipt.broken]}
            for holding, receipt in zip(found, receipts, strict=True)
        ]

    return sell


def _is_wanted(account: str, found: Sequence[ForeignHolding]) -> bool:
    print(f"{account} holds what the desk has not bought:")
    for holding in found:
        print(f"  {holding.quantity} {holding.exchange}:{holding.tradingsymbol} ({holding.product})")
    return input("Sell all of it at market? Type foreign: ").strip() == "foreign"


def _state(desk: Desk, account: str, *, changed: bool) -> dict[str, Any]:
    (view,) = desk.desk_view().risk((account,))
    return {"account": account, "changed": changed, "state": view.state, "because": view.blocked_because}


halt = _Verb(_halt, "halted by hand")
resume = _Verb(_resume, "")
flatten = _Verb(_flatten, "flattened by hand", sends=True)
