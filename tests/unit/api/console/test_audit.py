"""The pages of the audit log."""

import re
from datetime import timedelta

import pytest

from patang.audit.keys import audit_partition
from patang.audit.kinds import KINDS
from patang.ports import Key
from tests.unit.api.sample_desk import DAY, HOSTILE, NOW, event

DATE = str(DAY)


def rows(page) -> list[int]:
    return [int(number) for number in re.findall(r'href="/audit/\w+/[\d-]+/(\d+)" aria-label', page.text)]


def test_a_day_is_told_newest_first_and_as_text(owner, text):
    page = owner.get("/audit")
    assert rows(page) == [6, 5, 4, 3, 2, 1]
    assert HOSTILE not in page.text
    told = text("/audit")
    assert f"note {HOSTILE}" in told
    assert "quantity 20 · symbol RELIANCE" in told


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"kind": "approved"}, [4]),
        ({"kind": "order filled"}, [5]),
        ({"actor": "patang"}, [6, 3, 2]),
        ({"text": "reliance filled"}, [5]),
        ({"actor": "patang", "text": "confidence"}, [2]),
        ({"text": "nothing of the kind"}, []),
        ({"account": "", "date": "", "kind": "", "actor": "", "text": "", "cursor": ""}, [6, 5, 4, 3, 2, 1]),
        ({"date": "2026-08-17"}, []),
        ({"account": "DESK"}, []),
    ],
)
def test_filters(owner, asked, expected):
    page = owner.get("/audit", params=asked)
    assert page.status_code == 200
    assert rows(page) == expected


def test_what_was_asked_stands_in_the_form_again(owner):
    hostile = '"><script>x</script>'
    page = owner.get("/audit", params={"text": hostile, "actor": hostile, "kind": "HALTED"}).text
    assert "<script>x" not in page
    assert page.count('value="&#34;&gt;&lt;script&gt;x&lt;/script&gt;"') == 2
    assert re.findall(r'<option value="(\w+)" selected>(\w+)<', page) == [
        ("main", "main"),
        ("HALTED", "halted"),
    ]


def test_the_kinds_that_there_are_can_be_chosen_and_any_other_be_asked_for(owner):
    page = owner.get("/audit").text
    for about, kinds in KINDS.items():
        group = page.partition(f'<optgroup label="{about}">')[2].partition("</optgroup>")[0]
        assert re.findall(r'<option value="(\w+)">', group) == list(kinds)
    asked = owner.get("/audit", params={"kind": '"><script>x</script>'}).text
    assert "<script>x" not in asked.lower()
    assert re.search(r'<option value="&#34;&gt;&lt;SCRIPT[^"]*" selected>', asked)


def test_ten_thousand_entries_come_by_pages(owner, desk):
    desk.audited(*(event("main", n, "MANY", "patang", NOW, {"n": n}) for n in range(1, 251)))
    page, seen = owner.get("/audit"), []
    while True:
        assert len(rows(page)) <= 100
        seen += rows(page)
        older = re.search(r'href="(/audit\?[^"]+)" rel="next"', page.text)
        if older is None:
            break
        page = owner.get(older[1].replace("&amp;", "&"))
    assert seen == list(range(256, 0, -1))


def test_only_the_running_day_without_a_filter_keeps_itself_up_to_date(desk, owner, live):
    def follows(**asked):
        return "data-live" in owner.get("/audit", params=asked).text.partition("<main")[2]

    assert follows()
    assert not follows(text="x")
    assert not follows(date="2026-08-17")
    first = live("/audit")
    assert live("/audit", tag=first.headers["ETag"]).status_code == 304
    desk.audited(event("main", 77, "HALTED", "person:asha", NOW, {}))
    assert "halted" in live("/audit", tag=first.headers["ETag"]).text


@pytest.mark.parametrize(
    "path", ["/audit?account=other", f"/audit/other/{DATE}/1", "/audit/verification?account=other"]
)
def test_what_is_anothers_is_not_there(owner, path):
    answer = owner.get(path)
    assert answer.status_code == 404
    assert "INFY" not in answer.text


def test_an_entry_at_length(owner, desk, text):
    nested = {
        "risk": {"max_open": 3, "list": ["a", HOSTILE]},
        "signal_id": "S1/../x",
        "off": None,
        "on": True,
    }
    desk.audited(event("main", 88, "SETTINGS_CHANGED", "person:asha", NOW + timedelta(seconds=2), nested))
    page = owner.get(f"/audit/main/{DATE}/7")
    assert HOSTILE not in page.text
    assert 'href="/signals/S1/../x"' in page.text or 'href="/signals/S1%2F..%2Fx"' in page.text
    told = text(f"/audit/main/{DATE}/7")
    for part in (
        "7 · settings changed",
        "person:asha",
        "max open 3",
        HOSTILE,
        "off –",
        "on yes",
        "as it was written",
    ):
        assert part in told
    assert "is the one that it names" in told
    assert f'href="/audit/main/{DATE}/6"' in page.text
    assert f'href="/audit/main/{DATE}/8"' not in page.text
    first = owner.get(f"/audit/main/{DATE}/1").text
    assert "it is the day&#39;s first" in first or "it is the day's first" in first


def test_changed_settings_are_told_by_their_names_with_units(owner, desk, text):
    changes = {"risk.max_concurrent_positions": ["2", "5"], "profile": ["safe", HOSTILE]}
    details = {"version": 1, "note": "a quiet week", "changes": changes}
    desk.audited(event("DESK", 1, "SETTINGS_CHANGED", "person:asha", NOW, details))
    for path, asked in (("/audit", {"account": "DESK"}), (f"/audit/DESK/{DATE}/1", {})):
        assert HOSTILE not in owner.get(path, params=asked).text
        told = text(path, **asked)
        for part in ("Most open positions", "2 positions", "5 positions", HOSTILE, "a quiet week"):
            assert part in told
    assert "max_concurrent" not in text("/audit", account="DESK")
    assert (
        '<span class="small">risk.max_concurrent_positions</span>' in owner.get(f"/audit/DESK/{DATE}/1").text
    )


@pytest.mark.parametrize(
    "path", [f"/audit/main/{DATE}/7", f"/audit/main/{DATE}/99999999", "/audit/main/2026-08-17/1"]
)
def test_an_entry_that_is_not_there(owner, path):
    assert owner.get(path).status_code == 404


def changed(desk, sequence: int) -> None:
    key = Key(audit_partition("main", DAY), f"{sequence:08d}")
    item = desk.audit_store.items[key]
    desk.audit_store.items[key] = {**item, "event_json": item["event_json"].replace("20", "21", 1)}


def test_a_whole_day_is_verified(text):
    told = text("/audit/verification")
    assert "Every chain is whole · 18 Aug 2026" in told
    assert "6 entries" in told
    assert "1 to 6: lines table" in told


def test_a_changed_entry_is_found_on_the_day_and_on_its_own_page(desk, text):
    changed(desk, 3)
    told = text("/audit/verification")
    assert "A chain is broken" in told
    assert "entry 3 was changed after it was written" in told
    assert "broken at entry 3" in told
    assert "changed after it was written" in text(f"/audit/main/{DATE}/3")
    assert "as it was written" in text(f"/audit/main/{DATE}/4")


def test_an_entry_that_was_put_in_the_place_of_another_is_told(desk, text):
    partition = audit_partition("main", DAY)
    two = desk.audit_store.items[Key(partition, "00000002")]
    desk.audit_store.items[Key(partition, "00000003")] = {**two, "sequence": 3}
    assert "is not the one that it names" in text(f"/audit/main/{DATE}/3")


def test_a_desk_without_a_day_has_a_page(owner):
    assert "Nothing was written" in owner.get("/audit?date=2020-01-01").text
    assert owner.get("/audit?date=gestern").status_code == 422
