"""Signatures of a key that only signs, in a keeping that gives it to nobody."""

from typing import Protocol

__all__ = ["SignatureCheck", "Signer"]


class Signer(Protocol):
    """ECDSA on the curve P-256 with SHA-256."""

    def sign(self, sha256: bytes) -> bytes:
        """The signature, in DER, of a message whose SHA-256 (32 bytes) is given."""
        ...

    def public_key(self) -> bytes:
        """The public half, as SubjectPublicKeyInfo in DER."""
        ...


class SignatureCheck(Protocol):
    """Whether a signature is one of this key and this message."""

    def __call__(self, public_key: bytes, sha256: bytes, signature: bytes) -> bool:
        """Key and signature in DER; False as well for what is neither."""
        ...
