"""Lists that may be long: a caller takes them part by part, and as a table where he wants them short."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import BaseModel, Field

from patang.tools.tool import AccountInput, ToolInput, ToolReply

__all__ = ["CompactInput", "ListInput", "ListReply", "PageInput", "Table", "part", "shown", "table_of"]

type Cell = str | int | float | bool | None


class CompactInput(ToolInput):
    """In which form entries are told."""

    compact: Annotated[bool, Field(description="a short `table` in place of whole entries")] = False


class PageInput(CompactInput):
    """Which part of a list; named as the broker's own tools name it."""

    start: Annotated[int, Field(alias="from", ge=0, description="entries to pass over")] = 0
    limit: Annotated[int, Field(ge=1, le=500, description="entries at most")] = 50


class ListInput(AccountInput, PageInput):
    """Which part of a list of an account's."""


class Table(ToolReply):
    """`rows` have a cell for each of the `columns`; null: not known."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


class ListReply(ToolReply):
    """A part of a list; `total`: how long the whole is. Where it was asked for `compact`, the list itself is
    empty and the part is in `table`."""

    total: int
    table: Table | None = None


def part[Kind](found: Sequence[Kind], args: PageInput) -> tuple[Kind, ...]:
    """What is asked for of all that was found."""
    return tuple(found[args.start : args.start + args.limit])


def shown(
    found: Sequence[BaseModel], args: PageInput, name: str, telling: tuple[str, ...]
) -> Mapping[str, Any]:
    """The fields of a ListReply whose list is called `name`; `telling` are the columns of its table."""
    entries = part(found, args)
    if args.compact:
        return {name: (), "total": len(found), "table": table_of(entries, telling)}
    return {name: entries, "total": len(found)}


def table_of(entries: Sequence[BaseModel] | Mapping[str, BaseModel], telling: tuple[str, ...]) -> Table:
    """Entries as rows of the columns `telling`, which may reach into a part of an entry (`ohlc.high`); of
    entries by name, the name stands in the first column, `instrument`."""
    if isinstance(entries, Mapping):
        rows = tuple((name, *_cells(entry, telling)) for name, entry in entries.items())
        return Table(columns=("instrument", *telling), rows=rows)
    return Table(columns=telling, rows=tuple(_cells(entry, telling) for entry in entries))


def _cells(entry: BaseModel, telling: tuple[str, ...]) -> tuple[Cell, ...]:
    whole = entry.model_dump(mode="json", include={column.partition(".")[0] for column in telling})
    return tuple(_cell(whole, column) for column in telling)


def _cell(whole: Any, column: str) -> Cell:
    value = whole
    for name in column.split("."):
        value = None if value is None else value[name]
    if isinstance(value, list):
        return "/".join(map(str, value))
    found: Cell = value
    return found
