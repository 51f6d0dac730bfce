"""`patang login`: the day's login at the broker, in this machine's browser.

Kite sends the browser to the address that is registered with the app. If that is this machine's
(http://127.0.0.1:8765/kite/callback by default) the request token arrives here, else at the desk itself:
either ends the command.
"""

import argparse
import json
import sys
import time
import webbrowser
from abc import ABC, abstractmethod
from typing import Any, Protocol

from patang.accounts.view import account_view
from patang.app import Desk
from patang.errors import PatangError
from patang_workbench.cli.deployed import deployed_desk
from patang_workbench.cli.login_callback import Callback
from patang_workbench.cli.running import CommandError, RunningDesk

__all__ = ["add_arguments", "run"]

_PORT = 8765
_LOOK_SECONDS = 2.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("account", nargs="?", help="which account, where there are several")
    parser.add_argument("--url", help="the desk's address; without it the running demo is asked (PATANG_URL)")
    parser.add_argument(
        "--stage", choices=("paper", "live"), help="a deployed desk, with your AWS credentials"
    )
    parser.add_argument(
        "--port", type=int, default=_PORT, help=f"of the callback on 127.0.0.1; 0: a free one ({_PORT})"
    )
    parser.add_argument("--no-browser", action="store_true", help="print the address instead of opening it")
    parser.add_argument("--timeout", type=float, default=300.0, metavar="SECONDS", help="how long (300)")
    parser.add_argument("--json", action="store_true", help="print JSON; the address goes to stderr")


def run(options: argparse.Namespace) -> int:
    """0 when the session is open. Raises CommandError if that does not come about in time."""
    desk = _desk(options)
    url, state = desk.begin()
    before = desk.opened_at()
    try:
        callback = Callback(options.port, state)
    except OSError as error:
        raise CommandError(
            f"port {options.port} of 127.0.0.1 cannot be opened ({error}): give another with --port"
        ) from error
    with callback:
        _show(url, options)
        account = _wait(desk, callback, before, time.monotonic() + options.timeout, state)
    if options.json:
        print(json.dumps(account))
    else:
        print(f"{account['account']} is logged in until {account['valid_until']}")
    return 0


class _Target(Protocol):
    """A desk that an account is logged in at."""

    def begin(self) -> tuple[str, str]:
        """The login's address, and its state."""
        ...

    def finish(self, request_token: str, state: str) -> None: ...

    def shown(self) -> dict[str, Any]:
        """The account and its session."""
        ...

    def opened_at(self) -> str | None:
        """When its live session was opened."""
        ...


class _Shown(ABC):
    @abstractmethod
    def shown(self) -> dict[str, Any]: ...

    def opened_at(self) -> str | None:
        account = self.shown()
        return account["logged_in_at"] if account["session"] == "ACTIVE" else None


class _OverHttp(_Shown):
    def __init__(self, desk: RunningDesk, account: str | None) -> None:
        self._desk = desk
        self._account = account

    def begin(self) -> tuple[str, str]:
        data = self._auth(action="login", account_id=self._account)
        self._account = str(data["account_id"])
        return str(data["login_url"]), str(data["state"])

    def finish(self, request_token: str, state: str) -> None:
        self._auth(action="session", account_id=self._account, request_token=request_token, state=state)

    def shown(self) -> dict[str, Any]:
        accounts: list[dict[str, Any]] = self._desk.get("/api/kite/accounts")["data"]
        return next(account for account in accounts if account["account"] == self._account)

    def _auth(self, **body: str | None) -> dict[str, Any]:
        data: dict[str, Any] = self._desk.post("/api/kite/auth", body)["data"]
        return data


class _OfStage(_Shown):
    def __init__(self, desk: Desk, account: str | None) -> None:
        self._desk = desk
        enabled = [known.account for known in desk.accounts().list() if known.enabled]
        if account is None and len(enabled) != 1:
            raise CommandError(f"say which account is meant: {', '.join(enabled) or 'there is none'}")
        self._account = account or enabled[0]

    def begin(self) -> tuple[str, str]:
        link = self._asked(lambda: self._desk.sign_in().begin_for(self._account))
        return link.url, link.state

    def finish(self, request_token: str, state: str) -> None:
        self._asked(lambda: self._desk.sign_in().exchange(self._account, request_token, state))

    def shown(self) -> dict[str, Any]:
        accounts = self._desk.accounts()
        view = account_view(accounts, accounts.account(self._account), self._desk.clock.now())
        return view.model_dump(mode="json")

    def _asked(self, call: Any) -> Any:
        try:
            return call()
        except PatangError as error:
            raise CommandError(str(error)) from error


def _desk(options: argparse.Namespace) -> _Target:
    if options.stage is not None:
        return _OfStage(deployed_desk(options.stage), options.account)
    return _OverHttp(RunningDesk.found(options), options.account)


def _show(url: str, options: argparse.Namespace) -> None:
    if not options.no_browser and webbrowser.open(url):
        print("The browser shows Kite's login page; waiting for it to come back", file=sys.stderr)
        return
    print(f"Log in at {url}", file=sys.stderr if options.json else sys.stdout, flush=True)


def _wait(desk: _Target, callback: Callback, before: str | None, until: float, state: str) -> dict[str, Any]:
    while (left := until - time.monotonic()) > 0:
        request_token = callback.wait(min(_LOOK_SECONDS, left))
        if request_token is not None:
            desk.finish(request_token, state)
            return desk.shown()
        opened = desk.opened_at()
        if opened is not None and opened != before:
            return desk.shown()
    raise CommandError("nobody has logged in in time: run it again")
