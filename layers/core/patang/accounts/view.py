"""An account and its session as their owner sees them: nothing secret in it."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from patang.accounts.account import Account
from patang.accounts.service import AccountService
from patang.market.sessions import IST

__all__ = ["AccountView", "account_view"]

_SHOWN_OF_KEY = 4


class AccountView(BaseModel):
    """`session`: ACTIVE; EXPIRED (at 06:00, or the broker did not take its token any more); LOGGED_OUT by the
    desk; MISSING before the first login. `api_key_ends` are the key's last characters, `login` is where its
    owner logs in, None while nobody has said where the desk is. Times in IST.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    account: str
    label: str
    kite_user_id: str
    api_key_ends: str
    enabled: bool
    session: Literal["ACTIVE", "EXPIRED", "LOGGED_OUT", "MISSING"]
    logged_in_at: datetime | None = None
    valid_until: datetime | None = None
    login: str | None = None


def account_view(accounts: AccountService, account: Account, now: datetime) -> AccountView:
    """As it is at the wall time `now`."""
    session = accounts.session(account.account)
    shown = AccountView(
        account=account.account,
        label=account.label,
        kite_user_id=account.kite_user_id,
        api_key_ends=account.api_key[-_SHOWN_OF_KEY:],
        enabled=account.enabled,
        session="MISSING",
        login=accounts.login_address(account.account) or None,
    )
    if session is None:
        return shown
    state = session.state if session.state == "LOGGED_OUT" else "EXPIRED"
    return shown.model_copy(
        update={
            "session": "ACTIVE" if session.is_live(now) else state,
            "logged_in_at": session.logged_in_at.astimezone(IST),
            "valid_until": session.valid_until.astimezone(IST),
        }
    )
