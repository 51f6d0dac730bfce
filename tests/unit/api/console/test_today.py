"""Today's page: what it says of a desk, and what it offers to do."""

import re
from datetime import timedelta

from functions.api.console.curve import curve_of
from patang.desk_view.broker_views import PnlMoment
from patang.keys import alerts_key, curve_key, holdings_key, margins_key, mark_key
from tests.unit.api.sample_desk import DAY, NOW


def test_the_verdict_comes_first(text):
    said = text("/")
    assert (
        said.index("Needs you now") < said.index("RELIANCE has no stop at the broker") < said.index("Result")
    )


def test_money_is_told_as_people_in_india_read_it(text):
    said = text("/")
    for amount in ("−₹345.45", "−₹734.85", "+₹389.40", "₹90,421.56", "₹2,54,310.55", "₹37,444.80"):
        assert amount in said, amount


def test_the_day_is_a_line_and_the_same_in_words(owner, text):
    page = owner.get("/").text
    assert (
        "From ₹0.00 at 09:20 to −₹345.00 at 10:47; at best +₹310.00 at 09:40, at worst −₹794.00 at 10:20."
        in text("/")
    )
    [points] = re.findall(r'<polyline points="([^"]+)"', page)
    assert len(points.split()) == 7


def test_what_is_used_stands_beside_each_limit(text):
    said = text("/")
    assert "Positions 1 of 2" in said
    assert "Options 0 of 1" in said
    assert "RELIANCE ₹20,044.00 of ₹30,140.52" in said


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
    assert said.count("the broker has told nothing yet") == 3
    assert "Result through the day" not in said
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
