"""A service of tasks on ECS."""

from typing import Any

from patang.errors import SettingsError
from patang.ports.tasks import TaskState

__all__ = ["EcsService"]


class EcsService:
    """TaskService. `client` is a boto3 ECS client; cluster and service by name or ARN."""

    def __init__(self, client: Any, cluster: str, service: str) -> None:
        self._client = client
        self._cluster = cluster
        self._service = service

    def state(self) -> TaskState:
        found = self._client.describe_services(cluster=self._cluster, services=[self._service])["services"]
        active = [service for service in found if service["status"] == "ACTIVE"]
        if not active:
            raise SettingsError(
                f"ECS knows no active service {self._service} in the cluster {self._cluster}: "
                "deploy the trading stack again"
            )
        (service,) = active
        rollouts = {deployment.get("rolloutState") for deployment in service["deployments"]}
        return TaskState(service["desiredCount"], service["runningCount"], "IN_PROGRESS" in rollouts)

    def want(self, count: int) -> None:
        self._client.update_service(cluster=self._cluster, service=self._service, desiredCount=count)
