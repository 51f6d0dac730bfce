"""Deploying an assembly onto the emulator, as the CDK command would deploy it onto AWS."""

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from patang_workbench.local_stack.assembly import Assembly, Template
from patang_workbench.local_stack.emulator import REGION, Emulator

__all__ = ["DeploymentError", "deploy", "destroy", "subscribe_outbox"]

_TEMPLATE_BUCKET = "patang-templates"
_STACK_SECONDS = 180.0


class DeploymentError(RuntimeError):
    """A stack was refused; the text names the resources that failed and why."""


def deploy(
    emulator: Emulator,
    assembly: Assembly,
    parameters: Mapping[str, str],
    progress: Callable[[str], None],
) -> dict[str, str]:
    """Create every stack, or update those that are there.

    `parameters` go to the stacks that declare them. Returns all outputs by name.
    """
    s3 = emulator.client("s3")
    buckets = {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}
    outputs: dict[str, str] = {}
    for template in assembly.templates:
        progress(f"{template.stack}: {len(template.body['Resources'])} resources")
        for path, bucket, key in template.files:
            _need_bucket(s3, buckets, bucket)
            s3.upload_file(str(path), bucket, key)
        _need_bucket(s3, buckets, _TEMPLATE_BUCKET)
        outputs |= _put(emulator, s3, template, parameters)
    return outputs


def subscribe_outbox(emulator: Emulator, topic: str, name: str = "patang-local-outbox") -> str:
    """A queue that gets what the owner would get by mail. Returns its address."""
    sqs, sns = emulator.client("sqs"), emulator.client("sns")
    queue = sqs.create_queue(QueueName=name)["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": attributes["QueueArn"],
        "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=attributes["QueueArn"])
    return str(queue)


def destroy(emulator: Emulator, assembly: Assembly, progress: Callable[[str], None]) -> None:
    """Delete every stack, the last one first. What a template retains stays."""
    formation = emulator.client("cloudformation")
    for template in reversed(assembly.templates):
        if template.stack in _there(formation):
            progress(f"{template.stack}: deleting")
            formation.delete_stack(StackName=template.stack)
            _wait_until_gone(formation, template)


def _put(emulator: Emulator, s3: Any, template: Template, parameters: Mapping[str, str]) -> dict[str, str]:
    body = template.deployable()
    s3.put_object(
        Bucket=_TEMPLATE_BUCKET, Key=template.stack, Body=json.dumps(body, separators=(",", ":")).encode()
    )
    formation = emulator.client("cloudformation")
    exists = template.stack in _there(formation)
    if exists and formation.get_template(StackName=template.stack)["TemplateBody"] == body:
        return _outputs(formation.describe_stacks(StackName=template.stack)["Stacks"][0])
    act, done = ("update_stack", "UPDATE_COMPLETE") if exists else ("create_stack", "CREATE_COMPLETE")
    try:
        getattr(formation, act)(
            StackName=template.stack,
            TemplateURL=f"{emulator.endpoint}/{_TEMPLATE_BUCKET}/{template.stack}",
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
            Parameters=[
                {"ParameterKey": name, "ParameterValue": value}
                for name, value in parameters.items()
                if name in body["Parameters"]
            ],
        )
    except ClientError as error:
        raise DeploymentError(f"{template.stack} was refused: {error}") from error
    stack = _finished(formation, template.stack)
    if stack["StackStatus"] != done:
        raise DeploymentError(
            f"{template.stack} ended {stack['StackStatus']}: {_failures(formation, template)}"
        )
    _lock_objects(s3, formation, template.stack, body)
    return _outputs(stack)


def _lock_objects(s3: Any, formation: Any, stack: str, body: Mapping[str, Any]) -> None:
    """The locks of the stack's buckets: the emulator has them, but its CloudFormation passes them over."""
    for name, resource in body["Resources"].items():
        lock = resource.get("Properties", {}).get("ObjectLockConfiguration")
        if lock is None:
            continue
        found = formation.describe_stack_resource(StackName=stack, LogicalResourceId=name)
        s3.put_object_lock_configuration(
            Bucket=found["StackResourceDetail"]["PhysicalResourceId"], ObjectLockConfiguration=lock
        )


def _there(formation: Any) -> set[str]:
    return {stack["StackName"] for stack in formation.describe_stacks()["Stacks"]}


def _outputs(stack: Mapping[str, Any]) -> dict[str, str]:
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}


def _wait_until_gone(formation: Any, template: Template) -> None:
    deadline = time.monotonic() + _STACK_SECONDS
    while time.monotonic() < deadline:
        found = [s for s in formation.describe_stacks()["Stacks"] if s["StackName"] == template.stack]
        if not found:
            return
        if found[0]["StackStatus"].endswith("FAILED"):
            raise DeploymentError(f"{template.stack} was not deleted: {_failures(formation, template)}")
        time.sleep(0.1)
    raise DeploymentError(f"{template.stack} was not deleted within {_STACK_SECONDS:.0f} s")


def _finished(formation: Any, name: str) -> Mapping[str, Any]:
    deadline = time.monotonic() + _STACK_SECONDS
    while time.monotonic() < deadline:
        stack: Mapping[str, Any] = formation.describe_stacks(StackName=name)["Stacks"][0]
        if not stack["StackStatus"].endswith("IN_PROGRESS"):
            return stack
        time.sleep(0.1)
    raise DeploymentError(f"{name} was not created within {_STACK_SECONDS:.0f} s")


def _failures(formation: Any, template: Template) -> str:
    events = formation.describe_stack_events(StackName=template.stack)["StackEvents"]
    failed = [
        f"{event['LogicalResourceId']} ({event['ResourceType']}): {event.get('ResourceStatusReason')}"
        for event in events
        if "FAILED" in event["ResourceStatus"]
    ]
    return "; ".join(failed) or "no reason given"


def _need_bucket(s3: Any, known: set[str], bucket: str) -> None:
    if bucket not in known:
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        known.add(bucket)
