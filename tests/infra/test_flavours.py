"""The emulator gets the cloud's template: the same but for the machine that the code is built for."""

import json
import re

import pytest
from pydantic import ValidationError

from infra.app import build, main
from infra.bundles import PACKAGE_LAYERS, ROOT, Bundles
from patang_workbench.local_stack.assembly import LEFT_OUT, Assembly

ASSET = re.compile(r"[0-9a-f]{64}")
# A version is named by what it is made of.
VERSION = re.compile(r"(CurrentVersion[0-9A-F]{8})[0-9a-f]{32}")
HOSTS = re.compile(r"https?://|\.dkr\.ecr\.|pypi|docker\.io|public\.ecr", re.IGNORECASE)


def comparable(template):
    """A template without asset hashes, what follows from them, and processor architectures."""
    for resource in template["Resources"].values():
        resource["Properties"].pop("Architectures", None)
        resource["Properties"].pop("CompatibleArchitectures", None)
    return VERSION.sub(r"\1", ASSET.sub("ASSET", json.dumps(template, sort_keys=True)))


def copy(template):
    return json.loads(json.dumps(template))


def test_local_template_is_the_clouds(cloud, local):
    for stack, template in cloud.templates.items():
        assert comparable(copy(local.templates[stack])) == comparable(copy(template)), stack


def test_emulator_is_given_all_but_what_it_cannot_take_and_what_leads_there(local):
    left_out = {}
    for template in Assembly(local.folder, "000000000000", "ap-south-1").templates:
        body = template.deployable()
        gone = {n: r for n, r in template.body["Resources"].items() if n not in body["Resources"]}
        left_out |= gone
        text = json.dumps([body["Resources"], body["Outputs"]])
        assert not [name for name in gone if f'"{name}"' in text], template.stack
        for name in set(template.body.get("Outputs", {})) - set(body["Outputs"]):
            assert any(f'"{n}"' in json.dumps(template.body["Outputs"][name]) for n in gone), name

    others = {name: r for name, r in left_out.items() if r["Type"] not in LEFT_OUT}
    assert {r["Type"] for r in left_out.values()} - {r["Type"] for r in others.values()} == set(LEFT_OUT) - {
        "AWS::EC2::NatGateway",
        "AWS::CloudTrail::Trail",
    }
    (route,) = (r["Properties"] for r in others.values() if r["Type"] == "AWS::EC2::Route")
    assert "NetworkInterfaceId" in route
    alarms = {r["Properties"]["AlarmName"] for r in others.values() if r["Type"] == "AWS::CloudWatch::Alarm"}
    assert alarms == {"patang-paper-nat-host-failed", "patang-paper-nat-failed"}
    assert len(others) == 3


def test_cloud_runs_on_arm64(cloud):
    assert {tuple(properties["Architectures"]) for properties in cloud.functions().values()} == {("arm64",)}
    assert {properties["Runtime"] for properties in cloud.functions().values()} == {"python3.13"}


def test_templates_name_no_registry_account_or_path(cloud):
    for stack, template in cloud.templates.items():
        text = json.dumps(template)
        hosts = {match.group(0) for match in HOSTS.finditer(text)}
        # The account's own registry, where the CDK puts the ingester's image.
        assert not hosts - {".dkr.ecr."}, stack
        assert str(ROOT) not in text, stack
        assert not re.search(r"\b\d{12}\b", text), stack


def test_same_sources_give_the_same_hashes():
    first, second = Bundles("cloud", build=False), Bundles("cloud", build=False)

    for name in ("core", *PACKAGE_LAYERS):
        assert first.layer(name).asset_hash == second.layer(name).asset_hash


def test_platform_changes_the_hash_of_packages_and_not_of_sources():
    cloud, local = Bundles("cloud", build=False), Bundles("local", build=False)

    assert cloud.layer("base").asset_hash != local.layer("base").asset_hash
    assert cloud.layer("core").asset_hash == local.layer("core").asset_hash


@pytest.mark.parametrize(
    "context",
    [
        {"stage": "production"},
        {"log_retention_days": "31"},
        {"api_burst": "1"},
        {"tick_shards": "0"},
        {"egress": "vpn"},
        {"nat_generation": "0"},
    ],
)
def test_wrong_settings_are_refused_by_name(tmp_path, context):
    with pytest.raises(ValidationError, match=next(iter(context))):
        build(outdir=tmp_path, context=context, build_assets=False)


def test_wrong_setting_on_the_command_line_is_a_message_and_not_a_trace(tmp_path, capsys):
    assert main(["-c", "stage=production", "-o", str(tmp_path)]) == 1
    assert "stage" in capsys.readouterr().err


def test_live_stage_has_names_of_its_own(live):
    text = (live.folder / "patang-live-trading.template.json").read_text()
    assert "patang-live-order-workflow" in text
    assert "patang-paper" not in text
