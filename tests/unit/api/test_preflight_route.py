"""The day's preflight and the accounts' graduation, as their owners see them."""

from patang.market.preflight import Check, Preflight
from tests.unit.api.sample_desk import DAY, NOW

CHECKS = (
    Check(name="egress_ip", passed=False, found="198.51.100.9", expected="203.0.113.7", to_do="register"),
    Check(name="session", account="main", passed=True, found="live"),
    Check(name="session", account="other", passed=False, found="the session of ravi is over"),
)


def test_before_the_first_there_is_none(stranger, bearer):
    answer = stranger.get("/api/preflight", headers=bearer("read"))
    assert answer.status_code == 404
    assert answer.json()["error_type"] == "NOT_RUN"


def test_it_tells_the_desks_checks_and_ones_own(desk, stranger, bearer):
    reason = "; ".join(map(str, CHECKS[::2]))
    desk.keep(
        Preflight(
            day=DAY,
            mode="live",
            scheduled_time=NOW,
            ran_at=NOW,
            passed=False,
            checks=CHECKS,
            reason=reason,
            told=reason,
        )
    )
    answer = stranger.get("/api/preflight", headers=bearer("read"))
    told = answer.json()
    assert told["passed"] is False
    assert [(check["name"], check["account"]) for check in told["checks"]] == [
        ("egress_ip", None),
        ("session", "main"),
    ]
    assert told["checks"][0]["to_do"] == "register"
    assert told["reason"] == "egress_ip: 198.51.100.9"
    assert "ravi" not in answer.text


def test_before_the_first_tick_yesterdays_result_is_not_todays(desk, stranger, bearer):
    """The market was last seen yesterday afternoon, and the preflight of then had passed."""
    passed = {"day": DAY, "mode": "live", "scheduled_time": NOW, "ran_at": NOW, "passed": True}
    desk.keep(Preflight.model_validate(passed | {"checks": ()}))
    assert stranger.get("/api/preflight", headers=bearer("read")).json()["passed"] is True
    desk.clock.advance(22 * 3600)
    assert stranger.get("/api/preflight", headers=bearer("read")).status_code == 404


def test_graduation_tells_what_is_missing_of_ones_own_accounts(stranger, bearer):
    told = stranger.get("/api/graduation", headers=bearer("read")).json()
    assert {entry["account"] for entry in told} <= {"main", "family"}
    assert all(entry["stage"] == "PAPER" for entry in told)
    assert "paper_sessions" in {condition["name"] for condition in told[0]["conditions"]}
