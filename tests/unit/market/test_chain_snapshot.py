"""A chain as it is kept: complete, null where nothing is known, and the same again when it is read."""

import json
from datetime import date, timedelta

import pytest

from patang.features.chain_volatility import ChainVolatility
from patang.features.state import FeatureState
from patang.market.candles import Quote
from patang.market.chain_snapshot import ChainSnapshot, chain_snapshot
from patang.market.greeks import price, years_to
from patang.market.ticks import unpack
from patang.market.volatility import VolatilityRange
from tests.unit.market.market_day import (
    EXPIRY,
    SESSION,
    STRIKES,
    at,
    index,
    option,
    stream,
    universe,
)

SPOT = 8612.0
NOW = at("11:00")
NEAR = date(2016, 8, 18)
YEAR = VolatilityRange(low=0.10, high=0.26, own_days=3, vix_days=200)


def quote(contract, volatility: float, **changes) -> Quote:
    is_call, strike = contract.instrument_type == "CE", float(contract.strike)
    premium = float(price(is_call, SPOT, strike, years_to(contract.expiry, NOW), volatility))
    values = {
        "identifier": contract.identifier,
        "last_price": premium,
        "bid": premium - 0.5,
        "ask": premium + 0.5,
        "volume": 100,
        "oi": 5000,
        "exchange_time": NOW,
        "oi_trend": -1.5,
    }
    return Quote(**(values | changes))


def contracts(expiry: date = EXPIRY):
    first = 1_000 if expiry == EXPIRY else 2_000
    return [
        option(strike, kind, first + 2 * n + (kind == "PE"), expiry).model_copy(
            update={"tradingsymbol": f"NIFTY{expiry:%y%m%d}{strike}{kind}"}
        )
        for n, strike in enumerate(STRIKES)
        for kind in ("CE", "PE")
    ]


def taken(listed, quotes, year=YEAR) -> ChainSnapshot:
    return chain_snapshot("NIFTY", listed, {q.identifier: q for q in quotes}, SPOT, NOW, year)


def test_a_chain_holds_every_quoted_contract_of_both_expiries_in_order():
    listed = [*contracts(EXPIRY), *contracts(NEAR)]
    snapshot = taken(listed, [quote(c, 0.18) for c in listed])
    assert [(row.expiry, row.strike, row.type) for row in snapshot.rows] == [
        (expiry, strike, kind) for expiry in (NEAR, EXPIRY) for strike in STRIKES for kind in ("CE", "PE")
    ]
    for row in snapshot.rows:
        assert row.iv == pytest.approx(0.18, abs=1e-6)
        assert row.spread_pct == pytest.approx(100 * (row.ask - row.bid) / ((row.ask + row.bid) / 2))
        assert row.theta < 0 < row.vega
        assert 0 < row.gamma < 0.01
        assert (row.delta > 0) is (row.type == "CE")
        assert (row.volume, row.oi, row.oi_trend) == (100, 5000, -1.5)
        assert row.time_value > 0
    assert snapshot.iv == pytest.approx(0.18, abs=1e-6)
    assert snapshot.iv_rank == pytest.approx(0.5, abs=1e-4)
    assert (snapshot.iv_rank_own_days, snapshot.iv_rank_vix_days) == (3, 200)
    assert snapshot.iv_skew == pytest.approx(0, abs=1e-6)


def test_the_money_is_that_of_the_nearest_expiry_with_more_than_a_day_left():
    listed = [*contracts(EXPIRY), *contracts(NEAR)]
    quotes = [quote(c, 0.30 if c.expiry == NEAR else 0.18) for c in listed]
    assert taken(listed, quotes).iv == pytest.approx(0.30, abs=1e-6)
    late = at("15:30", date(2016, 8, 17))
    moved = [q.model_copy(update={"exchange_time": late}) for q in quotes]
    snapshot = chain_snapshot("NIFTY", listed, {q.identifier: q for q in moved}, SPOT, late, None)
    assert snapshot.iv == pytest.approx(0.18, abs=0.02), "the last day of the nearer does not count"
    assert {row.expiry for row in snapshot.rows} == {NEAR, EXPIRY}


def test_what_is_not_known_is_null_and_never_zero():
    [call, put] = contracts()[:2]
    silent = quote(call, 0.2, bid=0.0, ask=0.0, oi_trend=None, last_price=1.0)
    snapshot = taken([call, put], [silent], year=None)
    [row] = snapshot.rows
    assert (row.bid, row.ask, row.spread_pct, row.oi_trend) == (None, None, None, None)
    assert (row.iv, row.delta, row.gamma, row.theta, row.vega) == (None,) * 5, "less than its intrinsic value"
    assert (snapshot.iv, snapshot.iv_skew, snapshot.iv_rank) == (None, None, None)
    assert (snapshot.iv_rank_own_days, snapshot.iv_rank_vix_days) == (0, 0)
    never_traded = taken([call], [silent.model_copy(update={"last_price": 0.0})]).rows[0]
    assert (never_traded.last, never_traded.time_value) == (None, None)


def test_without_a_quote_there_are_no_rows():
    assert taken(contracts(), []).rows == ()


def test_it_reads_back_and_lies_at_its_minute():
    snapshot = taken(contracts(), [quote(c, 0.2) for c in contracts()])
    text = snapshot.model_dump_json()
    assert ChainSnapshot.model_validate_json(text) == snapshot
    assert "NaN" not in text
    assert json.loads(text)["rows"][0]["expiry"] == "2016-08-25"
    assert ChainSnapshot.path("NIFTY", NOW) == "chains/2016-08-16/1100/NIFTY.json"


def test_the_watched_chains_are_taken_with_the_year_that_the_morning_read():
    watched = ChainVolatility((index(), *contracts()))
    watched.know({"NIFTY": YEAR})
    spot = quote(contracts()[0], 0.2, identifier="NSE:NIFTY 50", last_price=SPOT, bid=0.0, ask=0.0)
    quotes = [spot, *(quote(c, 0.18) for c in contracts())]
    [snapshot] = watched.snapshots(quotes, NOW)
    assert (snapshot.spot, len(snapshot.rows)) == (SPOT, 10)
    assert snapshot.iv_rank == pytest.approx(0.5, abs=1e-4)
    assert watched.snapshots(quotes[1:], NOW) == (), "the index itself is not quoted"
    assert watched.snapshots(quotes[:1], NOW) == (), "no contract is quoted"
    assert ChainVolatility(universe().instruments[:3]).snapshots(quotes, NOW) == ()


def test_a_price_of_long_ago_tells_no_volatility_now():
    listed = contracts()
    old = {"exchange_time": NOW - timedelta(minutes=6)}
    quotes = [quote(c, 0.18, **(old if c.strike != 8600 else {})) for c in listed]
    snapshot = taken(listed, quotes)
    assert {row.strike for row in snapshot.rows if row.iv is not None} == {8600.0}
    assert {row.strike for row in snapshot.rows if row.time_value is not None} == {8600.0}
    assert len(snapshot.rows) == len(listed), "what was quoted stays in the chain, with its time"
    assert snapshot.iv == pytest.approx(0.18, abs=1e-6)


def test_the_chain_and_the_vector_say_the_same():
    """One is made of the closed minute's quotes, the other of the arrays that these are read from."""
    state = FeatureState(universe(), SESSION)
    state.know_volatility({"NIFTY": YEAR})
    for record in stream(SESSION.open, SESSION.open + timedelta(minutes=5), every=10):
        state.apply(unpack(record))
    for n in range(5):
        closed = state.close(SESSION.open + timedelta(minutes=n), "shard")
    [snapshot] = state.chains(closed.quotes, SESSION.open + timedelta(minutes=5))
    vector = dict(zip(closed.feature_names, closed.features["NIFTY"], strict=True))
    assert vector["iv_from_options"] == snapshot.iv is not None
    assert vector["iv_rank"] == snapshot.iv_rank is not None
    assert vector["iv_skew"] == snapshot.iv_skew is not None
