"""The daily session at the broker: what is known of it outside the secret store."""

from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Literal

from patang.keys import session_key
from patang.market.sessions import IST
from patang.ports import Key
from patang.records import Record

__all__ = ["Credentials", "KiteSession", "next_expiry"]

# The broker ends every session at six in the morning and says nothing about it.
_ENDS_AT = time(6, 0, tzinfo=IST)


class KiteSession(Record):
    """The session of an account. `version` counts logins and tells every instance to read the secret again.

    `login_digest` is the SHA-256 of the request token, so that a reloaded callback page is known again.
    Times are wall time. EXPIRED: the broker did not take its token any more; LOGGED_OUT: the desk has given
    it up. `demat_consent`: whether shares that are kept overnight can be sold at all.
    """

    account: str
    version: int
    user_id: str
    logged_in_at: datetime
    valid_until: datetime
    state: Literal["LIVE", "EXPIRED", "LOGGED_OUT"] = "LIVE"
    login_digest: str
    demat_consent: bool = False

    def key(self) -> Key:
        return session_key(self.account)

    def is_live(self, now: datetime) -> bool:
        return self.state == "LIVE" and now < self.valid_until


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a call to the broker is signed with, and the version of the session it belongs to."""

    api_key: str
    access_token: str = field(repr=False)
    version: int


def next_expiry(login: datetime) -> datetime:
    """The first 06:00 IST after a login."""
    moment = datetime.combine(login.astimezone(IST).date(), _ENDS_AT)
    return moment if login < moment else moment + timedelta(days=1)
