"""The day's digest: what the audit archive has got since the one before, signed, and chained to it.

A digest names files by their hashes and chains by where they end. Whoever keeps one can later prove that
nothing before it was changed, taken out or put in between.
"""

import base64
import hashlib
import re
from datetime import date
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from patang.audit.entry import GENESIS, canonical
from patang.errors import BadInput
from patang.ports.signing import SignatureCheck, Signer

__all__ = [
    "DIGESTS",
    "KEYS",
    "AuditDigest",
    "DigestedFile",
    "DigestedHead",
    "SignedDigest",
    "digest_name",
    "fingerprint",
    "key_path",
    "key_text",
    "numbered",
    "public_key_of",
]

DIGESTS = "digests/"
KEYS = "keys/"

_NAME = re.compile(r"digests/digest_(\d{6})_(\d{4}-\d{2}-\d{2})\.json")
_LINE = 64
_BEGIN, _END = "-----BEGIN PUBLIC KEY-----", "-----END PUBLIC KEY-----"

type Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class DigestedFile(BaseModel):
    """A file of the archive: its path, its length in bytes, its SHA-256 in hex."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    size: int
    sha256: Sha256


class DigestedHead(BaseModel):
    """Where an account's chain of a day ended in the files of a digest."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    account: str
    day: date
    sequence: int
    hash: Sha256


class AuditDigest(BaseModel):
    """What came into the archive on `day` (market time). `number` counts digests from one; `previous` is the
    SHA-256 of the file of the digest before; `key` is the fingerprint of the key that signs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    number: int
    day: date
    previous: Sha256 = GENESIS
    key: Sha256
    files: tuple[DigestedFile, ...] = ()
    heads: tuple[DigestedHead, ...] = ()

    @property
    def path(self) -> str:
        return digest_name(self.number, self.day)


class SignedDigest(BaseModel):
    """A digest as it is kept: the text that was signed, and the signature of its SHA-256 in base64."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    algorithm: Literal["ECDSA_SHA_256"] = "ECDSA_SHA_256"
    digest_json: str
    signature: str

    @classmethod
    def of(cls, digest: AuditDigest, signer: Signer) -> Self:
        """Signs it."""
        text = canonical(digest.model_dump(mode="json"))
        signature = signer.sign(hashlib.sha256(text.encode()).digest())
        return cls(digest_json=text, signature=base64.b64encode(signature).decode())

    @classmethod
    def read(cls, content: bytes) -> Self:
        """Raises BadInput if it is no file of a digest."""
        try:
            found = cls.model_validate_json(content)
            found.digest()
        except ValidationError as error:
            raise BadInput(f"no digest of the audit archive: {error.errors()[0]['msg']}") from error
        return found

    def digest(self) -> AuditDigest:
        """What was signed. Raises ValidationError if it is no digest."""
        return AuditDigest.model_validate_json(self.digest_json)

    def content(self) -> bytes:
        """The file."""
        return self.model_dump_json(indent=1).encode()

    def is_signed_with(self, public_key: bytes, holds: SignatureCheck) -> bool:
        """`public_key` in DER."""
        try:
            signature = base64.b64decode(self.signature, validate=True)
        except ValueError:
            return False
        return holds(public_key, hashlib.sha256(self.digest_json.encode()).digest(), signature)


def digest_name(number: int, day: date) -> str:
    """Where a digest lies: names in order are digests in order."""
    return f"{DIGESTS}digest_{number:06d}_{day}.json"


def numbered(path: str) -> tuple[int, date] | None:
    """The number and the day in the name of a digest's file; None for another name."""
    found = _NAME.fullmatch(path)
    return None if found is None else (int(found[1]), date.fromisoformat(found[2]))


def fingerprint(public_key: bytes) -> str:
    """The SHA-256 of a public key in DER."""
    return hashlib.sha256(public_key).hexdigest()


def key_path(key: str) -> str:
    """Where the public key of a fingerprint is kept beside the digests."""
    return f"{KEYS}{key}.pem"


def key_text(public_key: bytes) -> bytes:
    """A public key as PEM (RFC 7468)."""
    text = base64.b64encode(public_key).decode()
    lines = [text[at : at + _LINE] for at in range(0, len(text), _LINE)]
    return "\n".join([_BEGIN, *lines, _END, ""]).encode()


def public_key_of(text: bytes) -> bytes:
    """The DER of a PEM. Raises BadInput if it is none."""
    try:
        lines = text.decode("ascii").split("\n")
        if lines[0].strip() != _BEGIN or _END not in [line.strip() for line in lines]:
            raise ValueError("its first or last line is missing")
        body = [line.strip() for line in lines[1:]]
        return base64.b64decode("".join(body[: body.index(_END)]), validate=True)
    except ValueError as error:
        raise BadInput(f"no public key in PEM ({error})") from error
