"""The pages of the settings: everything is asked for once, what waits is told, and nobody else's is shown."""

import json
import re
from datetime import timedelta
from html import unescape

import pytest

from patang.desk_view.settings_form import FORMS
from patang.identity.principal import ALL_SCOPES, Principal
from patang.notifications.subscriptions import SubscriptionReport
from patang.records import create
from patang.settings.edits import SET_BY_OPERATOR
from patang.settings.inputs import inputs
from patang.settings.stored import load_version
from patang.settings.table import table
from tests.unit.api.sample_desk import HOSTILE

PAGES = [f"/settings/{form.name}" for form in FORMS]
ME = Principal("asha", "person:asha", ("main",), ALL_SCOPES, csrf="of a browser")


@pytest.fixture
def change(desk):
    """Stores a version, as asha does."""
    stored = []

    def put(note="", **values):
        changes = {path.replace("__", "."): value for path, value in values.items()}
        stored.append(desk.settings_page().change(changes, len(stored), note, ME))
        return stored[-1]

    return put


def asked(page: str) -> list[str]:
    return re.findall(r'data-setting="([^"]+)"', page)


def part(page: str, path: str) -> str:
    """The markup of one setting."""
    return page.partition(f'data-setting="{path}"')[2].partition("data-setting=")[0]


def test_every_setting_is_asked_for_on_one_page(owner):
    found = [path for page in PAGES for path in asked(owner.get(page).text)]
    assert sorted(found) == sorted(row.path for row in table())


def test_each_is_shown_with_what_it_does_its_unit_range_and_value(owner):
    page = owner.get("/settings/limits").text
    for row in table():
        if row.path.partition(".")[0] not in ("capital", "risk"):
            continue
        shown = re.sub(r"\s+", " ", unescape(part(page, row.path)))
        assert row.description in shown
        assert row.unit in shown
        assert f'value="{row.default}"' in shown.replace(",", "")
        assert row.allowed in shown.replace(",", "")
    assert "default 3,00,000" in part(page, "capital.starting_capital_inr")


def test_kinds_have_their_controls(owner):
    page = owner.get("/settings/strategies").text
    assert re.search(r'<input type="checkbox" checked id="set-options.enabled"', page)
    assert re.search(r'<option value="intraday" selected>', part(page, "options.holding_period"))
    assert "RELIANCE, HDFCBANK" in part(page, "universe.equities")
    assert 'value="15:05"' in part(page, "options.exit_by")
    assert 'placeholder="none"' in part(page, "exits.trailing_stop_options_pct")
    assert part(page, "blackouts").count("data-column") == len(inputs()["blackouts"].columns)


def test_every_control_has_a_name(owner):
    for path in PAGES:
        page = owner.get(path).text
        labelled = set(re.findall(r'<label for="([^"]+)"', page))
        named = set(re.findall(r'<(?:input|select|textarea)[^>]*\bid="(set-[^"]+)"', page))
        assert named == labelled


def test_addresses_are_shown_and_not_asked_for(owner):
    page = owner.get("/settings/desk").text
    for path in SET_BY_OPERATOR:
        shown = part(page, path)
        assert "<input" not in shown
        assert "patang settings put" in shown


def test_what_waits_is_told_where_it_is_set_and_on_the_overview(owner, change, text):
    change(risk__max_concurrent_positions=1)
    change(risk__max_concurrent_positions=5, profile="mine")
    for path in ("/settings/limits", "/settings"):
        told = text(path)
        assert "One limit waits for the next session" in told
        assert "Most open positions: 1 position holds; 5 positions from 19 Aug 2026, 00:00 IST on" in told
        assert "risk.max" not in told.partition("waits for the next session")[2].partition("IST on")[0]
    shown = part(owner.get("/settings/limits").text, "risk.max_concurrent_positions")
    assert 'value="5"' in shown, "what is wanted is what is edited"
    assert "1 position holds until 19 Aug 2026, 00:00 IST" in shown
    assert "limit waits" not in text("/settings/approval")


def test_a_bound_that_waits_to_be_none_is_told(owner, change):
    change(exits__trailing_stop_shares_pct="2")
    change(exits__trailing_stop_shares_pct=None)
    [setting] = [
        one
        for one in owner.get("/api/settings").json()["settings"]
        if one["path"] == "exits.trailing_stop_shares_pct"
    ]
    assert (setting["value"], setting["waiting"]) == ("2", None)
    assert setting["waits_until"].startswith("2026-08-19T00:00")
    shown = part(owner.get("/settings/strategies").text, "exits.trailing_stop_shares_pct")
    assert 'value=""' in shown
    assert "2 % of the highest price holds until" in shown


def test_who_may_not_change_them_sees_them(sign_in):
    ravi = sign_in("other", "XY5678")
    page = ravi.get("/settings/limits").text
    assert "the owner of its data account, main, changes them" in page
    assert page.count(" disabled>") == len(re.findall("<fieldset", page))
    assert "Review changes" not in page


def test_a_new_version_is_told_to_an_open_page(live, change):
    first = live("/settings/limits")
    assert 'data-version="0"' in first.text
    assert live("/settings/limits", tag=first.headers["ETag"]).status_code == 304
    change(profile="mine")
    again = live("/settings/limits", tag=first.headers["ETag"])
    assert (again.status_code, 'data-version="1"' in again.text) == (200, True)


def test_versions_are_listed_and_shown_with_what_changed(owner, change, text):
    change("a week of little volume", risk__max_concurrent_positions=1)
    change(
        HOSTILE,
        risk__max_concurrent_positions=3,
        blackouts=[{"day": "2026-08-20", "from": "09:15", "until": "11:00", "reason": HOSTILE}],
    )
    listed = text("/settings/history")
    assert listed.index("Version 2") < listed.index("Version 1")
    assert "a week of little volume" in listed
    assert "person:asha" in listed
    shown = text("/settings/history/2")
    assert "from 19 Aug 2026, 00:00 IST on, 1 position until then" in shown
    assert "at once" in shown
    assert f"day 2026-08-20, from 09:15, until 11:00, reason {HOSTILE}" in shown
    for path in ("/settings/history", "/settings/history/2", "/settings/strategies"):
        assert HOSTILE not in owner.get(path).text
    assert owner.get("/settings/history/3").status_code == 404


def test_the_way_back_to_a_version_is_told_before_it_is_gone(owner, change, text, sign_in):
    change(risk__max_concurrent_positions=1, profile=HOSTILE)
    change(risk__max_concurrent_positions=2, profile="mine")
    change(risk__max_concurrent_positions=1)
    assert 'href="/settings/history/2/return"' in owner.get("/settings/history/2").text
    assert "/return" not in owner.get("/settings/history/3").text
    told = text("/settings/history/2/return")
    assert "One limit becomes looser and waits for the next session" in told
    assert "from 19 Aug 2026, 00:00 IST on, 1 position until then" in told
    page = owner.get("/settings/history/1/return").text
    assert HOSTILE not in page
    sent = json.loads(unescape(re.search(r'name="changes" data-type="json" value="([^"]+)"', page)[1]))
    assert sent == {"profile": HOSTILE}
    assert "All that it says is set already" in text("/settings/history/3/return")
    assert owner.get("/settings/history/4/return").status_code == 404
    other = sign_in("other", "XY5678").get("/settings/history/1/return").text
    assert "the owner of its data account changes them" in other
    assert "data-api" not in other.partition("<main")[2]


def test_a_way_back_that_is_refused_says_why(owner, desk, change, text):
    change(profile="mine")
    change(profile="other")
    stored = load_version(desk.store, 1)
    live = stored.wanted().model_copy(update={"mode": "live"})
    desk.store.write(stored.evolve(document=live.model_dump_json()).kept())
    told = text("/settings/history/1/return")
    assert "That cannot be saved now" in told
    assert "are open in mode paper" in told
    assert "Save as a new version" not in told


def test_old_versions_are_on_further_pages(owner, change):
    for number in range(32):
        change(profile=f"p{number}")
    first = owner.get("/settings/history").text
    assert "Version 3<" in first
    assert "Version 2<" not in first
    following = unescape(re.search(r'href="(/settings/history\?cursor=[^"]+)"', first)[1])
    second = owner.get(following).text
    assert "Version 2<" in second
    assert "Version 3<" not in second
    assert owner.get("/settings/history", params={"cursor": "nonsense"}).status_code == 400


def test_whether_messages_reach_somebody_is_told(desk, owner, text):
    assert "Nobody has looked yet" in text("/settings/notifications")
    assert owner.get("/api/subscriptions").json() == {"checked_at": None, "problems": [], "warnings": []}
    report = SubscriptionReport(
        checked_at=desk.clock.now() - timedelta(hours=1), problems=("sms of desk: nobody is subscribed",)
    )
    desk.store.write(create(report))
    assert "sms of desk: nobody is subscribed" in text("/settings/notifications")
    assert "A subscription does not stand" in text("/settings")
    assert owner.get("/api/subscriptions").json()["problems"] == ["sms of desk: nobody is subscribed"]


def test_what_is_wrong_with_a_time_is_said_in_words(owner):
    wish = {"version": 0, "changes": {"exits.square_off_shares": "3 pm", "options.exit_by": "09:00"}}
    answer = owner.post("/api/settings/preview", json=wish, headers={"X-CSRF-Token": owner.csrf})
    assert answer.status_code == 400
    told = {detail["field"]: detail["message"] for detail in answer.json()["details"]}
    assert told["exits.square_off_shares"] == "Input should be a time as HH:MM, 00:00 to 23:59, not '3 pm'"
    assert told["options"].startswith("first_entry 09:20, last_entry 14:45 and exit_by 09:00 must")


def test_a_page_that_is_not_there(owner):
    for path in ("/settings/nothing", "/settings/history/0"):
        assert owner.get(path).status_code in (404, 422)
