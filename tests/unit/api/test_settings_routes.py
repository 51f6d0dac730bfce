"""The settings by HTTP: read with their ranges, tried out, changed as versions the audit log hears of."""

import pytest

from patang.audit.event import AuditEvent
from patang.keys import outbox_partition
from patang.ports import Delete
from patang.records import load_all
from patang.settings.edits import SET_BY_OPERATOR
from patang.settings.stored import load_version
from patang.settings.table import table

TIGHTER = {"risk.max_concurrent_positions": 1}
LOOSER = {"risk.max_concurrent_positions": 5}


def sender(browser, headers):
    def send(values, version=0, path="/api/settings", **more):
        method = "PATCH" if path == "/api/settings" else "POST"
        body = {"version": version, "changes": values} | more
        return browser.request(method, path, json=body, headers=headers)

    return send


@pytest.fixture
def change(owner):
    """Changes settings as asha, signed in."""
    return sender(owner, {"X-CSRF-Token": owner.csrf})


@pytest.fixture
def program(stranger, bearer):
    """The same as asha's program."""
    return sender(stranger, bearer("admin", "read"))


@pytest.fixture
def reader(stranger, bearer):
    headers = bearer("read")
    return lambda path, **params: stranger.get(path, headers=headers, params=params)


def by_path(reader) -> dict:
    return {setting["path"]: setting for setting in reader("/api/settings").json()["settings"]}


def test_every_setting_is_told_with_its_range_and_when_a_change_holds(reader):
    found = by_path(reader)
    assert list(found) == [row.path for row in table()]
    positions = found["risk.max_concurrent_positions"]
    assert (positions["value"], positions["unit"], positions["allowed"]) == (2, "positions", "from 1 to 20")
    assert positions["holds"] == "at once if tighter; looser (more) from the next session on"
    assert found["profile"]["holds"] == "at once"
    assert found["mode"]["holds"] == "at once, while nothing is open"
    assert {path for path, setting in found.items() if setting["by_operator"]} == SET_BY_OPERATOR


def test_a_change_is_a_version_and_is_told_to_the_audit_log(reader, change, desk):
    stored = change(TIGHTER, note="little volume")
    assert stored.status_code == 200
    assert stored.json()["version"] == 1
    assert by_path(reader)["risk.max_concurrent_positions"]["value"] == 1
    [event] = load_all(desk.store, AuditEvent, outbox_partition("DESK", desk.clock.now().date()))
    assert event.kind == "SETTINGS_CHANGED"
    assert event.actor == "person:asha"
    assert event.details["changes"] == {"risk.max_concurrent_positions": ["2", "1"]}


def test_a_token_tightens_limits_and_does_nothing_else(change, program, desk):
    assert program(TIGHTER).status_code == 200
    before = dict(desk.store.items)
    for values in (
        LOOSER,
        {"requests.assistant_alone_inr": 5_000},
        {"mode": "live"},
        {"data_account": "other"},
        {"notifications.sms": []},
        {"requests.max_orders_a_day": 5, "profile": "mine"},
        {"requests.max_orders_a_day": 5, "universe.indices": ["NIFTY"]},
    ):
        answer = program(values, 1)
        assert (answer.status_code, answer.json()["error_type"]) == (403, "AuthenticationError"), values
        assert "signed-in owner" in answer.json()["message"]
    assert desk.store.items == before
    assert change(LOOSER, 1).status_code == 200
    late = program({"risk.max_concurrent_positions": 3}, 2)
    assert late.status_code == 200, "less than what its owner waits for"


def test_settings_hold_for_all_so_another_principal_changes_none(sign_in, stranger, bearer, desk):
    ravi = sign_in("other", "XY5678")
    signed_in = sender(ravi, {"X-CSRF-Token": ravi.csrf})
    token = sender(stranger, bearer("admin", "read", principal="ravi"))
    before = dict(desk.store.items)
    for values in (TIGHTER, LOOSER, {"data_account": "other"}, {"mode": "live"}):
        for send in (signed_in, token):
            answer = send(values)
            assert answer.status_code == 403
            assert "main" not in answer.text
    assert desk.store.items == before


def test_without_a_data_account_it_is_the_one_whose_all_accounts_are(change, desk):
    assert change({"data_account": "gone"}).status_code == 200
    assert change(TIGHTER, 1).status_code == 403, "there is ravi, too"
    other = desk.accounts().account("other")
    desk.store.write(Delete(other.key()))
    assert change(TIGHTER, 1).status_code == 200


def test_a_looser_limit_waits_and_is_shown_to_wait(reader, change):
    change(TIGHTER)
    tried = change(LOOSER, 1, "/api/settings/preview").json()
    [diff] = tried["changes"]
    assert (diff["old"], diff["new"], diff["meanwhile"]) == (1, 5, 1)
    assert diff["waits_until"].startswith("2026-08-19T00:00")
    assert reader("/api/settings").json()["version"]["version"] == 1
    change(LOOSER, 1)
    held = by_path(reader)["risk.max_concurrent_positions"]
    assert (held["value"], held["waiting"]) == (1, 5)


def test_trying_out_stores_nothing(change, desk):
    before = dict(desk.store.items)
    assert change(TIGHTER, path="/api/settings/preview").status_code == 200
    assert desk.store.items == before


@pytest.mark.parametrize(
    ("values", "field", "told"),
    [
        ({"risk.max_concurrent_positions": 99}, "risk.max_concurrent_positions", "less than or equal to 20"),
        ({"risk.max_concurent_positions": 1}, "risk.max_concurent_positions", "did you mean risk.max_con"),
        ({"risk": {}}, "risk", "no such setting"),
        ({"nothing": 1}, "nothing", "no such setting"),
        ({"mode": "dream"}, "mode", "not 'dream'"),
        ({"kite.root": "https://evil.example"}, "kite.root", "whoever deploys"),
        ({"public_url": "https://evil.example"}, "public_url", "whoever deploys"),
    ],
)
def test_what_is_wrong_is_told_at_its_field(change, desk, values, field, told):
    before = dict(desk.store.items)
    for path in ("/api/settings", "/api/settings/preview"):
        answer = change(values, path=path)
        assert answer.status_code == 400
        [detail] = [d for d in answer.json()["details"] if d["field"] == field]
        assert told in detail["message"]
    assert desk.store.items == before


def test_two_who_change_at_once_do_not_undo_each_other(change):
    assert change(TIGHTER).status_code == 200
    late = change({"profile": "mine"}, 0)
    assert late.status_code == 409
    assert "at version 1 by now" in late.json()["message"]
    assert change({"profile": "mine"}, 0, "/api/settings/preview").status_code == 409
    assert change({"profile": "mine"}, 1).json()["version"] == 2


def test_the_mode_is_not_changed_while_something_is_open(change):
    answer = change({"mode": "simulator", "profile": "x"})
    assert answer.status_code == 400
    for path in ("/api/settings", "/api/settings/preview"):
        answer = change({"mode": "live"}, path=path)
        assert answer.status_code == 409
        assert "are open in mode paper" in answer.json()["message"]


def test_the_versions_are_kept(reader, change):
    for number in range(4):
        change({"profile": f"p{number}"}, number)
    first = reader("/api/settings/versions", limit=3).json()
    second = reader("/api/settings/versions", limit=3, cursor=first["next"]).json()
    assert [v["version"] for v in first["items"] + second["items"]] == [4, 3, 2, 1]
    assert second["next"] is None
    one = reader("/api/settings/versions/2").json()
    assert one["changes"] == [
        {
            "path": "profile",
            "name": "Profile label",
            "old": "p0",
            "old_said": "p0",
            "new": "p1",
            "new_said": "p1",
            "waits_until": None,
            "meanwhile": None,
            "meanwhile_said": None,
        }
    ]
    assert reader("/api/settings/versions/9").status_code == 404


def test_who_may_trade_may_not_change_them(stranger, bearer):
    wish = {"version": 0, "changes": TIGHTER}
    for path, method in (("/api/settings", "PATCH"), ("/api/settings/preview", "POST")):
        assert stranger.request(method, path, json=wish, headers=bearer("read", "trade")).status_code == 403


def test_the_way_back_is_a_change_like_any_other(reader, change, program):
    change(TIGHTER | {"profile": "first"})
    change({"risk.max_concurrent_positions": 2, "profile": "second", "options.min_adx": 25}, 1)
    change({"risk.max_concurrent_positions": 1}, 2)
    back = reader("/api/settings/versions/2/return").json()
    # Version 2 asked for two positions, which waited: what it asked for is what is asked for again.
    assert back == {
        "version": 2,
        "based_on": 3,
        "changes": {"risk.max_concurrent_positions": 2},
        "kept": [],
    }
    [diff] = change(back["changes"], back["based_on"], "/api/settings/preview").json()["changes"]
    assert (diff["new_said"], diff["meanwhile_said"]) == ("2 positions", "1 position")
    assert program(back["changes"], back["based_on"]).status_code == 403, "it loosens a limit"
    stored = change(back["changes"], back["based_on"], note="back to version 2").json()
    assert stored["version"] == 4
    held = by_path(reader)["risk.max_concurrent_positions"]
    assert (held["value"], held["waiting"]) == (1, 2)
    first = reader("/api/settings/versions/1/return").json()["changes"]
    assert first == {"options.min_adx": 20.0, "profile": "first", "risk.max_concurrent_positions": 1}
    assert reader("/api/settings/versions/4/return").json()["changes"] == {}
    assert reader("/api/settings/versions/5/return").status_code == 404


def test_addresses_stay_what_they_are_on_the_way_back(reader, change, desk):
    change({"profile": "mine"})
    moved = (
        desk.settings_changes().stored().wanted().model_copy(update={"public_url": "https://desk.example"})
    )
    desk.settings_changes().put(moved, "operator", based_on=1)
    back = reader("/api/settings/versions/1/return").json()
    assert (back["changes"], back["kept"]) == ({}, ["Public address of the desk"])


def test_there_is_no_way_back_to_what_is_not_accepted_any_more(reader, change, desk):
    change({"profile": "mine"})
    change({"profile": "other"}, 1)
    stored = load_version(desk.store, 1)
    gone = stored.evolve(document=stored.document.replace('"max_rsi"', '"max_rsi_of_old"'))
    desk.store.write(gone.kept())
    answer = reader("/api/settings/versions/1/return")
    assert answer.status_code == 409
    assert "no way back to version 1" in answer.json()["message"]
    assert "max_rsi_of_old" in answer.json()["message"]
