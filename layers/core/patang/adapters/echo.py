"""The address that this process is seen under from outside."""

import http.client
from urllib.parse import urlsplit

from patang.errors import TryAgain

__all__ = ["echoed_address"]

_TIMEOUT_SECONDS = 5
_LONGEST = 100
# Leaves no other way to connect, as for the calls to the broker.
_IPV4 = ("0.0.0.0", 0)  # noqa: S104 - the source address of our own call; nothing listens on it


def echoed_address(url: str) -> str:
    """The first 100 characters of what `url` answers, asked over IPv4 and through no proxy.

    Raises TryAgain if it does not answer with 200 within five seconds.
    """
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=_TIMEOUT_SECONDS, source_address=_IPV4)
    try:
        connection.request("GET", parts.path or "/")
        answer = connection.getresponse()
        text = answer.read(_LONGEST).decode("ascii", "replace")
    except (OSError, http.client.HTTPException) as error:
        raise TryAgain(f"{url} does not answer ({type(error).__name__}: {error})") from error
    finally:
        connection.close()
    if answer.status != 200:
        raise TryAgain(f"{url} answered {answer.status}")
    return text
