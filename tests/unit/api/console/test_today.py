"""Today's page: what it says of a desk, and what it offers to do."""

import re
from datetime import timedelta
from decimal import Decimal

from functions.api.console.curve import curve_of
from functions.api.console.limits import Gauge, limits_of
from patang.accounts.funds import Funds
from patang.accounts.health import BrokerCalls
from patang.approvals.requests.record import AskedOn
from patang.desk_view.broker_views import PnlMoment
from patang.keys import (
    alerts_key,
    curve_key,
    holdings_key,
    margins_key,
    mark_key,
    market_clock_key,
    risk_key,
    settings_key,
)
from patang.market.preflight import Check, Preflight
from patang.portfolio.account_state import RiskState
from patang.ports import Put
from patang.records import replace
from patang.settings import Settings
from tests.unit.api.sample_desk import DAY, NOW


def test_the_verdict_comes_first(text):
    said = text("/")
    assert (
        said.index("Needs you now") < said.index("RELIANCE has no stop at the broker") < said.index("Decide")
    )


def test_flatten_names_what_is_sold_and_what_is_cancelled(owner, desk):
    asked = re.search(r'data-confirm-title="Flatten main\?" data-confirm="([^"]+)"', owner.get("/").text)
    assert asked
    assert asked[1].split("\n")[1:] == ["20 RELIANCE (+₹389.40)", "Cancelled: buy 20 RELIANCE"]


def test_what_is_read_in_three_seconds_stands_before_what_is_unfolded(owner):
    page = owner.get("/").text
    places = [page.index(f'id="{name}"') for name in ("verdict", "approvals", "positions", "pnl", "risk")]
    assert places == sorted(places)
    folded = re.findall(r'<details id="([^"]+)"><summary|<details id="([^"]+)">', page)
    names = {first or second for first, second in folded}
    assert names == {f"{part}-fold" for part in ("holdings", "closed", "signals", "events", "alerts")} | {
        "limits-of-main"
    }
    assert "<details open" not in page


def test_what_is_folded_says_what_it_comes_to(text):
    said = text("/")
    for line in (
        "P&L today −₹345.45",
        "Holdings ₹37,444.80 · today −₹252.00",
        "Closed today · 1 0 won, 1 lost",
        "Last signals 10:47 call NIFTY26AUG24500CE, sent to accounts",
        "Last events 10:21 position opened",
        "Price alerts · 1",
        "NSE:INFY at or above ₹1,600.00",
    ):
        assert line in said, line


def test_money_is_told_as_people_in_india_read_it(text):
    said = text("/")
    for amount in ("−₹345.45", "−₹734.85", "+₹389.40", "₹90,421.56", "₹2,54,310.55", "₹37,444.80"):
        assert amount in said, amount


def test_the_day_is_a_line_and_the_same_in_words(owner, text):
    page = owner.get("/").text
    assert "₹0.00 at 09:20 to −₹345.00 at 10:47; best +₹310.00 at 09:40, worst −₹794.00 at 10:20" in text("/")
    assert '<span class="amount">−₹794.00</span> at 10:20' in page, "no line ends with the minus"
    [points] = re.findall(r'<polyline points="([^"]+)"', page)
    assert len(points.split()) == 7


def test_what_is_used_stands_beside_each_limit(desk, text):
    before = text("/")
    told = {"account": "main", "mode": "paper", "net": Decimal("254310.55"), "told_at": NOW}
    desk.keep(Funds.model_validate(told), calls_of("main", 180.0))
    said = text("/")
    for line in (
        "Day's loss ₹386.16 of ₹9,000.00",
        "If all stops hit ₹1,050.16 of ₹9,000.00",
        "Drawdown ₹735.30 of ₹30,000.00",
        "Exposure ₹20,044.00 of ₹90,421.56",
        "Positions 1 of 2",
        "The day's loss counts what selling now would cost in charges.",
        "11 more limits",
        "Options 0 of 1",
        "In RELIANCE ₹20,044.00 of ₹30,140.52",
        "Equity strategy ₹20,044.00 of ₹60,281.04",
        "Long options strategy ₹0.00 of ₹30,140.52",
        "Cash, buffer kept ₹20,044.00 of ₹2,71,264.68",
        "Free funds held back ₹23,119.14 of ₹2,54,310.55",
        "Losing stops 1 of 3",
        "Broker's answer time 180 ms of 500 ms",
        "Errors in a minute 0 of 5",
        "Orders by hand today 0 of 20",
        "Value by hand today ₹0.00 of ₹3,00,000.00",
        "Each entry may lose ₹6,028.10 at its stop. It needs a probability to win of 80 %",
    ):
        assert line in said, line
    assert "Free funds held back – of –" in before
    assert "Broker's answer time – of 500 ms" in before


def calls_of(account, milliseconds):
    return BrokerCalls.model_validate(
        {"account": account, "calls": [{"at": NOW, "milliseconds": milliseconds}] * 5}
    )


def test_what_is_not_known_has_no_bar(owner):
    page = owner.get("/").text
    assert 'aria-label="Losing stops"' in page
    assert 'aria-label="Free funds held back"' not in page


def test_a_limit_that_is_nearly_used_up_is_named_before_it_is_unfolded(desk):
    [risk] = desk.desk_view().risk(("main",))
    assert limits_of(risk).near == ()
    fuller = [
        one.model_copy(update={"used": 0.9 * one.allowed}) if one.limit == "cash" else one
        for one in risk.budgets
    ]
    fullest = [
        one.model_copy(update={"used": one.allowed}) if one.of == "RELIANCE" else one for one in fuller
    ]
    near = limits_of(risk.model_copy(update={"budgets": tuple(fullest)})).near
    assert [one.name for one in near] == ["In RELIANCE", "Cash, buffer kept"]
    assert Gauge("Cash", 5.0, 0.0, "").share == 1.0
    assert Gauge("Options", 0.0, 0.0, "").share == 0.0


def test_what_keeps_entries_away_is_told_with_its_end(desk, text):
    state = desk.seen(RiskState, risk_key("main"))
    desk.store.write(replace(state.evolve(last_option_entry=NOW - timedelta(hours=20))))
    said = text("/")
    assert "The last option was entered at 17 Aug 14:47: none before 19 Aug 14:47" in said
    assert "Entries open" in said


def test_the_checks_before_the_open_and_the_days_requests_are_read_from_the_store(desk, text):
    failed = Check(name="funds", passed=False, found="none were told", account="main")
    run = {"day": DAY, "mode": "paper", "scheduled_time": NOW, "ran_at": NOW, "passed": False}
    desk.keep(
        Preflight.model_validate(run | {"checks": (failed,)}),
        AskedOn(account="main", day=DAY, orders=3, value=Decimal(41_000)),
        AskedOn(account="other", day=DAY, orders=9),
    )
    said = text("/")
    assert "Entries closed main Halt" in said
    assert said.count("did not pass: funds: none were told") == 2, "in the verdict, and beside the limits"
    assert "Orders by hand today 3 of 20" in said
    assert "Value by hand today ₹41,000.00 of ₹3,00,000.00" in said


def test_a_gate_that_is_closed_says_why_beside_the_limits(desk, text):
    settings = Settings.model_validate({"risk": {"max_concurrent_positions": 1}})
    desk.store.write(Put(settings_key(), {"document": settings.model_dump_json()}))
    desk.clock.advance(6)
    said = text("/")
    why = "1 of 1 positions are taken, by what is open and by orders on their way"
    assert f"main takes no new entry now: {why}" in said
    assert re.search(f"Entries closed main Halt Flatten {why} Day's loss", said)


def test_nothing_is_well_said_of_entries_while_the_market_is_closed(desk, text):
    evening = NOW.replace(hour=16)
    desk.clock.advance((evening - NOW).total_seconds())
    desk.store.items[market_clock_key()] |= {"seen_at": evening.isoformat()}
    said = text("/")
    assert "Market closed" in said
    assert "Entries open" not in said


def test_what_is_not_known_is_a_dash_and_never_zero(desk, text):
    for key in (
        holdings_key("main"),
        margins_key("main"),
        alerts_key("main"),
        curve_key("main", DAY, "09"),
        curve_key("main", DAY, "10"),
        mark_key("p1"),
    ):
        desk.store.items.pop(key)
    said = text("/")
    assert said.count("nothing received from the broker yet") == 3
    assert "P&L through the day" not in said
    assert re.search(r"₹1,002.20 – ", said), "a position without a mark"


def test_another_owner_sees_his_own_alone(desk, sign_in):
    ravi = sign_in("other", "XY5678").get("/").text
    assert "INFY" in ravi
    assert "/positions/p1" not in ravi
    assert "N260818I1" not in ravi
    assert "2,54,310.55" not in ravi


def test_what_can_be_done_names_the_route_that_does_it(owner):
    page = owner.get("/").text
    assert set(re.findall(r'data-api="([^"]+)"', page)) == {
        "POST /api/risk/halt",
        "POST /api/risk/flatten",
        "POST /api/positions/p1/exit",
        "POST /api/orders/N260818I1/cancel",
        "DELETE /api/alerts/a-1?account=main",
        "POST /api/alerts",
    }


def test_a_line_needs_two_ends():
    one = PnlMoment(at=NOW, realised=0, unrealised=5, charges=0, total=5)
    assert curve_of(()) is None
    assert curve_of((one,)) is None
    flat = curve_of((one, one.model_copy(update={"at": NOW + timedelta(minutes=1)})))
    assert flat.line == "0.0,0.0 600.0,0.0"
    assert flat.zero == "100.0"


def test_the_first_view_is_light(owner):
    """What a browser fetches for it, compressed where the desk compresses: below 100 KB."""
    asked = {"Accept-Encoding": "gzip"}
    page = owner.get("/", headers=asked)
    addresses = set(re.findall(r'"(/static/[^"]+)"', page.text))
    seen, waiting = set(), addresses
    while waiting:
        address = waiting.pop()
        seen.add(address)
        imported = re.findall(r'import [^"]*"\./([^"]+)"|from "\./([^"]+)"', owner.get(address).text)
        beside = {address.rsplit("/", 1)[0] + "/" + (a or b) for a, b in imported}
        waiting |= beside - seen
    assert len(seen) > len(addresses), "modules import others"
    sizes = [int(owner.get(one, headers=asked).headers["content-length"]) for one in seen]
    assert len(page.content) + sum(sizes) < 100_000
