"""A reply in few words: lines for what is one, tables for what is many, nothing twice."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from functions.mcp.words import is_plain, is_said_by_others, said_of
from patang.said_by_others import on_one_line, quoted

__all__ = ["entries_of", "text_of"]

# About four thousand tokens. Whoever wants all of a long list asks for it part by part.
_LONGEST: Final = 16_000
_BETWEEN: Final = " | "
# What is kept free for saying that there is more.
_LAST_LINE: Final = 80
_NOTHING: Final = ("", [], {})
# Of use to programs alone, which have the content.
_HIDDEN: Final = frozenset({"guid", "hash", "said_by_others", "sha256"})


def text_of(content: Mapping[str, Any]) -> str:
    """The content as lines: `name: value`, and a table for each list of rows."""
    lines: list[str] = []
    left = _LONGEST
    for name, value in content.items():
        # A list that stands in the table instead.
        if name in _HIDDEN or value == "" or ("table" in content and value in ([], {})):
            continue
        for line in _told(name, value, left):
            lines.append(line)
            left -= len(line) + 1
    return "\n".join(lines)


def _told(name: str, value: Any, left: int) -> Iterator[str]:
    rows = _rows(value)
    if rows is not None:
        yield from _table(_key(name), rows, left)
    elif entries_of(value) == []:
        yield f"{_key(name)}: none"
    elif isinstance(value, Mapping) and any(_rows(part) is not None for part in value.values()):
        for inner, part in value.items():
            yield from _told(f"{name}.{inner}", part, left)
    else:
        yield f"{_key(name)}: {_cell(name.rpartition('.')[2], value, top=True)}"


def entries_of(table: Any) -> list[dict[str, Any]] | None:
    """The rows of a patang.tools.lists.Table by its columns; None for anything else."""
    if not isinstance(table, Mapping) or table.keys() != {"columns", "rows"}:
        return None
    named = (zip(table["columns"], row, strict=True) for row in table["rows"])
    return [{column: cell for column, cell in row if cell is not None} for row in named]


def _rows(value: Any) -> Sequence[Mapping[str, Any]] | None:
    """What is shown as a table: a list of objects, or objects by name."""
    entries = entries_of(value)
    if entries:
        return entries
    if isinstance(value, list) and value and all(isinstance(row, Mapping) for row in value):
        return value
    if isinstance(value, Mapping) and value and all(isinstance(row, Mapping) for row in value.values()):
        return [{"key": name} | dict(row) for name, row in value.items()]
    return None


def _table(name: str, rows: Sequence[Mapping[str, Any]], left: int) -> Iterator[str]:
    parent = name.rpartition(".")[2]
    if len(rows) == 1:
        yield f"{name}: 1"
        yield _cell(parent, rows[0])
        return
    columns = [key for key in dict.fromkeys(key for row in rows for key in row) if _tells(rows, key)]
    same = _same(rows, columns)
    told = ", ".join(
        f"{_key(column)} {_cell(said_of(parent, column), value)}" for column, value in same.items()
    )
    shown = [column for column in columns if column not in same]
    head = f"{name}: {len(rows)}{', each with ' if told else ''}{told}"
    header = _BETWEEN.join(_key(column) for column in shown)
    yield head
    yield header
    left -= len(head) + len(header) + _LAST_LINE
    for number, row in enumerate(rows):
        line = _BETWEEN.join(
            _cell(said_of(parent, column), row[column]) if column in row else "" for column in shown
        )
        left -= len(line) + 1
        if left < 0 and number:
            yield f"... {len(rows) - number} more: ask part by part (from, limit), or compact"
            return
        yield line


def _tells(rows: Sequence[Mapping[str, Any]], column: str) -> bool:
    """Whether a column says something in any row."""
    return column not in _HIDDEN and any(row.get(column) not in _NOTHING for row in rows)


def _same(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> dict[str, Any]:
    """What all rows say alike, by column."""
    first = rows[0]
    return {
        column: first[column]
        for column in columns
        if column in first and all(column in row and row[column] == first[column] for row in rows)
    }


def _cell(name: str, value: Any, *, top: bool = False) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(_pairs(name, value)) or "none"
    if isinstance(value, list):
        return ", ".join(_inner(name, part) for part in value) or "none"
    if isinstance(value, str):
        return quoted(value) if is_said_by_others(name, value, top=top) else on_one_line(value)
    if isinstance(value, float):
        return _number(value)
    return "" if value is None else str(value)


def _number(value: float) -> str:
    """To the fourth place, below one to the sixth digit: what follows is noise to a reader."""
    return str(round(value, 4) if abs(value) >= 1 else float(f"{value:.6g}"))


def _pairs(name: str, value: Mapping[str, Any]) -> Iterator[str]:
    for key, part in value.items():
        if key not in _HIDDEN and part not in _NOTHING:
            yield f"{_key(key)} {_inner(said_of(name, key), part)}"


def _inner(name: str, value: Any) -> str:
    """A cell within a cell: an object stands in brackets of its own."""
    told = _cell(name, value)
    return f"({told})" if isinstance(value, Mapping) else told


def _key(name: str) -> str:
    return name if not name or is_plain(name) else quoted(name)
