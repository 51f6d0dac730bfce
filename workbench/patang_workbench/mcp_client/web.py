"""HTTP as this client speaks it."""

import ssl
from functools import cache
from typing import Any

import httpx2

__all__ = ["http_client"]

_SECONDS = 30.0


def http_client(seconds: float = _SECONDS, **how: Any) -> httpx2.AsyncClient:
    """A client whose answers may take `seconds`; connecting takes at most 30. No redirect is followed."""
    limits = httpx2.Timeout(_SECONDS, read=seconds)
    return httpx2.AsyncClient(verify=_trusted(), timeout=limits, follow_redirects=False, **how)


@cache
def _trusted() -> ssl.SSLContext:
    """Whom the system trusts; reading it takes longer than most calls."""
    return httpx2.create_ssl_context()
