"""The desk's accounts and whose they are: adding, renaming, new credentials, switching off, removing."""

import secrets as random
from collections.abc import Callable, Collection, Sequence
from typing import Any

from patang.accounts.account import Account, AllowedUser
from patang.accounts.session import KiteSession
from patang.audit.event import AuditEvent
from patang.errors import BadInput, Refused
from patang.keys import account_key, allowed_user_key, session_key
from patang.ports import Clock, SecretStore, StateStore, Write
from patang.records import change, create, load, load_all, replace

__all__ = ["AccountRegister"]

_NAME_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"
_NAME_LENGTH = 10


class AccountRegister:
    """Secrets lie below `secret_prefix`, one an account. `triggers` tells which GTTs of an account still wait
    at the broker, None where it cannot be asked.

    `by` is who does it, as the audit log names him. Nothing secret is returned, kept in the table or told.
    """

    def __init__(
        self,
        store: StateStore,
        secrets: SecretStore,
        clock: Clock,
        secret_prefix: str,
        triggers: Callable[[str], Collection[str] | None],
    ) -> None:
        self._store = store
        self._secrets = secrets
        self._clock = clock
        self._prefix = secret_prefix
        self._triggers = triggers

    def list(self) -> tuple[Account, ...]:
        """Every registered account, by name."""
        known = load_all(self._store, Account, account_key("").partition)
        return tuple(account for account in known if account.removed_at is None)

    def of(self, principal: str) -> tuple[Account, ...]:
        """A principal's accounts by name, those that are switched off as well."""
        return tuple(account for account in self.list() if account.principal == principal)

    def account(self, account: str) -> Account:
        """Raises BadInput if there is none of that name."""
        known = load(self._store, Account, account_key(account))
        if known is None or known.removed_at is not None:
            raise BadInput(f"there is no account {account!r}: register it with `patang accounts add`")
        return known

    def add(
        self,
        account: str | None,
        label: str,
        api_key: str,
        api_secret: str,
        kite_user_id: str,
        principal: str,
        *,
        by: str | None = None,
        allow: bool = False,
    ) -> Account:
        """Registers an account, under a name of the desk's choice where `account` is None.

        The first account of a desk puts its person on the list of those who are allowed here; for another
        person that takes `allow`. Raises Refused if the person is not allowed, or the name is not free: what
        it says is the same whoever has it.
        """
        name, actor = account or _new_name(), by or principal

        def decide() -> tuple[Account, Sequence[Write]]:
            entry = self._allowing(kite_user_id, principal, actor, allow=allow)
            before = load(self._store, Account, account_key(name))
            if before is not None and (before.removed_at is None or before.principal != principal):
                raise Refused(
                    f"the name {name!r} is not free on this desk: choose another, or change the account"
                )
            new = Account(
                account=name,
                label=label or name,
                kite_user_id=kite_user_id,
                api_key=api_key,
                principal=principal,
                revision=0 if before is None else before.revision,
            )
            told = self._event(new, "ACCOUNT_SAVED", actor, kite_user_id=kite_user_id, principal=principal)
            kept = create(new) if before is None else replace(new)
            return new.evolve(revision=new.revision + 1), (kept, told, *entry)

        added = change(self._store, decide)
        # After the record, which only one of two can make: the secret of an account is never another's.
        self._secrets.put(self.secret_name(name), {"api_secret": api_secret})
        return added

    def rename(self, account: str, label: str, by: str) -> Account:
        """Changes how an account is called on the screen; its short name stays what it is."""
        return self._alter(account, "ACCOUNT_RENAMED", by, label=label or account)

    def set_credentials(
        self, account: str, by: str, *, api_key: str | None = None, api_secret: str | None = None
    ) -> Account:
        """Puts others in the place of the API key, the secret, or both. Another key is another app at the
        broker, which does not know the day's token: the session ends, and its owner logs in again."""
        known = self.account(account)
        changed = api_key is not None and api_key != known.api_key
        if api_secret is not None or changed:
            kept = dict(self._secrets.get(self.secret_name(account)) or {})
            for gone in ("access_token", "version") if changed else ():
                kept.pop(gone, None)
            new = {} if api_secret is None else {"api_secret": api_secret}
            self._secrets.put(self.secret_name(account), kept | new)
        return self._alter(
            account,
            "ACCOUNT_CREDENTIALS",
            by,
            lambda: self._session_ended(account) if changed else (),
            api_key=api_key or known.api_key,
        )

    def enable(self, account: str, by: str) -> Account:
        """Lets an account trade again. Raises Refused if its person is no longer allowed on this desk."""
        known = self.account(account)
        self._allowing(known.kite_user_id, known.principal, by, allow=False)
        return self._alter(account, "ACCOUNT_ENABLED", by, enabled=True)

    def disable(self, account: str, by: str) -> Account:
        """Switches an account off: it enters nothing, and nobody looks at it any more. So it is refused while
        something is open; a halt stops entries at once and lets the rest go on."""
        self._refuse_while_open(account, "switched off")
        return self._alter(account, "ACCOUNT_DISABLED", by, enabled=False)

    def remove(self, account: str, by: str) -> None:
        """Takes an account off the desk: its secret is gone, its name stays with what it has traded.

        Raises Refused while something is open, and says what.
        """
        was = self.account(account)
        self._refuse_while_open(account, "removed")
        if was.enabled:
            # Nothing can be entered from here on; what came between is seen by the second look.
            self._alter(account, "ACCOUNT_DISABLED", by, enabled=False)
            try:
                self._refuse_while_open(account, "removed")
            except Refused:
                self._alter(account, "ACCOUNT_ENABLED", by, enabled=True)
                raise
        self._secrets.delete(self.secret_name(account))
        self._alter(
            account,
            "ACCOUNT_REMOVED",
            by,
            lambda: self._session_ended(account),
            enabled=False,
            api_key="",
            removed_at=self._clock.now(),
        )

    def under_way(self, account: str) -> tuple[str, ...]:
        """What keeps an account from being switched off or removed, in words, as far as the desk knows
        without asking the broker."""
        from patang.accounts.open_business import open_business

        return open_business(self._store, account, None)

    def allowed(self) -> tuple[AllowedUser, ...]:
        """The people who are, or were, allowed on this desk."""
        return tuple(load_all(self._store, AllowedUser, allowed_user_key("").partition))

    def allow(self, kite_user_id: str, principal: str, by: str) -> AllowedUser:
        """Lets a person of the broker have accounts here, as `principal`. Raises Refused for one who is known
        as somebody else."""

        def decide() -> tuple[AllowedUser, Sequence[Write]]:
            return self._entry(kite_user_id, principal), self._allowing(
                kite_user_id, principal, by, allow=True
            )

        change(self._store, decide)
        return self._entry(kite_user_id, principal)

    def withdraw(self, kite_user_id: str, by: str) -> tuple[Account, ...]:
        """Takes it back: his accounts are switched off, and he cannot sign in with them. Returns those.

        Raises Refused while something is open in one of them (nothing is changed then), BadInput if nobody
        knows him.
        """
        his = [account for account in self.list() if account.kite_user_id == kite_user_id]
        principal = his[0].principal if his else self._entry(kite_user_id, "").principal
        if not principal:
            raise BadInput(f"{kite_user_id} is not on this desk's list of people, and has no account here")
        for account in his:
            self._refuse_while_open(account.account, "switched off")

        def decide() -> tuple[None, Sequence[Write]]:
            entry = self._entry(kite_user_id, principal).evolve(
                allowed=False, said_by=by, said_at=self._clock.now()
            )
            return None, [replace(entry) if entry.revision else create(entry)]

        change(self._store, decide)
        return tuple(
            self._alter(account.account, "ACCOUNT_DISABLED", by, enabled=False)
            for account in his
            if account.enabled
        )

    def secret_name(self, account: str) -> str:
        """Under which its secret lies."""
        return f"{self._prefix}/account/{account}"

    def _entry(self, kite_user_id: str, principal: str) -> AllowedUser:
        known = load(self._store, AllowedUser, allowed_user_key(kite_user_id))
        return known or AllowedUser(
            kite_user_id=kite_user_id, principal=principal, said_by=principal, said_at=self._clock.now()
        )

    def _allowing(self, kite_user_id: str, principal: str, by: str, *, allow: bool) -> Sequence[Write]:
        """The write that puts a person on the list, where it is due. Raises Refused if he may not be here."""
        entry = self._entry(kite_user_id, principal)
        if allow and entry.principal != principal:
            raise Refused(f"{kite_user_id} is known on this desk as somebody else than {principal}")
        own = entry.principal == principal
        if own and entry.revision and entry.allowed:
            return ()
        accounts = self.list()
        his = any((a.kite_user_id, a.principal) == (kite_user_id, principal) for a in accounts)
        first = not accounts and not self.allowed()
        # In the same words for one who is known as somebody else: who is here is nobody's to find out.
        if not (own and (allow or first or (his and not entry.revision))):
            raise Refused(
                f"{kite_user_id} is not on this desk's list of people: whoever deployed it lets him on with "
                f"`patang accounts allow {kite_user_id} --owner {principal}`"
            )
        said = entry.evolve(allowed=True, said_by=by, said_at=self._clock.now())
        return [replace(said) if said.revision else create(said)]

    def _refuse_while_open(self, account: str, what: str) -> None:
        # Here, not at the top: every function knows the accounts, and none but the api ends one.
        from patang.accounts.open_business import open_business

        found = open_business(self._store, account, self._triggers)
        if found:
            raise Refused(f"account {account!r} cannot be {what} while this is open: {'; '.join(found)}")

    def _alter(
        self,
        account: str,
        kind: str,
        by: str,
        with_it: Callable[[], Sequence[Write]] = lambda: (),
        **changes: Any,
    ) -> Account:
        def decide() -> tuple[Account, Sequence[Write]]:
            known = self.account(account)
            new = known.evolve(**changes)
            if new == known and kind != "ACCOUNT_CREDENTIALS":
                return known, ()
            writes = (replace(new), self._event(new, kind, by), *with_it())
            return new.evolve(revision=new.revision + 1), writes

        return change(self._store, decide)

    def _session_ended(self, account: str) -> Sequence[Write]:
        session = load(self._store, KiteSession, session_key(account))
        if session is None or session.state != "LIVE":
            return ()
        return (replace(session.evolve(state="LOGGED_OUT")),)

    def _event(self, account: Account, kind: str, by: str, **details: object) -> Write:
        # Wall time: there is no market moment to it.
        now = self._clock.now()
        return create(
            AuditEvent(
                event_id=f"{kind.lower()}#{account.revision + 1}",
                account=account.account,
                kind=kind,
                as_of=now,
                written_at=now,
                actor=by,
                details=details,
            )
        )


def _new_name() -> str:
    """A name that says nothing and that nobody guesses."""
    return "a" + "".join(random.choice(_NAME_LETTERS) for _ in range(_NAME_LENGTH))
