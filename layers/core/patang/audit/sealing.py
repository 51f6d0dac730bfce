"""Every evening: what was exported of the audit log goes into the archive, named by a signed digest."""

import hashlib
from collections.abc import Iterable
from datetime import date

from pydantic import ValidationError

from patang.audit.chain import continues
from patang.audit.digest import (
    DIGESTS,
    AuditDigest,
    DigestedFile,
    DigestedHead,
    SignedDigest,
    fingerprint,
    key_path,
    key_text,
    numbered,
)
from patang.audit.entry import GENESIS, AuditEntry
from patang.audit.export import PARTS, AuditPart
from patang.errors import StopTrading
from patang.ports import ObjectStore
from patang.ports.signing import Signer

__all__ = ["AuditSeal"]


class AuditSeal:
    """`objects` has the exported parts; `archive` keeps what is put into it, and takes each path once.

    The digest is written before the files that it names: a run that ends in between is completed by the next
    one, and no file is ever in the archive that no digest names.
    """

    def __init__(self, objects: ObjectStore, archive: ObjectStore, signer: Signer) -> None:
        self._objects = objects
        self._archive = archive
        self._signer = signer

    def run(self, day: date) -> int:
        """Writes the digest of `day` (market time); returns how many files it names. A second run of a day
        without anything new writes nothing.

        Raises StopTrading, after the digest of all others is written, for parts that are not what was linked.
        """
        last = self._last()
        waiting = self._waiting()
        if last is not None:
            signed, _ = last
            waiting -= self._put(signed.digest().files, waiting)
        good, bad = self._read(waiting)
        if good or last is None or last[0].digest().day < day:
            self._write(day, last, good)
        if bad:
            raise StopTrading(
                f"not sealed, for what the audit log's files say is not what was linked: {'; '.join(bad)}"
            )
        return len(good)

    def _last(self) -> tuple[SignedDigest, bytes] | None:
        paths = [path for path in self._archive.list(DIGESTS) if numbered(path) is not None]
        content = self._archive.get(max(paths)) if paths else None
        return None if content is None else (SignedDigest.read(content), content)

    def _waiting(self) -> set[str]:
        return set(self._objects.list(PARTS)) - set(self._archive.list(PARTS))

    def _read(self, paths: Iterable[str]) -> tuple[dict[str, bytes], list[str]]:
        """The contents of parts that hold by themselves, and what is wrong with the others."""
        good, bad = dict[str, bytes](), list[str]()
        for path in sorted(paths):
            content = self._objects.get(path)
            wrong = "gone" if content is None else _wrong(content)
            if content is not None and wrong is None:
                good[path] = content
            else:
                bad.append(f"{path}: {wrong}")
        return good, bad

    def _write(self, day: date, last: tuple[SignedDigest, bytes] | None, parts: dict[str, bytes]) -> None:
        public_key = self._signer.public_key()
        key = fingerprint(public_key)
        if key_path(key) not in self._archive.list(key_path(key)):
            self._archive.put(key_path(key), key_text(public_key), content_type="application/x-pem-file")
        digest = AuditDigest(
            number=1 if last is None else last[0].digest().number + 1,
            day=day,
            previous=GENESIS if last is None else hashlib.sha256(last[1]).hexdigest(),
            key=key,
            files=tuple(_file(path, content) for path, content in parts.items()),
            heads=_heads(parts.values()),
        )
        signed = SignedDigest.of(digest, self._signer)
        self._archive.put(digest.path, signed.content(), content_type="application/json")
        self._put(digest.files, parts.keys())

    def _put(self, files: Iterable[DigestedFile], waiting: Iterable[str]) -> set[str]:
        """Of a digest's files those that the archive still lacks. Raises StopTrading if one has changed."""
        done = set[str]()
        for file in files:
            if file.path not in waiting:
                continue
            content = self._objects.get(file.path)
            if content is None or _file(file.path, content) != file:
                raise StopTrading(f"{file.path} has changed since its digest was signed: {file.sha256}")
            self._archive.put(file.path, content, content_type="application/json")
            done.add(file.path)
        return done


def _file(path: str, content: bytes) -> DigestedFile:
    return DigestedFile(path=path, size=len(content), sha256=hashlib.sha256(content).hexdigest())


def _wrong(content: bytes) -> str | None:
    """What of a part does not hold: its entries' hashes, or how they follow one another."""
    try:
        part = AuditPart.model_validate_json(content)
    except ValidationError as error:
        return f"no part of the audit log ({error.errors()[0]['msg']})"
    for chain in part.chains:
        entries = chain.placed(part.day)
        first = entries[0]
        result = continues(entries, first.sequence - 1, first.previous)
        if not result.ok:
            return f"{chain.account}: {result.reason}"
    return None


def _heads(contents: Iterable[bytes]) -> tuple[DigestedHead, ...]:
    """Of each chain the furthest that these parts go."""
    last: dict[tuple[str, date], AuditEntry] = {}
    for content in contents:
        part = AuditPart.model_validate_json(content)
        for chain in part.chains:
            for entry in chain.placed(part.day):
                known = last.get((chain.account, part.day))
                if known is None or known.sequence < entry.sequence:
                    last[chain.account, part.day] = entry
    return tuple(
        DigestedHead(account=account, day=day, sequence=entry.sequence, hash=entry.hash)
        for (account, day), entry in sorted(last.items())
    )
