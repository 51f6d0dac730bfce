"""An account at the broker, as its owner registered it, and the people whom the desk knows at the broker."""

from datetime import datetime
from typing import Annotated
from urllib.parse import urlencode

from pydantic import Field

from patang.keys import account_key, allowed_user_key
from patang.ports import Key
from patang.records import Record

__all__ = ["Account", "AllowedUser"]


class Account(Record):
    """`account` is Patang's short name for it; the API secret is in the secret store, never here.

    `principal` is the person it belongs to; only a login as `kite_user_id` opens its session. An account that
    is not `enabled` enters nothing. One that was removed (wall time `removed_at`) keeps its name, because
    what it has traded is kept under it: nobody else is given it.
    """

    account: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,19}$")]
    label: Annotated[str, Field(max_length=80)]
    kite_user_id: Annotated[str, Field(max_length=20)]
    api_key: Annotated[str, Field(max_length=64)]
    principal: Annotated[str, Field(max_length=60)]
    enabled: bool = True
    removed_at: datetime | None = None

    def key(self) -> Key:
        return account_key(self.account)

    @property
    def login_path(self) -> str:
        """Where its owner logs in, below the desk's address. It says whose account it is: to who does not
        know that, the desk does not say which accounts there are."""
        return f"/login?{urlencode({'account': self.account, 'user': self.kite_user_id})}"


class AllowedUser(Record):
    """A person at the broker whose accounts may be on this desk, and as whose; `allowed` is taken back, never
    the record. `said_at` is wall time."""

    kite_user_id: str
    principal: str
    allowed: bool = True
    said_by: str
    said_at: datetime

    def key(self) -> Key:
        return allowed_user_key(self.kite_user_id)
