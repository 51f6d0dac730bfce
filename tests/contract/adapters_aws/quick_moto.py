"""moto and botocore as they are, without seven things that take most of their time and change nothing of what
they answer."""

import copy
from collections import defaultdict
from functools import cache
from typing import Any

import pytest
from botocore import useragent
from moto.core import responses
from moto.core.serialize import BaseJSONSerializer
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import Table

__all__ = ["make_quick"]

_structure = BaseJSONSerializer._serialize_type_structure
_equal, _all_items = DynamoType.__eq__, Table.all_items
_size = DynamoType.size
# What a class can answer, and how a client calls itself, do not change from one request to the next.
_methods = cache(responses.method_names_from_class)
_clean = cache(useragent.sanitize_user_agent_string_component)


def make_quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take them away for as long as `monkeypatch` lasts."""
    monkeypatch.setattr(Table, "__deepcopy__", _rows_apart, raising=False)
    monkeypatch.setattr(BaseJSONSerializer, "_serialize_type_structure", _as_it_says)
    monkeypatch.setattr(DynamoType, "__eq__", _same)
    monkeypatch.setattr(Table, "all_items", _in_order)
    monkeypatch.setattr(DynamoType, "size", _weighed)
    monkeypatch.setattr(responses, "method_names_from_class", _methods)
    monkeypatch.setattr(useragent, "sanitize_user_agent_string_component", _clean)


def _rows_apart(table: Table, memo: dict[int, Any]) -> Table:
    """moto copies its whole table for each write of a transaction, to be able to take the transaction back.

    Rows are put and popped and never changed in place, so that the table of rows is enough.
    """
    twin = copy.copy(table)
    twin.items = defaultdict(dict, {partition: dict(rows) for partition, rows in table.items.items()})
    return twin


def _as_it_says(serializer: BaseJSONSerializer, serialized: Any, value: Any, shape: Any, key: str) -> None:
    """moto looks for each of an attribute's ten types under some names in turn; it has the one it names."""
    if shape.name != "AttributeValue" or not isinstance(value, dict) or not key:
        _structure(serializer, serialized, value, shape, key)
        return
    wrapper: dict[str, Any] = {}
    for kind, content in value.items():
        serializer._serialize(wrapper, content, shape.members[kind], kind)
    serializer._default_serialize(serialized, wrapper, shape, key)


def _same(value: DynamoType, other: DynamoType) -> bool:
    """moto looks through all other types before it compares two texts; of a query it compares every row's."""
    if value.type == other.type == "S":
        return bool(value.value == other.value)
    return _equal(value, other)


def _in_order(table: Table) -> list[Item]:
    """moto sorts the whole table for each query, by its own objects; texts sort by themselves as they do."""
    if not table.range_key_attr or {entry["AttributeType"] for entry in table.attr} != {"S"}:
        return _all_items(table)
    rows = [row for partition in table.items.values() for row in partition.values()]
    return sorted(rows, key=lambda row: (row.hash_key.value, row.range_key.value))


def _weighed(value: DynamoType) -> int:
    """moto asks four questions of a value before it counts a text's bytes; it counts all that it reads."""
    if value.type == "S":
        text = value.value
        return len(text) if text.isascii() else len(text.encode())
    return int(_size(value))
