"""Stands before the handler of a deployed function and lets it fail as a test says; it runs inside of it.

Of Lambda's own things alone: a function's layers are its own business. What is told is read from a file of
the function's name at every call: `before`, `after` or `throttled`, each perhaps with `:` and an operation.
"""

import importlib
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
from botocore.awsrequest import AWSResponse

_FOLDER = Path(os.environ["FAULTS"])
_NAME = os.environ["POWERTOOLS_SERVICE_NAME"]
_READS = ("BatchGetItem", "GetItem", "Query")
_REFUSAL = (
    b'{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException",'
    b'"message":"The level of configured provisioned throughput for the table was exceeded."}'
)


class _Raw(io.BytesIO):
    def stream(self, **_more: object) -> Iterator[bytes]:
        yield self.read()


def _told(op: object = None) -> str:
    told = _FOLDER / _NAME
    kind, _, wanted = told.read_text().partition(":") if told.exists() else ("", "", "")
    return kind if not wanted or wanted == op else ""


def _throttled(request: Any, event_name: str, **_more: object) -> AWSResponse | None:
    if _told() != "throttled":
        return None
    with (_FOLDER / f"{_NAME}.refused").open("a") as refused:
        refused.write("read\n" if event_name.rpartition(".")[2] in _READS else "write\n")
    return AWSResponse(request.url, 400, {"content-type": "application/x-amz-json-1.0"}, _Raw(_REFUSAL))


# Before the function makes its clients: they take over what the session does.
boto3.setup_default_session()
boto3.DEFAULT_SESSION.events.register("before-send.dynamodb", _throttled)
_handler = importlib.import_module(f"functions.{_NAME}.handler").handler


def handler(event: Any, context: object) -> Any:
    op = event.get("op") if isinstance(event, dict) else None
    try:
        if _told(op) == "before":
            raise RuntimeError(f"({_NAME}) was told to fail before it did anything")
        answer = _handler(event, context)
        if _told(op) == "after":
            raise RuntimeError(f"({_NAME}) was told to fail when it had done everything")
    except Exception:
        with (_FOLDER / f"{_NAME}.failed").open("a") as failed:
            failed.write("once\n")
        raise
    return answer
