"""Accounts and their sessions: registering, logging in, handing out credentials, noticing the end."""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from datetime import datetime
from urllib.parse import urlencode

from patang.accounts.account import Account
from patang.accounts.session import Credentials, KiteSession, next_expiry
from patang.audit.event import AuditEvent
from patang.errors import BadInput, Refused, SessionExpired
from patang.keys import account_key, session_key
from patang.ports import BrokerLogin, Clock, LoginExchange, SecretStore, StateStore, WriteConflict
from patang.records import create, load, load_all, replace

__all__ = ["AccountService"]

_SESSION_AGE_SECONDS = 3
_ATTEMPTS = 4


class AccountService:
    """`login_root` tells the address of the broker's login page; secrets lie below `secret_prefix`."""

    def __init__(
        self,
        store: StateStore,
        secrets: SecretStore,
        clock: Clock,
        login: LoginExchange,
        *,
        secret_prefix: str,
        login_root: Callable[[], str],
    ) -> None:
        self._store = store
        self._secrets = secrets
        self._clock = clock
        self._login = login
        self._secret_prefix = secret_prefix
        self._login_root = login_root
        self._sessions: dict[str, tuple[datetime, KiteSession | None]] = {}
        self._credentials: dict[str, Credentials] = {}

    def add(
        self, account: str, label: str, api_key: str, api_secret: str, kite_user_id: str, principal: str
    ) -> Account:
        """Registers an account, or changes the one of that name; its secret is replaced, its session kept."""
        new = Account(
            account=account, label=label, kite_user_id=kite_user_id, api_key=api_key, principal=principal
        )
        for _ in range(_ATTEMPTS):
            known = load(self._store, Account, account_key(account))
            if known is not None:
                new = known.evolve(
                    label=label, kite_user_id=kite_user_id, api_key=api_key, principal=principal
                )
            revision = new.revision + 1
            event = self._event(
                account, "ACCOUNT_SAVED", f"account#{revision}", principal, {"kite_user_id": kite_user_id}
            )
            kept = self._secrets.get(self._secret_name(account)) or {}
            self._secrets.put(self._secret_name(account), {**kept, "api_secret": api_secret})
            try:
                self._store.write(create(new) if known is None else replace(new), create(event))
            except WriteConflict:
                continue
            self._credentials.pop(account, None)
            return new.evolve(revision=revision)
        raise WriteConflict([account_key(account)])

    def list(self) -> tuple[Account, ...]:
        """Every registered account, by name."""
        return tuple(load_all(self._store, Account, account_key("").partition))

    def account(self, account: str) -> Account:
        """Raises BadInput if there is none of that name."""
        known = load(self._store, Account, account_key(account))
        if known is None:
            raise BadInput(f"there is no account {account!r}: register it with `patang accounts add`")
        return known

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
        the token, Refused if somebody else than the account's owner signed in.
        """
        known = self.account(account)
        digest = hashlib.sha256(request_token.encode()).hexdigest()
        session = load(self._store, KiteSession, session_key(account))
        if session is not None and session.login_digest == digest:
            return session
        secret = self._secrets.get(self._secret_name(account)) or {}
        if "api_secret" not in secret:
            raise BadInput(f"the API secret of account {account!r} is not stored: register the account again")
        reply = self._login.exchange(known.api_key, secret["api_secret"], request_token)
        if reply.user_id != known.kite_user_id:
            raise Refused(
                f"the login was made as {reply.user_id}, "
                f"but account {account!r} belongs to {known.kite_user_id}"
            )
        return self._open_session(account, reply, digest)

    def _open_session(self, account: str, reply: BrokerLogin, digest: str) -> KiteSession:
        for _ in range(_ATTEMPTS):
            old = load(self._store, KiteSession, session_key(account))
            now = self._clock.now()
            session = KiteSession(
                account=account,
                version=self._next_version(old, reply.access_token, now),
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

    def _next_version(self, old: KiteSession | None, access_token: str, now: datetime) -> int:
        """The broker may give the same token to a second login of a day: then nothing has changed."""
        if old is None:
            return 1
        secret = self._secrets.get(self._secret_name(old.account)) or {}
        same = old.is_live(now) and secret.get("access_token") == access_token
        return old.version if same else old.version + 1

    def _keep_token(self, account: str, access_token: str, version: int) -> None:
        kept = self._secrets.get(self._secret_name(account)) or {}
        values = {**kept, "access_token": access_token, "version": str(version)}
        self._secrets.put(self._secret_name(account), values)

    def session(self, account: str) -> KiteSession | None:
        """The session as stored, at most three seconds old."""
        now = self._clock.now()
        cached = self._sessions.get(account)
        if cached is None or (now - cached[0]).total_seconds() >= _SESSION_AGE_SECONDS:
            cached = (now, load(self._store, KiteSession, session_key(account)))
            self._sessions[account] = cached
        return cached[1]

    def is_live(self, account: str) -> bool:
        """Whether calls to the broker can be made for this account now, as far as is known."""
        session = self.session(account)
        return session is not None and session.is_live(self._clock.now())

    def credentials(self, account: str) -> Credentials:
        """The key and the day's token; the secret is read once a version. Raises SessionExpired."""
        session = self.session(account)
        if session is None or not session.is_live(self._clock.now()):
            raise SessionExpired(f"account {account!r} has no live session at the broker: log in")
        cached = self._credentials.get(account)
        if cached is None or cached.version != session.version:
            cached = self._read_credentials(account, session.version)
            self._credentials[account] = cached
        return cached

    def _read_credentials(self, account: str, version: int) -> Credentials:
        secret = self._secrets.get(self._secret_name(account)) or {}
        if int(secret.get("version", 0)) < version:
            raise SessionExpired(
                f"the secret of account {account!r} is older than its session {version}: log in again"
            )
        return Credentials(self.account(account).api_key, secret["access_token"], version)

    def mark_expired(self, account: str, version: int) -> None:
        """The broker did not accept the token of this version. A newer login is left alone."""
        self._sessions.pop(account, None)
        session = load(self._store, KiteSession, session_key(account))
        if session is None or session.version != version or session.state == "EXPIRED":
            return
        event = self._event(
            account, "SESSION_EXPIRED", f"session_expired#{version}", "broker", {"version": version}
        )
        try:
            self._store.write(replace(session.evolve(state="EXPIRED")), create(event))
        except WriteConflict:
            # Somebody else noticed first, or a new login came in between: both are news enough.
            return

    def is_genuine_postback(self, account: str, payload: Mapping[str, object]) -> bool:
        """Whether the broker's own checksum, made with the account's API secret, is on a postback."""
        secret = self._secrets.get(self._secret_name(account)) or {}
        if "api_secret" not in secret:
            return False
        text = f"{payload.get('order_id')}{payload.get('order_timestamp')}{secret['api_secret']}"
        expected = hashlib.sha256(text.encode()).hexdigest()
        return hmac.compare_digest(expected.encode(), str(payload.get("checksum")).encode())

    def _secret_name(self, account: str) -> str:
        return f"{self._secret_prefix}/account/{account}"

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
