"""The link to an approval: a random nonce that only its hash is stored of."""

import hashlib
import secrets
from datetime import datetime, timedelta

from patang.ports import Key, StateStore
from patang.records import Record, create

__all__ = ["ApprovalLink", "link_key", "new_link", "new_nonce", "nonce_digest"]

# As few as cannot be guessed, so that an SMS has room for more than its link. It is no permission besides.
_NONCE_BYTES = 16
# The link outlives the approval a little, so that a late click reads that it is too late.
_AFTERLIFE = timedelta(hours=1)


class ApprovalLink(Record):
    """What a nonce leads to, in the auth table, until the approval's wall time is over. `order_id` is of a
    proposal, or the approval's of an order that was asked for."""

    digest: str
    account: str
    order_id: str
    valid_until: datetime

    def key(self) -> Key:
        return Key(f"NONCE#{self.digest}", "NONCE")

    def expires_at(self) -> int:
        return int(self.valid_until.timestamp())


def new_nonce() -> str:
    """128 random bits, safe in a URL."""
    return secrets.token_urlsafe(_NONCE_BYTES)


def nonce_digest(nonce: str) -> str:
    """All that is stored of a nonce."""
    return hashlib.sha256(nonce.encode()).hexdigest()


def link_key(nonce: str) -> Key:
    """Where the link of a nonce lives."""
    return Key(f"NONCE#{nonce_digest(nonce)}", "NONCE")


def new_link(links: StateStore, public_url: str, account: str, order_id: str, until: datetime) -> str:
    """A new address that leads to an approval which ends at the wall time `until`."""
    nonce = new_nonce()
    links.write(
        create(
            ApprovalLink(
                digest=nonce_digest(nonce),
                account=account,
                order_id=order_id,
                valid_until=until + _AFTERLIFE,
            )
        )
    )
    return f"{public_url.rstrip('/')}/approvals/{nonce}"
