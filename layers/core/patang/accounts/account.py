"""An account at the broker, as its owner registered it."""

from typing import Annotated

from pydantic import Field

from patang.keys import account_key
from patang.ports import Key
from patang.records import Record

__all__ = ["Account"]


class Account(Record):
    """`account` is Patang's short name for it; the API secret is in the secret store, never here.

    `principal` is the person it belongs to; only a login as `kite_user_id` opens its session.
    """

    account: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,19}$")]
    label: str
    kite_user_id: str
    api_key: str
    principal: str
    enabled: bool = True

    def key(self) -> Key:
        return account_key(self.account)
