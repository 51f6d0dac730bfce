"""The ingester's task: one that puts, versions that change without a gap, and the hours that it runs."""

import json
import re

import pytest

from infra.bundles import ROOT
from tests.infra.test_permissions import actions, resources, who_may

DOCKERFILE = ROOT / "functions/ingester/Dockerfile"


@pytest.fixture
def service(cloud):
    (found,) = cloud.properties("AWS::ECS::Service")
    return found


@pytest.fixture
def task(cloud):
    (found,) = cloud.properties("AWS::ECS::TaskDefinition")
    return found


@pytest.fixture
def container(task):
    (found,) = task["ContainerDefinitions"]
    return found


def test_a_new_version_stands_by_before_the_old_one_ends(service):
    """Which of the two puts is told by the lease: see functions/ingester/lease.py."""
    deployment = service["DeploymentConfiguration"]

    assert (deployment["MinimumHealthyPercent"], deployment["MaximumPercent"]) == (100, 200)
    assert service["AvailabilityZoneRebalancing"] == "DISABLED"


def test_a_version_that_does_not_start_is_taken_back_by_night_too(service):
    deployment = service["DeploymentConfiguration"]

    assert deployment["DeploymentCircuitBreaker"] == {"Enable": True, "Rollback": True}
    assert service["DesiredCount"] == 1, "a breaker judges nothing where no task is wanted"


def test_the_task_is_small_and_may_do_little(task, container):
    assert (task["Cpu"], task["Memory"]) == ("256", "1024")
    assert task["RuntimePlatform"]["CpuArchitecture"] == "ARM64"
    assert container["ReadonlyRootFilesystem"] is True
    assert container["User"] == "10001"
    assert container["LinuxParameters"]["Capabilities"] == {"Drop": ["ALL"]}
    assert "PortMappings" not in container
    (mount,) = container["MountPoints"]
    assert mount["ContainerPath"] == "/run/patang"
    assert mount["ReadOnly"] is False


def test_what_it_writes_lies_where_it_may_write(container):
    given = {entry["Name"]: entry["Value"] for entry in container["Environment"]}
    (mount,) = container["MountPoints"]

    for name in ("HEALTH_FILE", "INSTANCE_FILE"):
        assert given[name].startswith(f"{mount['ContainerPath']}/"), name


def test_a_process_that_dies_is_started_again_in_its_task_and_one_that_never_ran_is_not(container):
    policy = container["RestartPolicy"]

    assert policy["Enabled"] is True
    assert policy["RestartAttemptPeriod"] == 60
    assert container["Essential"] is True
    assert container["StopTimeout"] == 30


def instructions():
    text = DOCKERFILE.read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [tuple(line.split(maxsplit=1)) for line in lines]


def of(kind):
    return [rest for each, rest in instructions() if each == kind]


def test_the_image_is_built_in_stages_from_locked_packages_and_does_not_run_as_root():
    kinds = [kind for kind, _ in instructions()]
    last = kinds[max(n for n, kind in enumerate(kinds) if kind == "FROM") :]
    (install,) = [rest for rest in of("RUN") if "pip install" in rest]

    assert kinds.count("FROM") == 2
    assert all(re.search(r":[0-9]+\.[0-9]+", place) for place in of("FROM")), "a tag says which"
    assert {"--require-hashes", "--no-deps", "--only-binary"} <= set(install.split())
    assert of("USER") == ["10001:10001"]
    assert last.index("USER") < last.index("CMD")
    assert last.count("RUN") == 1, "what builds it is left behind"
    assert "ADD" not in kinds
    assert "EXPOSE" not in kinds
    assert all(json.loads(rest) for rest in of("CMD")), "a list: a shell would not pass signals on"


def test_the_image_and_the_task_agree(container):
    """Who runs the image elsewhere has the same check, user and place to write."""
    (said,) = of("HEALTHCHECK")
    (variables,) = of("ENV")
    given = {entry["Name"]: entry["Value"] for entry in container["Environment"]}

    assert container["HealthCheck"]["Command"] == ["CMD", *json.loads(said.partition("CMD ")[2])]
    for option, name in (("interval", "Interval"), ("timeout", "Timeout"), ("start-period", "StartPeriod")):
        assert f"--{option}={container['HealthCheck'][name]}s" in said
    assert f"--retries={container['HealthCheck']['Retries']}" in said
    assert of("USER") == [f"{container['User']}:{container['User']}"]
    assert of("VOLUME") == [container["MountPoints"][0]["ContainerPath"]]
    assert f"HEALTH_FILE={given['HEALTH_FILE']}" in variables.split()


def test_what_is_copied_into_the_image_is_in_its_context():
    sources = [rest.split()[0] for rest in of("COPY") if not rest.startswith("--from")]

    assert sources == ["requirements/ingester.txt", "layers/core/patang", "functions/ingester"]
    assert all((ROOT / source).exists() for source in sources)


def test_its_hours_are_one_functions_to_say_and_that_function_may_nothing_else(cloud):
    (service,) = cloud.resources("AWS::ECS::Service")
    for action in ("ecs:UpdateService", "ecs:DescribeServices"):
        assert who_may(cloud, action) == {"ingester_hours"}
    (counting,) = (s for s in cloud.statements_of("ingester_hours") if "ecs:UpdateService" in actions(s))
    assert resources(counting) == [json.dumps({"Ref": service})]

    allowed = {action for s in cloud.statements_of("ingester_hours") for action in actions(s)}
    assert {action.split(":")[0] for action in allowed} == {"ecs", "dynamodb", "logs", "sqs"}
    assert not {action for action in allowed if action.startswith("dynamodb:Put")}
    assert not {action for action in allowed if "Task" in action}, "which version runs is the deployment's"


def test_it_is_told_which_service_is_meant(cloud):
    (service,) = cloud.resources("AWS::ECS::Service")
    (cluster,) = cloud.resources("AWS::ECS::Cluster")
    given = cloud.functions()["ingester_hours"]["Environment"]["Variables"]

    assert given["INGESTER_CLUSTER"] == {"Ref": cluster}
    assert given["INGESTER_SERVICE"] == {"Fn::GetAtt": [service, "Name"]}
