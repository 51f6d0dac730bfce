"""The desk's own tools: features, option chains, sessions, results, the audit log, checks."""

from datetime import date, datetime, timedelta

import pytest

from patang.approvals.proposal import Proposal
from patang.execution.reconciliation.record import Reconciliation
from patang.features.vector import CANDLE_FEATURES, FEATURE_NAMES
from patang.keys import proposal_key
from patang.market.candles import ClosedMinute
from patang.market.kept_chain import ChainRow, ChainSnapshot
from patang.market.minutes import MinuteClose
from patang.market.preflight import Check, Preflight
from patang.market.sessions import IST
from patang.tools.calling import call
from tests.unit.api.sample_desk import NOW

LAST_MINUTE = NOW.replace(second=0) - timedelta(minutes=1)
ORDER = "o20260818-1046-a1"


@pytest.fixture
def own(desk, caller):
    """Calls a tool as asha's program on a desk that nobody has changed before."""
    before = (dict(desk.store.items), dict(desk.store.places), dict(desk.objects.blobs))

    def ask(name, **args):
        answered = call(caller(), name, args)
        assert not answered.failed, answered.reply
        return answered.reply

    yield ask
    desk.store.items, desk.store.places, desk.objects.blobs = before


def refused(caller, name, **args):
    answered = call(caller(), name, args)
    assert answered.failed
    return answered.reply


def close(desk, minute, symbol="NIFTY"):
    values = [float(at) for at in range(len(FEATURE_NAMES))]
    values[FEATURE_NAMES.index("adx_14")] = None
    path = ClosedMinute.path(minute, "shard-0")
    closed = ClosedMinute(
        minute=minute,
        shard="shard-0",
        candles=(),
        feature_names=FEATURE_NAMES,
        features={symbol: tuple(values)},
        features_5m={symbol: (1.5,) * len(CANDLE_FEATURES)},
        undefined={symbol: {"adx_14": "fewer bars than it needs"}},
        quotes=(),
    )
    desk.objects.put(path, closed.model_dump_json().encode())
    desk.keep(MinuteClose(minute=minute, shard="shard-0", path=path, candles=0))


def test_features_are_those_of_the_last_closed_minute_with_why_one_is_missing(desk, own):
    close(desk, LAST_MINUTE - timedelta(minutes=2))
    found = own("get_features", symbol="NIFTY")
    assert found.as_of == LAST_MINUTE - timedelta(minutes=1)
    assert found.values["ema_26"] == 1.0
    assert found.values["adx_14"] is None
    assert found.missing["adx_14"] == "fewer bars than it needs"
    assert found.values_5m["ema_12"] == 1.5
    assert found.values_15m["ema_12"] is None
    assert found.missing["ema_12_15m"] == "not quoted today"
    at = own("get_features", symbol="NIFTY", as_of=(LAST_MINUTE - timedelta(minutes=1)).isoformat())
    assert at == found


def test_what_is_not_watched_has_no_features(desk, own, caller):
    close(desk, LAST_MINUTE)
    assert "no features of 'WIPRO'" in refused(caller, "get_features", symbol="WIPRO").message
    assert (
        "say its offset"
        in refused(caller, "get_features", symbol="NIFTY", as_of="2026-08-18T10:00:00").message
    )


def row(strike: float, kind: str, expiry: date) -> ChainRow:
    return ChainRow(
        identifier=f"NFO:NIFTY{expiry:%y%b%d}{strike:.0f}{kind}".upper(),
        expiry=expiry, strike=strike, type=kind, last=100.0, bid=99.5, ask=100.5, spread_pct=1.0,
        volume=10, oi=20, oi_trend=None, iv=0.12, delta=0.5, theta=-9.0, vega=11.0, time_value=20.0,
        exchange_time=NOW,
    )  # fmt: skip


def test_a_chain_shows_the_strikes_round_the_money_with_their_greeks(desk, own, caller):
    near, far = date(2026, 8, 20), date(2026, 8, 27)
    strikes = [24_300.0 + 50 * step for step in range(9)]
    rows = [
        row(strike, kind, expiry) for expiry in (near, far) for strike in strikes for kind in ("CE", "PE")
    ]
    as_of = datetime(2026, 8, 18, 10, 40, tzinfo=IST)
    kept = ChainSnapshot(
        underlying="NIFTY", as_of=as_of, spot=24_510.0, iv=0.12, iv_skew=0.01, iv_rank=0.4,
        iv_rank_own_days=10, iv_rank_vix_days=242, rows=tuple(rows),
    )  # fmt: skip
    desk.objects.put(ChainSnapshot.path("NIFTY", as_of), kept.model_dump_json().encode())
    found = own("get_option_chain", underlying="NIFTY", strikes_each_side=2)
    assert (found.as_of, found.expiry, found.expiries) == (as_of, near, (near, far))
    assert [(r.strike, r.type) for r in found.rows] == [
        (strike, kind) for strike in (24_450, 24_500, 24_550, 24_600) for kind in ("CE", "PE")
    ]
    assert found.rows[0].delta == 0.5
    assert (found.put_call_ratio, found.max_pain) == (1.0, 24_500)
    calls = own("get_option_chain", underlying="NIFTY", expiry="2026-08-27", kind="CE")
    assert {(r.expiry, r.type) for r in calls.rows} == {(far, "CE")}
    wrong = refused(caller, "get_option_chain", underlying="NIFTY", expiry="2026-09-24")
    assert "2026-08-20, 2026-08-27" in wrong.message
    assert "no option chain of 'SENSEX'" in refused(caller, "get_option_chain", underlying="SENSEX").message


def test_a_session_says_how_long_and_where_to_log_in(own, caller):
    (main,) = own("get_session").accounts
    assert (main.state, main.login_url) == ("ACTIVE", None)
    assert "no login is needed" in own("login").message
    missing = call(caller(name="ravi"), "login", {}).reply
    assert missing.state == "MISSING"
    assert missing.login_url == "http://testserver/login?account=other&user=XY5678"
    (other,) = call(caller(name="ravi"), "get_session", {}).reply.accounts
    assert other.login_url == missing.login_url


def test_results_are_grouped(own):
    by_symbol = own("performance", from_date="2026-08-18", to_date="2026-08-18", by="symbol")
    assert [(group.name, group.trades) for group in by_symbol.groups] == [("TCS", 1)]
    assert by_symbol.total.realised == -324.4
    assert own("performance").total.trades == 1
    assert own("performance", to_date="2026-08-17").groups == ()
    assert own("performance", to_date="0001-01-01").groups == (), "no day lies before it"


def test_the_audit_log_is_read_by_pages_and_by_kind(own):
    first = own("search_audit", newest_first=False, limit=4)
    assert [event.sequence for event in first.events] == [1, 2, 3, 4]
    rest = own("search_audit", newest_first=False, limit=4, cursor=first.next)
    assert ([event.sequence for event in rest.events], rest.next) == ([5, 6], None)
    (signal,) = own("search_audit", kind="SIGNAL").events
    assert own("search_audit", text="0.83 reliance").events == (signal,)
    assert signal.details["symbol"] == "RELIANCE"


def test_the_preflight_shows_only_whose_it_is(desk, own):
    checks = (
        Check(name="clock", passed=True, found="in time"),
        Check(name="session", passed=False, found="none", account="main"),
        Check(name="session", passed=False, found="none", account="other"),
    )
    desk.keep(
        Preflight(
            day=NOW.date(), mode="live", scheduled_time=NOW, ran_at=NOW, passed=False, checks=checks,
            reason="session of main: none; session of other: none", told="session of other",
        )
    )  # fmt: skip
    found = own("preflight")
    assert [check.account for check in found.checks] == [None, "main"]
    assert "other" not in found.model_dump_json()


def test_a_comparison_is_asked_for_and_the_last_one_shown(desk, own):
    assert own("get_reconciliation").accounts == ()
    desk.keep(Reconciliation(account="main", mode="paper", as_of=NOW, looked_at=NOW, clean=True))
    asked = own("reconcile")
    assert asked.asked == ("main",)
    assert [one.account for one in asked.accounts] == ["main"]
    assert desk.poll_queue.tickets[-1][0] == {"reconcile": ["main"]}


def test_halting_and_resuming_are_told_with_who_did_it(own):
    (halted,) = own("halt", reason="news at noon").accounts
    assert (halted.halted, halted.halt_reason, halted.halted_by) == (True, "news at noon", "token:t1 of asha")
    (resumed,) = own("resume").accounts
    assert not resumed.halted


@pytest.mark.parametrize("by", ["person:asha", "breaker", "reconciler", "arn:aws:iam::1:user/asha"])
def test_no_program_sets_going_what_its_owner_has_stopped(desk, own, caller, by):
    """Nor what the breaker has, and a program that was first to halt holds no door open."""
    own("halt", reason="a pretext")
    desk.halts().halt("main", "no more today", by, NOW)
    told = refused(caller, "resume", account_id="main")
    assert (told.status_code, by in told.message) == (403, True)
    (still,) = own("get_risk_state").accounts
    assert (still.halted, still.halted_by, still.halt_reason) == (True, by, "no more today")
    desk.halts().resume("main", "person:asha", NOW)
    (free,) = own("get_risk_state").accounts
    assert not free.halted


def test_a_program_does_not_keep_its_owners_telephone_ringing(desk, own, caller):
    """Each halt and each resume is an urgent message; in the end the desk stays halted."""
    before, answers = len(desk.notifier.sent), []
    for number in range(30):
        own("halt", reason=f"again {number}")
        answers.append(call(caller(), "resume", {"account_id": "main"}).failed)
    assert answers == [False] * 5 + [True] * 25
    assert len(desk.notifier.sent) - before == 11
    assert own("get_risk_state").accounts[0].halted
    desk.halts().resume("main", "person:asha", NOW)
    assert not own("get_risk_state").accounts[0].halted


def test_flatten_says_what_it_has_begun_also_where_that_is_nothing(desk, own):
    first, again = own("flatten"), own("flatten")
    held, cancels = len(first.accounts[0].exits), len(first.accounts[0].cancels)
    assert (len(first.accounts), held > 0) == (1, True)
    told = "Entries are stopped until somebody resumes. Of the desk's own, positions being sold: {}, "
    told += "being sold already: {}, entries being cancelled: {}."
    assert first.message == told.format(held, 0, cancels)
    assert again.message == told.format(0, held, len(again.accounts[0].cancels))


@pytest.mark.parametrize("tool", ["halt", "flatten"])
@pytest.mark.parametrize("reason", ["see https://evil.example/approve", "news\nDecide until 15:00"])
def test_no_caller_puts_a_link_or_a_line_of_his_into_the_desks_messages(desk, caller, tool, reason):
    before = list(desk.notifier.sent)
    told = refused(caller, tool, account_id="main", reason=reason)
    assert [field["field"] for field in told.details["fields"]] == ["reason"]
    assert desk.notifier.sent == before


def test_an_approval_is_decided_by_its_digest(desk, own, caller):
    (waiting,) = own("list_pending_approvals").approvals
    named = {"order_id": waiting.order_id, "decision": "decline"}
    changed = refused(caller, "decide_approval", **named, terms_digest="0" * 64)
    assert (changed.status_code, changed.message.partition(":")[0]) == (409, "TERMS_CHANGED")
    assert own("decide_approval", **named, terms_digest=waiting.terms_digest).result == "DECLINED"
    assert desk.seen(Proposal, proposal_key("main", ORDER)).state == "DECLINED"


def test_settings_are_shown_by_their_paths_and_no_tool_changes_them(own):
    found = own("get_settings")
    assert found.settings["mode"] == "paper"
    assert (found.version, found.next_session) == (0, {})
