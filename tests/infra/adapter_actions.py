"""Which actions of AWS a method of an adapter asks for, read from its source."""

import ast
from collections.abc import Iterator
from functools import cache

import botocore.session
from botocore import xform_name

from infra.bundles import ROOT

__all__ = ["ADAPTERS", "SURROUNDINGS", "actions_of", "methods_of"]

_FOLDER = ROOT / "layers" / "core" / "patang" / "adapters" / "aws"

SURROUNDINGS = ROOT / "layers" / "core" / "patang" / "app" / "surroundings.py"
# Each adapter, by the module that it is written in.
ADAPTERS = {
    node.name: file.stem
    for file in sorted(_FOLDER.glob("*.py"))
    for node in ast.parse(file.read_text()).body
    if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
}

# The client that the composition root gives to the adapters of a module, where its name is another.
_SERVICES = {"research": "stepfunctions"}
# How permissions call a service, where it is not as its client is called.
_PREFIXES = {"stepfunctions": "states"}
# Operations whose permission has another name than they have.
_PERMISSIONS = {
    "BatchGetItem": ("BatchGetItem",),
    "ListObjectsV2": ("ListBucket",),
    "SendMessageBatch": ("SendMessage",),
    # A transaction needs the permissions of its parts.
    "TransactWriteItems": ("PutItem", "DeleteItem"),
}
# S3 answers a read of what is not there with 403, not 404, to whoever may not list the bucket.
_ALONG_WITH = {"s3:GetObject": ("s3:ListBucket",)}


def methods_of(adapter: str) -> frozenset[str]:
    """What others may call of an adapter."""
    return frozenset(name for name in _written(adapter)[0] if not name.startswith("_"))


@cache
def actions_of(adapter: str, method: str) -> frozenset[str]:
    """E.g. ("S3Objects", "put") to {"s3:PutObject"}."""
    module = ADAPTERS[adapter]
    methods, functions = _written(adapter)
    service = _SERVICES.get(module, module)
    found = {
        f"{_PREFIXES.get(service, service)}:{permission}"
        for operation in _operations(method, methods, functions, set())
        for permission in _permissions(service, operation)
    }
    return frozenset(found | {more for action in found for more in _ALONG_WITH.get(action, ())})


@cache
def _written(adapter: str) -> tuple[dict[str, ast.FunctionDef], dict[str, ast.FunctionDef]]:
    """Its methods, and the functions beside it."""
    tree = ast.parse((_FOLDER / f"{ADAPTERS[adapter]}.py").read_text())
    (written,) = (node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == adapter)
    return _functions(written.body), _functions(tree.body)


def _functions(body: list[ast.stmt]) -> dict[str, ast.FunctionDef]:
    return {node.name: node for node in body if isinstance(node, ast.FunctionDef)}


def _operations(
    name: str, methods: dict[str, ast.FunctionDef], functions: dict[str, ast.FunctionDef], seen: set[str]
) -> Iterator[str]:
    """What a method, and what it calls of its class and module, calls on the client."""
    written = methods.get(name) or functions.get(name)
    if written is None or name in seen:
        return
    seen.add(name)
    for node in ast.walk(written):
        match node:
            case ast.Call(
                func=ast.Attribute(value=value, attr="get_paginator"),
                args=[ast.Constant(value=str(operation))],
            ) if _is_client(value):
                yield operation
            case ast.Attribute(value=value, attr=operation) if _is_client(value):
                if operation != "get_paginator":
                    yield operation
            case ast.Attribute(value=ast.Name(id="self"), attr=other) | ast.Name(id=other):
                yield from _operations(other, methods, functions, seen)


def _is_client(value: ast.expr) -> bool:
    return isinstance(value, ast.Name | ast.Attribute) and ast.unparse(value) in ("client", "self._client")


def _permissions(service: str, operation: str) -> tuple[str, ...]:
    (name,) = (known for known in _known(service) if xform_name(known) == operation)
    return _PERMISSIONS.get(name, (name,))


@cache
def _known(service: str) -> tuple[str, ...]:
    return tuple(botocore.session.get_session().get_service_model(service).operation_names)
