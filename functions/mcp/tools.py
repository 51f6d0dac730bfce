"""The registry's tools as the protocol has them; there is no other tool here."""

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from mcp_types import Tool, ToolAnnotations

from functions.mcp.apps import PANEL_OF_TOOL
from functions.mcp.schemas import input_schema_of, output_schema_of
from patang.identity.principal import Principal
from patang.tools.registry import TOOLS, find

__all__ = ["input_schema", "listed", "listed_for"]

# Several tools give the same reply; the first of them tells what its parts are.
_TELLS: Final[Mapping[type, str]] = {tool.output: tool.name for tool in reversed(TOOLS)}


def listed_for(principal: Principal) -> list[Tool]:
    """The tools that this credential may use."""
    return [listed(tool.name) for tool in TOOLS if principal.may(tool.scope)]


@cache
def listed(name: str) -> Tool:
    """A tool as clients are told of it. Raises BadInput for a name that is none."""
    tool = find(name)
    panel = PANEL_OF_TOOL.get(name)
    return Tool(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=input_schema_of(tool),
        output_schema=output_schema_of(tool, whole=_TELLS[tool.output] == name),
        meta={"ui": {"resourceUri": panel}} if panel else None,
        annotations=ToolAnnotations(
            read_only_hint=tool.effect == "looks",
            destructive_hint=tool.destructive,
            idempotent_hint=tool.idempotent,
            open_world_hint=tool.effect == "orders",
        ),
    )


def input_schema(name: str) -> Mapping[str, Any] | None:
    """The arguments of a tool, or None for a name that is none."""
    return listed(name).input_schema if name in _NAMES else None


_NAMES: Final = frozenset(tool.name for tool in TOOLS)
