"""What the connection guides tell people to write: files that parse, commands that are understood, addresses
that a client is called back at."""

import argparse
import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from patang.oauth.redirects import checked_redirect
from patang_workbench.cli import mcp_serve
from patang_workbench.home_desk import environment

ROOT = Path(__file__).resolve().parents[3]
GUIDES = sorted((ROOT / "docs" / "guides").glob("connect-*.md"))
PAGE = ROOT / "docs" / "concepts" / "home-desk.md"
LOOPBACK = "http://127.0.0.1:8721/kite/callback"
CALLBACKS = {
    "vscode": ("https://vscode.dev/redirect", "http://127.0.0.1:33418/"),
    "claude": (
        "https://claude.ai/api/mcp/auth_callback",
        "https://claude.com/api/mcp/auth_callback",
        "http://localhost:33418/callback",
    ),
    "cursor": ("cursor://anysphere.cursor-mcp/oauth/callback",),
    "chatgpt": (),
}


def blocks(path: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", path.read_text(), re.DOTALL)


def servers(configuration: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return configuration.get("servers") or configuration["mcpServers"]


def serve(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    mcp_serve.add_arguments(parser)
    assert arguments[:2] == ["mcp", "serve"]
    return parser.parse_args(arguments[2:])


def test_there_is_a_guide_for_each_of_the_four() -> None:
    assert [guide.stem.removeprefix("connect-") for guide in GUIDES] == sorted(CALLBACKS)


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.stem)
def test_every_file_in_a_guide_is_one_that_its_program_can_read(guide: Path) -> None:
    for text in blocks(guide, "json"):
        for server in servers(json.loads(text)).values():
            if "url" in server:
                assert server["url"].endswith("/mcp")
                continue
            assert server["command"].endswith("/.venv/bin/patang")
            assert serve(server["args"]).stdio
            assert "envFile" in server or {"KITE_API_KEY", "KITE_API_SECRET", "KITE_USER_ID"} <= set(
                server["env"]
            )


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.stem)
def test_every_command_of_ours_in_a_guide_is_understood(guide: Path) -> None:
    for line in "\n".join(blocks(guide, "sh")).splitlines():
        words = shlex.split(line)
        if any(word == "patang" or word.endswith("/bin/patang") for word in words) and "serve" in words:
            options = serve(words[words.index("serve") - 1 :])
            assert options.stdio != options.http


def test_the_workspaces_own_file_starts_the_desk_and_holds_no_secret() -> None:
    configuration = json.loads((ROOT / ".vscode" / "mcp.json").read_text())
    home, remote = servers(configuration)["patang-home"], servers(configuration)["patang"]
    assert serve(home["args"]).stdio
    assert home["envFile"].endswith("/home.env")
    assert "env" not in home
    asked = {entry["id"] for entry in configuration["inputs"]}
    assert set(re.findall(r"\$\{input:([^}]+)\}", json.dumps(configuration))) == asked
    assert remote["type"] == "http"
    (text,) = [text for text in blocks(GUIDES[-1], "json") if "patang-home" in text]
    assert servers(json.loads(text))["patang-home"] == home, "the guide shows the file as it is"


@pytest.mark.parametrize(("program", "uris"), CALLBACKS.items())
def test_whom_a_guide_names_may_be_called_back_there(program: str, uris: tuple[str, ...]) -> None:
    text = (ROOT / "docs" / "guides" / f"connect-{program}.md").read_text()
    for uri in uris:
        assert checked_redirect(uri) == uri
        shown = re.sub(r":\d+", ":<port>", uri)
        assert shown in text or "claude.com" in uri, shown


def test_variables_and_the_port_are_those_of_the_program() -> None:
    known = set(re.findall(r"(?:KITE|PATANG)_[A-Z_]+", (environment.__doc__ or "")))
    told = set(re.findall(r"`((?:KITE|PATANG)_[A-Z_]+)`", PAGE.read_text()))
    assert told - known == {"PATANG_KITE_TICKER_ROOT", "PATANG_KITE_LOGIN_ROOT"}, (
        "said by their endings there"
    )
    assert serve(["mcp", "serve", "--http"]).port == 8721
    for guide in (*GUIDES, PAGE):
        for address in re.findall(r"http://127\.0\.0\.1:\d+/kite/callback", guide.read_text()):
            assert address == LOOPBACK


@pytest.mark.parametrize("page", [*GUIDES, PAGE], ids=lambda path: path.stem)
def test_every_link_within_the_repository_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).resolve().exists(), target
