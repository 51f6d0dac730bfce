"""Instruments and option chains by HTTP: what is kept, for whoever may read."""

import pytest

from tests.unit.api.sample_market import CALL, EXPIRIES, with_market


@pytest.fixture
def desk(desk):
    return with_market(desk)


@pytest.fixture
def ask(stranger, bearer):
    headers = bearer("read")

    def get(path, **params):
        return stranger.get(path, params=params, headers=headers)

    return get


def test_a_search_is_told_by_pages(ask):
    first = ask("/api/instruments", text="nifty", kind="pe", limit=60).json()
    rest = ask("/api/instruments", text="nifty", kind="pe", limit=60, cursor=first["next"]).json()
    assert (len(first["items"]), len(rest["items"]), rest["next"]) == (60, 22, None)
    assert {row["instrument_type"] for row in first["items"] + rest["items"]} == {"PE"}


def test_a_search_is_narrowed(ask):
    found = ask("/api/instruments", underlying="NIFTY", strike="24500", expiry=str(EXPIRIES[0])).json()
    assert [row["id"] for row in found["items"]] == [f"NFO:{CALL}", f"NFO:{CALL[:-2]}PE"]
    assert ask("/api/instruments", text="INE101A01026").json()["items"][0]["tradingsymbol"] == "M&M"
    assert [
        row["exchange"] for row in ask("/api/instruments", text="reliance", exchange="bse").json()["items"]
    ] == ["BSE"]


@pytest.mark.parametrize(
    "wrong",
    [{"strike": "-1"}, {"strike": "NaN"}, {"expiry": "20260820"}, {"exchange": "N"}, {"limit": "501"}],
)
def test_what_is_no_question_is_refused(ask, wrong):
    assert ask("/api/instruments", **wrong).status_code == 422


def test_before_the_first_list_a_search_is_for_later(ask, desk):
    for path in [path for path in desk.objects.blobs if path.startswith("instruments/")]:
        del desk.objects.blobs[path]
    answer = ask("/api/instruments", text="nifty")
    assert answer.status_code == 503
    assert "08:30 IST" in answer.json()["message"]


def test_an_instrument_has_its_features_and_what_they_mean(ask):
    found = ask("/api/instruments/NSE/RELIANCE").json()
    assert (found["watched"], found["as_of"]) == (True, "2026-08-18T10:47:00+05:30")
    rsi = next(one for one in found["features"] if one["name"] == "rsi_14")
    assert (rsi["value"], rsi["unit"]) == (61.2, "0 to 100")
    assert ask("/api/instruments/NSE/M&M").json()["watched"] is False
    assert ask("/api/instruments/NSE/NIFTY 50").json()["instrument"]["underlying"] == "NIFTY"
    assert ask(f"/api/instruments/NFO/{CALL}").json()["contract"]["delta"] > 0
    for path in ("NSE/NOBODY", "BFO/RELIANCE"):
        assert ask(f"/api/instruments/{path}").status_code == 404


def test_chains_are_listed_and_shown(ask):
    assert ask("/api/chains").json() == [
        {"underlying": "NIFTY", "expiries": [day.isoformat() for day in EXPIRIES]}
    ]
    found = ask("/api/chains/NIFTY", strikes=2, expiry=str(EXPIRIES[1])).json()
    assert (found["expiry"], len(found["strikes"])) == ("2026-08-27", 5)
    assert found["strikes"][2]["strike"] == found["at_the_money"] == 24_500
    wrong = ask("/api/chains/NIFTY", expiry="2026-09-24")
    assert (wrong.status_code, wrong.json()["error_type"]) == (400, "BadRequestError")
    assert ask("/api/chains/SENSEX").status_code == 404
    assert ask("/api/chains/nifty").status_code == 422


def test_who_has_the_same_is_told_so(stranger, bearer, desk):
    headers = bearer("read")
    first = stranger.get("/api/chains/NIFTY", headers=headers)
    desk.clock.advance(5)
    again = stranger.get("/api/chains/NIFTY", headers=headers | {"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
