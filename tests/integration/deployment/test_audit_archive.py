"""The audit archive of a deployed data stack: locked, sealed with its key, checked by its owner."""

import io
import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from infra.app import build
from patang.adapters.aws.kms import KmsSigner
from patang.app import Desk
from patang.audit.chain import link
from patang.audit.digest import fingerprint, key_path
from patang.audit.event import AuditEvent
from patang.audit.export import AuditExport
from patang.audit.sealing import AuditSeal
from patang.market.sessions import IST
from patang_workbench.cli import main
from patang_workbench.local_stack.assembly import Assembly
from patang_workbench.local_stack.deployment import deploy
from patang_workbench.local_stack.emulator import ACCOUNT, REGION, Emulator
from patang_workbench.local_stack.processes import Keeper
from tests.integration.deployment.conftest import PYTHON

DAY = date(2026, 8, 18)
BEFORE = datetime(2026, 8, 18, 9, 15, tzinfo=IST)


@dataclass
class Archive:
    """The archive of a desk that had two days."""

    emulator: Emulator
    outputs: dict[str, str]
    desk: Desk

    @property
    def bucket(self) -> str:
        return self.outputs["AuditArchiveBucket"]

    def day(self, day: date) -> None:
        at = BEFORE + (day - DAY)
        events = [
            AuditEvent(
                event_id=f"order_acked#{day}{number}",
                account="main",
                kind="ORDER_ACKED",
                as_of=at + timedelta(minutes=number),
                written_at=at,
                actor="patang",
                details={"price": 1.0},
            )
            for number in range(2)
        ]
        link(self.desk.audit_store, "main", day, events)
        AuditExport(self.desk.audit_log(), self.desk.objects).run(["main"], day)
        assert self.desk.audit_archive is not None
        assert AuditSeal(self.desk.objects, self.desk.audit_archive, self.desk.signer).run(day) == 1

    def paths(self, prefix: str = "") -> list[str]:
        s3 = self.emulator.client("s3")
        return [o["Key"] for o in s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix).get("Contents", [])]

    def verify(self, *words: str) -> tuple[int, dict[str, Any]]:
        told = io.StringIO()
        with redirect_stdout(told):
            code = main(["audit", "verify", *words, "--through", str(DAY + timedelta(days=1)), "--json"])
        return code, json.loads(told.getvalue())


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    folder = tmp_path_factory.mktemp("templates")
    build(outdir=folder, context={"flavour": "local"}, build_assets=False).synth()
    found = Assembly(folder, ACCOUNT, REGION)
    found.templates = tuple(t for t in found.templates if t.stack.endswith("-data"))
    return found


@pytest.fixture
def archive(emulator: Emulator, templates: Assembly) -> Archive:
    outputs = deploy(emulator, templates, {}, lambda line: None)
    environment = {
        "DESK_TABLE": outputs["DeskTable"],
        "AUDIT_TABLE": outputs["AuditTable"],
        "STORE_BUCKET": outputs["StoreBucket"],
        "AUDIT_ARCHIVE_BUCKET": outputs["AuditArchiveBucket"],
        "AUDIT_KEY_ID": outputs["AuditKeyArn"],
    }
    found = Archive(emulator, outputs, Desk(environment))
    found.day(DAY)
    found.day(DAY + timedelta(days=1))
    return found


def test_its_owner_finds_it_whole_and_signed_by_the_stages_key(archive):
    code, told = archive.verify("--stage", "paper")

    assert code == 0, told["problems"]
    assert (told["digests"], told["files"], told["entries"], told["last"]) == (2, 2, 4, "2026-08-19")
    public = archive.emulator.client("kms").get_public_key(KeyId=archive.outputs["AuditKeyArn"])
    assert told["keys"] == [fingerprint(public["PublicKey"])]
    assert told["keys_compared"] is True
    assert key_path(told["keys"][0]) in archive.paths("keys/")


def test_no_version_of_anything_in_it_can_be_removed_before_its_days_are_over(archive):
    s3 = archive.emulator.client("s3")
    versions = s3.list_object_versions(Bucket=archive.bucket)["Versions"]

    assert len(versions) == 5
    for version in versions:
        with pytest.raises(ClientError, match="AccessDenied"):
            s3.delete_object(Bucket=archive.bucket, Key=version["Key"], VersionId=version["VersionId"])
        lock = s3.get_object_retention(
            Bucket=archive.bucket, Key=version["Key"], VersionId=version["VersionId"]
        )["Retention"]
        days = lock["RetainUntilDate"] - version["LastModified"]
        assert lock["Mode"] == "GOVERNANCE"
        assert timedelta(days=89) < days <= timedelta(days=90, minutes=1)


def test_what_is_put_over_a_file_is_told_and_the_first_version_still_holds(archive):
    s3 = archive.emulator.client("s3")
    (path, _) = archive.paths("audit_logs/")
    s3.put_object(Bucket=archive.bucket, Key=path, Body=b"{}")
    (_, digest) = archive.paths("digests/")
    s3.delete_object(Bucket=archive.bucket, Key=digest)

    code, told = archive.verify("--stage", "paper")
    assert code == 1
    assert (told["digests"], told["files"], told["entries"]) == (2, 2, 4)
    assert told["problems"] == [
        f"{path} was written 2 times; its first version was checked",
        f"{digest} was deleted, which hides it; its first version was checked",
    ]


def test_an_entry_that_was_changed_in_the_desks_own_table_is_found(archive):
    table = boto3.resource("dynamodb").Table(archive.outputs["AuditTable"])
    table.update_item(
        Key={"PK": f"AUDIT#main#{DAY}", "SK": "00000002"},
        UpdateExpression="SET #hash = :other",
        ExpressionAttributeNames={"#hash": "hash"},
        ExpressionAttributeValues={":other": "f" * 64},
    )
    code, told = archive.verify("--stage", "paper")
    assert code == 1
    assert told["problems"] == ["the desk's table: entry 2 of main on 2026-08-18 is not what was signed"]


def test_a_copy_is_checked_with_the_key_that_its_owner_knows(archive, tmp_path):
    s3 = archive.emulator.client("s3")
    for path in archive.paths():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        s3.download_file(archive.bucket, path, str(tmp_path / path))
    key = archive.paths("keys/")[0]
    kept = str(tmp_path / key)

    for words in ([], ["--key", kept], ["--key", Path(kept).stem]):
        code, told = archive.verify("--archive", str(tmp_path), *words)
        assert code == 0, told["problems"]
        assert told["keys_compared"] is bool(words)
    code, told = archive.verify("--archive", str(tmp_path), "--key", "0" * 64)
    assert code == 1
    assert len(told["problems"]) == 2

    (day, _) = archive.paths("audit_logs/")
    (tmp_path / day).write_bytes((tmp_path / day).read_bytes().replace(b"1.0", b"2.0", 1))
    said = io.StringIO()
    with redirect_stderr(said):
        assert (
            main(["audit", "verify", "--archive", str(tmp_path), "--key", kept, "--through", "2026-08-19"])
            == 1
        )
    assert said.getvalue().startswith(f"{day} was changed; its SHA-256 was ")


def test_what_is_no_archive_or_no_key_is_said(archive, tmp_path, capsys):
    assert main(["audit", "verify", "--archive", str(tmp_path / "none")]) == 1
    assert "is no folder" in capsys.readouterr().err
    assert main(["audit", "verify", "--archive", str(tmp_path), "--key", "nobody's"]) == 1
    assert "--key nobody's is no fingerprint (64 digits) and no PEM file" in capsys.readouterr().err
    assert main(["audit", "verify", "--archive", str(tmp_path)]) == 1
    assert "the archive has no digest" in capsys.readouterr().err
    assert main(["audit", "verify", "--stage", "live"]) == 1
    assert "the stack patang-live-data cannot be read" in capsys.readouterr().err


TRUST = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"}


@pytest.fixture(scope="module")
def enforcing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """An emulator that lets a role do what its policies and those of keys say, and nothing else."""
    with Keeper() as keeper:
        emulator = Emulator(PYTHON, tmp_path_factory.mktemp("enforcing") / "run", keeper, enforce_roles=True)
        emulator.wait_ready()
        yield emulator
        emulator.stop()


def in_role(emulator: Emulator, name: str, *actions: str) -> Callable[[str], Any]:
    """Makes clients of a role that is allowed these actions on everything, as far as its own policy goes."""
    iam = emulator.client("iam")
    allowed = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy(TRUST))
    iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=policy(allowed))
    arn = f"arn:aws:iam::{ACCOUNT}:role/{name}"
    key = emulator.client("sts").assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
    return lambda service: boto3.client(
        service,
        endpoint_url=emulator.endpoint,
        region_name=REGION,
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
        aws_session_token=key["SessionToken"],
        verify=str(emulator.certificate),
    )


def policy(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_a_key_refuses_whom_its_own_policy_does_not_name_whatever_the_role_may(enforcing, templates):
    outputs = deploy(enforcing, templates, {}, lambda line: None)
    signing, secrets = outputs["AuditKeyArn"], outputs["SecretKeyArn"]
    # As CloudFormation would name the roles of these two functions.
    named = "patang-paper-trading-Timekeeping{}-1A2B3C4D5E6F"
    archive = in_role(enforcing, named.format("ArchiveRoleC0"), "kms:Sign", "kms:GetPublicKey")
    other = in_role(enforcing, named.format("SessionsRole1"), "kms:*")
    owner = in_role(enforcing, "owner", "secretsmanager:*", "kms:Decrypt", "kms:GenerateDataKey")

    assert KmsSigner(archive("kms"), signing).sign(b"x" * 32)
    for attempt in (
        lambda: KmsSigner(other("kms"), signing).sign(b"x" * 32),
        lambda: other("kms").create_grant(KeyId=signing, GranteePrincipal="role/x", Operations=["Sign"]),
        lambda: other("kms").generate_data_key(KeyId=secrets, KeySpec="AES_256"),
        lambda: archive("kms").sign(KeyId=secrets, Message=b"x", SigningAlgorithm="ECDSA_SHA_256"),
    ):
        with pytest.raises(ClientError, match="AccessDenied"):
            attempt()
    # By its own service it is used, as who may use both.
    owner("secretsmanager").create_secret(Name="patang/paper/account/x", SecretString="{}", KmsKeyId=secrets)
    assert owner("secretsmanager").get_secret_value(SecretId="patang/paper/account/x")["SecretString"] == "{}"


def test_the_emulator_signs_and_its_functions_cannot(emulator):
    """What keys sign with is on its own path: a layer that lacks it still fails there, as in the cloud."""

    done = subprocess.run([PYTHON, "-c", "import cryptography"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "No module named 'cryptography'" in done.stderr
