"""A tool's answer as a client gets it: content for programs, and the same in few words for whoever reads.

Words of the market, the broker and of labels that anybody may have written come back as what they are, data:
the content names where they stand (`said_by_others`), the text has them between « and ».
"""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from mcp_types import CallToolResult, TextContent
from pydantic import BaseModel

from functions.mcp.schemas import INR, has_amounts
from functions.mcp.text import entries_of, text_of
from functions.mcp.words import is_said_by_others, said_of
from patang.said_by_others import on_one_line, quoted
from patang.tools.calling import Answered
from patang.tools.registry import find

__all__ = ["content_of", "result_of"]

# Of the broker's own records, which know no zone: they are of Indian wall clocks.
_NAIVE: Final = re.compile(r"(\d{4}-\d\d-\d\d[T ])?\d\d:\d\d:\d\d(\.\d+)?")
_OFFSET: Final = "+05:30"
_BROKERS: Final = "BrokerRefused"


def result_of(name: str, answered: Answered) -> CallToolResult:
    """The answer of the tool of that name."""
    if answered.failed:
        return _failure(answered)
    content = content_of(name, answered.reply)
    return CallToolResult(
        content=[TextContent(type="text", text=text_of(content))], structured_content=content, is_error=False
    )


def content_of(name: str, reply: BaseModel) -> dict[str, Any]:
    """What the tool of that name has replied. Nothing in it is null, every time has its offset, `currency`
    stands where amounts may be."""
    content: dict[str, Any] = {"currency": INR} if has_amounts(find(name)) else {}
    content |= _known(json.loads(reply.model_dump_json()))
    others = list(dict.fromkeys(_others(content, "")))
    return content | ({"said_by_others": others} if others else {})


def _failure(answered: Answered) -> CallToolResult:
    content: dict[str, Any] = _known(json.loads(answered.reply.model_dump_json()))
    message = content["message"]
    # A refusal by the broker is told in its own words; in the desk's sentences they stand between marks.
    told = quoted(message) if content.get("details", {}).get("kind") == _BROKERS else on_one_line(message)
    if "«" in told:
        content["said_by_others"] = ["message"]
    return CallToolResult(
        content=[TextContent(type="text", text=f"{content['error_type']}: {told}")],
        structured_content=content,
        is_error=True,
    )


def _known(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _known(part) for key, part in value.items() if part is not None}
    if isinstance(value, list):
        return [_known(part) for part in value]
    return value + _OFFSET if isinstance(value, str) and _NAIVE.fullmatch(value) else value


def _others(value: Any, path: str, name: str = "") -> Iterator[str]:
    """Where words of others stand, entries of a list as one, cells of a table by their column."""
    entries = entries_of(value)
    if entries is not None:
        for entry in entries:
            yield from _others(entry, path, name)
    elif isinstance(value, dict):
        for key, part in value.items():
            yield from _others(part, f"{path}.{key}" if path else key, said_of(name, key))
    elif isinstance(value, list):
        for part in value:
            yield from _others(part, f"{path}[]", name)
    elif isinstance(value, str) and is_said_by_others(name, value, top="." not in path and "[" not in path):
        yield path
