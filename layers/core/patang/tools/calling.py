"""A call from any surface: the tool is found and run, and what goes wrong is told in the one form."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from patang.errors import SessionExpired
from patang.tools.caller import Caller
from patang.tools.errors import Problem, problem_of
from patang.tools.registry import find
from patang.tools.tool import Progress

__all__ = ["Answered", "call"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answered:
    """What a tool has answered, or the Problem instead, and the HTTP status that says so.

    202: more of it is to come, a person's yes or the broker's word.
    """

    reply: BaseModel
    status: int

    @property
    def failed(self) -> bool:
        return isinstance(self.reply, Problem)


def call(caller: Caller, name: str, arguments: Mapping[str, Any]) -> Answered:
    """Runs the tool of that name; never raises."""
    try:
        reply = find(name).call(caller, arguments)
    except Exception as error:
        problem = problem_of(error)
        if problem.status_code == 500:
            _log.exception("the tool %s failed", name)
        if isinstance(error, SessionExpired):
            problem = _with_login(caller, problem, arguments.get("account_id"))
        return Answered(problem, problem.status_code)
    return Answered(reply, 202 if isinstance(reply, Progress) and reply.on_its_way else 200)


def _with_login(caller: Caller, problem: Problem, asked: object) -> Problem:
    """Where the owner logs in again: what to do stands in the answer itself."""
    address, accounts = caller.services.public_url(), caller.principal.accounts
    account = asked if asked in accounts else accounts[0] if len(accounts) == 1 else None
    if not address:
        return problem
    path = "/login" if account is None else caller.services.accounts().account(account).login_path
    link = f"{address}{path}"
    leads = "" if link in problem.message else f" at {link}"
    message = f"{problem.message}. Its owner logs in{leads}; the next call then works."
    return problem.model_copy(
        update={"message": message, "details": (problem.details or {}) | {"login_url": link}}
    )
