"""What the auth table holds: login transactions, signed-in browsers and bearer tokens, all by hash."""

from datetime import datetime

from patang.identity.principal import Scope
from patang.ports import Key
from patang.records import Record

__all__ = [
    "BearerToken",
    "BrowserSession",
    "LoginState",
    "Passing",
    "TokenListing",
    "UsedRequestToken",
    "token_key",
]


class Passing(Record):
    """Something of the auth table that is over at `until` (wall time)."""

    until: datetime

    def expires_at(self) -> int:
        return int(self.until.timestamp())


class LoginState(Passing):
    """A login under way. `browser_hash` ties it to the browser that began it; None where a program began it
    for its principal: then the account's session is opened, and nobody is signed in."""

    state_hash: str
    browser_hash: str | None = None
    account: str
    return_to: str
    began_at: datetime

    def key(self) -> Key:
        return Key(f"STATE#{self.state_hash}", "STATE")


class UsedRequestToken(Passing):
    """A broker's request token that has signed somebody in; it must not sign in twice."""

    token_hash: str

    def key(self) -> Key:
        return Key(f"REQUEST#{self.token_hash}", "REQUEST")


class BrowserSession(Passing):
    """A browser whose person has signed in as `kite_user_id` of `account`."""

    session_hash: str
    principal: str
    account: str
    kite_user_id: str
    began_at: datetime

    def key(self) -> Key:
        return Key(f"SESSION#{self.session_hash}", "SESSION")


class BearerToken(Passing):
    """A token of a program that acts for `principal`."""

    token_hash: str
    token_id: str
    principal: str
    scopes: tuple[Scope, ...]

    def key(self) -> Key:
        return token_key(self.token_hash)


class TokenListing(Passing):
    """The same token in its principal's list, where it is seen and revoked by id."""

    token_id: str
    principal: str
    label: str
    scopes: tuple[Scope, ...]
    issued_at: datetime
    token_hash: str

    def key(self) -> Key:
        return Key(f"TOKENS#{self.principal}", self.token_id)


def token_key(token_hash: str) -> Key:
    return Key(f"TOKEN#{token_hash}", "TOKEN")
