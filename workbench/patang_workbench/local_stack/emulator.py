"""The AWS emulator as a child process, reachable on 127.0.0.1 alone."""

import contextlib
import importlib.util
import shutil
import socket
import ssl
import time
from pathlib import Path
from typing import Any

import boto3
import httpx
from botocore.config import Config

from patang_workbench.local_stack.processes import GroupProcess, Keeper, clean_environment

__all__ = ["ACCOUNT", "CREDENTIALS", "REGION", "Emulator", "EmulatorError", "free_port"]

REGION = "ap-south-1"
ACCOUNT = "000000000000"
# The emulator takes any key; a 12-digit access key id would choose another account.
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
READY_SECONDS = 30.0

# Its keys sign only with a package that its environment is without, as Lambda's is: given to it alone, by its
# own path, which the functions that it starts do not inherit.
_SIGNS_WITH = ("cryptography", "cffi", "_cffi_backend")
_BEGIN = (
    "import runpy, sys; sys.path.append(sys.argv.pop()); "
    "runpy.run_module('ministack', run_name='__main__', alter_sys=True)"
)


class EmulatorError(RuntimeError):
    """The emulator is not installed, did not start, or ended."""


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Emulator:
    """MiniStack in its own environment (`.emulator`), so that only layers bring a function's packages.

    Everything it writes (code of functions, layers, logs) lies below `folder`, which `stop` removes unless
    told to keep it. `enforce_roles`: every request's signature is verified, each function signs with its own
    role, and a role may do what its policies allow; without it, all may do everything. CREDENTIALS are the
    account's root either way. Policies that refuse what comes without TLS are in force then too: so it is
    reached by TLS, with a `certificate` that it makes itself.
    """

    def __init__(
        self,
        python: Path,
        folder: Path,
        keeper: Keeper,
        *,
        log_level: str = "WARNING",
        enforce_roles: bool = False,
    ) -> None:
        if not python.exists():
            raise EmulatorError(f"the emulator's environment is missing ({python}): run `make setup`")
        self.port = free_port()
        self.endpoint = f"{'https' if enforce_roles else 'http'}://127.0.0.1:{self.port}"
        self.certificate = folder / "tmp" / "ministack-tls" / "server.crt" if enforce_roles else None
        self.folder = folder
        self._keeper = keeper
        for name in ("tmp", "state", "s3"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        keeper.remove_folder(folder)
        self.log_path = folder / "emulator.log"
        environment = clean_environment(
            **CREDENTIALS,
            GATEWAY_PORT=str(self.port),
            BIND_HOST="127.0.0.1",
            MINISTACK_HOST="127.0.0.1",
            MINISTACK_REGION=REGION,
            AWS_DEFAULT_REGION=REGION,
            IOT_MTLS_ENABLED="0",
            LOG_LEVEL=log_level,
            TMPDIR=str(folder / "tmp"),
            STATE_DIR=str(folder / "state"),
            S3_DATA_DIR=str(folder / "s3"),
            PYTHONDONTWRITEBYTECODE="1",
            AUTH=str(enforce_roles).lower(),
            USE_SSL=str(int(enforce_roles)),
        )
        with self.log_path.open("ab") as output:
            self._process = GroupProcess(
                [str(python), "-c", _BEGIN, str(_signing(folder / "signing"))],
                keeper=keeper,
                environment=environment,
                folder=folder,
                output=output,
            )

    def wait_ready(self, seconds: float = READY_SECONDS) -> None:
        """Return when it answers; EmulatorError with the end of its log when it ends or stays silent."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self._process.exit_code is not None:
                raise EmulatorError(f"the emulator ended with {self._process.exit_code}:\n{self.log_tail()}")
            with contextlib.suppress(httpx.TransportError):
                self._http("get", "/_ministack/health", timeout=1)
                return
            time.sleep(0.05)
        raise EmulatorError(f"the emulator did not answer within {seconds:.0f} s:\n{self.log_tail()}")

    def log_tail(self, lines: int = 15) -> str:
        """The last lines of its log."""
        text = self.log_path.read_text(errors="replace") if self.log_path.exists() else ""
        return "\n".join(text.splitlines()[-lines:])

    @property
    def running(self) -> bool:
        """Whether the process is alive."""
        return self._process.exit_code is None

    def client(self, service: str, *, read_timeout: float = 60.0) -> Any:
        """A boto3 client of the emulator; `service` as boto3 names it."""
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
            verify=None if self.certificate is None else str(self.certificate),
            config=Config(
                inject_host_prefix=False,
                retries={"max_attempts": 2},
                read_timeout=read_timeout,
                proxies={},
                s3={"addressing_style": "path"},
            ),
        )

    def client_environment(self) -> dict[str, str]:
        """What a process needs in its environment to use this emulator through plain boto3."""
        trusted = {} if self.certificate is None else {"AWS_CA_BUNDLE": str(self.certificate)}
        return {
            **CREDENTIALS,
            **trusted,
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_REGION": REGION,
        }

    def reset(self) -> None:
        """Forget every resource, for the next test."""
        self._http("post", "/_ministack/reset", timeout=30).raise_for_status()

    def trust(self) -> ssl.SSLContext | bool:
        """What an HTTP client of this emulator verifies its certificate with."""
        if self.certificate is None or not self.certificate.exists():
            return True
        return ssl.create_default_context(cafile=str(self.certificate))

    def _http(self, method: str, path: str, *, timeout: float) -> httpx.Response:
        return httpx.request(
            method, f"{self.endpoint}{path}", timeout=timeout, trust_env=False, verify=self.trust()
        )

    def stop(self, *, keep_folder: bool = False) -> None:
        """End it and its functions; remove its folder unless it is to be kept."""
        self._process.stop()
        if keep_folder:
            self._keeper.keep_folder(self.folder)
        else:
            shutil.rmtree(self.folder, ignore_errors=True)


def _signing(folder: Path) -> Path:
    """A folder with nothing but links to what keys sign with. Raises EmulatorError where that is missing."""
    folder.mkdir()
    for name in _SIGNS_WITH:
        found = importlib.util.find_spec(name)
        if found is None or found.origin is None:
            raise EmulatorError(f"the emulator's keys need {name}, which is not installed: run `make setup`")
        origin = Path(found.origin)
        package = origin.parent if found.submodule_search_locations else origin
        (folder / package.name).symlink_to(package)
    return folder
