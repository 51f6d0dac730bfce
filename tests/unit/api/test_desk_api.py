"""The desk as JSON, and what people and programs may change of it."""

import pytest

from patang.keys import risk_key, settings_key
from patang.portfolio.account_state import RiskState
from patang.ports import Put
from patang.settings import Settings
from patang.settings.changes import SettingsChanges
from tests.fakes import FixedClock
from tests.unit.api.sample_desk import DAY, HOSTILE, NOW


@pytest.fixture
def reader(stranger, bearer):
    headers = bearer("read")
    return lambda path, **params: stranger.get(path, headers=headers, params=params)


def test_the_status_holds_what_a_glance_needs(reader):
    status = reader("/api/status").json()
    assert status["mode"] == "paper"
    assert [s["state"] for s in status["sessions"]] == ["ACTIVE"]
    assert status["data"]["stale"] is False
    assert status["data"]["age_seconds"] == 1.0
    assert status["pnl"] == {
        "realised": -734.85,
        "unrealised": 389.4,
        "charges": 186.42,
        "total": -345.45,
        "closed_trades": 2,
    }
    assert [p["symbol"] for p in status["positions"]] == ["RELIANCE"]
    assert status["positions"][0]["last_price"] == 1021.35
    assert status["approvals"][0]["expected_net_profit"] == 1246.3
    assert [s["refused"] for s in status["signals"]] == [[], ["CONFIDENCE", "SPREAD"], ["COOLDOWN"]]
    assert status["events"][0]["kind"] == "POSITION_OPENED"
    [risk] = status["risk"]
    # At the bid, which is a rupee less on the 20 shares, and with 39.71 that the exit will cost.
    assert risk["daily_loss"] == 386.16
    assert risk["state"] == "ACTIVE"
    assert risk["blocked_by"] is None


def test_old_data_is_called_stale(reader, desk):
    desk.clock.advance(600)
    data = reader("/api/status").json()["data"]
    assert (data["stale"], data["age_seconds"]) == (True, 601.0)


def test_a_desk_that_has_seen_nothing_yet_is_shown(stranger, bearer, desk):
    status = stranger.get("/api/status", headers=bearer("read", principal="ravi")).json()
    assert [s["state"] for s in status["sessions"]] == ["MISSING"]
    assert status["pnl"]["total"] == 0
    assert [p["symbol"] for p in status["positions"]] == ["INFY"]


def test_positions_orders_and_signals(reader):
    def items(path, **params):
        return reader(path, **params).json()["items"]

    assert [p["position_id"] for p in items("/api/positions")] == ["p1"]
    closed = items("/api/positions", state="closed")
    assert [(p["position_id"], p["exit_reason"], p["realised_pnl"]) for p in closed] == [
        ("p3", "STOP", -324.4)
    ]
    assert items("/api/positions", state="closed", day="2026-08-17") == []
    assert [o["intent_id"] for o in items("/api/orders")] == ["N260818I1"]
    assert items("/api/orders", day="2026-08-17") == []
    assert items("/api/orders")[0]["message"] == HOSTILE
    assert len(items("/api/signals")) == 3
    assert len(items("/api/signals", limit=1)) == 1
    assert items("/api/signals")[0]["features"]["delta"] == 0.36


@pytest.mark.parametrize("path", ["/api/positions", "/api/orders", "/api/audit", "/api/audit/verification"])
def test_another_principals_account_does_not_exist(reader, path):
    for account in ("other", "nobody"):
        answer = reader(path, account=account)
        assert answer.status_code == 404
        assert answer.json()["message"] == f"you have no account '{account}'"


def test_accounts_show_nothing_secret(reader):
    answer = reader("/api/accounts")
    assert [(entry["account"], entry["enabled"]) for entry in answer.json()] == [
        ("family", False),
        ("main", True),
    ]
    assert "key-main" not in answer.text
    assert "secret" not in answer.text


def test_halt_and_resume(owner, desk):
    word = {"X-CSRF-Token": owner.csrf}
    halted = owner.post("/api/risk/halt", json={"reason": "news at noon"}, headers=word).json()
    assert [(r["account"], r["halted"], r["halt_reason"]) for r in halted] == [("main", True, "news at noon")]
    again = owner.post("/api/risk/halt", json={"reason": "other"}, headers=word).json()
    assert again[0]["halt_reason"] == "news at noon"
    assert desk.seen(RiskState, risk_key("main")).halted_by == "person:asha"
    assert desk.seen(RiskState, risk_key("other")) is None
    resumed = owner.post("/api/risk/resume", json={"account": "main"}, headers=word).json()
    assert resumed[0]["halted"] is False
    kinds = sorted(
        e["kind"] for key, e in desk.store.items.items() if key.partition.startswith("OUTBOX#main")
    )
    assert kinds.count("HALTED") == 1
    assert kinds.count("RESUMED") == 1


def test_nobody_halts_anothers_account(stranger, desk, bearer):
    wish = {"account": "other", "reason": "x"}
    assert stranger.post("/api/risk/halt", json=wish, headers=bearer("trade")).status_code == 404
    assert desk.seen(RiskState, risk_key("other")) is None


def test_audit_by_pages_and_its_verification(reader):
    first = reader("/api/audit", account="main", date=DAY.isoformat(), limit=4).json()
    second = reader("/api/audit", account="main", cursor=first["next"], limit=4).json()
    assert [e["sequence"] for e in first["items"] + second["items"]] == [1, 2, 3, 4, 5, 6]
    assert second["next"] is None
    check = reader("/api/audit/verification", account="main").json()
    # The reader's own token was issued a moment ago, and the linker has not come by since.
    head = reader("/api/audit/entries", account="main").json()["head"]
    assert check == {
        "account": "main",
        "day": DAY.isoformat(),
        "ok": True,
        "entries": 6,
        "first_bad": None,
        "reason": "",
        "unlinked": 1,
        "waiting_since": NOW.isoformat(),
        "head_hash": head["hash"],
        "files": [{"first": 1, "last": 6}],
    }


def test_a_changed_entry_is_reported(reader, desk):
    for item in desk.audit_store.items.values():
        if item.get("sequence") == 3 and "event_json" in item:
            item["event_json"] = item["event_json"].replace("PROPOSED", "DECLINED")
    check = reader("/api/audit/verification", account="main").json()
    assert (check["ok"], check["first_bad"]) == (False, 3)


def test_tokens_are_issued_by_the_signed_in_owner_alone(owner, stranger, bearer):
    wish = {"label": "laptop", "scopes": ["read", "trade"]}
    issued = owner.post("/api/tokens", json=wish, headers={"X-CSRF-Token": owner.csrf})
    assert issued.status_code == 201
    token = issued.json()["token"]
    assert stranger.get("/api/status", headers={"Authorization": f"Bearer {token}"}).status_code == 200
    listed = owner.get("/api/tokens")
    assert token not in listed.text
    assert [t["label"] for t in listed.json()] == ["laptop"]
    by_token = stranger.post("/api/tokens", json=wish, headers=bearer("admin"))
    assert by_token.status_code == 403
    address = f"/api/tokens/{issued.json()['token_id']}"
    assert owner.delete(address, headers={"X-CSRF-Token": owner.csrf}).status_code == 204
    assert owner.delete(address, headers={"X-CSRF-Token": owner.csrf}).status_code == 404
    assert stranger.get("/api/status", headers={"Authorization": f"Bearer {token}"}).status_code == 401


@pytest.mark.parametrize(
    "wish",
    [
        {},
        {"label": "", "scopes": ["read"]},
        {"label": "x", "scopes": []},
        {"label": "x", "scopes": ["root"]},
        {"label": "x" * 81, "scopes": ["read"]},
        {"label": "x", "scopes": ["read"], "days": 0},
        {"label": "x", "scopes": ["read"], "principal": "ravi"},
        [],
        "x",
        None,
    ],
)
def test_wrong_wishes_are_told_in_one_form(owner, wish):
    answer = owner.post("/api/tokens", json=wish, headers={"X-CSRF-Token": owner.csrf})
    assert answer.status_code == 422
    problem = answer.json()
    assert set(problem) == {"status", "error_type", "message", "status_code", "details"}
    assert problem["details"][0]["field"].startswith("body")


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("/api/audit/entries", {"account": "main", "after": -1}),
        ("/api/audit", {"account": "main", "limit": 10_000}),
        ("/api/audit", {"account": "main", "date": "yesterday"}),
        ("/api/audit", {}),
        ("/api/signals", {"limit": "x"}),
        ("/api/positions", {"state": "lost"}),
        ("/api/orders", {"day": "2026-13-40"}),
    ],
)
def test_wrong_questions_are_told(reader, path, params):
    assert reader(path, **params).status_code == 422


def test_a_fault_of_ours_tells_nothing(desk, owner):
    class Broken:
        def status(self, accounts):
            raise RuntimeError("secret-main was here")

    desk.desk_view = Broken
    for path, form in (("/api/status", "application/json"), ("/", "text/html")):
        answer = owner.get(path)
        assert answer.status_code == 500
        assert answer.headers["content-type"].startswith(form)
        assert answer.headers["cache-control"] == "no-store"
        assert "secret-main" not in answer.text


def test_wrong_settings_are_named(desk, stranger):
    desk.store.write(Put(settings_key(), {"document": '{"mode": "dream"}'}))
    answer = stranger.get("/api/status", headers={"Authorization": "Bearer patang_x"})
    assert answer.status_code == 401
    page = stranger.get("/login")
    assert page.status_code == 503
    assert "mode = &#39;dream&#39;" in page.text


def test_while_settings_are_wrong_the_desk_is_shown_and_says_so(desk, reader):
    SettingsChanges(desk.store, FixedClock()).put(Settings(profile="mine"), "asha")
    desk.store.write(Put(settings_key(), {"document": '{"mode": "dream"}'}))
    status = reader("/api/status").json()
    assert status["profile"] == "mine"
    assert len(status["positions"]) == 1
    (risk,) = status["risk"]
    assert risk["blocked_by"] == "SETTINGS_WRONG"
    assert "mode = 'dream'" in risk["blocked_because"]


def test_the_desks_own_chain_is_every_owners_to_check(desk, reader):
    SettingsChanges(desk.store, FixedClock()).put(Settings(profile="mine"), "asha")
    day = FixedClock().now().date().isoformat()
    found = reader("/api/audit/verification", account="DESK", date=day).json()
    assert (found["ok"], found["unlinked"]) == (True, 1)
    assert reader("/api/audit/verification", account="DESKS").status_code == 404
