"""What a client may ask for, as the protocol writes it: words with spaces between."""

from collections.abc import Iterable

from patang.identity.principal import Scope

__all__ = ["DEFAULT_SCOPES", "SCOPES", "known_scopes", "written"]

# In the order in which a person reads them.
SCOPES: tuple[Scope, ...] = ("read", "trade", "admin")
# Of a client that does not say what it wants; a person ticks them all the same.
DEFAULT_SCOPES: tuple[Scope, ...] = ("read", "trade")


def known_scopes(words: str | Iterable[str]) -> tuple[Scope, ...]:
    """Those of the words that are scopes of this desk, each once, in the order of SCOPES.

    The others (offline_access, openid) are passed over, as RFC 6749 section 3.3 lets a server do.
    """
    said = set(words.split(" ") if isinstance(words, str) else words)
    return tuple(scope for scope in SCOPES if scope in said)


def written(scopes: Iterable[Scope]) -> str:
    """The protocol's word list."""
    return " ".join(known_scopes(scopes))
