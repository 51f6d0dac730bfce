"""Lists that may be long: a tool's caller takes them part by part."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from patang.tools.tool import AccountInput, ToolReply

__all__ = ["ListInput", "ListReply", "part"]


class ListInput(AccountInput):
    """Which part of a list; named as the broker's own tools name it."""

    start: Annotated[int, Field(alias="from", ge=0, description="so many entries are passed over")] = 0
    limit: Annotated[int, Field(ge=1, le=500, description="at most so many entries")] = 100


class ListReply(ToolReply):
    """A part of a list; `total`: how long the whole is."""

    total: int


def part[Kind](found: Sequence[Kind], args: ListInput) -> tuple[Kind, ...]:
    """What is asked for of all that was found."""
    return tuple(found[args.start : args.start + args.limit])
