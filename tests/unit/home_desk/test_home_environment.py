"""What the environment says of a home desk, and how its desk follows it."""

from pathlib import Path

import pytest

from patang.errors import BadInput, Refused
from patang.settings import KiteSettings
from patang_workbench.home_desk.desk import HomeDesk
from patang_workbench.home_desk.environment import HomeEnvironment
from patang_workbench.home_desk.setting_up import set_up

ONE = {"KITE_API_KEY": "key", "KITE_API_SECRET": "secret", "KITE_USER_ID": "AB1234"}
TWO = {
    "PATANG_ACCOUNTS": "main, family-2",
    "PATANG_MAIN_API_KEY": "key1",
    "PATANG_MAIN_API_SECRET": "secret1",
    "PATANG_MAIN_USER_ID": "AB1234",
    "PATANG_FAMILY_2_API_KEY": "key2",
    "PATANG_FAMILY_2_API_SECRET": "secret2",
    "PATANG_FAMILY_2_USER_ID": "CD5678",
    "PATANG_FAMILY_2_LABEL": "The family",
}


@pytest.fixture
def told(tmp_path: Path) -> dict[str, str]:
    return {"PATANG_HOME": str(tmp_path)}


def desk_of(variables: dict[str, str]) -> HomeDesk:
    """A desk as a process that starts with these variables leaves it."""
    given = HomeEnvironment.read(variables)
    desk = HomeDesk(given, lambda: "http://127.0.0.1:8721")
    set_up(desk, given)
    return desk


def test_one_account_by_the_names_that_kites_own_server_has(told: dict[str, str]) -> None:
    given = HomeEnvironment.read(told | ONE)
    [account] = given.accounts
    assert (account.name, account.user_id, account.api_key) == ("main", "AB1234", "key")
    assert given.principal == "owner"
    assert "secret" not in repr(given)


def test_several_accounts_by_name(told: dict[str, str]) -> None:
    main, family = HomeEnvironment.read(told | TWO).accounts
    assert (main.name, main.label, main.api_secret) == ("main", "main", "secret1")
    assert (family.name, family.label, family.user_id) == ("family-2", "The family", "CD5678")


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({}, "KITE_API_KEY, KITE_API_SECRET, KITE_USER_ID are not set"),
        (ONE | {"KITE_USER_ID": ""}, "KITE_USER_ID is not set"),
        (ONE | {"KITE_API_SECRET": ""}, "KITE_API_SECRET is not set"),
        (TWO | {"PATANG_FAMILY_2_API_SECRET": ""}, "PATANG_FAMILY_2_API_SECRET is not set"),
        (TWO | {"PATANG_ACCOUNTS": "main,Family"}, "PATANG_ACCOUNTS is 'main,Family'"),
        (TWO | {"PATANG_ACCOUNTS": "main,main"}, "each once"),
    ],
)
def test_what_is_missing_is_named(told: dict[str, str], variables: dict[str, str], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        HomeEnvironment.read(told | variables)


def test_the_desk_has_the_accounts_of_the_environment_and_follows_its_changes(told: dict[str, str]) -> None:
    desk = desk_of(told | TWO)
    assert [(a.account, a.principal, a.enabled) for a in desk.accounts().list()] == [
        ("family-2", "owner", True),
        ("main", "owner", True),
    ]
    assert desk.settings().data_account == "main"
    assert desk.settings().mode == "paper"
    renamed = TWO | {"PATANG_ACCOUNTS": "family-2", "PATANG_FAMILY_2_API_KEY": "key3"}
    desk = desk_of(told | renamed)
    assert [(a.account, a.api_key, a.enabled) for a in desk.accounts().list()] == [
        ("family-2", "key3", True),
        ("main", "key1", False),
    ]
    assert desk.settings().data_account == "family-2"
    desk = desk_of(told | TWO)
    assert all(account.enabled for account in desk.accounts().list())


def test_a_second_start_changes_nothing(told: dict[str, str]) -> None:
    before = desk_of(told | ONE)
    stored, events = before.settings_changes().stored(), before.store.written(100)
    [key] = before.request_state_keys()
    assert len(key) >= 32
    after = desk_of(told | ONE)
    assert after.request_state_keys() == (key,)
    assert after.settings_changes().stored() == stored
    assert after.store.written(100) == events


def test_the_brokers_addresses_are_the_environments_and_nothing_else_of_the_settings_is(
    told: dict[str, str],
) -> None:
    desk = desk_of(told | ONE)
    assert desk.settings().kite == KiteSettings()
    chosen = desk.settings().model_copy(update={"profile": "mine"})
    desk.settings_changes().put(chosen, "person:owner")
    desk = desk_of(
        told | ONE | {"PATANG_KITE_ROOT": "http://127.0.0.1:9", "PATANG_HOME": told["PATANG_HOME"]}
    )
    assert (desk.settings().kite.root, desk.settings().profile) == ("http://127.0.0.1:9", "mine")
    desk = desk_of(told | ONE)
    assert desk.settings().kite.root == KiteSettings().root


def test_somebody_elses_name_is_not_taken_over(told: dict[str, str]) -> None:
    desk_of(told | ONE)
    with pytest.raises(Refused):
        desk_of(told | ONE | {"PATANG_PRINCIPAL": "ravi"})


def test_pages_are_where_the_environment_says_else_where_they_are_served(told: dict[str, str]) -> None:
    assert desk_of(told | ONE).public_url() == "http://127.0.0.1:8721"
    said = desk_of(told | ONE | {"PATANG_PUBLIC_URL": "https://desk.example/"})
    assert said.public_url() == "https://desk.example"


@pytest.mark.parametrize(
    ("variable", "address"),
    [
        ("PATANG_KITE_LOGIN_ROOT", "http://127.0.0.1:9/connect/login"),
        ("PATANG_KITE_ROOT", "127.0.0.1:9"),
        ("PATANG_KITE_TICKER_ROOT", "http://127.0.0.1:9"),
    ],
)
def test_an_address_of_the_broker_that_would_lead_nowhere_is_told_at_the_start(
    told: dict[str, str], variable: str, address: str
) -> None:
    with pytest.raises(BadInput, match=f"{variable} is '{address}': give an address that begins with"):
        HomeEnvironment.read(told | ONE | {variable: address})


def test_a_slash_at_the_end_of_the_brokers_address_is_of_no_matter(told: dict[str, str]) -> None:
    read = HomeEnvironment.read(told | ONE | {"PATANG_KITE_ROOT": "https://sandbox.kite.trade/oms/"})
    assert read.kite == {"root": "https://sandbox.kite.trade/oms"}
