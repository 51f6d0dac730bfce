"""Proving the audit archive: every digest signed and in its place, every file what its digest says."""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Protocol

from pydantic import ValidationError

from patang.audit.chain import continues
from patang.audit.digest import (
    DIGESTS,
    DigestedHead,
    SignedDigest,
    fingerprint,
    key_path,
    numbered,
    public_key_of,
)
from patang.audit.entry import GENESIS, AuditEntry
from patang.audit.export import PARTS, AuditPart
from patang.errors import BadInput
from patang.market.sessions import session_on
from patang.ports.signing import SignatureCheck

__all__ = ["ArchiveCheck", "KeptFiles", "check_archive"]

_A_DAY: Final = timedelta(days=1)


class KeptFiles(Protocol):
    """What is looked at of an archive."""

    def get(self, path: str) -> bytes | None: ...

    def list(self, prefix: str) -> list[str]: ...


@dataclass(frozen=True, slots=True)
class ArchiveCheck:
    """What a check found. `keys` are the fingerprints of the keys that signed; `problems` has a line each."""

    digests: int
    files: int
    entries: int
    last: date | None
    keys: tuple[str, ...]
    heads: tuple[DigestedHead, ...]
    problems: tuple[str, ...]

    @property
    def ok(self) -> bool:
        return not self.problems


def check_archive(
    archive: KeptFiles,
    holds: SignatureCheck,
    *,
    trusted: Collection[str] | None = None,
    through: date | None = None,
) -> ArchiveCheck:
    """Check everything in the archive.

    `trusted`: fingerprints of the keys that may sign; without it every key that is kept beside is believed,
    which finds what was changed by somebody who cannot sign, but not an archive that was made anew with a key
    of its own. `through`: the last market day whose digest must be there; without it, digests that were cut
    off the end are not missed.
    """
    look = _Look(archive, holds, trusted)
    signed = look.digests()
    look.files(signed)
    entries = look.chains(signed)
    last = signed[-1].digest().day if signed else None
    if through is not None:
        look.end(last, through)
    heads = {(head.account, head.day): head for one in signed for head in one.digest().heads}
    return ArchiveCheck(
        digests=len(signed),
        files=len(look.contents),
        entries=entries,
        last=last,
        keys=tuple(dict.fromkeys(one.digest().key for one in signed)),
        heads=tuple(heads.values()),
        problems=tuple(look.problems),
    )


class _Look:
    """One look through an archive: the problems so far, and the files that are what their digest says."""

    def __init__(self, archive: KeptFiles, holds: SignatureCheck, trusted: Collection[str] | None) -> None:
        self._archive = archive
        self._holds = holds
        self._trusted = trusted
        self._keys: dict[str, bytes | None] = {}
        self.problems: list[str] = []
        self.contents: dict[str, bytes] = {}

    def digests(self) -> list[SignedDigest]:
        """Those that can be read, in their order."""
        found, expected, previous = list[SignedDigest](), 1, GENESIS
        for path in sorted(self._archive.list(DIGESTS)):
            name = numbered(path)
            if name is None:
                self.problems.append(f"{path} has no name of a digest")
                continue
            number, _ = name
            if number > expected:
                gone = (
                    f"digest {expected}" if number == expected + 1 else f"digests {expected} to {number - 1}"
                )
                self.problems.append(f"{gone}: missing, before {path}")
            elif number < expected:
                self.problems.append(f"{path} is a second digest of the number {number}")
            content = self._archive.get(path) or b""
            signed = self._signed(path, content, None if number != expected else previous)
            found += [] if signed is None else [signed]
            expected, previous = max(number, expected - 1) + 1, hashlib.sha256(content).hexdigest()
        if not found:
            self.problems.append("the archive has no digest")
        return found

    def _signed(self, path: str, content: bytes, previous: str | None) -> SignedDigest | None:
        try:
            signed = SignedDigest.read(content)
        except BadInput as error:
            self.problems.append(f"{path}: {error}")
            return None
        digest = signed.digest()
        if digest.path != path:
            self.problems.append(f"{path} is the digest of another place: {digest.path}")
        if previous is not None and digest.previous != previous:
            self.problems.append(
                f"{path} does not follow the digest before it: that one was changed or replaced"
            )
        key = self._key(digest.key)
        if self._trusted is not None and digest.key not in self._trusted:
            self.problems.append(f"{path} names a key that is not trusted: {digest.key}")
        elif key is None:
            self.problems.append(f"{path}: its public key is missing or changed: {key_path(digest.key)}")
        elif not signed.is_signed_with(key, self._holds):
            self.problems.append(f"{path} is not signed by the key that it names: changed, or forged")
        return signed

    def _key(self, key: str) -> bytes | None:
        if key not in self._keys:
            try:
                found = public_key_of(self._archive.get(key_path(key)) or b"")
            except BadInput:
                found = b""
            self._keys[key] = found if fingerprint(found) == key else None
        return self._keys[key]

    def files(self, signed: list[SignedDigest]) -> None:
        """Each file that a digest names, and no other, as it was."""
        named = {file.path: file for one in signed for file in one.digest().files}
        for path, file in sorted(named.items()):
            content = self._archive.get(path)
            if content is None:
                self.problems.append(f"{path} is missing; its SHA-256 was {file.sha256}")
            elif hashlib.sha256(content).hexdigest() != file.sha256 or len(content) != file.size:
                self.problems.append(f"{path} was changed; its SHA-256 was {file.sha256}")
            else:
                self.contents[path] = content
        for path in sorted(set(self._archive.list(PARTS)) - named.keys()):
            self.problems.append(f"{path} is in no digest: nobody has signed it")

    def chains(self, signed: list[SignedDigest]) -> int:
        """The chains that the files hold, from their first entry to the head that was signed last."""
        chains: dict[tuple[str, date], list[AuditEntry]] = {}
        for path, content in self.contents.items():
            try:
                part = AuditPart.model_validate_json(content)
            except ValidationError:
                self.problems.append(f"{path} holds no part of the audit log, though it was signed")
                continue
            for chain in part.chains:
                chains.setdefault((chain.account, part.day), []).extend(chain.placed(part.day))
        heads = {(head.account, head.day): head for one in signed for head in one.digest().heads}
        for (account, day), entries in sorted(chains.items()):
            self._chain(account, day, entries, heads)
        return sum(map(len, chains.values()))

    def _chain(
        self,
        account: str,
        day: date,
        entries: list[AuditEntry],
        heads: Mapping[tuple[str, date], DigestedHead],
    ) -> None:
        ordered = sorted(entries, key=lambda entry: entry.sequence)
        result = continues(ordered, 0, GENESIS)
        head = heads.get((account, day))
        where = f"chain of {account} on {day}"
        if not result.ok:
            self.problems.append(f"{where}: {result.reason}")
        elif head is None or (head.sequence, head.hash) != (ordered[-1].sequence, ordered[-1].hash):
            known = "none" if head is None else f"entry {head.sequence}"
            self.problems.append(f"{where} ends at entry {ordered[-1].sequence}, the signed head is {known}")

    def end(self, last: date | None, through: date) -> None:
        """A digest comes on every market day at least. Raises StopTrading for a year without a calendar."""
        day = through
        while last is not None and day > last:
            if session_on(day) is not None:
                self.problems.append(f"the last digest is of {last}: that of {day} is missing")
                return
            day -= _A_DAY
