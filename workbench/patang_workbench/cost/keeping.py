"""What is kept: tables, objects, keys, secrets, images."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from patang_workbench.cost.deployed import CostError, Deployed
from patang_workbench.cost.month import Month, Use

__all__ = ["PRICED", "uses"]

PRICED: Final = frozenset({
    "AWS::CloudTrail::Trail", "AWS::DynamoDB::Table", "AWS::KMS::Key", "AWS::S3::Bucket",
    "AWS::SecretsManager::Secret",
})  # fmt: skip
_MILLION: Final = Decimal(1_000_000)
_THOUSAND: Final = Decimal(1_000)
_TEN_THOUSAND: Final = Decimal(10_000)
_HUNDRED_THOUSAND: Final = Decimal(100_000)
_DAYS_A_MONTH: Final = Decimal(365) / 12
_MONTHS_A_YEAR: Final = 12
# A snapshot is overwritten each minute: versions of the day before, and of the day in which they are cleared.
_SNAPSHOT_SESSIONS: Final = 2


def uses(deployed: Deployed, month: Month) -> Iterator[Use]:
    """As it is after a first year: what grows has grown."""
    shards = deployed.shards()
    features = month.of_minutes("feature_writes_minute") * shards
    yield Use("dynamodb_million_writes", "features: a pointer a batch", features / _MILLION)
    for what, name in (
        ("the ingester's lease", "lease_writes_session"),
        ("guard: marks of positions", "mark_writes_session"),
        ("reconciler: what is at the broker, the day's curve", "seen_writes_session"),
        ("all other functions", "other_writes_session"),
    ):
        yield Use("dynamodb_million_writes", what, month.of_sessions(name) / _MILLION)
    yield Use("dynamodb_million_reads", "all functions", month.of_sessions("reads_session") / _MILLION)
    yield Use("dynamodb_gb", "tables", month.value("tables_gb"))
    if any("PointInTimeRecoverySpecification" in table for table in deployed.of("AWS::DynamoDB::Table")):
        yield Use("dynamodb_recovery_gb", "point-in-time recovery", month.value("tables_gb"))
    yield from _objects(deployed, month, shards)
    yield from _trail(deployed, month)
    yield Use("kms_key", "own keys", Decimal(len(deployed.of("AWS::KMS::Key"))))
    yield Use(
        "kms_ten_thousand_requests",
        "secrets, messages, stream, tables",
        month.of_sessions("kms_requests_session") / _TEN_THOUSAND,
    )
    yield Use(
        "kms_ten_thousand_signatures",
        "the audit archive's digests",
        month.of_sessions("signing_requests_session") / _TEN_THOUSAND,
    )
    made = len(deployed.of("AWS::SecretsManager::Secret"))
    yield Use("secret", "of the template, and of one account", made + month.value("runtime_secrets"))
    yield Use(
        "secret_ten_thousand_reads", "functions", month.of_sessions("secret_reads_session") / _TEN_THOUSAND
    )
    yield Use("registry_gb", "the ingester's image", month.value("image_gb"))


def _trail(deployed: Deployed, month: Month) -> Iterator[Use]:
    """Management events are free in the first trail of an account that takes them."""
    if deployed.of("AWS::CloudTrail::Trail"):
        events = month.of_sessions("archive_requests_session")
        yield Use("cloudtrail_hundred_thousand_events", "the audit archive", events / _HUNDRED_THOUSAND)
        yield Use("s3_thousand_puts", "CloudTrail's files", month.value("trail_files_month") / _THOUSAND)
        yield Use("s3_gb", "CloudTrail's files of a year", month.value("trail_gb_year"))


def _objects(deployed: Deployed, month: Month, shards: int) -> Iterator[Use]:
    ticks = month.value("raw_ticks_gb_month")
    warm = _days(deployed, "ticks/", "Transitions", "TransitionInDays") / _DAYS_A_MONTH
    minutes = month.of_minutes("minute_object_mb") * shards / _THOUSAND
    kept = _days(deployed, "minutes/", "ExpirationInDays") / _DAYS_A_MONTH
    snapshots = month.value("market_minutes") * month.value("snapshot_mb") * shards / _THOUSAND
    files = month.of_minutes("raw_tick_files_minute")
    yield Use("s3_gb", "raw ticks, the newer", warm * ticks)
    yield Use("s3_gb", "closed minutes", kept * minutes)
    yield Use("s3_gb", "snapshots of the feature state", _SNAPSHOT_SESSIONS * snapshots)
    yield Use("s3_gb", "candles, chains and logs of a year", month.value("archive_gb_year"))
    yield Use("s3_gb", "the audit archive of a year", month.value("audit_archive_gb_year"))
    yield Use("s3_gb", "code of deployments", month.value("code_gb"))
    yield Use("s3_cold_gb", "raw ticks of a year, the older", (_MONTHS_A_YEAR - warm) * ticks)
    yield Use("s3_thousand_cold_moves", "raw ticks", files / _THOUSAND)
    puts = {
        "closed minutes, snapshots, chains": month.of_minutes("feature_puts_minute") * shards,
        "raw ticks": files,
        "the day's archive": month.of_sessions("archive_puts_session"),
        "the audit archive": month.of_sessions("archive_requests_session"),
    }
    for what, count in puts.items():
        yield Use("s3_thousand_puts", what, count / _THOUSAND)
    yield Use(
        "s3_thousand_gets", "mornings, archive, decisions", month.of_sessions("gets_session") / _THOUSAND
    )


def _days(deployed: Deployed, prefix: str, *path: str) -> Decimal:
    """What the store's lifecycle rule of a prefix says. Raises CostError where there is none: what is kept
    for ever has no month's price."""
    for bucket in deployed.of("AWS::S3::Bucket"):
        for rule in bucket["LifecycleConfiguration"]["Rules"]:
            if rule.get("Prefix") == prefix:
                found = rule[path[0]]
                return Decimal(found[0][path[1]] if isinstance(found, list) else found)
    raise CostError(f"the store has no rule of how long {prefix} is kept")
