"""A person's stop: halting, resuming, and selling everything that is held."""

import dataclasses
from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from patang.execution.leaving.flatten import Flattened
from patang.said_by_others import PlainLine
from patang.tools.caller import Caller
from patang.tools.desk import RiskState
from patang.tools.tool import AccountInput, AnyTool, Tool, ToolReply

__all__ = ["TOOLS"]

Reason = Annotated[PlainLine, Field(min_length=1, max_length=200, description="kept in the audit log")]


class HaltInput(AccountInput):
    """Without an account: all of the caller's."""

    reason: Reason = "halted by hand"


class FlattenInput(AccountInput):
    """Without an account: all of the caller's."""

    reason: Reason = "flattened by hand"


class FlattenedAccount(ToolReply):
    """Ids of the positions that are being sold and of the entries that are being cancelled because of this;
    `closing` were being sold already."""

    account: str
    exits: tuple[str, ...]
    cancels: tuple[str, ...]
    closing: tuple[str, ...]


class FlattenedAccounts(ToolReply):
    """An entry for each account; `message` says in words what was begun."""

    message: str
    accounts: tuple[FlattenedAccount, ...]


def _halt(caller: Caller, args: HaltInput) -> RiskState:
    accounts, view = caller.accounts(args.account_id), caller.services.desk_view()
    for account in accounts:
        caller.services.halts().halt(account, args.reason, caller.principal.actor, view.moment())
    return RiskState(accounts=view.risk(accounts))


def _resume(caller: Caller, args: AccountInput) -> RiskState:
    accounts, view = caller.accounts(args.account_id), caller.services.desk_view()
    for account in accounts:
        caller.services.halts().resume(account, caller.principal.actor, view.moment())
    return RiskState(accounts=view.risk(accounts))


def _flatten(caller: Caller, args: FlattenInput) -> FlattenedAccounts:
    services, actor = caller.services, caller.principal.actor
    accounts, as_of = caller.accounts(args.account_id), services.desk_view().moment()
    done = [services.flatten().run(account, args.reason, actor, as_of) for account in accounts]
    return FlattenedAccounts(
        message=_begun(done),
        accounts=tuple(FlattenedAccount.model_validate(dataclasses.asdict(one)) for one in done),
    )


def _begun(done: Sequence[Flattened]) -> str:
    """Also where nothing was held: an empty answer would leave open whether anything has happened."""
    return (
        "Entries are stopped until somebody resumes. Of the desk's own, "
        f"positions being sold: {sum(len(one.exits) for one in done)}, "
        f"being sold already: {sum(len(one.closing) for one in done)}, "
        f"entries being cancelled: {sum(len(one.cancels) for one in done)}."
    )


TOOLS: tuple[AnyTool, ...] = (
    Tool(
        name="halt",
        title="Stop entries",
        description="No new entry until somebody resumes; exits go on. Halting twice keeps the first reason. "
        "Without account_id all of your accounts are halted.",
        input=HaltInput,
        output=RiskState,
        effect="changes",
        scope="trade",
        run=_halt,
        example={"account_id": "main", "reason": "news at noon"},
    ),
    Tool(
        name="resume",
        title="Allow entries again",
        description="Take a program's halt back. One of the owner, the breaker or the reconciler he takes "
        "back himself, on the desk's page. The day's loss cannot be argued with: its account stays REDUCING.",
        input=AccountInput,
        output=RiskState,
        effect="changes",
        scope="trade",
        run=_resume,
        example={"account_id": "main"},
    ),
    Tool(
        name="flatten",
        title="Sell everything the desk holds",
        description="Halt, cancel entries on their way, and sell every position that Patang opened. Only "
        "when the owner says so. Safe to repeat; what the owner bought himself is left alone.",
        input=FlattenInput,
        output=FlattenedAccounts,
        effect="orders",
        scope="trade",
        run=_flatten,
        example={"account_id": "main", "reason": "leaving for the day"},
        destructive=True,
    ),
)
