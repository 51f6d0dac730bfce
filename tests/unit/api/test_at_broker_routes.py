"""What is at the broker and how the day went, by HTTP, from what the desk keeps: nobody is asked for it."""

from datetime import timedelta
from decimal import Decimal

import pytest

from patang.accounts.seen import note_holdings, note_margins
from patang.alerts.seen import AlertsWatch, note_alerts
from patang.alerts.service import PriceAlerts
from patang.alerts.terms import AlertTerms
from patang.desk_view.at_broker import AtBroker
from patang.errors import BrokerRefused, SessionExpired, TryAgain
from patang.kite_replies.alerts import Alert
from patang.portfolio.day_curve import CurveMoment, DayCurve
from patang.portfolio.position import Mark
from patang.ports import BrokerHolding
from tests.fakes import RecordedMetrics
from tests.unit.api.sample_desk import DAY, HOSTILE, NOW, position, two_owners


class Kept:
    """The broker's end of alerts."""

    def __init__(self) -> None:
        self.there: dict[str, Alert] = {}
        self.looks = 0
        self.trouble: Exception | None = None

    def alerts(self) -> tuple[Alert, ...]:
        self.looks += 1
        if self.trouble is not None:
            raise self.trouble
        return tuple(self.there.values())

    def create_alert(self, terms: AlertTerms) -> str:
        if terms.name == "no":
            raise BrokerRefused("Alert condition is already met.")
        uuid = f"a-{len(self.there) + 1}"
        self.there[uuid] = alert(
            uuid, terms.name, lhs_tradingsymbol=terms.left.tradingsymbol, rhs_constant=terms.constant
        )
        return uuid

    def modify_alert(self, uuid: str, terms: AlertTerms) -> None:
        raise BrokerRefused(f"{uuid} is not changed here")

    def delete_alert(self, uuid: str) -> None:
        del self.there[uuid]


def alert(uuid: str, name: str = "INFY up", **changes) -> Alert:
    told = {
        "uuid": uuid,
        "type": "simple",
        "name": name,
        "status": "enabled",
        "lhs_exchange": "NSE",
        "lhs_tradingsymbol": "INFY",
        "lhs_attribute": "LastTradedPrice",
        "operator": ">=",
        "rhs_type": "constant",
        "rhs_constant": 1600,
        "created_at": "2026-08-18 09:30:00",
    }
    return Alert.model_validate(told | changes)


@pytest.fixture
def desk():
    """Two owners, and nothing that anybody has seen."""
    return two_owners()


@pytest.fixture
def kept(desk):
    broker = Kept()
    desk.price_alerts = lambda: PriceAlerts(lambda _: broker, desk.store, desk.clock, desk.clock.now)
    return broker


@pytest.fixture
def asked(owner):
    return lambda path, **params: owner.get(path, params=params).json()


def post(browser, body):
    return browser.post("/api/alerts", json=body, headers={"X-CSRF-Token": browser.csrf})


def shares(*rows: tuple[str, int, str, float | None, float | None]) -> list[BrokerHolding]:
    return [
        BrokerHolding("NSE", symbol, "", units, 0, 0, average, {"last_price": last, "close_price": close})
        for symbol, units, average, last, close in rows
    ]


def test_holdings_are_told_with_what_they_are_worth_and_when(desk, asked):
    told = shares(
        ("TCS", 5, "2900", 3010, 3000), ("ITC", 10, "420", 400.5, 398), ("NEW", 1, "50", None, None)
    )
    note_holdings(desk.store, "main", "paper", told, NOW)
    [main] = asked("/api/holdings")
    assert (main["account"], main["mode"], main["told_at"]) == ("main", "paper", "2026-08-18T10:47:30+05:30")
    assert (main["value"], main["cost"], main["pnl"], main["day_change"]) == (19055, 18700, 355, 75)
    assert main["unpriced"] == 1
    assert [row["symbol"] for row in main["rows"]] == ["TCS", "ITC", "NEW"]
    tcs, itc, new = main["rows"]
    assert (tcs["value"], tcs["pnl"], tcs["pnl_pct"], tcs["day_change_pct"]) == (15050, 550, 3.79, 0.33)
    assert (itc["pnl"], itc["pnl_pct"]) == (-195, -4.64)
    assert (new["value"], new["pnl"], new["day_change_pct"]) == (None, None, None)


def test_margins_are_told_by_segment_equity_first(desk, asked):
    funds = {"commodity": {"enabled": False, "net": 0}, "equity": {"net": 99.5, "available": {"cash": 120}}}
    note_margins(desk.store, "main", "paper", funds, NOW)
    [main] = asked("/api/margins")
    assert [(one["segment"], one["enabled"], one["net"]) for one in main["segments"]] == [
        ("equity", True, 99.5),
        ("commodity", False, 0),
    ]
    assert (main["segments"][0]["cash"], main["segments"][0]["span"]) == (120, None)


@pytest.mark.parametrize("path", ["/api/holdings", "/api/margins", "/api/alerts"])
def test_what_nobody_has_seen_yet_is_unknown_and_not_nothing(asked, path):
    [main] = asked(path)
    assert (main["account"], main["told_at"]) == ("main", None)
    assert main.get("value") is None


def test_what_was_seen_in_another_mode_is_of_another_account(desk, asked):
    note_holdings(desk.store, "main", "live", shares(("TCS", 5, "2900", 3010, 3000)), NOW)
    note_margins(desk.store, "main", "live", {"equity": {"net": 1}}, NOW)
    assert asked("/api/holdings")[0]["rows"] == []
    assert asked("/api/margins")[0]["segments"] == []


def test_a_share_that_the_broker_tells_no_price_of_has_the_guards_where_the_desk_holds_it(desk, asked):
    """On paper the broker knows no prices; what the desk itself holds has a mark."""
    held = position("main", "p1", "TCS", "OPEN").evolve(product="CNC")
    mark = Mark(
        position_id="p1",
        account="main",
        as_of=NOW,
        last_price=Decimal(3010),
        previous_close=Decimal(3000),
        unrealised_pnl=Decimal(0),
    )
    desk.keep(held, mark, position("main", "p2", "ITC", "OPEN"))
    told = shares(("TCS", 5, "2900", None, None), ("ITC", 10, "420", None, None))
    note_holdings(desk.store, "main", "paper", told, NOW)
    [main] = asked("/api/holdings")
    assert [(row["symbol"], row["value"], row["day_change"]) for row in main["rows"]] == [
        ("TCS", 15050, 50),
        ("ITC", None, None),
    ]
    assert (main["value"], main["unpriced"]) == (15050, 1)


@pytest.mark.parametrize("path", ["/api/holdings", "/api/margins", "/api/alerts", "/api/pnl/day"])
def test_anothers_is_never_shown(desk, owner, path):
    note_holdings(desk.store, "other", "paper", shares(("SECRET", 5, "2900", 3010, 3000)), NOW)
    note_margins(desk.store, "other", "paper", {"equity": {"net": 424242}}, NOW)
    note_alerts(desk.store, "other", [alert("a-9", "SECRET")], NOW)
    curve = (CurveMoment("09:16", Decimal(424242), Decimal(0), Decimal(0)),)
    desk.keep(DayCurve(account="other", day=DAY, points=curve))
    answer = owner.get(path)
    assert answer.status_code == 200
    assert "SECRET" not in answer.text
    assert "424242" not in answer.text
    assert owner.get(path, params={"account": "other"}).status_code == 404


@pytest.mark.parametrize("path", ["/api/holdings", "/api/margins", "/api/alerts", "/api/pnl/day"])
def test_what_has_not_changed_is_not_sent_again(owner, path):
    first = owner.get(path)
    again = owner.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_the_days_result_is_summed_over_the_accounts_as_it_went(desk, asked):
    desk.register("second", "AB1234", "asha")
    points = {
        "main": (("09:16", "10.50", "-2", "1"), ("09:18", "10.50", "5", "1")),
        "second": (("09:17", "-4", "1", "0.25"),),
    }
    for account, told in points.items():
        moments = tuple(CurveMoment(minute, *map(Decimal, rest)) for minute, *rest in told)
        desk.keep(DayCurve(account=account, day=DAY, points=moments))
    told = asked("/api/pnl/day", account="main")
    assert [point["total"] for point in told["points"]] == [8.5, 15.5]
    both = AtBroker(desk.store, lambda: "paper").through_day(("main", "second"), DAY)
    assert [(f"{p.at:%H:%M %z}", p.total, p.charges) for p in both.points] == [
        ("09:16 +0530", 8.5, 1),
        ("09:17 +0530", 5.5, 1.25),
        ("09:18 +0530", 12.5, 1.25),
    ]
    assert asked("/api/pnl/day", day="2026-08-17") == {"day": "2026-08-17", "points": []}


def test_an_alert_is_made_shown_and_deleted_and_the_list_is_asked_of_nobody(owner, desk, kept, asked):
    body = {"exchange": "NSE", "symbol": "INFY", "operator": ">=", "price": 1600.5}
    made = post(owner, body)
    assert made.status_code == 200, made.text
    assert (made.json()["name"], made.json()["constant"], made.json()["times"]) == (
        "INFY >= 1600.5",
        1600.5,
        0,
    )
    assert post(owner, body).json() == made.json(), "one that stands just so is the answer"
    looks = kept.looks
    [main] = asked("/api/alerts")
    assert [one["uuid"] for one in main["alerts"]] == ["a-1"]
    assert kept.looks == looks
    gone = owner.delete("/api/alerts/a-1", headers={"X-CSRF-Token": owner.csrf})
    assert (gone.status_code, gone.json()["uuid"], kept.there) == (200, "a-1", {})
    assert asked("/api/alerts")[0]["alerts"] == []


def test_what_the_broker_refuses_is_told_and_nothing_is_kept(owner, desk, kept, asked):
    answer = post(owner, {"exchange": "NSE", "symbol": "INFY", "operator": ">", "price": 1, "name": "no"})
    assert answer.status_code == 400
    assert "already met" in answer.json()["message"]
    assert asked("/api/alerts")[0]["told_at"] is None


def test_an_alert_that_places_orders_is_not_deleted_so(owner, desk, kept):
    kept.there["a-5"] = alert("a-5", type="ato")
    answer = owner.delete("/api/alerts/a-5", headers={"X-CSRF-Token": owner.csrf})
    assert answer.status_code == 400
    assert "places orders" in answer.json()["message"]
    assert "a-5" in kept.there


@pytest.mark.parametrize(
    "body",
    [
        {"exchange": "XYZ", "symbol": "INFY", "operator": ">=", "price": 1},
        {"exchange": "NSE", "symbol": "INFY", "operator": "=>", "price": 1},
        {"exchange": "NSE", "symbol": "INFY", "operator": ">=", "price": 0},
        {"exchange": "NSE", "symbol": "", "operator": ">=", "price": 1},
        {"exchange": "NSE", "symbol": "INFY", "operator": ">=", "price": 1, "orders": []},
        {"exchange": "NSE", "symbol": "INFY", "operator": ">=", "price": 1, "name": "https://evil.example"},
    ],
)
def test_what_no_alert_can_be_is_refused_before_anybody_is_asked(owner, kept, body):
    assert post(owner, body).status_code == 422
    assert kept.looks == 0


def test_a_token_that_may_only_read_makes_and_deletes_none(stranger, bearer, kept):
    body = {"exchange": "NSE", "symbol": "INFY", "operator": ">=", "price": 1600}
    headers = bearer("read")
    assert stranger.post("/api/alerts", json=body, headers=headers).status_code == 403
    assert stranger.delete("/api/alerts/a-1", headers=headers).status_code == 403
    assert kept.there == {}


def test_alerts_are_looked_at_every_few_minutes_and_silence_holds_nobody_up(desk, kept, asked):
    metrics = RecordedMetrics()
    watch = AlertsWatch(desk.store, lambda _: kept, desk.clock, metrics)
    kept.there = {
        "a-1": alert("a-1", created_at="2026-08-17 10:00:00"),
        "a-2": alert("a-2", HOSTILE, rhs_type="instrument", rhs_exchange="NSE", rhs_tradingsymbol="TCS"),
        "a-3": alert("a-3", status="deleted"),
        "a-4": alert("a-4", created_at=None, status="disabled", alert_count=2),
    }
    assert watch.refresh("main")
    shown = asked("/api/alerts")[0]["alerts"]
    assert [one["uuid"] for one in shown] == ["a-2", "a-1", "a-4"], "the newest first, deleted ones not"
    assert (shown[0]["name"], shown[0]["constant"], shown[0]["right"]) == (HOSTILE, None, "NSE:TCS")
    assert (shown[2]["status"], shown[2]["times"]) == ("disabled", 2)
    desk.clock.advance(299)
    assert not watch.refresh("main")
    desk.clock.advance(1)
    kept.trouble = SessionExpired("log in again")
    assert not watch.refresh("main")
    assert metrics.counts == {}, "others tell of a session that is over, and all day long"
    kept.trouble = TryAgain("too many calls")
    assert not watch.refresh("main")
    assert metrics.counts["alerts_not_seen"] == 1
    assert len(asked("/api/alerts")[0]["alerts"]) == 3, "what was seen last is still shown, with its age"
    kept.trouble = None
    assert watch.refresh("main")
    assert asked("/api/alerts")[0]["told_at"] == (NOW + timedelta(minutes=5)).isoformat()


def test_of_very_many_alerts_the_newest_are_kept_and_the_rest_is_counted(desk, asked):
    many = [alert(f"a-{n:04}", created_at=f"2026-08-18 10:{n // 60:02}:{n % 60:02}") for n in range(503)]
    note_alerts(desk.store, "main", many, NOW)
    [main] = asked("/api/alerts")
    assert (len(main["alerts"]), main["left_out"], main["alerts"][0]["uuid"]) == (500, 3, "a-0502")
