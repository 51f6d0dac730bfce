"""The websocket's TLS: only a server with a certificate for its name is told the day's token."""

import asyncio
import datetime
import ipaddress
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request

from functions.ingester.connection import Connection
from functions.ingester.inbox import Inbox, Lost, Opened
from patang.accounts.session import Credentials


@pytest.fixture(scope="module")
def certificate(tmp_path_factory) -> Path:
    """Of 127.0.0.1, signed by itself; certificate and key in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a stand-in for Kite")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "certificate.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
    return file


@pytest.fixture
def server(certificate) -> Iterator[tuple[str, list[str]]]:
    """The address of a websocket server over TLS, and the paths it was asked for."""
    asked: list[str] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    ready, done = threading.Event(), asyncio.Event()
    found: list[object] = []

    # Told before the handshake is answered: a client that is connected has been heard.
    def hear(_connection: ServerConnection, request: Request) -> None:
        asked.append(request.path)

    async def accept(connection: ServerConnection) -> None:
        await connection.wait_closed()

    async def run() -> None:
        async with serve(accept, "127.0.0.1", 0, ssl=context, process_request=hear) as listening:
            found.extend([asyncio.get_running_loop(), listening.sockets[0].getsockname()[1]])
            ready.set()
            await done.wait()

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    assert ready.wait(5)
    loop, port = found
    yield f"wss://127.0.0.1:{port}", asked
    loop.call_soon_threadsafe(done.set)
    thread.join(5)


def test_a_server_that_cannot_prove_its_name_hears_no_token(server):
    root, asked = server
    inbox = Inbox()
    Connection(root, "main", Credentials("key", "secret-token", 1), inbox)
    event = inbox.get(10)
    assert isinstance(event, Lost)
    assert "certificate" in event.reason
    assert asked == []


def test_a_server_with_a_trusted_certificate_is_connected_to(server, certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    root, asked = server
    inbox = Inbox()
    connection = Connection(root, "main", Credentials("key", "secret-token", 1), inbox)
    assert isinstance(inbox.get(10), Opened)
    connection.close()
    assert isinstance(inbox.get(10), Lost)
    assert "access_token=secret-token" in asked[0]
