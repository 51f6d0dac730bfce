"""Signer on one asymmetric key of AWS KMS."""

from functools import cached_property
from typing import Any

__all__ = ["KmsSigner"]


class KmsSigner:
    """`client` is a boto3 KMS client; the key is of the curve P-256 and signs only."""

    def __init__(self, client: Any, key_id: str) -> None:
        self._client = client
        self._key_id = key_id

    def sign(self, sha256: bytes) -> bytes:
        reply = self._client.sign(
            KeyId=self._key_id, Message=sha256, MessageType="DIGEST", SigningAlgorithm="ECDSA_SHA_256"
        )
        signature: bytes = reply["Signature"]
        return signature

    def public_key(self) -> bytes:
        return self._public_key

    @cached_property
    def _public_key(self) -> bytes:
        found: bytes = self._client.get_public_key(KeyId=self._key_id)["PublicKey"]
        return found
