"""What kind of value each setting takes, so that a form can ask for it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from patang.settings.fields import CLOCK_TIME
from patang.settings.tree import Settings

__all__ = ["Input", "Kind", "inputs"]

# text: any; whole, number: figures; switch: yes or no; word: one of `choices`; words: some of `choices`;
# names: any number of texts; time: HH:MM; date: YYYY-MM-DD; spans: pairs of times; rows: entries that have
# `columns`.
type Kind = Literal[
    "text", "whole", "number", "switch", "word", "words", "names", "time", "date", "spans", "rows"
]
type _Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Input:
    """`optional`: it may be none. `columns`: what an entry of `rows` holds, by name. `ordered`: which of the
    `words` comes first matters."""

    kind: Kind
    optional: bool = False
    choices: tuple[str, ...] = ()
    columns: tuple[tuple[str, "Input"], ...] = ()
    ordered: bool = False


@cache
def inputs() -> Mapping[str, Input]:
    """Of every setting by its dotted path, in the tree's order."""
    schema = Settings.model_json_schema()
    return dict(_leaves(schema, schema["$defs"], ""))


def _leaves(section: _Schema, schemas: _Schema, before: str) -> Iterator[tuple[str, Input]]:
    for name, written in section["properties"].items():
        schema = _resolved(written, schemas)
        if schema.get("type") == "object":
            yield from _leaves(schema, schemas, f"{before}{name}.")
        else:
            yield f"{before}{name}", _input(schema, schemas)


def _input(schema: _Schema, schemas: _Schema) -> Input:
    choices = [_resolved(choice, schemas) for choice in schema.get("anyOf", ())]
    kinds = [choice for choice in choices if choice.get("type") != "null"]
    if kinds:
        # An amount may be written as a number or as a text: the number comes first.
        found = _input(kinds[0], schemas)
        return Input(found.kind, len(kinds) < len(choices), found.choices, found.columns)
    match schema["type"]:
        case "boolean":
            return Input("switch")
        case "integer":
            return Input("whole")
        case "number":
            return Input("number")
        case "array":
            return _list(_resolved(schema["items"], schemas), schemas, schema.get("ordered", False))
        case _:
            return _text(schema)


def _text(schema: _Schema) -> Input:
    if "enum" in schema:
        return Input("word", choices=tuple(schema["enum"]))
    if schema.get("pattern") == CLOCK_TIME:
        return Input("time")
    return Input("date" if schema.get("format") == "date" else "text")


def _list(entry: _Schema, schemas: _Schema, ordered: bool) -> Input:
    if "enum" in entry:
        return Input("words", choices=tuple(entry["enum"]), ordered=ordered)
    if entry["type"] == "object":
        columns = {
            name: _input(_resolved(written, schemas), schemas)
            for name, written in entry["properties"].items()
        }
        return Input("rows", columns=tuple(columns.items()))
    return Input("spans" if entry["type"] == "array" else "names")


def _resolved(schema: _Schema, schemas: _Schema) -> _Schema:
    while "$ref" in schema:
        schema = schemas[schema["$ref"].rpartition("/")[2]]
    return schema
