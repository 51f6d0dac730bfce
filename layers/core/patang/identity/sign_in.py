"""Signing in: the owner logs in at the broker, and the browser he did it in gets a session.

A program that acts for a principal can begin the login too: that opens the day's session of the account and
signs no browser in.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from patang.accounts.service import AccountService
from patang.accounts.session import KiteSession
from patang.errors import BadInput, Refused
from patang.identity.credentials import fingerprint, new_secret, same, word_for
from patang.identity.principal import ALL_SCOPES, Principal, accounts_of
from patang.identity.stored import BrowserSession, LoginState, UsedRequestToken
from patang.ports import Clock, Delete, Key, Matches, StateStore, WriteConflict
from patang.records import create, load

__all__ = ["SESSION_LASTS", "LoginBegun", "LoginLink", "SignIn", "SignedIn", "local_path"]

_LOGIN_TAKES = timedelta(minutes=10)
# From before the market's open until after its close, and no evening more.
SESSION_LASTS = timedelta(hours=8)
_TOKEN_IS_REMEMBERED = timedelta(days=2)
_LONGEST_PATH = 512
_USED_BEFORE = "this login was used before or took too long: sign in again"


@dataclass(frozen=True, slots=True)
class LoginBegun:
    """Where to send the browser, and the secret it must keep until it comes back."""

    url: str
    browser_secret: str


@dataclass(frozen=True, slots=True)
class LoginLink:
    """The broker's login page for an account's owner, and the `state` that comes back from it beside the
    request token; neither is good after `until` (wall time)."""

    url: str
    state: str = field(repr=False)
    until: datetime


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The session's secret for the browser's cookie, and the page it wanted. None: no browser is signed in,
    because a program had begun the login."""

    session_secret: str | None = field(repr=False)
    return_to: str
    account: str
    principal: str


class SignIn:
    """Sign-in of owners by the broker's own login. `opened` hears of an account whose session was opened."""

    def __init__(
        self,
        auth_store: StateStore,
        accounts: AccountService,
        clock: Clock,
        opened: Callable[[str], None],
    ) -> None:
        self._store = auth_store
        self._accounts = accounts
        self._clock = clock
        self._opened = opened

    def is_of(self, account: str, kite_user_id: str) -> bool:
        """Whether an account that is switched on is that person's. Who asks has to know both: the answer is
        the same for one that is not there, and for one that is another's."""
        return any(
            (known.account, known.kite_user_id.upper()) == (account, kite_user_id.strip().upper())
            and known.enabled
            for known in self._accounts.list()
        )

    def begin(self, account: str, return_to: str) -> LoginBegun:
        """Start a login of `account`. Raises BadInput for an unknown one, or a page that is not ours."""
        page, browser = local_path(return_to), new_secret()
        return LoginBegun(self._begin(account, page, browser).url, browser)

    def begin_for(self, account: str) -> LoginLink:
        """Start a login for a program; whoever calls has seen that the account is its principal's.

        It may end in any browser: only the account's owner at the broker can finish it, and all that he gets
        is his own account's session. Raises BadInput for an account that is not there, or switched off.
        """
        return self._begin(account, "/", None)

    def exchange(self, account: str, request_token: str, state: str | None = None) -> KiteSession:
        """Opens the day's session of an account with a request token that a program brings, once; whoever
        calls has seen that the account is its principal's. A `state` that is given has to be of a login that
        a program began for this account.

        Raises Refused for a token that was used before, and as `complete` does.
        """
        if state is not None:
            begun = self._taken(state, None)
            if begun.account != account:
                raise Refused(f"this login was begun for another account than {account!r}: begin it again")
        self._use_up(request_token)
        session = self._accounts.complete_login(account, request_token)
        self._opened(account)
        return session

    def _begin(self, account: str, return_to: str, browser: str | None) -> LoginLink:
        if not any(known.account == account and known.enabled for known in self._accounts.list()):
            raise BadInput(f"there is no enabled account {account!r} to log in with")
        state, now = new_secret(), self._clock.now()
        self._store.write(
            create(
                LoginState(
                    state_hash=fingerprint(state),
                    browser_hash=None if browser is None else fingerprint(browser),
                    account=account,
                    return_to=return_to,
                    began_at=now,
                    until=now + _LOGIN_TAKES,
                )
            )
        )
        return LoginLink(self._accounts.login_url(account, state), state, now + _LOGIN_TAKES)

    def complete(self, state: str, request_token: str, browser_secret: str | None) -> SignedIn:
        """Finish a login that came back from the broker, once.

        Raises Refused when the login is unknown, over, of another browser, or of a person whose user id is
        not the account's. What the broker's exchange of the request token raises passes through.
        """
        login = self._taken(state, browser_secret)
        self._use_up(request_token)
        session = self._accounts.complete_login(login.account, request_token)
        # The account service answers a known request token with the session it once opened, which proves
        # nothing about who shows it now.
        if session.logged_in_at < login.began_at:
            raise Refused(_USED_BEFORE)
        self._opened(login.account)
        return self._session_for(login)

    def principal(self, session_secret: str) -> Principal | None:
        """Whose browser this is, or None when the session is unknown or over."""
        session = load(self._store, BrowserSession, _session_key(session_secret))
        if session is None or session.until <= self._clock.now():
            return None
        still_his = any(
            known.account == session.account
            and known.enabled
            and (known.principal, known.kite_user_id) == (session.principal, session.kite_user_id)
            for known in self._accounts.list()
        )
        if not still_his:
            return None
        return Principal(
            name=session.principal,
            actor=f"person:{session.principal}",
            accounts=accounts_of(self._accounts, session.principal),
            scopes=ALL_SCOPES,
            csrf=word_for(session_secret, "csrf"),
        )

    def end(self, session_secret: str) -> None:
        """Sign the browser out."""
        self._store.write(Delete(_session_key(session_secret)))

    def _taken(self, state: str, browser_secret: str | None) -> LoginState:
        login = load(self._store, LoginState, Key(f"STATE#{fingerprint(state)}", "STATE"))
        if login is None or login.until <= self._clock.now():
            raise Refused(_USED_BEFORE)
        if login.browser_hash is not None and (
            browser_secret is None or not same(fingerprint(browser_secret), login.browser_hash)
        ):
            raise Refused("this login was begun in another browser: sign in again in this one")
        try:
            self._store.write(Delete(login.key(), Matches({"revision": login.revision})))
        except WriteConflict as conflict:
            raise Refused(_USED_BEFORE) from conflict
        return login

    def _use_up(self, request_token: str) -> None:
        until = self._clock.now() + _TOKEN_IS_REMEMBERED
        try:
            self._store.write(create(UsedRequestToken(token_hash=fingerprint(request_token), until=until)))
        except WriteConflict as conflict:
            raise Refused(_USED_BEFORE) from conflict

    def _session_for(self, login: LoginState) -> SignedIn:
        owner = self._accounts.account(login.account)
        if login.browser_hash is None:
            return SignedIn(None, login.return_to, owner.account, owner.principal)
        secret, now = new_secret(), self._clock.now()
        self._store.write(
            create(
                BrowserSession(
                    session_hash=fingerprint(secret),
                    principal=owner.principal,
                    account=owner.account,
                    kite_user_id=owner.kite_user_id,
                    began_at=now,
                    until=now + SESSION_LASTS,
                )
            )
        )
        return SignedIn(secret, login.return_to, owner.account, owner.principal)


def local_path(path: str) -> str:
    """`path` if it leads to a page of this desk. Raises BadInput for what a browser may take elsewhere."""
    printable = path.isascii() and path.isprintable() and " " not in path
    if not printable or not path.startswith("/") or len(path) > _LONGEST_PATH or "\\" in path:
        raise BadInput("the page to return to must be a path on this desk, such as /")
    if path.startswith("//"):
        raise BadInput("the page to return to must be a path on this desk, not another address")
    return path


def _session_key(secret: str) -> Key:
    return Key(f"SESSION#{fingerprint(secret)}", "SESSION")
