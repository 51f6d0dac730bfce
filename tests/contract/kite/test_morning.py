"""The morning against the simulated exchange: its dump, prices and history, through the official client."""

from datetime import datetime, timedelta

from patang.features.pointer import load_seed
from patang.market.instrument_dumps import load_dump
from patang.market.sessions import IST, previous_session, session_on
from patang.market.universe import load_universe
from patang.market.volatility import INDIA_VIX, load_history
from tests.contract.kite.simulated_desk import DAY

MORNING = datetime(2026, 8, 18, 8, 30, tzinfo=IST)


def test_a_morning_reads_the_brokers_dump_prices_and_history(desk):
    result = desk.morning().run(MORNING)
    assert result["ok"], result
    universe = load_universe(desk.store, desk.objects, DAY)
    kinds = {i.instrument_type for i in universe.instruments}
    assert kinds == {"INDEX", "EQ", "FUT", "CE", "PE"}
    expiries = {i.expiry for i in universe.instruments if i.is_option and i.underlying == "NIFTY"}
    assert (len(expiries), min(expiries) - DAY < timedelta(days=8)) == (2, True)
    shares = [i for i in universe.instruments if i.instrument_type == "EQ"]
    assert any(share.has_derivatives for share in shares)
    dump = load_dump(desk.objects, DAY)
    assert all(dump.get(i.exchange, i.tradingsymbol) for i in universe.instruments)
    assert result["warmed_up"] == len(universe.candle_symbols())
    seed = load_seed(desk.objects, DAY)
    yesterday = session_on(previous_session(DAY).day, "index")
    assert seed.candles("NIFTY")[-1].timestamp == yesterday.last_minute()
    days = load_history(desk.objects, INDIA_VIX).days
    assert 230 <= len(days) <= 252
    assert max(days) < DAY
    assert all(0.05 < volatility < 1 for volatility in days.values())
    # The simulated market has two days of minutes and lacks one share, which is told; nothing else is amiss.
    short = [text for text in result["problems"] if "bars of fifteen minutes of its warm-up" in text]
    assert len(short) == result["warmed_up"]
    assert [text for text in result["problems"] if text not in short] == [
        "MARUTI is not in the instruments of NSE: it is not watched"
    ]
