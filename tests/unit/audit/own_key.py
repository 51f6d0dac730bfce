"""A Signer with a key of its own: real signatures, made in process."""

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

__all__ = ["OwnKey"]


class OwnKey:
    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.signed = 0

    def sign(self, sha256: bytes) -> bytes:
        self.signed += 1
        return self._key.sign(sha256, ec.ECDSA(utils.Prehashed(hashes.SHA256())))

    def public_key(self) -> bytes:
        return self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
