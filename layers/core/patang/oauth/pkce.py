"""Proof that who brings a code is who asked for it (RFC 7636, S256 alone)."""

import base64
import hashlib
import re

from patang.identity.credentials import same

__all__ = ["is_challenge", "proves"]

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


def is_challenge(text: str) -> bool:
    """Whether it can be the SHA-256 of a verifier in base64url without padding."""
    return _CHALLENGE.fullmatch(text) is not None


def proves(verifier: str, challenge: str) -> bool:
    """Whether `challenge` was made of this verifier."""
    if not _VERIFIER.fullmatch(verifier):
        return False
    digest = hashlib.sha256(verifier.encode()).digest()
    return same(base64.urlsafe_b64encode(digest).rstrip(b"=").decode(), challenge)
