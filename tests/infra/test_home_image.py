"""The home desk's image and compose file: how they are written, and that what goes in starts and answers.

No engine is needed: the image's own instructions are followed in a folder, with nothing on the path that its
lock does not name.
"""

import argparse
import json
import os
import re
import shlex
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Mapping
from importlib.metadata import distribution
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

from patang_workbench.cli import mcp_serve
from patang_workbench.home_desk.environment import HomeEnvironment

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = ROOT / "Dockerfile"
LOCK = ROOT / "requirements" / "home.txt"
SECRETS = re.compile(r"(secret|token|password|api_key)", re.IGNORECASE)


def instructions() -> list[tuple[str, str]]:
    text = DOCKERFILE.read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(line.split(maxsplit=1)[0], line.split(maxsplit=1)[1]) for line in lines]


def of(kind: str) -> list[str]:
    return [rest for each, rest in instructions() if each == kind]


def health() -> list[str]:
    """The image's own check."""
    command: list[str] = json.loads(of("HEALTHCHECK")[0].partition("CMD ")[2])
    return command


def compose() -> Mapping[str, dict]:
    return yaml.safe_load((ROOT / "compose.yaml").read_text())


def test_the_linter_of_dockerfiles_finds_nothing():
    beside = Path(sys.executable).parent / "hadolint"
    program = str(beside) if beside.exists() else shutil.which("hadolint")
    if program is None:
        pytest.skip("hadolint is not installed here: `make setup` brings it from requirements/dev.txt")
    files = [ROOT / "Dockerfile", *sorted((ROOT / "functions").glob("*/Dockerfile"))]
    done = subprocess.run([program, "--format", "json", *files], capture_output=True, text=True, check=False)
    assert json.loads(done.stdout) == [], done.stdout + done.stderr


def test_the_image_is_built_in_stages_from_locked_packages_and_does_not_run_as_root():
    kinds = [kind for kind, _ in instructions()]
    last = kinds[max(n for n, kind in enumerate(kinds) if kind == "FROM") :]
    assert kinds.count("FROM") == 3
    assert all(re.search(r":[0-9]+\.[0-9]+", place) for place in of("FROM")), "a tag says which"
    [install] = [rest for rest in of("RUN") if "pip install" in rest]
    assert {"--require-hashes", "--no-deps", "--only-binary"} <= set(install.split())
    assert [rest for rest in of("RUN") if "npm" in rest] == ["npm ci --loglevel error"], "as its lock says"
    assert of("USER") == ["10001:10001"]
    assert last.index("USER") < last.index("CMD")
    assert "ADD" not in kinds
    assert "ARG" not in kinds
    assert not any(SECRETS.search(rest) for rest in of("ENV")), "secrets come when it is started"
    assert of("VOLUME") == ["/data"]
    assert all(json.loads(rest) for rest in of("CMD")), "a list: a shell would not pass signals on"


def test_what_is_copied_is_there_and_what_must_not_be_is_left_out():
    sources = [rest.split()[0] for rest in of("COPY") if not rest.startswith("--from")]
    assert all((ROOT / source).exists() for source in sources)
    rules = [
        line
        for line in (ROOT / "Dockerfile.dockerignore").read_text().splitlines()
        if not line.startswith("#")
    ]
    assert rules[0] == "*", "everything is left out but what is named"
    assert sorted(rule[1:] for rule in rules if rule.startswith("!")) == sorted(sources)
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    assert "home.env" in ignored


def test_the_container_may_write_one_folder_and_is_reached_from_this_machine_alone():
    [service] = compose()["services"].values()
    assert service["read_only"] is True
    assert service["user"] == of("USER")[0]
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert service["volumes"] == ["state:/data"]
    assert "state" in compose()["volumes"]
    assert all(entry.startswith("127.0.0.1:") for entry in service["ports"])
    assert not {"privileged", "network_mode", "pid", "devices"} & service.keys()
    assert int(service["pids_limit"]) > 0
    assert service["mem_limit"]
    assert service["healthcheck"]["test"] == ["CMD", *health()]
    assert not SECRETS.search((ROOT / "compose.yaml").read_text().replace("env_file", ""))


def test_the_example_of_the_environment_is_one_that_the_desk_understands():
    text = (ROOT / "home.env.example").read_text()
    single = dict(re.findall(r"^(KITE_\w+)=(.*)$", text, re.MULTILINE))
    several = dict(re.findall(r"^# (PATANG_\w+)=(.*)$", text, re.MULTILINE))
    assert set(single.values()) == {""}
    one = HomeEnvironment.read(dict.fromkeys(single, "x"))
    assert [account.name for account in one.accounts] == ["main"]
    many = HomeEnvironment.read({name: value or "x" for name, value in several.items()})
    assert [account.name for account in many.accounts] == ["main", "family"]
    assert many.public_url == "https://desk.example"


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """What the instructions of the image put below /app."""
    for rest in of("COPY"):
        if rest.startswith("--from"):
            continue
        source, place = rest.split()
        if place.startswith("/app/"):
            target = tmp_path / place.removeprefix("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(ROOT / source)
    packages = tmp_path / "app" / "packages"
    packages.mkdir(parents=True)
    for line in LOCK.read_text().splitlines():
        found = re.match(r"([a-z0-9._-]+==[^ ;\\]+)(?: ; ([^\\]+))?", line)
        if found is None:
            continue
        wanted = Requirement(f"{found[1]} ; {found[2]}" if found[2] else found[1])
        if wanted.marker is None or wanted.marker.evaluate():
            _link(packages, wanted)
    return tmp_path


def _link(packages: Path, wanted: Requirement) -> None:
    installed = distribution(wanted.name)
    assert installed.version in wanted.specifier, (
        f"{wanted} is locked, {installed.version} is what the desk runs"
    )
    tops = {Path(file).parts[0] for file in installed.files or () if Path(file).parts[0] != ".."}
    for top in tops - {"__pycache__"}:
        place = Path(str(installed.locate_file(top)))
        if place.exists() and not (packages / top).exists():
            (packages / top).symlink_to(place)


def variables(image: Path, port: int) -> dict[str, str]:
    """The image's environment with its folders where they are here."""
    said = dict(pair.split("=", 1) for rest in of("ENV") for pair in shlex.split(rest))
    said = {
        name: ":".join(
            str(image / part.removeprefix("/")) if part.startswith("/") else part for part in value.split(":")
        )
        for name, value in said.items()
    }
    own = {"KITE_API_KEY": "k", "KITE_API_SECRET": "s", "KITE_USER_ID": "AB1234"}
    broker = {f"PATANG_KITE_{name}": f"http://127.0.0.1:{port + 1}" for name in ("ROOT", "LOGIN_ROOT")}
    return said | own | broker | {"PATH": os.environ["PATH"]}


def of_program(command: list[str], port: int) -> list[str]:
    """A command of the image on this machine: the same interpreter without what is installed here."""
    assert command[0] == "python"
    return [sys.executable, "-S", *(word.replace("8721", str(port)) for word in command[1:])]


@pytest.fixture
def port() -> int:
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        found: int = opened.getsockname()[1]
    return found


def test_what_goes_into_the_image_starts_is_healthy_and_ends_when_told(image: Path, port: int):
    environment = variables(image, port)
    command = of_program(json.loads(of("CMD")[0]), port)
    looking = of_program(health(), port)
    told = image / "stderr.txt"
    with told.open("w") as stderr:
        process = subprocess.Popen(command, env=environment, cwd=image / "app", stderr=stderr)
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and process.poll() is None:
            looked = subprocess.run(looking, env=environment, capture_output=True, check=False)
            if looked.returncode == 0:
                break
            time.sleep(0.3)
        assert process.poll() is None, told.read_text()
        assert looked.returncode == 0, told.read_text()
        # Besides the state nothing is written, and that is its owner's alone.
        assert stat.S_IMODE((image / "data").stat().st_mode) == 0o700
        assert {path.name for path in image.iterdir()} == {"app", "data", "stderr.txt"}
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0, told.read_text()
    finally:
        process.kill()
        process.wait(10)
    assert "Traceback" not in told.read_text()


def test_everything_that_is_imported_later_is_in_the_image_too(image: Path, port: int):
    """Half of the desk is imported when it is first asked for."""
    code = """
import sys
from patang.tools.registry import TOOLS
from patang_workbench.home_desk.desk import HomeDesk
from patang_workbench.home_desk.environment import HomeEnvironment
import patang_workbench.home_desk.running, patang_workbench.home_desk.stdio
import os
desk = HomeDesk(HomeEnvironment.read(os.environ), lambda: "")
for part in ("morning", "archive", "preflight", "guard", "features", "order_lane", "order_updates",
             "reconciler", "audit_linker", "order_requests", "request_decisions", "daily_login", "desk_view",
             "results", "explanations", "price_alerts", "watchlists", "charge_check", "sign_in", "tokens",
             "oauth_clients", "authorizations", "grants", "egress_observer", "foreign_holdings"):
    getattr(desk, part)()
desk.tables
desk.market_data(), desk.broker("main", "paper"), desk.broker("main", "live"), desk.broker_reads("main")
print(len(TOOLS))
"""
    done = subprocess.run(
        [sys.executable, "-S", "-c", code],
        env=variables(image, port),
        cwd=image / "app",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 70


def test_the_program_of_the_image_is_a_command_that_is_understood():
    parser = argparse.ArgumentParser()
    mcp_serve.add_arguments(parser)
    command = json.loads(of("CMD")[0])
    assert command[:5] == ["python", "-m", "patang_workbench", "mcp", "serve"]
    options = parser.parse_args(command[5:])
    assert (options.http, options.host, options.port) == (True, "0.0.0.0", int(of("EXPOSE")[0]))
