"""What of the templates goes to the emulator, in which order, and when their schedules are raised."""

import io
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from patang.market.sessions import IST
from patang_workbench.local_stack.assembly import LEFT_OUT, Assembly, AssemblyError
from patang_workbench.local_stack.schedules import Cron, Schedules

MORNING = "cron(30 8 ? * MON-FRI *)"
TUESDAY = datetime(2026, 8, 18, 8, 30, tzinfo=IST)


def write(folder: Path, stacks: dict[str, list[str]], resources: dict[str, Any] | None = None) -> Path:
    """An assembly as `cdk synth` writes it: stacks by name, with those they depend on."""
    artifacts: dict[str, Any] = {"Tree": {"type": "cdk:tree"}}
    for name, needed in stacks.items():
        artifacts[name] = {
            "type": "aws:cloudformation:stack",
            "properties": {"templateFile": f"{name}.template.json"},
            "dependencies": [*needed, f"{name}.assets"],
        }
        body = {
            "Parameters": {"BootstrapVersion": {"Type": "String"}, "ModelPath": {"Type": "String"}},
            "Rules": {"CheckBootstrapVersion": {}},
            "Resources": resources or {},
        }
        (folder / f"{name}.template.json").write_text(json.dumps(body))
        place = {"bucketName": "assets-${AWS::AccountId}-${AWS::Region}", "objectKey": "1.zip"}
        files = {
            "1": {"source": {"path": "asset.1.zip"}, "destinations": {"current": place}},
            "2": {"source": {"path": f"{name}.template.json"}, "destinations": {"current": place}},
        }
        (folder / f"{name}.assets.json").write_text(json.dumps({"files": files}))
    (folder / "manifest.json").write_text(json.dumps({"artifacts": artifacts}))
    return folder


def schedule(function: str, cron: str) -> dict[str, Any]:
    return {
        function: {"Type": "AWS::Lambda::Function", "Properties": {"FunctionName": f"patang-x-{function}"}},
        f"{function}At": {
            "Type": "AWS::Scheduler::Schedule",
            "Properties": {
                "ScheduleExpression": cron,
                "Target": {"Arn": {"Ref": f"{function}Live"}},
            },
        },
        f"{function}Live": {
            "Type": "AWS::Lambda::Alias",
            "Properties": {"FunctionName": {"Ref": function}, "Name": "live"},
        },
    }


def read(folder: Path) -> Assembly:
    return Assembly(folder, "000000000000", "ap-south-1")


def test_stacks_come_after_those_that_they_need(tmp_path: Path) -> None:
    stacks = {"operations": ["trading", "access"], "trading": ["data"], "access": ["trading"], "data": []}
    assembly = read(write(tmp_path, stacks))
    assert [template.stack for template in assembly.templates] == ["data", "trading", "access", "operations"]


def test_stacks_that_wait_for_each_other_are_named(tmp_path: Path) -> None:
    with pytest.raises(AssemblyError, match="a, b"):
        read(write(tmp_path, {"a": ["b"], "b": ["a"], "c": []}))


def test_nothing_is_left_out_but_what_the_list_names(tmp_path: Path) -> None:
    resources = schedule("morning", MORNING)
    (template,) = read(write(tmp_path, {"s": []}, resources)).templates
    body = template.deployable()
    left_out = {name for name in resources if name not in body["Resources"]}
    assert left_out == {"morningAt"}
    assert {resources[name]["Type"] for name in left_out} <= LEFT_OUT.keys()
    assert body["Resources"]["morning"] == resources["morning"]


def test_what_only_a_bootstrapped_account_has_is_taken_away(tmp_path: Path) -> None:
    (template,) = read(write(tmp_path, {"s": []})).templates
    body = template.deployable()
    assert "Rules" not in body
    assert list(body["Parameters"]) == ["ModelPath"]


def test_assets_are_the_files_but_the_template_with_their_names_filled_in(tmp_path: Path) -> None:
    (template,) = read(write(tmp_path, {"s": []})).templates
    assert template.files == ((tmp_path / "asset.1.zip", "assets-000000000000-ap-south-1", "1.zip"),)


@pytest.mark.parametrize(
    ("expression", "fires", "rests"),
    [
        (MORNING, "2026-08-18 08:30", "2026-08-18 08:31"),
        (MORNING, "2026-08-21 08:30", "2026-08-22 08:30"),
        ("cron(* 9-15 ? * MON-FRI *)", "2026-08-18 15:59", "2026-08-18 16:00"),
        ("cron(0,30 9 * * ? *)", "2026-08-23 09:30", "2026-08-23 09:15"),
        ("cron(50 15 ? * TUE,THU *)", "2026-08-20 15:50", "2026-08-19 15:50"),
        # Numbered days of the week begin with Sunday at 1.
        ("cron(0 9 ? * 2-6 *)", "2026-08-17 09:00", "2026-08-16 09:00"),
        ("cron(0 9 ? * 1 *)", "2026-08-16 09:00", "2026-08-17 09:00"),
    ],
)
def test_cron(expression: str, fires: str, rests: str) -> None:
    cron = Cron.parse(expression)
    assert cron.matches(datetime.fromisoformat(fires).replace(tzinfo=IST))
    assert not cron.matches(datetime.fromisoformat(rests).replace(tzinfo=IST))


def test_cron_is_in_indian_time() -> None:
    assert Cron.parse(MORNING).matches(datetime.fromisoformat("2026-08-18T03:00:00+00:00"))


@pytest.mark.parametrize(
    "expression",
    [
        "rate(1 minute)",
        "30 8 ? * MON-FRI *",
        "cron(30 8 ? *)",
        "cron(30 8 1 * ? *)",
        "cron(30 8 *? * ? *)",
        "cron(30 8 ? JAN MON *)",
        "cron(0/15 9 ? * MON *)",
        "cron(60 8 ? * MON *)",
        "cron(30 24 ? * MON *)",
        "cron(30 8 ? * 0 *)",
        "cron(30 8 ? * 8 *)",
        "cron(30 8 ? * FRI-MON *)",
        "cron(30 8 ? * MON#1 *)",
        "cron(30 8 ? * L *)",
        "cron(, 8 ? * MON *)",
    ],
)
def test_a_cron_that_is_not_understood_is_refused(expression: str) -> None:
    with pytest.raises(ValueError, match=r"cron|literal"):
        Cron.parse(expression)


class Functions:
    """As much of Lambda as schedules use."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.reply: dict[str, Any] = {}
        self.answer = b"{}"

    def invoke(self, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803 - as boto3 names it
        self.asked.append((FunctionName, json.loads(Payload)))
        return {"Payload": io.BytesIO(self.answer), **self.reply}


@pytest.fixture
def functions() -> Functions:
    return Functions()


@pytest.fixture
def schedules(tmp_path: Path, functions: Functions) -> Schedules:
    resources = schedule("morning", MORNING) | schedule("reconciler", "cron(* 9 ? * * *)")
    names = {"morning": "patang-x-morning", "reconciler": "patang-x-reconciler"}
    return Schedules(read(write(tmp_path, {"s": []}, resources)), names, functions)


def test_a_schedule_is_due_in_the_minutes_that_have_begun_since(schedules: Schedules) -> None:
    def due(first: str, last: str) -> list[str]:
        moments = (datetime.fromisoformat(f"2026-08-18T{text}+05:30") for text in (first, last))
        return [f"{minute:%H:%M} {call.name}" for minute, call in schedules.due(*moments)]

    assert due("08:29:59", "08:30:00") == ["08:30 morning"]
    assert due("08:30:00", "08:30:59") == []
    assert due("08:59:30", "09:02:10") == ["09:00 reconciler", "09:01 reconciler", "09:02 reconciler"]


def test_the_call_tells_the_markets_time(schedules: Schedules, functions: Functions) -> None:
    functions.answer = b'{"ok": true}'
    assert schedules.call("morning", TUESDAY + timedelta(minutes=1)) == {"ok": True}
    assert functions.asked == [("patang-x-morning:live", {"scheduled_time": "2026-08-18T08:31:00+05:30"})]


def test_a_call_that_fails_says_which_and_why(schedules: Schedules, functions: Functions) -> None:
    functions.reply, functions.answer = {"FunctionError": "Unhandled"}, b'{"errorMessage": "no table"}'
    with pytest.raises(RuntimeError, match=r"\(morning\) failed at 08:30.*no table"):
        schedules.call("morning", TUESDAY)
