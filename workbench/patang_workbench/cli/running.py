"""Reaching a running desk by its HTTP API: the demo on this machine, or any other by address and token."""

import argparse
import json
import os
from dataclasses import dataclass
from typing import Any

import httpx

from patang_workbench.demo.run import RUNNING

__all__ = ["CommandError", "RunningDesk", "add_desk_arguments"]


class CommandError(Exception):
    """A command cannot be carried out; the text says why and what to do."""


def add_desk_arguments(parser: argparse.ArgumentParser) -> None:
    """Which desk a command is about."""
    parser.add_argument("--url", help="the desk's address; without it the running demo is asked (PATANG_URL)")
    parser.add_argument("--json", action="store_true", help="print JSON")


@dataclass(frozen=True, slots=True)
class RunningDesk:
    """A desk's address and a bearer token for it; `account` and `date` are what a running demo trades."""

    address: str
    token: str
    account: str | None = None
    date: str | None = None

    @classmethod
    def found(cls, options: argparse.Namespace) -> "RunningDesk":
        """The desk that was named, else the running demo. Raises CommandError if there is neither."""
        address = options.url or os.environ.get("PATANG_URL")
        if address:
            token = os.environ.get("PATANG_TOKEN")
            if not token:
                raise CommandError(
                    "set PATANG_TOKEN to a token of the desk (its API issues them: /api/tokens)"
                )
            return cls(address.rstrip("/"), token)
        if not RUNNING.exists():
            raise CommandError(
                "no demo is running here: start one with `patang demo`, or name a desk by --url"
            )
        try:
            facts = json.loads(RUNNING.read_text())
            return cls(facts["address"], facts["token"], facts["account"], facts["date"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CommandError(
                f"{RUNNING} does not tell of a running demo ({error!r}): remove it and start one again"
            ) from error

    def get(self, path: str, **query: str | int) -> Any:
        """JSON of an API route. Raises CommandError with what the desk said."""
        return self._asked("GET", path, params=query)

    def post(self, path: str, body: Any) -> Any:
        """JSON of an API route that does something. Raises CommandError as `get` does."""
        return self._asked("POST", path, json=body)

    def _asked(self, method: str, path: str, **what: Any) -> Any:
        try:
            answer = httpx.request(
                method,
                f"{self.address}{path}",
                headers={"authorization": f"Bearer {self.token}"},
                timeout=35,
                **what,
            )
        except httpx.TransportError as error:
            raise CommandError(f"{self.address} does not answer ({error}): is the desk running?") from error
        if not answer.is_success:
            raise CommandError(f"{self.address}{path} answered {answer.status_code}: {_said(answer)}")
        return answer.json()


def _said(answer: httpx.Response) -> str:
    """What the desk says is wrong, where it says it in its one form."""
    try:
        problem = answer.json()
        return f"{problem['error_type']}: {problem['message']}"
    except (ValueError, KeyError, TypeError):
        return answer.text[:300]
