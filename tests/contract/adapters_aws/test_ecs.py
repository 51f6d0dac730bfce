"""The service of the ingester's task on a pretended ECS, and on answers as ECS writes them."""

from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from patang.adapters.aws.ecs import EcsService
from patang.errors import SettingsError
from patang.ports.tasks import TaskState


@pytest.fixture
def ecs(aws: None) -> Any:
    client = boto3.client("ecs")
    client.create_cluster(clusterName="desk")
    client.register_task_definition(
        family="ingester", containerDefinitions=[{"name": "ingester", "image": "ingester", "memory": 512}]
    )
    client.create_service(cluster="desk", serviceName="ingester", taskDefinition="ingester", desiredCount=1)
    return client


def test_what_is_wanted_is_what_was_asked_for(ecs: Any) -> None:
    service = EcsService(ecs, "desk", "ingester")
    assert service.state().wanted == 1
    service.want(0)
    assert service.state().wanted == 0
    service.want(1)
    assert service.state().wanted == 1


@pytest.mark.parametrize(("cluster", "name"), [("desk", "other"), ("desk", "deleted")])
def test_a_service_that_is_not_there_is_named(ecs: Any, cluster: str, name: str) -> None:
    if name == "deleted":
        ecs.create_service(cluster="desk", serviceName=name, taskDefinition="ingester", desiredCount=0)
        ecs.delete_service(cluster="desk", service=name)
    with pytest.raises(SettingsError, match=name):
        EcsService(ecs, cluster, name).state()


@pytest.mark.parametrize(
    ("rollouts", "is_deploying"),
    [
        (["COMPLETED"], False),
        (["IN_PROGRESS", "COMPLETED"], True),
        # Rolled back: the version before is being deployed again.
        (["IN_PROGRESS", "FAILED"], True),
        (["COMPLETED", "FAILED"], False),
    ],
)
def test_a_deployment_is_seen_while_it_goes_on(rollouts: list[str], is_deploying: bool) -> None:
    client = boto3.client("ecs")
    answer = {
        "services": [
            {
                "status": "ACTIVE",
                "desiredCount": 1,
                "runningCount": 2,
                "deployments": [{"rolloutState": rollout} for rollout in rollouts],
            }
        ]
    }
    with Stubber(client) as stubbed:
        stubbed.add_response("describe_services", answer, {"cluster": "desk", "services": ["ingester"]})
        assert EcsService(client, "desk", "ingester").state() == TaskState(1, 2, is_deploying)
