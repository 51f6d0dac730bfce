"""The registry's tools as the protocol has them; there is no other tool here."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from mcp_types import CallToolResult, TextContent, Tool, ToolAnnotations

from patang.errors import BadInput
from patang.tools.calling import Answered
from patang.tools.registry import find

__all__ = ["input_schema", "listed", "result_of"]


@cache
def listed(name: str) -> Tool:
    """A tool as clients are told of it. Raises BadInput for a name that is none."""
    tool = find(name)
    return Tool(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=tool.input.model_json_schema(),
        output_schema=tool.output.model_json_schema(mode="serialization"),
        annotations=ToolAnnotations(
            read_only_hint=tool.effect == "looks",
            destructive_hint=tool.destructive,
            idempotent_hint=tool.idempotent,
            open_world_hint=tool.effect == "orders",
        ),
    )


def input_schema(name: str) -> Mapping[str, Any] | None:
    """The arguments of a tool, or None for a name that is none."""
    try:
        return listed(name).input_schema
    except BadInput:
        return None


def result_of(answered: Answered) -> CallToolResult:
    """Structured content for programs; for the rest the same without what is not known."""
    content = json.loads(answered.reply.model_dump_json())
    if answered.failed:
        text = f"{content['error_type']}: {content['message']}"
    else:
        text = answered.reply.model_dump_json(exclude_none=True)
    return CallToolResult(
        content=[TextContent(type="text", text=text)], structured_content=content, is_error=answered.failed
    )
