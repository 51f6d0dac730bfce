"""The ingester's task counted on the emulator's ECS, by the names that CloudFormation gives."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from patang.adapters.aws.ecs import EcsService
from patang.market.feed_task import FeedTask
from patang.market.sessions import IST
from patang.settings import Settings
from patang_workbench.local_stack.deployment import deploy
from patang_workbench.local_stack.emulator import Emulator
from patang_workbench.local_stack.processes import Keeper
from tests.fakes import RecordedMetrics
from tests.integration.local_stack.test_deployment import PYTHON, assembly

OPEN = datetime(2026, 8, 18, 11, 0, tzinfo=IST)
NIGHT = datetime(2026, 8, 18, 23, 0, tzinfo=IST)

SERVICE = {
    "Resources": {
        "Cluster": {"Type": "AWS::ECS::Cluster"},
        "Task": {
            "Type": "AWS::ECS::TaskDefinition",
            "Properties": {
                "Cpu": "256",
                "Memory": "1024",
                "Family": "ingester",
                "RequiresCompatibilities": ["FARGATE"],
                "ContainerDefinitions": [{"Name": "Ingester", "Image": "ingester", "Essential": True}],
            },
        },
        "Service": {
            "Type": "AWS::ECS::Service",
            "Properties": {
                "Cluster": {"Ref": "Cluster"},
                "TaskDefinition": {"Ref": "Task"},
                "DesiredCount": 1,
                "LaunchType": "FARGATE",
            },
        },
    },
    "Outputs": {
        "Cluster": {"Value": {"Ref": "Cluster"}},
        "Service": {"Value": {"Fn::GetAtt": ["Service", "Name"]}},
    },
}


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[Emulator]:
    with Keeper() as keeper:
        running = Emulator(PYTHON, tmp_path / "emulator", keeper)
        running.wait_ready()
        yield running
        running.stop()


def test_it_is_taken_down_at_night_and_is_back_before_the_open(emulator: Emulator, tmp_path: Path) -> None:
    (tmp_path / "assembly").mkdir()
    outputs = deploy(
        emulator, assembly(tmp_path / "assembly", {"trading": SERVICE}, {}), {}, lambda line: None
    )
    client = emulator.client("ecs")
    tasks = EcsService(client, outputs["Cluster"], outputs["Service"])
    hours = FeedTask(tasks, Settings, RecordedMetrics())

    def desired() -> Any:
        (found,) = client.describe_services(cluster=outputs["Cluster"], services=[outputs["Service"]])[
            "services"
        ]
        return found["desiredCount"]

    seen = []
    for moment in (NIGHT, NIGHT, OPEN, OPEN, NIGHT):
        hours.by_schedule(moment)
        seen.append(desired())
    assert seen == [0, 0, 1, 1, 0]
