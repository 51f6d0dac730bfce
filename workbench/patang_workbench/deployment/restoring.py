"""Rows of a table that was brought back beside the desk's own, put back into the desk's own.

DynamoDB brings a table back to a moment only under another name, and the desk's own keeps its stream, its
name and what was written since. So rows are compared, and those that are wanted are copied.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from patang.keys import (
    egress_key,
    ingester_lease_key,
    mark_key,
    market_clock_key,
    polling_key,
    rate_tokens_key,
)

__all__ = ["Difference", "Restored", "RestoringError", "Row"]

type Row = Mapping[str, Any]

# True for a moment only: an old one would hold up, or let through, what has nothing to do with it.
_OF_THE_MOMENT: Final = frozenset(
    key.partition for key in (egress_key(), ingester_lease_key(), mark_key(""), market_clock_key())
)
_SORTS_OF_THE_MOMENT: Final = (rate_tokens_key("", "").sort, polling_key("").sort)
_HEAD: Final = "HEAD"


class RestoringError(RuntimeError):
    """A table cannot be read or written; the text has AWS's words."""


@dataclass(frozen=True, slots=True)
class Difference:
    """`missing`: rows of the copy that the table has not. `changed`: (in the copy, in the table) where both
    have one. `since`: how many only the table has; they stay."""

    missing: tuple[Row, ...]
    changed: tuple[tuple[Row, Row], ...]
    since: int


class Restored:
    """`table` is the desk's own, `copy` the one that was brought back. Methods raise RestoringError."""

    def __init__(self, table: str, copy: str) -> None:
        self._client = boto3.client("dynamodb")
        self._table = table
        self._copy = copy

    def difference(self, now: datetime, prefix: str = "") -> Difference:
        """Of partitions that begin so. Without what was true for a moment only, and what has expired by now.

        An audit chain's head is no change: it moves on with each entry.
        """
        here = dict(self._rows(self._table, prefix))
        then = dict(self._rows(self._copy, prefix))
        kept = {key: row for key, row in then.items() if not _is_over(row, now)}
        return Difference(
            missing=tuple(row for key, row in sorted(kept.items()) if key not in here),
            changed=tuple(
                (row, here[key])
                for key, row in sorted(kept.items())
                if here.get(key, row) != row and key[1] != _HEAD
            ),
            since=len(here.keys() - then.keys()),
        )

    def put_back(self, difference: Difference, *, changed: bool) -> tuple[int, int]:
        """Writes the missing rows, and with `changed` those too; how many, and how many were left because
        somebody wrote them meanwhile.

        A row that is put in another's place counts as a new write of it, so that whoever has read the other
        cannot write over it.
        """
        done = [self._write(row, "attribute_not_exists(PK)", {}) for row in difference.missing]
        for row, now in difference.changed if changed else ():
            if "revision" in now:
                newer = {"revision": {"N": str(int(now["revision"]["N"]) + 1)}}
                expected = ("revision = :seen", {":seen": now["revision"]})
                done.append(self._write({**row, **newer}, *expected))
            else:
                done.append(self._write(row, "attribute_exists(PK)", {}))
        return done.count(True), done.count(False)

    def _write(self, row: Row, condition: str, values: Mapping[str, Any]) -> bool:
        request: dict[str, Any] = {"Item": row, "ConditionExpression": condition}
        try:
            self._client.put_item(
                TableName=self._table,
                **request,
                **({"ExpressionAttributeValues": values} if values else {}),
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        except (BotoCoreError, ClientError) as error:
            raise RestoringError(f"{self._table} takes no row: {error}") from error
        return True

    def _rows(self, table: str, prefix: str) -> Iterator[tuple[tuple[str, str], Row]]:
        try:
            pages = self._client.get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
            for page in pages:
                for row in page["Items"]:
                    if row["PK"]["S"].startswith(prefix):
                        yield (row["PK"]["S"], row["SK"]["S"]), row
        except (BotoCoreError, ClientError) as error:
            raise RestoringError(f"{table} cannot be read: {error}") from error


def _is_over(row: Row, now: datetime) -> bool:
    partition, sort = row["PK"]["S"], row["SK"]["S"]
    expired = "ttl" in row and int(row["ttl"]["N"]) <= now.timestamp()
    return expired or partition in _OF_THE_MOMENT or sort.startswith(_SORTS_OF_THE_MOMENT)
