"""The report of a day and a month: from a real trade, and by hand."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from patang.errors import BadInput
from patang.market.sessions import IST
from patang.records import create
from patang.reports.desk_report import TradeLine
from patang.reports.desk_reports import DeskReports, month_of
from patang.reports.notes import MOST_NOTES, TradeNotes
from patang.reports.performance import calibration, expectations, slippages, trade_sum
from patang.risk.charge_comparison import ChargeComparison
from patang.settings import Settings
from patang.trade_log.day_log import DayLog
from tests.fakes import FixedClock, MemoryStore
from tests.unit.execution.samples import MORNING
from tests.unit.execution.stages import closing, tell
from tests.unit.execution.test_updates import frame
from tests.unit.execution.trading_desk import TradingDesk

DAY = date(2026, 8, 18)


class Traded:
    """A desk that bought 20 INFY at 1500 and sold them at 1520, and its reports."""

    def __init__(self):
        self.desk = TradingDesk()
        position, self.exit = closing(self.desk)
        self.desk.lane().process({"account": "main", "intent_id": self.exit.intent_id})
        tell(self.desk, frame(self.exit, "COMPLETE", 20, 1520.0, at=50))
        [self.position] = self.desk.positions()
        assert self.position.position_id == position.position_id
        self.notes = TradeNotes(self.desk.store, self.desk.clock)
        self.reports = DeskReports(self.desk.store, self.desk.settings, self.notes)

    def daily(self, **more):
        return self.reports.daily(["main"], DAY, mode=self.position.mode, **more)


@pytest.fixture
def traded():
    return Traded()


def test_a_day_tells_its_trades_with_what_was_foretold(traded):
    told = traded.daily()
    [line] = told.trades
    assert (line.symbol, line.quantity, line.entry_price, line.exit_price) == ("INFY", 20, 1500, 1520)
    position = traded.position
    assert line.net == position.realised_pnl
    assert line.gross == 400 == line.net + line.charges
    assert line.won
    assert line.return_pct == pytest.approx(1.3333, abs=1e-4)
    proposal = DayLog(traded.desk.store).proposal_behind(
        next(intent for intent in traded.desk.intents() if intent.kind == "ENTRY")
    )
    assert (line.p_win, line.model_version) == (proposal.signal.confidence, proposal.signal.model_version)
    assert line.expected_net == proposal.expected_net_profit.quantize(Decimal("0.01"))
    # Sold at 1520 where the exit was decided at 1489: 31 a unit to the good.
    assert line.slippage == -20 * 31
    assert (told.kind, told.first, told.last, told.accounts) == ("daily", DAY, DAY, ("main",))
    assert told.total.model_dump() == trade_sum("all", [line]).model_dump()
    assert [each.name for each in told.by_strategy] == [line.strategy]
    assert [each.name for each in told.by_symbol] == ["INFY"]


def test_charges_are_the_days_contract_note_and_what_the_broker_took(traded):
    told = traded.daily()
    rows = {line.component: line for line in told.charges}
    # Intraday: 0.03 % of 30,000 and 30,400 brokerage; STT 0.025 % of the mean of both, 30,200: 7.55, so 8.
    assert rows["brokerage"].on_our_notes == Decimal("18.12")
    assert rows["stt"].on_our_notes == 8
    assert told.charges_total == sum(line.on_our_notes for line in told.charges)
    assert told.days_without_note == (DAY,)
    names = ("brokerage", "stt", "exchange_transaction", "sebi", "stamp_duty", "gst")
    expected = dict.fromkeys(names, Decimal(1)) | {"total": Decimal(6)}
    traded.desk.store.write(
        create(
            ChargeComparison(
                account="main",
                day=DAY,
                orders=2,
                expected=expected,
                charged=expected | {"gst": Decimal(4), "total": Decimal(9)},
            )
        )
    )
    told = traded.daily()
    rows = {line.component: line for line in told.charges}
    assert (rows["gst"].compared_expected, rows["gst"].compared_charged, rows["gst"].difference) == (1, 4, 3)
    assert rows["dp"].difference == 0
    assert told.days_without_note == ()


def test_another_day_mode_or_account_tells_nothing_of_it(traded):
    other = "live"
    assert traded.position.mode != other
    for told in (
        traded.reports.daily(["main"], DAY + timedelta(days=1), mode=traded.position.mode),
        traded.reports.daily(["main"], DAY, mode=other),
        traded.reports.daily(["elder"], DAY, mode=traded.position.mode),
    ):
        assert (told.trades, told.total.trades, told.charges_total, told.slippage) == ((), 0, 0, ())
        assert (told.expectation, told.days_without_note) == ((), ())


def test_the_day_after_still_judges_the_probabilities_of_those_before(traded):
    told = traded.reports.daily(["main"], DAY + timedelta(days=1), mode=traded.position.mode)
    assert (told.calibration.trades, told.calibration.last) == (1, DAY + timedelta(days=1))
    late = traded.reports.daily(["main"], DAY + timedelta(days=91), mode=traded.position.mode)
    assert late.calibration.trades == 0


def test_a_month_is_its_days_together(traded):
    told = traded.reports.monthly(["main"], date(2026, 8, 2), mode=traded.position.mode)
    assert (told.kind, told.first, told.last) == ("monthly", date(2026, 8, 1), date(2026, 8, 31))
    daily = traded.daily()
    assert told.trades == daily.trades
    assert (told.charges, told.slippage, told.total) == (daily.charges, daily.slippage, daily.total)
    assert traded.reports.monthly(["main"], date(2026, 9, 2), mode=traded.position.mode).trades == ()


def test_the_report_is_of_the_mode_in_force_where_none_is_asked(traded):
    store, notes = traded.desk.store, traded.notes
    for mode in ("paper", "live"):
        settings = Settings().model_copy(update={"mode": mode})
        assert DeskReports(store, lambda s=settings: s, notes).daily(["main"], DAY).mode == mode


def test_slippage_counts_a_dearer_purchase_and_a_cheaper_sale_as_lost(traded):
    lines = {line.side: line for line in traded.daily().slippage}
    assert lines["BUY"].lost == 0
    assert (lines["SELL"].lost, lines["SELL"].value) == (-620, 30400)
    assert lines["SELL"].lost_pct == pytest.approx(-2.0395, abs=1e-4)
    assert slippages([]) == ()


def test_a_note_is_kept_with_who_and_when_and_is_in_the_audit_log(traded):
    desk, position_id = traded.desk, traded.position.position_id
    note = traded.notes.write("main", position_id, " sold into\r\nthe news ", "person:asha", MORNING)
    assert (note.text, note.actor, note.written_at) == (
        "sold into\nthe news",
        "person:asha",
        desk.clock.now(),
    )
    [line] = traded.daily().trades
    assert [(n.text, n.actor) for n in line.notes] == [("sold into\nthe news", "person:asha")]
    [event] = [e for e in desk.store.items.values() if e.get("kind") == "TRADE_NOTED"]
    assert event["actor"] == "person:asha"
    assert event["details"]["position_id"] == position_id
    assert event["details"]["text"] == "sold into\nthe news"
    desk.clock.advance(60)
    again = traded.notes.write("main", position_id, "sold into\nthe news", "person:asha", MORNING)
    assert again.written_at == note.written_at, "told twice, it is one note"
    traded.notes.write("main", position_id, "sold into\nthe news", "person:ravi", MORNING)
    assert len(traded.notes.of("main", position_id)) == 2


@pytest.mark.parametrize(
    ("position", "text", "said"),
    [
        ("P-none", "well", "no position 'P-none'"),
        (None, " \n ", "empty"),
        (None, "x" * 1001, "1001 characters"),
        (None, "a\u202eb", "nobody sees"),
        (None, "a\x00b", "nobody sees"),
    ],
)
def test_a_note_that_cannot_be_kept_is_refused(traded, position, text, said):
    with pytest.raises(BadInput, match=said):
        traded.notes.write("main", position or traded.position.position_id, text, "person:asha", MORNING)


def test_a_trade_has_so_many_notes_and_no_more():
    traded = Traded()
    position_id = traded.position.position_id
    for number in range(MOST_NOTES):
        traded.notes.write("main", position_id, f"note {number}", "person:asha", MORNING)
    with pytest.raises(BadInput, match="notes already"):
        traded.notes.write("main", position_id, "one more", "person:asha", MORNING)
    traded.notes.write("main", position_id, "note 1", "person:asha", MORNING)


def line(p_win, net, strategy="equity", expected="10", pct=1.0) -> TradeLine:
    moment = datetime(2026, 8, 18, 10, tzinfo=IST)
    return TradeLine(
        account="main",
        position_id="P",
        strategy=strategy,
        exchange="NSE",
        symbol="INFY",
        product="MIS",
        quantity=1,
        entry_time=moment,
        exit_time=moment,
        entry_price=Decimal(100),
        exit_price=Decimal(101),
        exit_reason="TARGET",
        minutes=0,
        gross=Decimal(net) + 1,
        charges=Decimal(1),
        slippage=Decimal(0),
        net=Decimal(net),
        won=Decimal(net) > 0,
        return_pct=pct,
        p_win=p_win,
        expected_return_pct=None if p_win is None else 0.5,
        expected_net=None if p_win is None else Decimal(expected),
        model_version=None,
        notes=(),
    )


def test_expectation_by_hand():
    lines = [line(0.8, "50"), line(0.6, "-20"), line(0.5, "30", "long_options"), line(None, "999")]
    whole, equity, options = expectations(lines)
    assert (whole.name, whole.trades, whole.wins) == ("all", 3, 2)
    assert whole.expected_wins == pytest.approx(1.9)
    # 0.16 + 0.24 + 0.25 is the variance of the number of wins.
    assert whole.wins_sd == pytest.approx(0.65**0.5)
    assert (whole.net, whole.expected_net) == (60, 30)
    assert (whole.mean_return_pct, whole.mean_expected_return_pct) == (1.0, 0.5)
    assert (equity.name, equity.trades, options.name, options.trades) == (
        "equity",
        2,
        "long_options",
        1,
    )
    assert expectations([line(None, "1")]) == ()


def test_calibration_by_hand():
    lines = [line(0.62, "1")] * 6 + [line(0.66, "-1")] * 4 + [line(0.95, "-1")] * 4 + [line(1.0, "1")]
    told = calibration([*lines, line(None, "1")], DAY, DAY)
    sixties, nineties = told.bins
    assert (sixties.low, sixties.high, sixties.trades, sixties.came_true) == (0.6, 0.7, 10, 0.6)
    assert sixties.foretold == pytest.approx(0.636)
    # Wilson's interval of 6 in 10, as his formula has it: 0.3127 to 0.8318.
    assert (sixties.interval_low, sixties.interval_high) == pytest.approx((0.3127, 0.8318), abs=1e-4)
    assert sixties.kept
    # 1 in 5 where 0.96 was foretold: 0.0362 to 0.6245.
    assert (nineties.trades, nineties.interval_high) == (5, pytest.approx(0.6245, abs=1e-4))
    assert not nineties.kept
    squares = 6 * 0.38**2 + 4 * 0.66**2 + 4 * 0.95**2
    assert told.brier == pytest.approx(squares / 15)
    assert (told.trades, calibration([], DAY, DAY).brier) == (15, None)


@pytest.mark.parametrize("text", ["2026-13", "2026-00", "26-08", "2026-8", "2026-08-01", "٢٠٢٦-08", ""])
def test_a_month_is_written_in_one_way(text):
    with pytest.raises(BadInput):
        month_of(text)


def test_months():
    assert month_of("2026-08") == date(2026, 8, 1)
    assert TradeNotes(MemoryStore(), FixedClock(MORNING)).of("main", "P") == ()
