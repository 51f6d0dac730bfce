"""ClientDocuments over https, by the standard library.

The address comes from whoever asks, so it may lead anywhere: the name is resolved once, every address it has
must be a public one, and the connection goes to the very address that was looked at (a second look-up could
be told another). No redirect is followed, no proxy asked, and there is an end to bytes and seconds.
"""

import http.client
import ipaddress
import re
import socket
import ssl
from collections.abc import Callable
from datetime import timedelta
from threading import Timer
from urllib.parse import urlsplit

from patang.errors import Refused, TryAgain
from patang.ports.client_documents import ClientDocument

__all__ = ["WebDocuments", "is_public"]

_SECONDS = 4.0
_LARGEST = 16 * 1024
_MAX_AGE = re.compile(r"\bmax-age=(\d{1,9})\b")
_NOT_KEPT = re.compile(r"\bno-(store|cache)\b")
# Addresses of version 6 that carry one of version 4 where ipaddress does not look for it (RFC 6052).
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")

type Resolve = Callable[[str, int], list[str]]


class WebDocuments:
    """`resolve` gives the addresses of a name, `trust` says whose certificates are good, `seconds` is the
    time for all of it, `is_allowed` which addresses may be gone to."""

    def __init__(
        self,
        resolve: Resolve | None = None,
        trust: ssl.SSLContext | None = None,
        seconds: float = _SECONDS,
        is_allowed: Callable[[str], bool] | None = None,
    ) -> None:
        self._resolve = resolve or _resolved
        self._trust = trust
        self._seconds = seconds
        self._is_allowed = is_allowed or is_public

    def fetch(self, url: str) -> ClientDocument:
        """The document of an https address. Raises Refused and TryAgain as the port says."""
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or 443
        trust = self._trust or ssl.create_default_context()
        connection = _Pinned(host, port, self._address(host, port), trust, self._seconds)
        # A socket's own time-out begins anew with each byte: a host that drips would be waited for all day.
        watch = Timer(self._seconds, connection.abandon)
        watch.daemon = True
        watch.start()
        try:
            path = parts.path + (f"?{parts.query}" if parts.query else "")
            connection.request("GET", path, headers={"Accept": "application/json", "User-Agent": "patang"})
            return _document(connection.getresponse(), url)
        except (OSError, http.client.HTTPException) as error:
            raise TryAgain(f"{url} cannot be read now ({type(error).__name__})") from error
        finally:
            watch.cancel()
            connection.close()

    def _address(self, host: str, port: int) -> str:
        try:
            found = self._resolve(host, port)
        except OSError:
            found = []
        if not found:
            raise TryAgain(f"the name {host!r} has no address now")
        # All of them: whoever answers for a name can mix a private one in, and wait for it to be taken.
        for address in found:
            if not self._is_allowed(address):
                raise Refused(f"the name {host!r} leads to {address}, which is not on the public internet")
        return found[0]


class _Pinned(http.client.HTTPSConnection):
    """To one address; the certificate still has to be the name's."""

    def __init__(self, host: str, port: int, address: str, trust: ssl.SSLContext, seconds: float) -> None:
        super().__init__(host, port, timeout=seconds, context=trust)
        self._address = address
        self._trust = trust
        self._plain: socket.socket | None = None

    def connect(self) -> None:
        self._plain = socket.create_connection((self._address, self.port), self.timeout)
        self.sock = self._trust.wrap_socket(self._plain, server_hostname=self.host)

    def abandon(self) -> None:
        """Time is up: whatever waits for the socket fails."""
        for one in (self.sock, self._plain):
            try:
                if one is not None:
                    one.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue

    def close(self) -> None:
        super().close()
        if self._plain is not None:
            self._plain.close()


def is_public(address: str) -> bool:
    """Whether an address is one of the public internet, also the one that it may carry inside."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inside = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if ip in _NAT64:
            inside = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inside is not None:
            return is_public(str(inside))
    return ip.is_global and not ip.is_multicast


def _resolved(host: str, port: int) -> list[str]:
    found = [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    # Version 4 first: a function has no way out by version 6.
    return sorted(dict.fromkeys(found), key=lambda address: ":" in address)


def _document(reply: http.client.HTTPResponse, url: str) -> ClientDocument:
    if reply.status >= 500 or reply.status == 429:
        raise TryAgain(f"{url} answers {reply.status} now")
    if reply.status != 200:
        raise Refused(f"{url} answers {reply.status}: there has to be a document, without a redirect")
    kind = reply.headers.get_content_type()
    if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
        raise Refused(f"{url} is of type {kind}: it has to be application/json")
    content = reply.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise Refused(f"{url} holds more than {_LARGEST} bytes")
    return ClientDocument(content, _fresh_for(reply.headers.get("Cache-Control", "").lower()))


def _fresh_for(control: str) -> timedelta | None:
    said = _MAX_AGE.search(control)
    if _NOT_KEPT.search(control):
        return timedelta(0)
    return timedelta(seconds=int(said[1])) if said else None
