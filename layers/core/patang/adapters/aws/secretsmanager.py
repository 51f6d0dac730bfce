"""SecretStore on Secrets Manager; names are below the stage's prefix."""

import json
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

__all__ = ["SecretsManager"]


class SecretsManager:
    """`client` is a boto3 Secrets Manager client; `key_id` encrypts secrets that are created."""

    def __init__(self, client: Any, key_id: str | None = None) -> None:
        self._client = client
        self._key_id = key_id

    def get(self, name: str) -> Mapping[str, str] | None:
        try:
            reply = self._client.get_secret_value(SecretId=name)
        except ClientError as error:
            if error.response["Error"]["Code"] == "ResourceNotFoundException":
                return None
            raise
        values: dict[str, str] = json.loads(reply["SecretString"])
        return values

    def put(self, name: str, values: Mapping[str, str]) -> None:
        text = json.dumps(dict(values))
        try:
            self._client.put_secret_value(SecretId=name, SecretString=text)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            encryption = {"KmsKeyId": self._key_id} if self._key_id else {}
            self._client.create_secret(Name=name, SecretString=text, **encryption)

    def delete(self, name: str) -> None:
        # Without the days in which it could be had back: what was taken off the desk is gone.
        try:
            self._client.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
