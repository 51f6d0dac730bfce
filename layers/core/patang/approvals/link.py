"""The link to an approval: a random nonce that only its hash is stored of."""

import hashlib
import secrets
from datetime import datetime

from patang.ports import Key
from patang.records import Record

__all__ = ["ApprovalLink", "link_key", "new_nonce", "nonce_digest"]

_NONCE_BYTES = 32


class ApprovalLink(Record):
    """What a nonce leads to, in the auth table, until the approval's wall time is over."""

    digest: str
    account: str
    order_id: str
    valid_until: datetime

    def key(self) -> Key:
        return Key(f"NONCE#{self.digest}", "NONCE")

    def expires_at(self) -> int:
        return int(self.valid_until.timestamp())


def new_nonce() -> str:
    """256 random bits, safe in a URL."""
    return secrets.token_urlsafe(_NONCE_BYTES)


def nonce_digest(nonce: str) -> str:
    """All that is stored of a nonce."""
    return hashlib.sha256(nonce.encode()).hexdigest()


def link_key(nonce: str) -> Key:
    """Where the link of a nonce lives."""
    return Key(f"NONCE#{nonce_digest(nonce)}", "NONCE")
