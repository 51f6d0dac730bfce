"""Stage settings: two stages in cdk.json, the command line before them, a clear word for each wrong value."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from patang.errors import SettingsError
from patang_workbench.deployment.stage import RETENTION_DAYS, Stage, read_stage

PROJECT = Path(__file__).resolve().parents[3]
MAIL = {"owner_email": "you@example.com"}


def cdk_json(folder: Path, **context: Any) -> Path:
    file = folder / "cdk.json"
    file.write_text(json.dumps({"context": context}))
    return file


@pytest.mark.parametrize(("name", "budget"), [("paper", 35), ("live", 50)])
def test_both_stages_of_cdk_json_are_valid_and_trade_on_paper_at_first(name: str, budget: int) -> None:
    stage = read_stage(PROJECT / "cdk.json", {"stage": name})

    assert (stage.stage, stage.prefix, stage.secret_prefix) == (name, f"patang-{name}", f"patang/{name}")
    assert (stage.mode, stage.region, stage.egress) == ("paper", "ap-south-1", "nat-instance")
    assert stage.monthly_budget_usd == budget


def test_what_the_command_line_says_goes_before_the_stages_table_and_that_before_the_default(
    tmp_path: Path,
) -> None:
    file = cdk_json(
        tmp_path,
        stage="paper",
        stages={"paper": {"tick_shards": 2, "nat_generation": 3}, "live": {"tick_shards": 4}},
        **{"@aws-cdk/core:checkSecretUsage": True, "availability-zones:account=1": ["a"]},
    )

    paper = read_stage(file, {"tick_shards": "5"})
    live = read_stage(file, {"stage": "live"})

    assert (paper.tick_shards, paper.nat_generation, paper.api_burst) == (5, 3, 40)
    assert (live.tick_shards, live.nat_generation) == (4, 1)


def test_nothing_of_a_stage_can_be_changed_once_it_is_read() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Stage().tick_shards = 2  # type: ignore[misc]  # what is refused here


WRONG = [
    ({"stage": "production"}, "stage is 'production': Input should be 'paper' or 'live'"),
    ({"region": "mumbai"}, "region is 'mumbai': give an AWS region, as ap-south-1"),
    ({"egress": "vpn"}, "egress is 'vpn': Input should be 'nat-instance', 'nat-gateway' or 'none'"),
    (
        {"stage": "live", "mode": "live", "owner_email": "a@example.com", "egress": "none"},
        "mode is live and egress is none: the broker takes orders from a registered address alone",
    ),
    ({"mode": "simulator"}, "mode is 'simulator': Input should be 'paper' or 'live'"),
    ({"mode": "live", **MAIL}, "mode is live, and stage paper never trades for real: deploy stage live"),
    ({"stage": "live", "mode": "live"}, "owner_email is missing: nobody would be asked or told"),
    ({"owner_email": "you"}, "owner_email is 'you': give an address, as you@example.com"),
    ({"owner_phone": "98123"}, "owner_phone is '98123': give a number with its country, as +919812345678"),
    ({"monthly_budget_usd": "0"}, "monthly_budget_usd is '0': Input should be greater than or equal to 1"),
    ({"log_retention_days": "31"}, "log_retention_days is '31': give one of 7, 30, 90, 365"),
    ({"tick_shards": "none"}, "tick_shards is 'none': Input should be a valid integer"),
    ({"api_burst": "1"}, "api_burst is 1, less than api_requests_per_second (20): raise it"),
    ({"nat_generation": "0"}, "nat_generation is '0': "),
    ({"research": "perhaps"}, "research is 'perhaps': Input should be a valid boolean"),
    ({"universe": "NIFTY"}, "universe is 'NIFTY': "),
    ({"universe": {"equites": ["TCS"]}}, "universe.equites is no setting of a stage"),
    ({"archive_schedule": "rate(1 day)"}, "archive_schedule is 'rate(1 day)': give cron("),
    ({"archive_schedule": "cron(50 15 * * * *)"}, "with ? for the day of the month or of the week"),
    ({"archive_schedule": "cron(50 15 ? * ? *)"}, "with ? for the day of the month or of the week"),
    ({"shards": "2"}, "shards is no setting of a stage; there are: api_burst, "),
]


@pytest.mark.parametrize(("said", "told"), WRONG, ids=[",".join(said) for said, _ in WRONG])
def test_each_wrong_value_is_named_with_what_it_is_and_what_to_give(
    tmp_path: Path, said: dict[str, Any], told: str
) -> None:
    with pytest.raises(SettingsError) as refused:
        read_stage(cdk_json(tmp_path, stage="paper"), said)
    assert told in str(refused.value)


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as refused:
        read_stage(cdk_json(tmp_path, stages={"live": {"egress": "vpn", "shards": 2}}), {"stage": "live"})
    first, *lines = str(refused.value).splitlines()
    assert first.startswith("stage live, ")
    assert [line.split()[0] for line in lines] == ["egress", "shards"]


@pytest.mark.parametrize("stages", [[], {"prod": {}}, {"paper": 3}, {"paper": {"stage": "live"}}])
def test_a_table_of_stages_that_is_none_is_refused(tmp_path: Path, stages: Any) -> None:
    with pytest.raises(SettingsError, match=r"context\.stages"):
        read_stage(cdk_json(tmp_path, stage="paper", stages=stages), {})


@pytest.mark.parametrize("text", ["", "{", "[]", "{}"])
def test_a_file_that_is_none_is_refused_by_name(tmp_path: Path, text: str) -> None:
    (tmp_path / "cdk.json").write_text(text)
    with pytest.raises(SettingsError, match=r"cdk\.json"):
        read_stage(tmp_path / "cdk.json", {})


def test_retention_is_known_to_cloudwatch() -> None:
    from infra.config import StageSettings

    for days in RETENTION_DAYS:
        assert StageSettings(log_retention_days=days).log_retention is not None
