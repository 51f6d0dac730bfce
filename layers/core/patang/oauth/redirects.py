"""Where a browser may be sent with a code.

RFC 8252 (native apps: loopback on any port, private-use schemes) and OAuth 2.1 section 2.3 (exact match
otherwise). A redirect address is where the code goes: what is let through here is what a thief would name.
"""

import ipaddress
import re
from collections.abc import Iterable, Mapping
from urllib.parse import SplitResult, urlencode, urlsplit

from patang.oauth.errors import OAuthError

__all__ = ["answered", "checked_redirect", "is_loopback", "registered", "shown_host"]

_LONGEST = 1024
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]{1,60}")
# Editors and assistants that are called back by a scheme of their own. Any other has to carry a dot, as
# RFC 8252 section 7.1 wants it (com.example.app): no scheme that a browser itself acts upon has one.
_KNOWN_APPS = frozenset({"cursor", "vscode", "vscode-insiders", "windsurf", "zed", "goose", "claude"})
# urlsplit passes over what stands between the bracket and the port, which is part of the name to others.
_IN_BRACKETS = re.compile(r"\[[0-9A-Fa-f:.]+\](:[0-9]*)?")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")


def checked_redirect(uri: str) -> str:
    """`uri` if a browser may be sent there. Raises OAuthError invalid_redirect_uri, with what is wrong."""
    parts = _split(uri)
    if parts.username is not None or parts.password is not None or "@" in parts.netloc:
        raise _wrong(uri, "carries a user name")
    if "#" in uri:
        raise _wrong(uri, "has a fragment")
    if "*" in uri:
        raise _wrong(uri, "has a wildcard: name each address")
    match parts.scheme:
        case "https":
            _named_host(uri, parts)
        case "http":
            if (parts.hostname or "") not in _LOOPBACK:
                raise _wrong(uri, "is http and not of this machine (localhost, 127.0.0.1, [::1]): use https")
        case app if "." in app or app in _KNOWN_APPS:
            pass
        case other:
            raise _wrong(uri, f"has the scheme {other!r}: use https, loopback http, or a scheme with a dot")
    return uri


def is_loopback(uri: str) -> bool:
    """Whether a checked address leads to a program on the person's own machine by http or https."""
    parts = urlsplit(uri)
    return parts.scheme in {"http", "https"} and parts.hostname in _LOOPBACK


def shown_host(uri: str) -> str:
    """What a person is told of where a checked address leads: the host with its port, or `scheme:` of
    an app on his machine."""
    parts = urlsplit(uri)
    return parts.netloc.lower() if parts.scheme in {"http", "https"} else f"{parts.scheme}:"


def registered(uri: str, known: Iterable[str]) -> bool:
    """Whether `uri` is one of the client's: letter by letter, but for the port of a loopback address, which
    a native app takes as it comes (RFC 8252 section 7.3)."""
    return any(uri == one or _same_but_port(uri, one) for one in known)


def answered(uri: str, answer: Mapping[str, str | None]) -> str:
    """A checked address with the answer in its query; what the address brings itself stays as it is."""
    said = {name: value for name, value in answer.items() if value is not None}
    return f"{uri}{'&' if '?' in uri else '?'}{urlencode(said)}"


def _split(uri: str) -> SplitResult:
    if not uri or len(uri) > _LONGEST:
        raise _wrong(uri[:60], f"is empty or longer than {_LONGEST} characters")
    if not uri.isascii() or not uri.isprintable() or " " in uri or "\\" in uri:
        raise _wrong(uri, "has characters that no address has: encode them")
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError as error:
        raise _wrong(uri, f"is no address ({error})") from error
    # urlsplit lowers the scheme; whoever compares letter by letter must have what the browser will take.
    if "[" in parts.netloc and not _IN_BRACKETS.fullmatch(parts.netloc):
        raise _wrong(uri, "has a host that is no address in brackets")
    if not _SCHEME.fullmatch(parts.scheme) or not uri.startswith(f"{parts.scheme}:") or port == 0:
        raise _wrong(uri, "is no absolute address with a scheme in small letters")
    return parts


def _named_host(uri: str, parts: SplitResult) -> None:
    host = parts.hostname or ""
    if parts.netloc.startswith("["):
        try:
            ipaddress.IPv6Address(host)
        except ValueError as error:
            raise _wrong(uri, "has no host") from error
    elif not _HOST.fullmatch(host) or ".." in host:
        raise _wrong(uri, "has no host")


def _same_but_port(uri: str, known: str) -> bool:
    if not (is_loopback(uri) and is_loopback(known)):
        return False
    return _without_port(urlsplit(uri)) == _without_port(urlsplit(known))


def _without_port(parts: SplitResult) -> tuple[str, str | None, str, str]:
    return parts.scheme, parts.hostname, parts.path, parts.query


def _wrong(uri: str, why: str) -> OAuthError:
    return OAuthError("invalid_redirect_uri", f"the redirect address {uri!r} {why}")
