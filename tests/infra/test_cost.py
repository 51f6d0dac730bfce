"""What the templates cost: within what was settled, nothing forgotten, nothing counted that is not there."""

import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from infra.app import build
from patang_workbench.cli import main
from patang_workbench.cost.deployed import Deployed, json_of
from patang_workbench.cost.estimate import TARGETS, estimate
from patang_workbench.cost.month import Month
from patang_workbench.cost.prices import unit_prices
from patang_workbench.cost.savings import savings
from patang_workbench.cost.volumes import volumes
from patang_workbench.cost.watching import drawn_metrics

DAY = date(2026, 11, 21)


def written(folder: Path, **context: str) -> Deployed:
    build(outdir=folder, context=context, build_assets=False).synth()
    return Deployed.read(folder)


@pytest.fixture(scope="module")
def stages(live, tmp_path_factory) -> dict[str, Deployed]:
    """Each stage as it is without being asked for anything."""
    return {
        "paper": written(tmp_path_factory.mktemp("paper")),
        "live": Deployed.read(live.folder),
    }


@pytest.fixture(scope="module")
def gateway_folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("gateway")
    written(folder, egress="nat-gateway", cloudtrail="true")
    return folder


@pytest.fixture(scope="module")
def with_gateway(gateway_folder) -> Deployed:
    return Deployed.read(gateway_folder)


@pytest.mark.parametrize("stage", ["paper", "live"])
def test_a_stage_costs_no_more_than_was_settled(stages, stage):
    found = estimate(stages[stage], DAY)
    assert found.due <= TARGETS[stage], f"{found.due:.2f}: {found.services()}"


def test_whatever_may_be_deployed_is_priced(cloud, with_gateway):
    """Research and subscriptions too."""
    for stage in (Deployed.read(cloud.folder), with_gateway):
        assert estimate(stage, DAY).due > 0


def test_what_stands_there_is_counted(stages):
    stage, lines = stages["paper"], {each.price.name: each for each in estimate(stages["paper"], DAY).lines}

    def number(kind: str) -> int:
        return len(stage.of(kind))

    assert lines["kinesis_shard_hour"].quantity == 730
    assert lines["kms_key"].quantity == number("AWS::KMS::Key")
    assert lines["cloudwatch_dashboard"].quantity == number("AWS::CloudWatch::Dashboard")
    assert lines["cloudwatch_alarm"].quantity >= number("AWS::CloudWatch::Alarm") > 50
    assert lines["public_ipv4_hour"].quantity > 730 * number("AWS::EC2::EIP") == 730
    assert lines["t4g_nano_hour"].quantity == 730
    assert lines["ebs_gp3_gb"].quantity == 8
    called = {use.what for use in lines["lambda_million_requests"].uses}
    assert called == {
        properties["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"]
        for properties in stage.of("AWS::Lambda::Function")
    }


def test_the_ingesters_task_is_charged_for_the_sessions_alone(stages):
    month = Month.at(DAY)
    (line,) = (each for each in estimate(stages["paper"], DAY).lines if each.price.name == "fargate_gb_hour")
    (task,) = stages["paper"].of("AWS::ECS::TaskDefinition")
    assert line.quantity == month.of_sessions("ingester_hours") * int(task["Memory"]) / 1_024


def test_more_shards_and_a_gateway_cost_more(stages, with_gateway, tmp_path):
    plain = estimate(stages["paper"], DAY)
    gateway = estimate(with_gateway, DAY)
    assert 30 < gateway.due - plain.due < 45
    assert any("nat-instance" in one.how for one in savings(gateway))
    assert not any("nat-instance" in one.how for one in savings(plain))
    two = estimate(written(tmp_path, tick_shards="2"), DAY)
    assert two.due - plain.due > Decimal("10.95")


def test_a_cycle_without_a_signal_takes_the_path_that_is_counted(stages):
    (cycle,) = (
        json_of(machine["DefinitionString"])
        for machine in stages["paper"].of("AWS::StepFunctions::StateMachine")
        if machine["StateMachineName"].endswith("trading-cycle")
    )
    path = list(_quiet(cycle))
    assert path == ["Gate", "May we trade?", "Signals", "Any signals?", "Nothing to trade"]
    assert Month.at(DAY).value("cycle_transitions") == len(path) + 1


def _quiet(cycle) -> Iterator[str]:
    """The states of a cycle that may trade and finds no signal: the first choice is taken, the second not."""
    name, first = cycle["StartAt"], True
    while name:
        yield name
        state = cycle["States"][name]
        if state["Type"] == "Choice":
            name, first = (state["Choices"][0]["Next"] if first else state["Default"]), False
        else:
            name = state.get("Next")


def test_every_dashboard_is_small_enough_to_be_free(stages):
    """Three of up to fifty metrics are, in an account."""
    bodies = [json_of(board["DashboardBody"]) for board in stages["paper"].of("AWS::CloudWatch::Dashboard")]
    assert 1 <= len(bodies) <= 3
    for body in bodies:
        assert len(drawn_metrics(body)) <= 50


def test_no_price_and_no_volume_stands_there_for_nothing(stages, with_gateway):
    used = {
        line.price.name for stage in (*stages.values(), with_gateway) for line in estimate(stage, DAY).lines
    }
    assert unit_prices().keys() == used
    root = Path(__file__).resolve().parents[2]
    code = "".join(path.read_text() for path in (root / "workbench/patang_workbench/cost").glob("*.py"))
    functions = {path.name for path in (root / "functions").iterdir() if path.is_dir()}
    for name in volumes():
        told, _, function = name.partition("_")
        named = f'"{name}"' in code
        of_a_function = told in ("calls", "ms") and function in functions
        full = name.removeprefix("full_calls_") in functions
        assert named or of_a_function or full, f"{name} is read by nobody"


def test_prices_and_volumes_say_where_they_are_from():
    root = Path(__file__).resolve().parents[2]
    for price in unit_prices().values():
        assert price.usd > 0
        assert price.source
        assert date(2026, 1, 1) < price.day <= DAY
        # A number that AWS's list or a bill of Mumbai has, is called by the name it has there.
        assert not price.verified or price.usage_type.startswith(("APS3-", "ap-south-1-")), price.name
    for volume in volumes().values():
        assert volume.note or volume.command
        assert (volume.how == "measured") <= bool(volume.command), volume.name
        for word in volume.command.split():
            if word.startswith("tests/"):
                assert (root / word).exists(), volume.name


def test_the_owner_is_told_at_the_target(stages):
    for stage, templates in stages.items():
        (budget,) = templates.of("AWS::Budgets::Budget")
        assert Decimal(budget["Budget"]["BudgetLimit"]["Amount"]) == TARGETS[stage]


def test_json_of_the_command(live, capsys):
    assert (
        main(["cost", "--stage", "live", "--assembly", str(live.folder), "--capital", "500000", "--json"])
        == 0
    )
    told = json.loads(capsys.readouterr().out)
    assert told["within_target"] is True
    assert told["total_usd"] == pytest.approx(sum(item["usd"] for item in told["items"]), abs=0.2)
    assert told["total_usd"] == pytest.approx(sum(told["services"].values()), abs=0.2)
    assert told["total_inr"] == pytest.approx(told["aws_inr"] + 500, abs=0.02)
    assert told["total_pct_of_capital"] == pytest.approx(told["total_inr"] / 5_000, abs=0.01)
    assert {item["price_verified"] for item in told["items"]} == {True, False}


def test_a_stage_above_its_target_is_an_exit_code(gateway_folder, capsys):
    assert main(["cost", "--assembly", str(gateway_folder)]) == 1
    assert "ABOVE the target of 35" in capsys.readouterr().out
