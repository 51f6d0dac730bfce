"""Bearer tokens: shown once, stored as hashes, his alone, ended at once."""

import pytest

from patang.accounts.account import Account
from patang.errors import BadInput
from patang.keys import account_key
from patang.records import replace
from tests.unit.api.sample_desk import two_owners


@pytest.fixture
def desk():
    return two_owners()


def test_a_token_speaks_for_its_principal_within_its_scopes(desk):
    secret = desk.tokens().issue("asha", "laptop", ("read", "read"), days=1).secret
    principal = desk.tokens().principal(secret)
    assert (principal.name, principal.accounts) == ("asha", ("main",))
    assert principal.may("read")
    assert not principal.may("trade")
    assert principal.csrf is None
    assert secret not in str(desk.auth_store.items)


@pytest.mark.parametrize("secret", ["", "patang_", "patang_x", "Patang_x", "patang_é", "x" * 10_000])
def test_an_unknown_token_is_nobody(desk, secret):
    assert desk.tokens().principal(secret) is None


def test_a_token_ends(desk):
    secret = desk.tokens().issue("asha", "laptop", ("read",), days=2).secret
    desk.clock.advance(2 * 86_400)
    assert desk.tokens().principal(secret) is None
    assert desk.tokens().list("asha") == []


def test_a_revoked_token_ends_at_once(desk):
    kept = desk.tokens().issue("asha", "kept", ("read",), days=1)
    gone = desk.tokens().issue("asha", "gone", ("read",), days=1)
    assert desk.tokens().revoke("asha", gone.listing.token_id, "person:asha")
    assert desk.tokens().principal(gone.secret) is None
    assert desk.tokens().principal(kept.secret) is not None
    assert [listing.label for listing in desk.tokens().list("asha")] == ["kept"]
    assert not desk.tokens().revoke("asha", gone.listing.token_id, "person:asha")


def test_nobody_revokes_anothers_token(desk):
    issued = desk.tokens().issue("asha", "laptop", ("read",), days=1)
    assert not desk.tokens().revoke("ravi", issued.listing.token_id, "person:ravi")
    assert desk.tokens().list("ravi") == []
    assert desk.tokens().principal(issued.secret) is not None


def test_a_principal_without_an_account_is_nobody(desk):
    secret = desk.tokens().issue("asha", "laptop", ("read",), days=1).secret
    account = desk.seen(Account, account_key("main"))
    desk.store.write(replace(account.evolve(enabled=False)))
    assert desk.tokens().principal(secret) is None


def test_there_is_an_end_to_tokens(desk):
    for _ in range(50):
        desk.tokens().issue("asha", "again", ("read",), days=1)
    with pytest.raises(BadInput, match="revoke one first"):
        desk.tokens().issue("asha", "one more", ("read",), days=1)


def test_the_audit_log_knows_of_tokens_and_of_no_secret(desk):
    issued = desk.tokens().issue("asha", "laptop", ("read", "trade"), days=1)
    desk.tokens().revoke("asha", issued.listing.token_id, "person:asha")
    told = [item for key, item in desk.store.items.items() if key.partition.startswith("OUTBOX#main#")]
    assert [(e["kind"], e["details"]["label"], e["details"]["scopes"]) for e in told] == [
        ("TOKEN_ISSUED", "laptop", "read trade"),
        ("TOKEN_REVOKED", "laptop", "read trade"),
    ]
    assert issued.secret not in str(told)
    assert issued.listing.token_hash not in str(told)
