"""Workflows on Step Functions Standard, where a name is used once."""

import json
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from patang.errors import BadInput

__all__ = ["StepFunctions"]

_NO_LONGER_WAITING = frozenset({"TaskTimedOut", "TaskDoesNotExist", "InvalidToken"})


class StepFunctions:
    """`client` is a boto3 Step Functions client; `machines` maps a workflow's name to its ARN."""

    def __init__(self, client: Any, machines: Mapping[str, str]) -> None:
        self._client = client
        self._machines = machines

    def start(self, workflow: str, name: str, payload: Mapping[str, Any]) -> bool:
        if workflow not in self._machines:
            raise BadInput(f"no workflow {workflow!r}: this function knows {sorted(self._machines)}")
        try:
            self._client.start_execution(
                stateMachineArn=self._machines[workflow], name=name, input=json.dumps(dict(payload))
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == "ExecutionAlreadyExists":
                return False
            raise
        return True

    def succeed(self, task_token: str, output: Mapping[str, Any]) -> bool:
        try:
            self._client.send_task_success(taskToken=task_token, output=json.dumps(dict(output)))
        except ClientError as error:
            if error.response["Error"]["Code"] in _NO_LONGER_WAITING:
                return False
            raise
        return True
