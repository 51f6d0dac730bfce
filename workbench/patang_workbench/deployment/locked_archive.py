"""A deployed stage's audit archive as it was first written, whatever was put over it later."""

from datetime import datetime
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from patang_workbench.deployment.account import AccountError

__all__ = ["LockedArchive"]

# CloudTrail's own part of the bucket, which it writes as it likes.
_OF_OTHERS: Final = "cloudtrail/"


class LockedArchive:
    """KeptFiles that reads the oldest version of every path: the lock holds versions, and somebody who may
    write can still put another one over them, or a marker that hides them.

    `client` is a boto3 S3 client. Raises AccountError if S3 does not answer.
    """

    def __init__(self, client: Any, bucket: str) -> None:
        self._client = client
        self._bucket = bucket
        try:
            pages = list(client.get_paginator("list_object_versions").paginate(Bucket=bucket))
        except (BotoCoreError, ClientError) as error:
            raise AccountError(f"the versions of {bucket} cannot be listed: {error}") from error
        self._oldest: dict[str, tuple[datetime, str]] = {}
        self._counts: dict[str, int] = {}
        # Versions of a path come newest first, so that of two of one second the one told last is the older.
        for version in (found for page in pages for found in page.get("Versions", [])):
            path, made = str(version["Key"]), version["LastModified"]
            self._counts[path] = self._counts.get(path, 0) + 1
            if path not in self._oldest or made <= self._oldest[path][0]:
                self._oldest[path] = made, str(version["VersionId"])
        self._hidden = {str(mark["Key"]) for page in pages for mark in page.get("DeleteMarkers", [])}

    def get(self, path: str) -> bytes | None:
        found = self._oldest.get(path)
        if found is None:
            return None
        try:
            reply = self._client.get_object(Bucket=self._bucket, Key=path, VersionId=found[1])
        except (BotoCoreError, ClientError) as error:
            raise AccountError(f"{path} cannot be read: {error}") from error
        content: bytes = reply["Body"].read()
        return content

    def list(self, prefix: str) -> list[str]:
        return sorted(path for path in self._oldest if path.startswith(prefix))

    def written_over(self) -> tuple[str, ...]:
        """A line for each path of the desk's that has more than its first version: it writes none twice."""
        again = {path: f"was written {count} times" for path, count in self._counts.items() if count > 1}
        hidden = dict.fromkeys(self._hidden, "was deleted, which hides it")
        return tuple(
            f"{path} {what}; its first version was checked"
            for path, what in sorted({**again, **hidden}.items())
            if not path.startswith(_OF_OTHERS)
        )
