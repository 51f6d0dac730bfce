"""A panel: one HTML document that loads nothing, made of the files in `page`.

The protocol is MCP Apps 2026-01-26 (SEP-1865). Hosts show it in a sandboxed frame under a policy of their
own; the document brings a stricter one, by which no script and no style runs but those that stand in it.
"""

import base64
import hashlib
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from patang.public_address import known_address

__all__ = ["MIME_TYPE", "Panel"]

MIME_TYPE = "text/html;profile=mcp-app"

_PAGE = Path(__file__).parent / "page"
_DOMAINS = ("connectDomains", "resourceDomains", "frameDomains", "baseUriDomains")


@dataclass(frozen=True, slots=True)
class Panel:
    """`scripts` are files of `page` in the order in which they run."""

    uri: str
    name: str
    title: str
    description: str
    scripts: tuple[str, ...]

    @property
    def meta(self) -> dict[str, Any]:
        """`_meta` of the resource and of its contents: it asks a host's policy for nothing from anywhere."""
        return {"ui": {"csp": {domains: [] for domains in _DOMAINS}, "prefersBorder": True}}

    def html(self, desk_address: str) -> str:
        """The document. Its links lead below `desk_address` and nowhere else. Raises StopTrading where that
        is not known."""
        return _document(self.title, self.scripts, known_address(desk_address))


@cache
def _document(title: str, scripts: tuple[str, ...], desk_address: str) -> str:
    style = _text("panel.css")
    script = "\n".join(map(_text, scripts))
    policy = (
        f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; "
        "base-uri 'none'; form-action 'none'"
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f'<meta name="patang-desk" content="{escape(desk_address)}">\n'
        f"<title>{escape(title)}</title>\n<style>{style}</style>\n</head>\n<body>\n"
        '<main id="panel" aria-busy="true"><p class="quiet">Asking the desk …</p></main>\n'
        '<p id="said" class="said" role="status"></p>\n'
        f"<script>{script}</script>\n</body>\n</html>\n"
    )


@cache
def _text(name: str) -> str:
    return (_PAGE / name).read_text("utf-8")


def _hash(text: str) -> str:
    """A source of a policy that lets this very text through (https://www.w3.org/TR/CSP3/#grammardef-hash-source)."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
