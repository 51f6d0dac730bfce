"""Roles on the emulator: what it holds against another resource than AWS does."""

from collections.abc import Mapping
from typing import Any

__all__ = ["ASKED_ELSEWHERE", "as_enforced_here"]

# Asked for by the name of the operation, where AWS asks for that of its permission.
_ASKED_AS: Mapping[str, str] = {"sqs:SendMessage": "sqs:SendMessageBatch"}

# Actions whose resource the emulator does not know, each with what it takes instead. A policy that names the
# resource, as it must on AWS, would never match: so here, and here alone, these are allowed on every one.
ASKED_ELSEWHERE: Mapping[str, str] = {
    "ecs:DescribeServices": "the cluster, where AWS takes the service",
    "ecs:UpdateService": "the cluster, where AWS takes the service",
    "kinesis:GetRecords": "none: the stream is in the iterator",
    "states:SendTaskFailure": "none: the state machine is in the task's token",
    "states:SendTaskSuccess": "none: the state machine is in the task's token",
}


def as_enforced_here(body: Mapping[str, Any]) -> dict[str, Any]:
    """A template in which whoever may do one of ASKED_ELSEWHERE may do it on any resource, and whoever may
    send a message may send several.

    Nobody gets an action that he has not got: what is looser here is where, of these few.
    """
    resources = {
        name: _policy(resource) if resource["Type"] == "AWS::IAM::Policy" else resource
        for name, resource in body["Resources"].items()
    }
    return {**body, "Resources": resources}


def _policy(resource: Mapping[str, Any]) -> dict[str, Any]:
    document = resource["Properties"]["PolicyDocument"]
    named = [{**statement, "Action": _as_asked(statement["Action"])} for statement in document["Statement"]]
    loosened = {**document, "Statement": [*named, *_elsewhere(document)]}
    return {**resource, "Properties": {**resource["Properties"], "PolicyDocument": loosened}}


def _as_asked(action: str | list[str]) -> str | list[str]:
    actions = [action] if isinstance(action, str) else action
    more = [_ASKED_AS[name] for name in actions if name in _ASKED_AS]
    return [*actions, *more] if more else action


def _elsewhere(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    allowed: set[str] = set()
    for statement in document["Statement"]:
        named = statement["Action"]
        if statement["Effect"] == "Allow":
            allowed |= ASKED_ELSEWHERE.keys() & set([named] if isinstance(named, str) else named)
    return [{"Effect": "Allow", "Action": sorted(allowed), "Resource": "*"}] if allowed else []
