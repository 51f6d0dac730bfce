"""What is remembered of servers: who can read it, what happens to it when several write, how it is found."""

import asyncio
import os
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp.shared.auth import OAuthClientInformationFull, OAuthMetadata, OAuthToken, ProtectedResourceMetadata
from mcp_types import Implementation, InitializeResult, ServerCapabilities

from patang.errors import BadInput, TryAgain
from patang_workbench.mcp_client import kept
from patang_workbench.mcp_client.kept import KeptServer, KeptSession, KeptTokens, ServerFile, canonical

URL = "https://desk.example/mcp"
SECRETS = ("access-secret", "refresh-secret", "client-secret", "session-secret")


def everything(url: str = URL) -> KeptServer:
    token = OAuthToken(access_token="access-secret", refresh_token="refresh-secret", expires_in=3600)
    return KeptServer(
        url=url,
        client=OAuthClientInformationFull(client_id="c", client_secret="client-secret", issuer="https://a"),
        tokens=KeptTokens(token=token, ends_at=datetime.now(UTC) + timedelta(hours=1)),
        authorization_server=OAuthMetadata(
            issuer="https://a.example",
            authorization_endpoint="https://a.example/authorize",
            token_endpoint="https://a.example/oauth/token",
        ),
        resource=ProtectedResourceMetadata(resource=url, authorization_servers=["https://a.example"]),
        session=KeptSession(
            session_id="session-secret",
            initialized=InitializeResult(
                protocol_version="2025-03-26",
                capabilities=ServerCapabilities(),
                server_info=Implementation(name="s", version="1"),
            ),
        ),
    )


def test_all_of_it_comes_back(folder):
    file = ServerFile(URL)
    assert file.read() == KeptServer(url=URL)
    file.change(lambda server: everything())
    again = ServerFile(URL).read()
    assert again == everything().model_copy(update={"tokens": again.tokens})
    assert again.tokens.token == everything().tokens.token
    assert again.authorization_server.issuer == everything().authorization_server.issuer


def test_only_its_owner_can_read_it_from_the_first_moment(folder, monkeypatch):
    """Whatever the umask, and while it is written too."""
    seen: list[int] = []
    write = os.fsync

    def looked(descriptor: int) -> None:
        seen.append(stat.S_IMODE(os.fstat(descriptor).st_mode))
        write(descriptor)

    monkeypatch.setattr(kept.os, "fsync", looked)
    before = os.umask(0)
    try:
        ServerFile(URL).change(lambda server: everything())
    finally:
        os.umask(before)
    assert seen == [0o600]
    assert stat.S_IMODE(ServerFile(URL).path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [path.name for path in folder.iterdir()] == [ServerFile(URL).path.name]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660])
def test_a_file_that_others_may_read_is_not_taken(folder, mode):
    file = ServerFile(URL)
    file.change(lambda server: everything())
    file.path.chmod(mode)
    with pytest.raises(BadInput, match="others may read it"):
        file.read()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"url": 1}', '{"url": "x", "tokens": {"token": {}}}'])
def test_a_damaged_file_is_told_and_can_be_removed(folder, content):
    file = ServerFile(URL)
    file.change(lambda server: everything())
    file.path.write_text(content)
    with pytest.raises(BadInput, match="is damaged"):
        file.read()
    assert file.forget()
    assert file.read() == KeptServer(url=URL)


def test_no_secret_stands_in_what_is_logged():
    said = repr(everything()) + str(everything())
    assert not [secret for secret in SECRETS if secret in said]


def test_a_change_that_fails_leaves_the_file_as_it_was(folder, monkeypatch):
    file = ServerFile(URL)
    file.change(lambda server: everything())
    before = file.path.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(kept.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        file.change(lambda server: KeptServer(url=URL))
    assert file.path.read_bytes() == before
    assert len(list(folder.iterdir())) == 1


def test_changes_of_several_are_all_kept(folder):
    """Each adds one to a number that it has read; none is lost."""

    def add(server: KeptServer) -> KeptServer:
        count = int(server.client.client_id) if server.client else 0
        time.sleep(0.002)
        return server.model_copy(update={"client": OAuthClientInformationFull(client_id=str(count + 1))})

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: ServerFile(URL).change(add), range(40)))
    assert ServerFile(URL).read().client.client_id == "40"


def test_one_process_refreshes_at_a_time(folder, monkeypatch):
    monkeypatch.setattr(kept, "_LOCK_SECONDS", 0.2)
    script = (
        "import asyncio, sys\n"
        "from patang_workbench.mcp_client.kept import ServerFile\n"
        "async def hold():\n"
        "    async with ServerFile(sys.argv[1]).alone():\n"
        "        print('held', flush=True)\n"
        "        await asyncio.to_thread(sys.stdin.read)\n"
        "asyncio.run(hold())\n"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", script, URL], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert other.stdout.readline() == "held\n"

        async def alone(url: str) -> None:
            async with ServerFile(url).alone():
                return

        with pytest.raises(TryAgain, match="another process has been refreshing"):
            asyncio.run(alone(URL))
        asyncio.run(alone("https://other.example/mcp"))
        other.communicate("", timeout=10)
        asyncio.run(alone(URL))
    finally:
        other.kill()


@pytest.mark.parametrize(
    ("url", "same"),
    [
        ("https://desk.example/mcp", "https://desk.example/mcp"),
        ("HTTPS://Desk.Example:443/mcp/", "https://desk.example/mcp"),
        ("http://127.0.0.1:80/mcp", "http://127.0.0.1/mcp"),
        ("http://localhost:8080/mcp", "http://localhost:8080/mcp"),
        ("http://[::1]:8080/mcp", "http://[::1]:8080/mcp"),
        ("https://desk.example", "https://desk.example"),
    ],
)
def test_one_address_has_one_spelling(url, same):
    assert canonical(url) == same
    assert canonical(same) == same


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("desk.example/mcp", "no address of an MCP server"),
        ("ftp://desk.example/mcp", "no address of an MCP server"),
        ("https:///mcp", "no address of an MCP server"),
        ("", "no address of an MCP server"),
        ("https://desk.example:99999/mcp", "no port that can be"),
        ("https://user:pass@desk.example/mcp", "no user, query or fragment"),
        ("https://desk.example/mcp?token=x", "no user, query or fragment"),
        ("https://desk.example/mcp#x", "no user, query or fragment"),
        ("http://desk.example/mcp", "https alone"),
        ("http://10.0.0.1/mcp", "https alone"),
        ("http://localhost.evil.example/mcp", "https alone"),
        ("http://127.0.0.1.evil.example/mcp", "https alone"),
    ],
)
def test_addresses_that_are_not_taken(url, said):
    with pytest.raises(BadInput, match=said):
        canonical(url)


@given(
    st.from_regex(r"[a-z]{1,8}(\.[a-z]{1,8}){1,2}", fullmatch=True),
    st.sampled_from(["", ":443", ":8443"]),
    st.from_regex(r"(/[a-z0-9._-]{1,6}){0,3}/?", fullmatch=True),
)
def test_every_spelling_finds_the_same_file(host, port, path):
    url = f"https://{host}{port}{path}"
    once = canonical(url)
    assert canonical(once) == once
    assert ServerFile(url).path == ServerFile(url.replace(host, host.upper())).path == ServerFile(once).path


def test_two_servers_have_two_files(folder):
    urls = [URL, "https://desk.example/other", "https://desk.example:8443/mcp", "http://127.0.0.1:1/mcp"]
    for url in urls:
        ServerFile(url).change(lambda server: server)
    assert len(list(folder.glob("*.json"))) == len(urls)
    assert ServerFile(URL).forget()
    assert len(list(folder.glob("*.json"))) == len(urls) - 1
    assert not ServerFile(URL).forget()
