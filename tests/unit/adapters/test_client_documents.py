"""Fetching a document from an address that anybody may name: https, public hosts, an end to everything."""

import http.server
import ssl
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from patang.adapters.web.client_documents import WebDocuments, is_public
from patang.errors import Refused, TryAgain

HOST = "client.acme.dev"


class Pages(http.server.BaseHTTPRequestHandler):
    """By path what a host may do; every request's line and headers are kept."""

    seen: list[tuple[str, dict[str, str]]]
    cut_off: threading.Event

    def do_GET(self) -> None:
        self.seen.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
        match self.path.partition("?")[0]:
            case "/good":
                self._answer(200, b'{"a": 1}', {"Cache-Control": "public, max-age=7200"})
            case "/not-kept":
                self._answer(200, b"{}", {"Cache-Control": "no-store, max-age=7200"})
            case "/cimd":
                self._answer(200, b"{}", {"Content-Type": "application/cimd+json; charset=utf-8"})
            case "/html":
                self._answer(200, b"{}", {"Content-Type": "text/html"})
            case "/moved":
                self._answer(302, b"{}", {"Location": "/good"})
            case "/largest":
                self._answer(200, b" " * 16 * 1024, {})
            case "/too-large":
                self._answer(200, b" " * (16 * 1024 + 1), {})
            case "/endless":
                self._endless()
            case "/dripping":
                self._drip()
            case status:
                self._answer(int(status.removeprefix("/")), b"{}", {})

    def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body))}.items():
            if name not in headers:
                self.send_header(name, value)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _endless(self) -> None:
        """No length, and bytes as long as somebody takes them."""
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        try:
            while True:
                self.wfile.write(b" " * 4096)
        except OSError:
            return

    def _drip(self) -> None:
        """A byte at a time, each well within the time-out of a read."""
        try:
            for byte in b"HTTP/1.0 200 OK\r\nX-Slow: " + b"s" * 1000:
                self.wfile.write(bytes([byte]))
                time.sleep(0.1)
        except OSError:
            self.cut_off.set()

    def log_message(self, format: str, *args: object) -> None:
        return


class Host:
    """A host with a certificate for HOST; `documents` trusts its authority and finds it at `addresses`."""

    def __init__(self, port: int, authority: Path, pages: type[Pages]) -> None:
        self.port, self.seen, self.cut_off = port, pages.seen, pages.cut_off
        self.looked_up: list[str] = []
        self._authority = authority

    def documents(self, *addresses: str, public: bool = True, seconds: float = 4.0) -> WebDocuments:
        def resolve(host: str, port: int) -> list[str]:
            self.looked_up.append(host)
            return list(addresses or ("127.0.0.1",))

        trust = ssl.create_default_context(cafile=self._authority)
        return WebDocuments(resolve, trust, seconds, (lambda _: True) if public else None)

    def url(self, path: str, name: str = HOST) -> str:
        return f"https://{name}:{self.port}{path}"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("host") / "host.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def host(certificate: Path) -> Iterator[Host]:
    pages: type[Pages] = type("PagesOfOne", (Pages,), {"seen": [], "cut_off": threading.Event()})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), pages)
    server.daemon_threads = True
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield Host(server.server_address[1], certificate, pages)
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_document_and_how_long_it_may_be_kept(host: Host) -> None:
    document = host.documents().fetch(host.url("/good?v=2"))
    assert (document.content, document.fresh_for) == (b'{"a": 1}', timedelta(hours=2))
    ((path, headers),) = host.seen
    assert path == "/good?v=2"
    assert headers["host"] == f"{HOST}:{host.port}"
    assert not {"authorization", "cookie", "referer"} & set(headers)


def test_what_is_not_to_be_kept_says_so(host: Host) -> None:
    assert host.documents().fetch(host.url("/not-kept")).fresh_for == timedelta(0)
    assert host.documents().fetch(host.url("/cimd")).fresh_for is None


@pytest.mark.parametrize("status", [201, 204, 301, 303, 307, 308, 400, 401, 403, 404, 410])
def test_anything_but_a_document_is_final(host: Host, status: int) -> None:
    with pytest.raises(Refused, match=str(status)):
        host.documents().fetch(host.url(f"/{status}"))


def test_no_redirect_is_followed(host: Host) -> None:
    with pytest.raises(Refused, match="without a redirect"):
        host.documents().fetch(host.url("/moved"))
    assert [path for path, _ in host.seen] == ["/moved"]


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_a_host_at_fault_may_be_asked_again(host: Host, status: int) -> None:
    with pytest.raises(TryAgain, match=str(status)):
        host.documents().fetch(host.url(f"/{status}"))


def test_another_type_is_no_document(host: Host) -> None:
    with pytest.raises(Refused, match="text/html"):
        host.documents().fetch(host.url("/html"))


def test_there_is_an_end_to_bytes(host: Host) -> None:
    assert len(host.documents().fetch(host.url("/largest")).content) == 16 * 1024
    for path in ("/too-large", "/endless"):
        with pytest.raises(Refused, match="more than 16384 bytes"):
            host.documents().fetch(host.url(path))


def test_there_is_an_end_to_seconds_also_for_a_host_that_drips(host: Host) -> None:
    with pytest.raises(TryAgain):
        host.documents(seconds=0.6).fetch(host.url("/dripping"))
    # It was left in the middle: it has a hundred seconds of it, and each byte comes in time.
    assert host.cut_off.wait(timeout=20)


def test_the_certificate_has_to_be_the_names(host: Host) -> None:
    with pytest.raises(TryAgain, match="SSLCertVerificationError"):
        host.documents().fetch(host.url("/good", name="other.acme.dev"))
    assert host.seen == []


def test_a_certificate_of_nobody_known_is_none(host: Host) -> None:
    strict = WebDocuments(lambda _host, _port: ["127.0.0.1"], is_allowed=lambda _: True)
    with pytest.raises(TryAgain, match="SSLCertVerificationError"):
        strict.fetch(host.url("/good"))
    assert host.seen == []


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "192.0.0.8",
        "198.18.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "fd00:ec2::254",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::1",
        "2001:0:0:0:0:0:80ff:fffe",
        "2001:db8::1",
    ],
)
def test_no_private_address_is_gone_to(host: Host, address: str) -> None:
    assert not is_public(address)
    with pytest.raises(Refused, match="not on the public internet"):
        host.documents(address, public=False).fetch(host.url("/good"))
    assert host.seen == []


@pytest.mark.parametrize("address", ["1.1.1.1", "104.16.0.1", "2606:4700::1111", "64:ff9b::101:101"])
def test_public_addresses_are(address: str) -> None:
    assert is_public(address)


def test_one_private_address_among_public_ones_is_enough(host: Host) -> None:
    with pytest.raises(Refused, match=r"10\.0\.0\.1"):
        host.documents("1.1.1.1", "10.0.0.1", public=False).fetch(host.url("/good"))


def test_a_name_is_looked_up_once(host: Host) -> None:
    """Whoever answers for it cannot say a public address to be looked at and a private one to be gone to."""
    host.documents().fetch(host.url("/good"))
    assert host.looked_up == [HOST]


def test_this_machine_is_not_asked_by_its_own_name(host: Host) -> None:
    with pytest.raises(Refused, match="not on the public internet"):
        WebDocuments().fetch(host.url("/good", name="localhost"))
    assert host.seen == []


def test_a_name_without_an_address_may_have_one_later(host: Host) -> None:
    def nowhere(_host: str, _port: int) -> list[str]:
        raise OSError("no such name")

    for resolve in (nowhere, lambda _host, _port: []):
        with pytest.raises(TryAgain, match="no address"):
            WebDocuments(resolve).fetch(host.url("/good"))


def test_a_host_that_does_not_listen_may_do_so_later(host: Host) -> None:
    with pytest.raises(TryAgain, match="ConnectionRefusedError"):
        host.documents().fetch(f"https://{HOST}:1/good")
