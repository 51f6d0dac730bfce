"""Lists by pages, and answers that are told to be as they were."""

from datetime import timedelta

import pytest

from patang.desk_view.paging import cursor_at
from tests.unit.api.sample_desk import DAY, NOW, intent, position, signal


@pytest.fixture
def reader(stranger, bearer):
    headers = bearer("read")
    return lambda path, **params: stranger.get(path, headers=headers, params=params)


def all_of(reader, path, limit, **params):
    found, cursor, pages = [], None, 0
    while pages < 50:
        page = reader(path, limit=limit, **params | ({"cursor": cursor} if cursor else {})).json()
        assert len(page["items"]) <= limit
        found, cursor, pages = found + page["items"], page["next"], pages + 1
        if cursor is None:
            return found
    raise AssertionError("the pages do not end")


def test_the_pages_of_a_list_are_the_list(reader, desk):
    desk.keep(
        *(position("main", f"q{n}", f"S{n}", "OPEN") for n in range(7)),
        *(position("main", f"c{n}", f"C{n}", "CLOSED") for n in range(5)),
        *(intent("main", f"N260818J{n}", "ACKED").evolve(written_at=NOW + timedelta(n)) for n in range(6)),
        *(signal(f"t{n}", NOW.replace(minute=n, second=0), refused=("SPREAD",) * (n % 2)) for n in range(9)),
    )
    for path, params, name, how_many in (
        ("/api/positions", {}, "position_id", 8),
        ("/api/positions", {"state": "closed"}, "position_id", 6),
        ("/api/orders", {}, "intent_id", 7),
        ("/api/signals", {}, "signal_id", 12),
        ("/api/signals", {"refused": "true"}, "signal_id", 6),
        ("/api/signals", {"refused": "false"}, "signal_id", 6),
        ("/api/signals", {"strategy": "equity"}, "signal_id", 0),
        ("/api/audit", {"account": "main"}, "sequence", 6),
        ("/api/audit", {"account": "main", "order": "newest"}, "sequence", 6),
    ):
        whole = [item[name] for item in all_of(reader, path, 500, **params)]
        assert len(whole) == how_many, (path, params)
        for limit in (1, 3):
            assert [item[name] for item in all_of(reader, path, limit, **params)] == whole


def test_the_newest_stand_in_front(reader, desk):
    desk.keep(
        *(intent("main", f"N260818J{n}", "ACKED").evolve(written_at=NOW + timedelta(n)) for n in range(3))
    )
    orders = [order["intent_id"] for order in reader("/api/orders").json()["items"]]
    assert orders == ["N260818J2", "N260818J1", "N260818J0", "N260818I1"]
    newest = reader("/api/audit", account="main", order="newest").json()["items"]
    assert [event["sequence"] for event in newest] == [6, 5, 4, 3, 2, 1]


def test_the_audit_log_by_kind_and_by_whom(reader):
    def kinds(**params):
        return [e["kind"] for e in reader("/api/audit", account="main", **params).json()["items"]]

    assert kinds(kind="APPROVED") == ["APPROVED"]
    assert kinds(actor="patang") == ["SIGNAL", "PROPOSED", "POSITION_OPENED"]
    assert kinds(actor="patang", kind="APPROVED") == []
    assert kinds(text="reliance 1002") == ["ORDER_FILLED"]
    assert kinds(text="reliance", actor="patang") == ["SIGNAL", "PROPOSED", "POSITION_OPENED"]


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "!!!!",
        "W10",
        cursor_at("one"),
        cursor_at("1", "2", "3"),
        "WzFd",
        "é",
        cursor_at("\ud800", "x"),
    ],
)
@pytest.mark.parametrize("path", ["/api/positions", "/api/orders", "/api/fills"])
def test_a_cursor_that_no_page_has_given_is_told(reader, path, cursor):
    assert reader(path, cursor=cursor).status_code == 400


def test_a_cursor_leads_to_nobody_elses_list(reader, stranger, bearer, desk):
    desk.keep(*(position("main", f"q{n}", f"S{n}", "OPEN") for n in range(3)))
    cursor = reader("/api/positions", limit=1).json()["next"]
    others = stranger.get(
        "/api/positions", params={"cursor": cursor}, headers=bearer("read", principal="ravi")
    )
    assert {item["account"] for item in others.json()["items"]} <= {"other"}


@pytest.mark.parametrize(
    "path",
    ["/api/positions", "/api/orders", "/api/signals", "/api/risk", "/api/pnl", "/api/settings", "/api/funds"],
)
def test_what_has_not_changed_is_not_sent_again(stranger, desk, bearer, path):
    headers = bearer("read")
    first = stranger.get(path, headers=headers)
    tag = first.headers["etag"]
    for known in (tag, f"W/{tag}", f'"x", {tag}'):
        again = stranger.get(path, headers=headers | {"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        assert "content-type" not in again.headers
        assert again.headers["cache-control"] == "no-store"
    other = stranger.get(path, headers=headers | {"If-None-Match": '"x"'})
    assert (other.status_code, other.json()) == (200, first.json())


def test_a_tag_follows_what_it_stands_for(stranger, desk, bearer):
    headers = bearer("read")
    tag = stranger.get("/api/positions", headers=headers).headers["etag"]
    desk.keep(position("main", "p9", "ITC", "OPEN"))
    after = stranger.get("/api/positions", headers=headers | {"If-None-Match": tag})
    assert after.status_code == 200
    assert after.headers["etag"] != tag


def test_a_tag_opens_nothing(stranger, bearer):
    tag = stranger.get("/api/positions", headers=bearer("read")).headers["etag"]
    for known in (tag, "*"):
        assert stranger.get("/api/positions", headers={"If-None-Match": known}).status_code == 401


def test_a_day_is_written_out(reader):
    for day in ("0", "1755475200", "2026-8-1", "20260818", "2026-02-30", "٢٠٢٦-٠٨-١٨"):
        assert reader("/api/orders", day=day).status_code == 422
    assert reader("/api/orders", day=DAY.isoformat()).status_code == 200
