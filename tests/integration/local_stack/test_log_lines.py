"""Deployed functions write one JSON object a line, by the runtime that the emulator has."""

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest

from patang_workbench.local_stack.stack import LocalStack

TOKEN = "yNq7GmDpLZ3vKxT0RbcJ84WhsQfEaU2i"
# What the emulator's runtime writes itself, as Lambda's does in its text format.
RUNTIMES_OWN = ("START ", "END ", "REPORT ", "[ERROR]", "Traceback", "  ", "INIT_START")


@pytest.fixture(scope="module")
def stack() -> Iterator[LocalStack]:
    before = dict(os.environ)
    try:
        with LocalStack(lambda _line: None) as running:
            running.deploy()
            yield running
    finally:
        # The stack tells boto3 of itself by the environment of this process.
        os.environ.clear()
        os.environ.update(before)


def call(stack: LocalStack, function: str, event: dict[str, Any]) -> dict[str, Any]:
    answer = stack.emulator.client("lambda").invoke(
        FunctionName=f"patang-paper-{function}", Payload=json.dumps(event)
    )
    told: dict[str, Any] = json.loads(answer["Payload"].read())
    return told


def lines(stack: LocalStack, function: str) -> list[str]:
    logs = stack.emulator.client("logs")
    found = logs.filter_log_events(logGroupName=f"/aws/lambda/patang-paper-{function}")["events"]
    return [line for event in found for line in event["message"].splitlines() if line.strip()]


def test_each_line_of_a_function_is_an_object_with_its_head_and_an_instance_counts_itself_once(
    stack: LocalStack,
) -> None:
    for _ in range(2):
        call(stack, "order-lane", {"Records": [{"body": "rubbish"}]})
    own = [line for line in lines(stack, "order-lane") if not line.startswith(RUNTIMES_OWN)]
    objects = [json.loads(line) for line in own]

    assert len([line for line in objects if "bad_messages" in line]) == 2
    assert len([line for line in objects if "cold_starts" in line]) == 1
    for line in objects:
        assert {"timestamp", "level", "service", "stage", "request_id"} <= line.keys(), line
    assert len({line["request_id"] for line in objects}) == 2


def test_what_a_function_raises_is_an_object_too_and_nothing_written_has_its_secret(
    stack: LocalStack,
) -> None:
    answer = call(stack, "risk", {"op": f"access_token={TOKEN}", "as_of": "2026-08-18T10:00:00+05:30"})
    written = lines(stack, "risk")
    failed = [json.loads(line) for line in written if line.startswith("{") and '"ERROR"' in line]

    assert [line["error_type"] for line in failed] == ["BadInput"]
    assert "(risk) knows no operation" in failed[0]["error"]
    assert TOKEN not in "\n".join(written)
    assert TOKEN not in json.dumps(answer)
