"""What was decided in a cycle, at length: objects of the store, sealed by their hash in the audit log.

An object's name holds its hash, so that deciding again never changes what an event has sealed.
"""

import hashlib
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from patang.errors import StopTrading
from patang.market.sessions import IST
from patang.ports import ObjectStore

__all__ = ["FOLDER", "Sealed", "keep", "opened"]

FOLDER = "decisions"

# Of the hash, in an object's name: enough to tell the few tellings of one cycle apart.
_DIGITS = 12


class Sealed(BaseModel):
    """Where an object lies and the SHA-256, in hex, that it had when it was written."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    sha256: str


def keep(objects: ObjectStore, as_of: datetime, who: str, decisions: BaseModel) -> Sealed:
    """Stores what `who` (signals, or an account) decided in the cycle of `as_of`:
    decisions/<date>/<HHMM>/<who>-<first digits of the hash>.json.
    """
    content = decisions.model_dump_json(exclude_none=True).encode()
    digest = hashlib.sha256(content).hexdigest()
    local = as_of.astimezone(IST)
    path = f"{FOLDER}/{local:%Y-%m-%d}/{local:%H%M}/{who}-{digest[:_DIGITS]}.json"
    objects.put(path, content, content_type="application/json")
    return Sealed(path=path, sha256=digest)


def opened(objects: ObjectStore, sealed: Sealed) -> bytes:
    """The object's content. Raises StopTrading if it is missing or not what was sealed."""
    content = objects.get(sealed.path)
    if content is None:
        raise StopTrading(f"{sealed.path} is missing: the audit log has its SHA-256 {sealed.sha256}")
    found = hashlib.sha256(content).hexdigest()
    if found != sealed.sha256:
        raise StopTrading(
            f"{sealed.path} was changed: its SHA-256 is {found}, the audit log has {sealed.sha256}"
        )
    return content
