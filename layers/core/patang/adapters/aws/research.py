"""The deployed map of research jobs, on Step Functions."""

import json
from typing import Any

from botocore.exceptions import ClientError

from patang.ports import ResearchState

__all__ = ["ResearchExecutions"]


class ResearchExecutions:
    """ResearchMachine. `client` is a boto3 Step Functions client, `bucket` the store's."""

    def __init__(self, client: Any, machine_arn: str, bucket: str) -> None:
        self._client = client
        self._machine = machine_arn
        self._bucket = bucket

    def start(self, name: str, manifest: str, report: str) -> bool:
        given = {"bucket": self._bucket, "manifest": manifest, "report": report}
        try:
            self._client.start_execution(stateMachineArn=self._machine, name=name, input=json.dumps(given))
        except ClientError as error:
            if error.response["Error"]["Code"] == "ExecutionAlreadyExists":
                return False
            raise
        return True

    def state(self, name: str) -> ResearchState | None:
        execution = f"{self._machine.replace(':stateMachine:', ':execution:')}:{name}"
        try:
            status = self._client.describe_execution(executionArn=execution)["status"]
        except ClientError as error:
            if error.response["Error"]["Code"] == "ExecutionDoesNotExist":
                return None
            raise
        if status in ("RUNNING", "PENDING_REDRIVE"):
            return "RUNNING"
        return "SUCCEEDED" if status == "SUCCEEDED" else "FAILED"
