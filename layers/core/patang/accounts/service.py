"""The daily sessions of accounts: logging in, handing out credentials, noticing the end, logging out."""

import hashlib
import hmac
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Literal
from urllib.parse import urlencode

from patang.accounts.account import Account
from patang.accounts.register import AccountRegister
from patang.accounts.session import Credentials, KiteSession, next_expiry
from patang.audit.event import AuditEvent
from patang.errors import BadInput, Refused, SessionExpired
from patang.keys import session_key
from patang.ports import BrokerLogin, Clock, LoginExchange, SecretStore, StateStore, Write, WriteConflict
from patang.records import change, create, load, replace

__all__ = ["AccountService"]

_SESSION_AGE_SECONDS = 3
_ATTEMPTS = 4


def _nowhere() -> str:
    return ""


def _cannot_ask(_account: str) -> None:
    return None


class AccountService:
    """`login_root` tells the address of the broker's login page, `desk_address` that of the desk's own pages;
    secrets lie below `secret_prefix`. `triggers` is the register's.
    """

    def __init__(
        self,
        store: StateStore,
        secrets: SecretStore,
        clock: Clock,
        login: LoginExchange,
        *,
        secret_prefix: str,
        login_root: Callable[[], str],
        desk_address: Callable[[], str] = _nowhere,
        triggers: Callable[[str], Collection[str] | None] = _cannot_ask,
    ) -> None:
        self._register = AccountRegister(store, secrets, clock, secret_prefix, triggers)
        self._store = store
        self._secrets = secrets
        self._clock = clock
        self._login = login
        self._login_root = login_root
        self._desk_address = desk_address
        self._sessions: dict[str, tuple[datetime, KiteSession]] = {}
        self._credentials: dict[str, Credentials] = {}

    @property
    def register(self) -> AccountRegister:
        """The accounts themselves, and what is changed of them."""
        return self._register

    def list(self) -> tuple[Account, ...]:
        """Every registered account, by name."""
        return self._register.list()

    def account(self, account: str) -> Account:
        """Raises BadInput if there is none of that name."""
        return self._register.account(account)

    def login_address(self, account: str) -> str:
        """Where its owner logs in, on the desk's own pages; empty while nobody has said where the desk is.
        Raises BadInput if there is no such account."""
        desk = self._desk_address()
        return f"{desk}{self.account(account).login_path}" if desk else ""

    def login_url(self, account: str, state: str) -> str:
        """The broker's login page; it brings `state` back to the callback beside the request token."""
        query = urlencode(
            {
                "v": "3",
                "api_key": self.account(account).api_key,
                "redirect_params": urlencode({"state": state}),
            }
        )
        return f"{self._login_root().rstrip('/')}/connect/login?{query}"

    def complete_login(self, account: str, request_token: str) -> KiteSession:
        """Exchanges a request token and opens the day's session.

        The same token again gives the session it opened. Raises SessionExpired if the broker does not take
        the token, Refused if somebody else than the account's owner signed in or the account is switched off.
        """
        known = self.account(account)
        if not known.enabled:
            raise Refused(f"account {account!r} is switched off: enable it before logging in")
        digest = hashlib.sha256(request_token.encode()).hexdigest()
        session = load(self._store, KiteSession, session_key(account))
        if session is not None and session.login_digest == digest:
            return session
        secret = self._secrets.get(self._register.secret_name(account)) or {}
        if "api_secret" not in secret:
            raise BadInput(f"the API secret of account {account!r} is not stored: give its credentials again")
        reply = self._login.exchange(known.api_key, secret["api_secret"], request_token)
        if reply.user_id != known.kite_user_id:
            raise Refused(
                f"the login was made as {reply.user_id}, but account {account!r} belongs to somebody else: "
                "log in as its owner"
            )
        return self._open_session(account, reply, digest)

    def _open_session(self, account: str, reply: BrokerLogin, digest: str) -> KiteSession:
        # As it was before any attempt of ours: afterwards it says nothing of the session that stands.
        kept = (self._secrets.get(self._register.secret_name(account)) or {}).get("access_token")
        for _ in range(_ATTEMPTS):
            old = load(self._store, KiteSession, session_key(account))
            now = self._clock.now()
            session = KiteSession(
                account=account,
                version=_next_version(old, now, is_same=kept == reply.access_token),
                revision=0 if old is None else old.revision,
                user_id=reply.user_id,
                logged_in_at=now,
                valid_until=next_expiry(now),
                login_digest=digest,
                demat_consent=reply.demat_consent,
            )
            # The secret goes first: whoever sees the new version must find its token there.
            self._keep_token(account, reply.access_token, session.version)
            event = self._event(
                account,
                "LOGGED_IN",
                f"login#{digest[:16]}",
                reply.user_id,
                {"version": session.version, "valid_until": session.valid_until.isoformat()},
            )
            try:
                self._store.write(create(session) if old is None else replace(session), create(event))
            except WriteConflict:
                continue
            self._sessions.pop(account, None)
            return session.evolve(revision=session.revision + 1)
        raise WriteConflict([session_key(account)])

    def _keep_token(self, account: str, access_token: str, version: int) -> None:
        kept = self._secrets.get(self._register.secret_name(account)) or {}
        values = {**kept, "access_token": access_token, "version": str(version)}
        self._secrets.put(self._register.secret_name(account), values)

    def session(self, account: str) -> KiteSession | None:
        """The session as stored, a live one at most three seconds old: what follows a login finds it."""
        now = self._clock.now()
        cached = self._sessions.get(account)
        if cached is not None and (now - cached[0]).total_seconds() < _SESSION_AGE_SECONDS:
            return cached[1]
        session = load(self._store, KiteSession, session_key(account))
        if session is not None and session.is_live(now):
            self._sessions[account] = (now, session)
        return session

    def is_live(self, account: str) -> bool:
        """Whether calls to the broker can be made for this account now, as far as is known."""
        session = self.session(account)
        return session is not None and session.is_live(self._clock.now())

    def credentials(self, account: str) -> Credentials:
        """The key and the day's token; the secret is read once a version. Raises SessionExpired."""
        session = self.session(account)
        if session is None or not session.is_live(self._clock.now()):
            raise SessionExpired(
                f"account {account!r} has no live session at the broker: log in{self._at(account)}"
            )
        cached = self._credentials.get(account)
        if cached is None or cached.version != session.version:
            cached = self._read_credentials(account, session.version)
            self._credentials[account] = cached
        return cached

    def _read_credentials(self, account: str, version: int) -> Credentials:
        secret = self._secrets.get(self._register.secret_name(account)) or {}
        if int(secret.get("version", 0)) < version:
            raise SessionExpired(
                f"the secret of account {account!r} is older than its session {version}: log in again"
                f"{self._at(account)}"
            )
        return Credentials(self.account(account).api_key, secret["access_token"], version)

    def mark_expired(self, account: str, version: int) -> str:
        """The broker did not accept the token of this version. A newer login is left alone.

        Returns where the owner logs in again, as the end of a sentence; empty where nobody knows.
        """
        self._end(account, version, "EXPIRED", "SESSION_EXPIRED", "broker")
        return self._at(account)

    def log_out(self, account: str, by: str) -> bool:
        """Gives the day's token up at the broker, and forgets it everywhere; False if there was none.

        Raises TryAgain if the broker cannot be reached: the session then goes on.
        """
        self._sessions.pop(account, None)
        session = self.session(account)
        if session is None or not session.is_live(self._clock.now()):
            return False
        try:
            used = self.credentials(account)
            self._login.end(used.api_key, used.access_token)
        except SessionExpired:
            self.mark_expired(account, session.version)
            return False
        self._end(account, used.version, "LOGGED_OUT", "LOGGED_OUT", by)
        self._credentials.pop(account, None)
        return True

    def _end(
        self,
        account: str,
        version: int,
        state: Literal["EXPIRED", "LOGGED_OUT"],
        kind: str,
        by: str,
    ) -> None:
        def decide() -> tuple[None, Sequence[Write]]:
            session = load(self._store, KiteSession, session_key(account))
            if session is None or session.version != version or session.state != "LIVE":
                return None, ()
            event = self._event(account, kind, f"{kind.lower()}#{version}", by, {"version": version})
            return None, (replace(session.evolve(state=state)), create(event))

        self._sessions.pop(account, None)
        change(self._store, decide)

    def _at(self, account: str) -> str:
        address = self.login_address(account)
        return f" at {address}" if address else ""

    def is_genuine_postback(self, account: str, payload: Mapping[str, object]) -> bool:
        """Whether the broker's own checksum, made with the account's API secret, is on a postback."""
        secret = self._secrets.get(self._register.secret_name(account)) or {}
        if "api_secret" not in secret:
            return False
        text = f"{payload.get('order_id')}{payload.get('order_timestamp')}{secret['api_secret']}"
        expected = hashlib.sha256(text.encode()).hexdigest()
        return hmac.compare_digest(expected.encode(), str(payload.get("checksum")).encode())

    def _event(
        self, account: str, kind: str, event_id: str, actor: str, details: dict[str, object]
    ) -> AuditEvent:
        # Registering and logging in happen in wall time; there is no market moment to them.
        now = self._clock.now()
        return AuditEvent(
            event_id=event_id,
            account=account,
            kind=kind,
            as_of=now,
            written_at=now,
            actor=actor,
            details=details,
        )


def _next_version(old: KiteSession | None, now: datetime, *, is_same: bool) -> int:
    """The broker may give the same token to a second login of a day: then nothing has changed."""
    if old is None:
        return 1
    return old.version if is_same and old.is_live(now) else old.version + 1
