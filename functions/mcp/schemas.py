"""JSON schemas as short as an assistant's context wants them; what the registry checks stays whole.

Left out is what a schema says twice or that no caller needs: titles made of names, nulls of arguments that
may be left out, and of replies the lists of what is always there. A name for a plain type stands only in
Python.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final

from pydantic import BaseModel

from patang.tools.lists import CompactInput, ListInput, PageInput
from patang.tools.tool import AccountInput, AnyTool, ToolInput

__all__ = ["INR", "has_amounts", "input_schema_of", "output_schema_of"]

INR: Final = "INR"

type _Schema = dict[str, Any]

# Their words say how they are made, not what a tool wants.
_GENERIC: Final = (ToolInput, AccountInput, CompactInput, PageInput, ListInput)
# Of more kinds than these it is said that they may be anything.
_ANYTHING: Final = 3
_NAMES: Final = ("properties", "$defs")
# Names of numbers that are rupees wherever they stand; what is a percentage or a count is named otherwise.
_AMOUNTS: Final = frozenset(
    {
        "amount", "ask", "bid", "capital", "cash", "charges", "close", "gross", "high", "instalment_amount",
        "last", "low", "lower", "m2m", "net", "open", "pnl", "price", "realised", "risk_amount", "spot",
        "strike", "total", "unrealised", "upper", "value",
    }
)  # fmt: skip
_AMOUNT_ENDS: Final = ("_price", "_pnl", "_value", "_amount", "_loss", "_limit_inr", "_exposure", "_inr")


def input_schema_of(tool: AnyTool) -> _Schema:
    """The arguments of a tool."""
    schema = tool.input.model_json_schema()
    if tool.input in _GENERIC or not tool.input.model_fields:
        schema.pop("description", None)
    return _short(schema, reply=False)


def output_schema_of(tool: AnyTool, *, whole: bool = True) -> _Schema:
    """What a tool's structured content looks like: what is not known is not there, rather than null.

    Not `whole`: with the parts of a reply as objects, for a tool that answers as another one does.
    """
    schema = _short(_of_reply(tool.output), reply=True)
    if not whole:
        schema.pop("$defs", None)
        schema = _without_parts(schema)
    properties = schema.setdefault("properties", {})
    if has_amounts(tool):
        properties["currency"] = {"const": INR}
    properties["said_by_others"] = {"type": "array", "items": {"type": "string"}}
    return schema


def has_amounts(tool: AnyTool) -> bool:
    """Whether a reply of the tool may tell of money."""
    return _tells_of_money(tool.output)


@cache
def _tells_of_money(reply: type[BaseModel]) -> bool:
    return any(_is_amount(name, spec) for name, spec in _properties(_of_reply(reply)))


@cache
def _of_reply(reply: type[BaseModel]) -> _Schema:
    # Several tools give the same reply, and every call asks about it: pydantic writes it in milliseconds.
    return reply.model_json_schema(mode="serialization")


def _is_amount(name: str, spec: Mapping[str, Any]) -> bool:
    if any(part.get("$ref") == "#/$defs/Rupees" for part in (spec, *spec.get("anyOf", ()))):
        return True
    kinds = {part.get("type") for part in (spec, *spec.get("anyOf", ()))}
    return "number" in kinds and (name in _AMOUNTS or name.endswith(_AMOUNT_ENDS))


def _properties(schema: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for model in (schema, *schema.get("$defs", {}).values()):
        yield from model.get("properties", {}).items()


def _short(schema: _Schema, *, reply: bool) -> _Schema:
    models = schema.get("$defs", {})
    plain = {name: model for name, model in models.items() if model.get("type") != "object"}
    shapes = {name: model for name, model in models.items() if name not in plain}
    rest = {key: value for key, value in schema.items() if key != "$defs"}
    short = _walked(rest, plain, reply=reply, top=True)
    if shapes:
        short["$defs"] = {
            name: _walked(model, plain, reply=reply, top=False) for name, model in shapes.items()
        }
    return short


def _walked(node: Any, plain: Mapping[str, _Schema], *, reply: bool, top: bool = False) -> Any:
    if isinstance(node, list):
        return [_walked(part, plain, reply=reply) for part in node]
    if not isinstance(node, dict):
        return node
    name = node.get("$ref", "").removeprefix("#/$defs/")
    if name in plain and len(plain[name].get("anyOf", ())) > _ANYTHING:
        return {}
    if name in plain:
        around = {key: value for key, value in node.items() if key != "$ref"}
        return _walked(plain[name] | around, plain, reply=reply)
    short: _Schema = {}
    for key, value in node.items():
        if _is_idle(key, value, reply=reply, top=top):
            continue
        if key in _NAMES:
            short[key] = {
                inner: _without_null(_walked(spec, plain, reply=reply)) for inner, spec in value.items()
            }
        elif key == "additionalProperties" and isinstance(value, dict):
            short[key] = _without_null(_walked(value, plain, reply=reply))
        elif (walked := _walked(value, plain, reply=reply)) != {}:
            # Parts that may be anything are not told of: some hosts stumble over a schema that says nothing.
            short[key] = walked
    return short


def _without_parts(node: Any) -> Any:
    if isinstance(node, list):
        return [_without_parts(part) for part in node]
    if not isinstance(node, dict):
        return node
    return {"type": "object"} if "$ref" in node else {key: _without_parts(part) for key, part in node.items()}


def _is_idle(key: str, value: Any, *, reply: bool, top: bool) -> bool:
    """Whether a reader of the schema can do without it."""
    if key in ("title", "examples") or (key == "default" and value in (None, [], False)):
        return True
    if key == "additionalProperties" and isinstance(value, bool):
        return reply or not top
    if not reply:
        return False
    how_it_is_made = ("required", "pattern", "propertyNames", "default", "format")
    return key in how_it_is_made or (key == "description" and not top)


def _without_null(spec: _Schema) -> _Schema:
    """One kind where it is that or nothing, and the number where it is that or its digits in a text."""
    kinds = spec.get("anyOf")
    if kinds is None:
        return spec
    said = [kind for kind in kinds if kind.get("type") != "null"]
    if any(kind.get("type") == "number" for kind in said):
        said = [kind for kind in said if kind.get("type") != "string"]
    around = {key: value for key, value in spec.items() if key != "anyOf"}
    return said[0] | around if len(said) == 1 else {"anyOf": said} | around
