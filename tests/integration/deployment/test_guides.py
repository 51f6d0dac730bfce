"""`patang deploy`, `diff` and `destroy`: what they say first, when they refuse, what they leave."""

import json
from collections.abc import Callable
from decimal import Decimal

import boto3
import pytest

from patang.app import Desk
from patang.approvals.proposal import OrderTerms
from patang.execution.intent import OrderIntent
from patang.records import create
from patang.settings import Settings
from patang_workbench.cli import main
from patang_workbench.cli.deployed import deployed_desk
from patang_workbench.deployment import checks
from tests.integration.deployment.pretended import PretendedCdk, table
from tests.unit.risk.samples import AS_OF, add_account, position

type Said = Callable[..., tuple[int, str, str]]


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Said:
    def run(*words: str) -> tuple[int, str, str]:
        code = main(list(words))
        found = capsys.readouterr()
        return code, found.out, found.err

    return run


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the person types, one a question; the questions asked are put behind."""
    typed: list[str] = []
    monkeypatch.setattr("builtins.input", lambda question: typed.pop(0))
    return typed


def names() -> set[str]:
    formation = boto3.client("cloudformation", region_name="ap-south-1")
    return {stack["StackName"] for stack in formation.describe_stacks()["Stacks"]}


def deployed(say: Said, stage: str = "paper") -> Desk:
    code, _, error = say("deploy", "--stage", stage, "--yes", "--json")
    assert code == 0, error
    return deployed_desk(stage)


@pytest.fixture
def an_order() -> OrderIntent:
    terms = OrderTerms(
        account="main",
        mode="paper",
        exchange="NSE",
        tradingsymbol="INFY",
        transaction_type="BUY",
        quantity=20,
        order_type="LIMIT",
        product="MIS",
        price=Decimal("1002.50"),
    )
    fields = {"account": "main", "intent_id": "O260818001", "kind": "ENTRY", "terms": terms}
    return OrderIntent(as_of=AS_OF, written_at=AS_OF, **fields)


# deploy ----------------------------------------------------------------------------------------------------


def test_what_will_cost_money_is_said_before_the_question(
    cdk: PretendedCdk, say: Said, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said_before: list[str] = []

    def ask(question: str) -> str:
        said_before.append(capsys.readouterr().out)
        return "deploy"

    monkeypatch.setattr("builtins.input", ask)
    assert say("deploy")[0] == 0
    (before,) = said_before
    assert "stage paper in ap-south-1, account 000000000000" in before
    assert "patang-paper-data: is made, 2 resources" in before
    assert "1 (now 0) key, by the month" in before
    assert "1 (now 0) secret, by the month" in before
    assert "about 10.00 USD, most of it Public IPv4 10.00; budget 35 USD" in before
    assert "more than the budget" not in before
    assert cdk.asked == [("deploy", "--all", "--require-approval", "never", "--progress", "events")]
    assert names() == {"patang-paper-data", "patang-paper-trading"}


def test_a_month_above_the_budget_and_one_that_cannot_be_said_are_told(cdk: PretendedCdk, say: Said) -> None:
    cdk.address_hours = Decimal(8_000)
    out = say("deploy", "--yes")[1]
    assert "about 40.00 USD" in out
    assert "That is more than the budget." in out
    cdk.not_to_be_said = "no price is known for AWS::New::Thing"
    out = say("deploy", "--stage", "live", "--yes")[1]
    assert "cannot be said: no price is known for AWS::New::Thing; budget 50 USD" in out
    assert "patang-live-trading" in names()


@pytest.mark.parametrize("answer", ["", "no", "yes", "Deploy"])
def test_any_other_word_deploys_nothing(
    cdk: PretendedCdk, say: Said, answers: list[str], answer: str
) -> None:
    answers.append(answer)
    code, _, error = say("deploy")
    assert (code, error) == (1, "patang: nothing was done\n")
    assert not names()
    assert not cdk.asked


def test_nobody_to_ask_is_no_yes(cdk: PretendedCdk, say: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    def ended(question: str) -> str:
        raise EOFError

    monkeypatch.setattr("builtins.input", ended)
    for words in (["deploy"], ["deploy", "--json"]):
        code, out, error = say(*words)
        assert code == 1
        assert "say --yes" in error
    assert out == ""
    assert not names()


def test_the_outputs_and_what_is_left_to_do_are_told_and_the_settings_begun(
    cdk: PretendedCdk, say: Said
) -> None:
    code, out, _ = say("deploy", "--yes")
    assert code == 0
    assert "redirect URL https://desk.example.com/kite/callback" in out
    assert "register 203.0.113.7 with the broker" in out
    stored = deployed_desk("paper").settings_changes().stored()
    assert stored is not None
    assert (stored.version, stored.note) == (1, "the first deployment of stage paper")
    assert stored.wanted().mode == "paper"


def test_a_machine_gets_json_alone_and_the_rest_goes_to_stderr(cdk: PretendedCdk, say: Said) -> None:
    code, out, error = say("deploy", "--yes", "--json")
    told = json.loads(out)
    assert code == 0
    assert told["changed"] is True
    assert told["outputs"]["ApiUrl"] == "https://desk.example.com"
    assert told["settings_begun"] == 1
    assert [entry["stack"] for entry in told["stacks"]] == ["patang-paper-data", "patang-paper-trading"]
    assert "stage paper in ap-south-1" in error


def test_what_is_deployed_already_is_not_deployed_again(cdk: PretendedCdk, say: Said) -> None:
    deployed(say)
    cdk.asked.clear()
    code, out, _ = say("deploy", "--yes", "--json")
    told = json.loads(out)
    assert (code, told["changed"], told["settings_begun"]) == (0, False, None)
    assert not cdk.asked


def test_settings_that_a_person_changed_are_left_alone(cdk: PretendedCdk, say: Said) -> None:
    desk = deployed(say)
    desk.settings_changes().put(Settings.model_validate({"risk": {"max_concurrent_positions": 1}}), "owner")
    cdk.stacks["paper"]["patang-paper-trading"]["Resources"]["More"] = {"Type": "AWS::SQS::Queue"}
    deployed(say)
    stored = deployed_desk("paper").settings_changes().stored()
    assert stored is not None
    assert (stored.version, stored.wanted().risk.max_concurrent_positions) == (2, 1)


def test_without_a_bootstrapped_account_or_docker_nothing_is_begun(
    cdk: PretendedCdk, say: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    boto3.client("ssm", region_name="ap-south-1").delete_parameter(Name="/cdk-bootstrap/hnb659fds/version")
    code, _, error = say("deploy", "--yes")
    assert code == 1
    assert "cdk bootstrap aws://000000000000/ap-south-1" in error
    monkeypatch.setattr(checks.shutil, "which", lambda name: None)
    code, _, error = say("deploy", "--yes")
    assert code == 1
    assert "docker is not here" in error
    assert not cdk.made


def test_a_deployment_that_fails_is_a_failure(cdk: PretendedCdk, say: Said) -> None:
    cdk.fails = True
    code, _, error = say("deploy", "--yes")
    assert code == 1
    assert "docs/runbooks/upgrade.md" in error


def test_a_wrong_setting_stops_before_aws_is_asked(cdk: PretendedCdk, say: Said) -> None:
    code, _, error = say("deploy", "--yes", "-c", "egress=vpn")
    assert code == 1
    assert "egress is 'vpn'" in error
    assert not cdk.made


def test_the_stage_is_said_one_way_only(cdk: PretendedCdk) -> None:
    with pytest.raises(SystemExit) as refused:
        main(["deploy", "--yes", "-c", "stage=live"])
    assert refused.value.code == 2


# open orders -----------------------------------------------------------------------------------------------


def test_no_deployment_while_an_order_is_on_its_way(
    cdk: PretendedCdk, say: Said, an_order: OrderIntent
) -> None:
    desk = deployed(say)
    desk.store.write(create(an_order))
    cdk.asked.clear()
    code, _, error = say("deploy", "--yes")
    assert code == 1
    assert f"main: order {an_order.intent_id} ({an_order.terms.tradingsymbol})" in error
    assert not cdk.asked


def test_an_order_that_comes_while_the_question_waits_stops_it_too(
    cdk: PretendedCdk, say: Said, an_order: OrderIntent
) -> None:
    desk = deployed(say)
    cdk.stacks["paper"]["patang-paper-trading"]["Resources"]["More"] = {"Type": "AWS::SQS::Queue"}
    cdk.meanwhile = lambda: desk.store.write(create(an_order))
    cdk.asked.clear()
    code, _, error = say("deploy", "--yes")
    assert code == 1
    assert "1 orders are on their way or wait" in error
    assert [words[0] for words in cdk.asked] == ["diff"]


def test_a_position_that_is_carried_does_not_forbid_a_deployment_but_destroying(
    cdk: PretendedCdk, say: Said
) -> None:
    desk = deployed(say)
    add_account(desk.store, desk.clock)
    desk.store.write(create(position("INFY", product="CNC")))
    assert say("deploy", "--yes")[0] == 0
    code, _, error = say("destroy", "--yes")
    assert code == 1
    assert "main: position 100 INFY" in error
    assert "patang flatten" in error
    assert "patang-paper-trading" in names()


def test_a_desk_that_trades_for_real_is_not_deployed_by_settings_of_paper(
    cdk: PretendedCdk, say: Said
) -> None:
    desk = deployed(say, "live")
    desk.settings_changes().put(Settings(mode="live"), "owner")
    code, _, error = say("deploy", "--stage", "live", "--yes")
    assert code == 1
    assert "trades for real, and cdk.json says mode paper" in error
    said = ["-c", "mode=live", "-c", "owner_email=you@example.com"]
    assert say("deploy", "--stage", "live", "--yes", *said)[0] == 0


# state -----------------------------------------------------------------------------------------------------


def test_a_change_that_would_lose_state_from_sight_is_refused(cdk: PretendedCdk, say: Said) -> None:
    deployed(say)
    data = cdk.stacks["paper"]["patang-paper-data"]["Resources"]
    data["Books"] = data.pop("Desk")
    cdk.asked.clear()
    code, _, error = say("deploy", "--yes")
    assert code == 1
    assert "Desk (AWS::DynamoDB::Table) is no longer in patang-paper-data" in error
    data["Desk"] = table(TableName="desk")
    code, _, error = say("deploy", "--yes")
    assert code == 1
    assert "Desk (AWS::DynamoDB::Table) would be made anew and empty: TableName differs" in error
    assert "deploy" not in [words[0] for words in cdk.asked]


# diff ------------------------------------------------------------------------------------------------------


def test_an_unchanged_tree_has_no_difference_and_a_changed_one_names_it(cdk: PretendedCdk, say: Said) -> None:
    code, out, _ = say("diff", "--json")
    assert (code, json.loads(out)["changed"]) == (1, True)
    assert not names()
    deployed(say)
    code, out, _ = say("diff", "--json")
    assert (code, json.loads(out)["changed"]) == (0, False)
    resources = cdk.stacks["paper"]["patang-paper-trading"]["Resources"]
    resources["Orders"]["Properties"]["DelaySeconds"] = 1
    resources["More"] = {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": {}}}
    del resources["Own"]
    code, out, _ = say("diff", "--json")
    told = json.loads(out)
    assert code == 1
    assert told["stacks"][1] == {
        "stack": "patang-paper-trading",
        "new": False,
        "added": ["More"],
        "changed": ["Orders"],
        "removed": ["Own"],
        "rest": [],
    }
    assert (told["billed"]["AWS::KMS::Key"]["now"], told["billed"]["AWS::KMS::Key"]["then"]) == (1, 2)
    assert [made[1] for made in cdk.made] == [False, True, False, False]
    assert say("diff")[1].splitlines()[-1] == "patang-paper-trading: 1 added, 1 changed, 1 removed"
    assert cdk.asked[-1] == ("diff", "--all", "--no-change-set")


# destroy ---------------------------------------------------------------------------------------------------


def test_what_can_be_replaced_goes_and_the_state_and_the_secrets_made_at_run_time_are_told(
    cdk: PretendedCdk, say: Said, answers: list[str]
) -> None:
    desk = deployed(say)
    desk.secrets.put("patang/paper/account/main", {"api_secret": "very-secret"})
    boto3.client("secretsmanager", region_name="ap-south-1").create_secret(
        Name="patang/live/account/main", SecretString="x"
    )
    answers.append("destroy paper")
    code, out, _ = say("destroy")
    assert code == 0
    assert f"AWS::DynamoDB::Table {desk.variable('DESK_TABLE')}" in out
    assert "  patang/paper/account/main" in out
    for absent in ("very-secret", "patang/live", "request-state"):
        assert absent not in out
    assert names() == {"patang-paper-data"}
    assert cdk.made[-1] == ("paper", False, ())
    assert desk.store.query_index("OPEN_POSITIONS") == []


def test_the_data_stack_goes_only_when_it_is_named(cdk: PretendedCdk, say: Said) -> None:
    deployed(say)
    formation = boto3.client("cloudformation", region_name="ap-south-1")
    formation.update_termination_protection(StackName="patang-paper-data", EnableTerminationProtection=True)
    code, out, _ = say("destroy", "--data", "--yes", "--json")
    told = json.loads(out)
    assert code == 0
    assert told["destroyed"] == ["patang-paper-trading", "patang-paper-data"]
    assert {entry["type"] for entry in told["stays"]} == {"AWS::DynamoDB::Table", "AWS::KMS::Key"}
    assert not names()
    assert say("destroy", "--data", "--yes")[0] == 1


def test_destroying_one_stage_leaves_the_other(cdk: PretendedCdk, say: Said) -> None:
    deployed(say)
    deployed(say, "live")
    assert say("destroy", "--stage", "live", "--data", "--yes")[0] == 0
    assert names() == {"patang-paper-data", "patang-paper-trading"}


def test_research_that_is_deployed_goes_too_though_the_settings_have_it_off(
    cdk: PretendedCdk, say: Said
) -> None:
    research = {"Resources": {"Work": {"Type": "AWS::SQS::Queue"}}}
    cdk.stacks["paper"]["patang-paper-research"] = research
    deployed(say)
    assert say("destroy", "--yes")[0] == 0
    assert cdk.made[-1] == ("paper", False, ("research=true",))
    assert names() == {"patang-paper-data"}
