"""Random secrets that are handed out once and kept only as hashes."""

import hashlib
import hmac
import secrets

__all__ = ["fingerprint", "new_secret", "same", "word_for"]


def new_secret() -> str:
    """256 random bits, safe in a URL and a header."""
    return secrets.token_urlsafe(32)


def fingerprint(secret: str) -> str:
    """SHA-256 in hex. No salt and no stretching: the secrets are random, not chosen by people."""
    return hashlib.sha256(secret.encode()).hexdigest()


def word_for(secret: str, purpose: str) -> str:
    """A second secret that only a holder of the first can know, and that does not give the first away."""
    return hmac.new(secret.encode(), purpose.encode(), hashlib.sha256).hexdigest()


def same(one: str, other: str) -> bool:
    """Comparison in constant time."""
    return hmac.compare_digest(one.encode(), other.encode())
