"""The desk of the pictures tells one story: what one page says of the day, the others say too."""

from decimal import Decimal

from patang.keys import intent_key, position_key
from tests.unit.api.sample_desk import DAY
from tests.unit.api.told_trade import ENTRY
from tests.unit.api.whole_desk import whole_desk


def test_the_pages_of_the_sample_desk_do_not_contradict_each_other():
    desk = whole_desk()
    status = desk.desk_view().status(("main",))
    report = desk.desk_reports().daily(("main",), DAY)
    assert status.pnl.closed_trades == len(status.closed) == report.total.trades
    assert Decimal(str(status.pnl.realised)) == report.total.net
    assert Decimal(str(status.pnl.charges)) == report.total.charges
    [held] = status.positions
    assert held.unrealised_pnl == round((held.last_price - held.entry_price) * held.quantity, 2)
    entry = desk.store.items[intent_key("main", ENTRY)]
    assert desk.store.items[position_key("main", held.position_id)]["entry_price"] == entry["average_price"]
    points = desk.at_broker().through_day(("main",), DAY).points
    assert points[-1].total == status.pnl.total
    *_, newest = desk.kept_candles().read("NSE", "RELIANCE", DAY, "minute", start="10:40").candles
    assert newest.close == held.last_price
