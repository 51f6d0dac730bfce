"""The sealed archive of the audit log: what was done to it is found."""

import base64
import hashlib
import json
from datetime import date, datetime, timedelta

import pytest

from patang.adapters.signatures import ecdsa_holds
from patang.audit.archive_check import ArchiveCheck, check_archive
from patang.audit.chain import link
from patang.audit.digest import AuditDigest, SignedDigest, fingerprint, key_path, key_text, public_key_of
from patang.audit.event import AuditEvent
from patang.audit.export import AuditExport
from patang.audit.log import AuditLog
from patang.audit.sealing import AuditSeal
from patang.errors import BadInput, StopTrading
from patang.market.sessions import IST
from tests.fakes import MemoryObjects, MemoryStore
from tests.unit.audit.own_key import OwnKey

# Tuesday, Wednesday, Thursday.
DAYS = tuple(date(2026, 8, day) for day in (18, 19, 20))


class Once(MemoryObjects):
    """An archive as its lock has it: nothing is written over."""

    def put(self, path: str, content: bytes, *, content_type: str = "application/octet-stream") -> None:
        assert path not in self.blobs, f"{path} is written a second time"
        super().put(path, content, content_type=content_type)


class Desk:
    def __init__(self) -> None:
        self.audit_store, self.objects, self.archive = MemoryStore(), MemoryObjects(), Once()
        self.key = OwnKey()
        self.exports = AuditExport(AuditLog(MemoryStore(), self.audit_store), self.objects)

    def happens(self, day: date, *minutes: int, account: str = "main") -> None:
        opened = datetime.combine(day, datetime.min.time(), IST) + timedelta(hours=9, minutes=15)
        events = [
            AuditEvent(
                event_id=f"order_acked#{account}{day}{minute}",
                account=account,
                kind="ORDER_ACKED",
                as_of=opened + timedelta(minutes=minute),
                written_at=opened + timedelta(minutes=minute),
                actor="patang",
                details={"price": 1.0},
            )
            for minute in minutes
        ]
        link(self.audit_store, account, day, events)

    def evening(self, day: date) -> int:
        for back in range(3):
            self.exports.run(["main", "second"], day - timedelta(days=back))
        return AuditSeal(self.objects, self.archive, self.key).run(day)

    def check(self, through: date | None = None, *, pinned: bool = True) -> ArchiveCheck:
        trusted = [fingerprint(self.key.public_key())] if pinned else None
        return check_archive(self.archive, ecdsa_holds, trusted=trusted, through=through)

    def digests(self) -> list[str]:
        return self.archive.list("digests/")

    def sign_anew(self, path: str, key: OwnKey, **changes: object) -> None:
        """What a forger with a key would put there."""
        digest = SignedDigest.read(self.archive.blobs[path]).digest()
        public = key.public_key()
        forged = digest.model_copy(update={"key": fingerprint(public), **changes})
        self.archive.blobs[path] = SignedDigest.of(forged, key).content()
        self.archive.blobs[key_path(fingerprint(public))] = key_text(public)


@pytest.fixture
def desk() -> Desk:
    """Three days; in the second evening somebody changed a setting after the archive had run."""
    found = Desk()
    found.happens(DAYS[0], 0, 5)
    found.happens(DAYS[0], 7, account="second")
    assert found.evening(DAYS[0]) == 1
    found.happens(DAYS[1], 1)
    assert found.evening(DAYS[1]) == 1
    found.happens(DAYS[1], 700)
    found.happens(DAYS[2], 2, 3)
    assert found.evening(DAYS[2]) == 2
    return found


def only(check: ArchiveCheck) -> str:
    (problem,) = check.problems
    return problem


def signed_files(desk: Desk, path: str) -> list[str]:
    return [file.path for file in SignedDigest.read(desk.archive.blobs[path]).digest().files]


def test_an_archive_that_nobody_touched_is_whole(desk):
    found = desk.check(DAYS[2])

    assert found.ok
    assert (found.digests, found.files, found.entries, found.last) == (3, 4, 7, DAYS[2])
    assert found.keys == (fingerprint(desk.key.public_key()),)
    assert {(h.account, h.day, h.sequence) for h in found.heads} == {
        ("main", DAYS[0], 2),
        ("second", DAYS[0], 1),
        ("main", DAYS[1], 2),
        ("main", DAYS[2], 2),
    }


def test_each_digest_names_the_file_of_the_one_before_and_the_key_lies_beside(desk):
    first, second, third = (SignedDigest.read(desk.archive.blobs[path]).digest() for path in desk.digests())

    assert desk.digests()[0] == "digests/digest_000001_2026-08-18.json"
    assert first.previous == "0" * 64
    assert second.previous == hashlib.sha256(desk.archive.blobs[first.path]).hexdigest()
    assert third.previous == hashlib.sha256(desk.archive.blobs[second.path]).hexdigest()
    assert public_key_of(desk.archive.blobs[key_path(first.key)]) == desk.key.public_key()
    for path in desk.objects.list("audit_logs/"):
        assert desk.archive.blobs[path] == desk.objects.blobs[path]


@pytest.mark.parametrize("where", ["audit_logs/2026-08-18", "audit_logs/2026-08-20"])
def test_a_changed_file_is_found(desk, where):
    (path,) = desk.archive.list(where)
    desk.archive.blobs[path] = desk.archive.blobs[path].replace(b"1.0", b"2.0", 1)
    assert f"{path} was changed" in only(desk.check())


def test_a_removed_file_is_found(desk):
    (path,) = desk.archive.list("audit_logs/2026-08-18")
    del desk.archive.blobs[path]
    assert f"{path} is missing" in only(desk.check())


def test_a_file_that_nobody_signed_is_found(desk):
    (path,) = desk.archive.list("audit_logs/2026-08-20")
    desk.archive.blobs["audit_logs/2026-08-20/more.json"] = desk.archive.blobs[path]
    assert "more.json is in no digest" in only(desk.check())


def test_a_removed_day_is_found_with_its_digest_or_without(desk):
    path = desk.digests()[1]
    del desk.archive.blobs[path]
    whole = desk.check().problems
    assert whole[0] == f"digest 2: missing, before {desk.digests()[1]}"

    # Without the day's files it is still missed; one of its chain's parts was signed the day after.
    for gone in desk.archive.list("audit_logs/2026-08-19/audit_2026-08-19_0916"):
        del desk.archive.blobs[gone]
    problems = desk.check().problems
    assert problems[0] == whole[0]
    assert any("chain of main on 2026-08-19" in problem for problem in problems)


def test_a_removed_day_is_found_when_what_comes_behind_is_renumbered(desk):
    path = desk.digests()[1]
    del desk.archive.blobs[path]
    last = desk.archive.blobs.pop(desk.digests()[1])
    desk.archive.blobs["digests/digest_000002_2026-08-20.json"] = last
    problems = desk.check().problems
    assert any("is the digest of another place" in problem for problem in problems)
    assert any("does not follow the digest before it" in problem for problem in problems)


def test_what_is_cut_off_the_end_is_missed_on_a_market_day(desk):
    path = desk.digests()[2]
    for gone in (path, *signed_files(desk, path)):
        del desk.archive.blobs[gone]
    assert desk.check().ok, "nothing in the archive itself says that there was more"
    assert only(desk.check(DAYS[2])) == "the last digest is of 2026-08-19: that of 2026-08-20 is missing"
    assert "that of 2026-08-20 is missing" in only(desk.check(date(2026, 8, 20)))
    sunday = Desk()
    sunday.happens(date(2026, 8, 21), 1)
    sunday.evening(date(2026, 8, 21))
    assert sunday.check(date(2026, 8, 23)).ok


def test_a_forged_signature_is_found(desk):
    path = desk.digests()[2]
    kept = json.loads(desk.archive.blobs[path])
    signature = bytearray(base64.b64decode(kept["signature"]))
    signature[-1] ^= 1
    for forged in (base64.b64encode(signature).decode(), "no signature", base64.b64encode(b"x").decode()):
        desk.archive.blobs[path] = json.dumps(kept | {"signature": forged}).encode()
        assert "is not signed by the key that it names" in only(desk.check())


def test_a_changed_digest_is_found_by_its_signature_and_by_the_next_one(desk):
    path = desk.digests()[0]
    kept = json.loads(desk.archive.blobs[path])
    kept["digest_json"] = kept["digest_json"].replace('"sequence":2', '"sequence":1')
    desk.archive.blobs[path] = json.dumps(kept).encode()
    problems = " ".join(desk.check().problems)
    assert f"{path} is not signed by the key that it names" in problems
    assert "does not follow the digest before it" in problems


def test_an_archive_made_anew_with_another_key_is_found_by_who_knows_the_first(desk):
    """The forger changes a day and signs all again: all fits, but for the key."""
    forger, previous = OwnKey(), "0" * 64
    for path in desk.digests():
        desk.sign_anew(path, forger, previous=previous)
        previous = hashlib.sha256(desk.archive.blobs[path]).hexdigest()

    assert desk.check(pinned=False).ok
    assert desk.check(pinned=False).keys == (fingerprint(forger.public_key()),)
    problems = desk.check().problems
    assert len(problems) == 3
    assert all("names a key that is not trusted" in problem for problem in problems)


def test_a_key_that_was_exchanged_beside_the_digests_is_found(desk):
    path = key_path(fingerprint(desk.key.public_key()))
    desk.archive.blobs[path] = key_text(OwnKey().public_key())
    assert all("its public key is missing or changed" in problem for problem in desk.check().problems)
    del desk.archive.blobs[path]
    assert len(desk.check().problems) == 3


def test_what_is_no_digest_is_said(desk):
    desk.archive.blobs["digests/notes.txt"] = b"hello"
    assert only(desk.check()) == "digests/notes.txt has no name of a digest"
    del desk.archive.blobs["digests/notes.txt"]
    desk.archive.blobs[desk.digests()[2]] = b"{}"
    assert any("no digest of the audit archive" in problem for problem in desk.check().problems)
    assert Desk().check().problems == ("the archive has no digest",)


def test_a_second_digest_of_a_number_is_said(desk):
    desk.archive.blobs["digests/digest_000002_2026-08-21.json"] = desk.archive.blobs[desk.digests()[1]]
    assert any("second digest of the number 2" in problem for problem in desk.check().problems)


def test_a_second_run_of_an_evening_writes_nothing_and_one_with_news_a_second_digest(desk):
    before = dict(desk.archive.blobs)
    assert desk.evening(DAYS[2]) == 0
    assert desk.archive.blobs == before
    desk.happens(DAYS[2], 60)
    assert desk.evening(DAYS[2]) == 1
    assert desk.digests()[-1] == "digests/digest_000004_2026-08-20.json"
    assert desk.check(DAYS[2]).ok


def test_an_evening_without_news_has_its_digest_all_the_same(desk):
    assert desk.evening(date(2026, 8, 21)) == 0
    assert len(desk.digests()) == 4
    assert desk.check(date(2026, 8, 21)).ok


@pytest.mark.parametrize("puts", range(1, 4))
def test_a_run_that_ended_in_between_is_completed_by_the_next(monkeypatch, puts):
    """Key, digest, two files: it dies before each of them."""
    desk = Desk()
    desk.happens(DAYS[0], 0)
    desk.happens(DAYS[1], 1)
    done, put = [], desk.archive.put

    def dying(path: str, content: bytes, *, content_type: str = "") -> None:
        if len(done) == puts:
            raise ConnectionError("the machine is gone")
        done.append(path)
        put(path, content, content_type=content_type)

    with monkeypatch.context() as patch:
        patch.setattr(desk.archive, "put", dying)
        with pytest.raises(ConnectionError):
            desk.evening(DAYS[1])
    desk.evening(DAYS[1])

    found = desk.check(DAYS[1])
    assert found.ok, found.problems
    assert (found.digests, found.files) == (1, 2)


def test_what_is_not_what_was_linked_is_not_sealed_and_said_each_day(desk):
    desk.happens(date(2026, 8, 21), 1)
    desk.exports.run(["main"], date(2026, 8, 21))
    (path,) = desk.objects.list("audit_logs/2026-08-21")
    whole = desk.objects.blobs[path]
    desk.objects.blobs[path] = whole.replace(b"1.0", b"2.0", 1)
    for day in (21, 24):
        with pytest.raises(StopTrading, match=rf"{path}: main: entry 1 was changed"):
            desk.evening(date(2026, 8, day))
    assert path not in desk.archive.blobs
    assert desk.check(date(2026, 8, 24)).ok, "all else was sealed"
    desk.objects.blobs[path] = whole
    assert desk.evening(date(2026, 8, 25)) == 1


def test_a_file_that_changes_between_digest_and_archive_stops_the_run(desk, monkeypatch):
    desk.happens(date(2026, 8, 21), 1)
    put = desk.archive.put

    def dying(path: str, content: bytes, *, content_type: str = "") -> None:
        if path.startswith("audit_logs/"):
            raise ConnectionError("the machine is gone")
        put(path, content, content_type=content_type)

    with monkeypatch.context() as patch:
        patch.setattr(desk.archive, "put", dying)
        with pytest.raises(ConnectionError):
            desk.evening(date(2026, 8, 21))
    (path,) = desk.objects.list("audit_logs/2026-08-21")
    desk.objects.blobs[path] += b" "
    with pytest.raises(StopTrading, match="has changed since its digest was signed"):
        desk.evening(date(2026, 8, 21))


def test_another_key_may_sign_from_a_day_on(desk):
    first, desk.key = desk.key, OwnKey()
    desk.happens(date(2026, 8, 21), 1)
    desk.evening(date(2026, 8, 21))
    keys = [fingerprint(key.public_key()) for key in (first, desk.key)]
    assert check_archive(desk.archive, ecdsa_holds, trusted=keys).ok
    assert "not trusted" in only(check_archive(desk.archive, ecdsa_holds, trusted=keys[:1]))


def test_pem_and_back():
    key = OwnKey().public_key()
    assert public_key_of(key_text(key)) == key
    assert public_key_of(key_text(key).replace(b"\n", b"\r\n")) == key
    for wrong in (b"", b"\xff", key, b"-----BEGIN PUBLIC KEY-----\n%%\n-----END PUBLIC KEY-----\n"):
        with pytest.raises(BadInput, match="no public key"):
            public_key_of(wrong)


def test_keys_of_another_kind_hold_nothing():
    key = OwnKey()
    digest = hashlib.sha256(b"what was signed").digest()
    signature = key.sign(digest)
    assert ecdsa_holds(key.public_key(), digest, signature)
    assert not ecdsa_holds(key.public_key(), hashlib.sha256(b"else").digest(), signature)
    assert not ecdsa_holds(b"no key", digest, signature)
    assert not ecdsa_holds(key.public_key(), digest[:-1], signature)


def test_a_digest_is_frozen():
    with pytest.raises(ValueError, match="frozen"):
        AuditDigest(number=1, day=DAYS[0], key="0" * 64).number = 2
