"""Addresses of pages with what was asked of them, and of the page behind the one that is shown."""

from collections.abc import Mapping
from urllib.parse import urlencode

__all__ = ["address", "next_address"]


def address(path: str, asked: Mapping[str, object]) -> str:
    """The page at `path` with what was asked for; what nobody has asked for is left out."""
    query = urlencode({name: value for name, value in asked.items() if value})
    return f"{path}?{query}" if query else path


def next_address(
    path: str, asked: Mapping[str, object], place: str | int | None, name: str = "cursor"
) -> str | None:
    """The same page from `place` on, which its question calls `name`; None where there is none."""
    return address(path, {**asked, name: place}) if place else None
