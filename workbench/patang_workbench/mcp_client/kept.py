"""What this machine remembers of MCP servers: one file a server that only its owner can read.

The file holds the client's registration, the tokens with the moment they end (a lifetime in seconds means
nothing to the next process), what discovery has found (a refresh goes to the server's own token endpoint)
and the session of servers that bind a login to one.
"""

import fcntl
import hashlib
import json
import os
import stat
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from ipaddress import ip_address
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit, urlunsplit

import anyio
from mcp.shared.auth import OAuthClientInformationFull, OAuthMetadata, OAuthToken, ProtectedResourceMetadata
from mcp_types import InitializeResult
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from patang.errors import BadInput, TryAgain

__all__ = ["KeptServer", "KeptSession", "KeptTokens", "ServerFile", "canonical", "on_this_machine"]

_LOCK_SECONDS = 60.0
_LOOK_SECONDS = 0.05


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class KeptTokens(_Kept):
    """Tokens, and when the access token ends (None: the server did not say)."""

    token: OAuthToken = Field(repr=False)
    ends_at: AwareDatetime | None


class KeptSession(_Kept):
    """A session id and what the server said of itself when the session began."""

    session_id: str = Field(repr=False)
    initialized: InitializeResult


class KeptServer(_Kept):
    """All that is remembered of one server; empty where nothing is."""

    url: str
    client: OAuthClientInformationFull | None = Field(default=None, repr=False)
    tokens: KeptTokens | None = None
    authorization_server: OAuthMetadata | None = None
    resource: ProtectedResourceMetadata | None = None
    session: KeptSession | None = None


def canonical(url: str) -> str:
    """One spelling of a server's address: what is kept of it is found again.

    Raises BadInput for what is no address of a server, and for plain HTTP to another machine: tokens would
    travel readable.
    """
    parts = urlsplit(url.strip())
    try:
        port = parts.port
    except ValueError as error:
        raise BadInput(f"{url} has no port that can be: {error}") from error
    host = (parts.hostname or "").lower()
    if parts.scheme not in {"http", "https"} or not host:
        raise BadInput(f"{url} is no address of an MCP server: give one like https://desk.example/mcp")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise BadInput(f"{url}: an MCP server's address has no user, query or fragment")
    if parts.scheme == "http" and not on_this_machine(url):
        raise BadInput(f"{url}: tokens go to another machine over https alone")
    shown = f"[{host}]" if ":" in host else host
    standard = {"http": 80, "https": 443}[parts.scheme]
    place = shown if port in {None, standard} else f"{shown}:{port}"
    return urlunsplit((parts.scheme, place, parts.path.rstrip("/"), "", ""))


def on_this_machine(url: str) -> bool:
    """Whether an address is one of this machine alone, where nobody listens on the line."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


class ServerFile:
    """The file of one server, below `folder` ($XDG_CONFIG_HOME/patang/mcp without one)."""

    def __init__(self, url: str, folder: Path | None = None) -> None:
        self.url = canonical(url)
        self._folder = folder or _folder()
        digest = hashlib.sha256(self.url.encode()).hexdigest()[:16]
        self.path = self._folder / f"{urlsplit(self.url).hostname}-{digest}.json".replace(":", "_")

    def read(self) -> KeptServer:
        """What is remembered. Raises BadInput if others could have read it, or it is damaged."""
        try:
            with self.path.open(encoding="utf-8") as file:
                mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
                text = file.read()
        except FileNotFoundError:
            return KeptServer(url=self.url)
        if mode & 0o077:
            raise BadInput(
                f"{self.path} holds tokens and others may read it (mode {mode:04o}): "
                f"remove it and log in again, or `chmod 600` it if nobody has"
            )
        try:
            return KeptServer.model_validate_json(text)
        except ValidationError as error:
            raise BadInput(f"{self.path} is damaged ({error.error_count()} faults): remove it") from error

    def change(self, change: Callable[[KeptServer], KeptServer]) -> KeptServer:
        """Replace what is remembered by what `change` makes of it, whole or not at all."""
        self._make_folder()
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            kept = change(self.read())
            self._replace(kept.model_dump(mode="json", exclude_none=True, by_alias=True))
        finally:
            os.close(folder)
        return kept

    def forget(self) -> bool:
        """Remove the file; False if there was none. The empty file that guards a refresh stays: another
        process may be waiting at it.
        """
        try:
            self.path.unlink()
        except FileNotFoundError:
            return False
        return True

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[Self]:
        """Only one process of this machine refreshes a server's tokens at a time: a refresh token that is
        used twice looks stolen, and the server would end the whole login. Raises TryAgain after a minute.
        """
        self._make_folder()
        with (self._folder / f"{self.path.name}.refreshing").open("w") as guard:
            await self._lock(guard.fileno())
            yield self

    async def _lock(self, descriptor: int) -> None:
        with anyio.move_on_after(_LOCK_SECONDS):
            while True:
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    await anyio.sleep(_LOOK_SECONDS)
                else:
                    return
        raise TryAgain(f"another process has been refreshing the login at {self.url} for a minute")

    def _make_folder(self) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def _replace(self, content: dict[str, object]) -> None:
        descriptor, name = tempfile.mkstemp(dir=self._folder, prefix=".", suffix=".new")  # mode 0600
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(content, file, indent=2)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(self.path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


def _folder() -> Path:
    base = os.environ.get("XDG_CONFIG_HOME")
    return (Path(base) if base else Path.home() / ".config") / "patang" / "mcp"
