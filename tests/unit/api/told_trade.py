"""A trade with all that a desk keeps of it: the signal and why, the answers, orders, fills, the minutes."""

import math
from datetime import timedelta
from decimal import Decimal

from patang.audit.decisions import keep
from patang.execution.reconciliation.record import Reconciliation
from patang.keys import position_key
from patang.market.cycle import run_id_of
from patang.model.contributions import Contributions, Explained
from patang.portfolio.position import Position
from patang.risk.explanation import AccountDecision, AccountDecisions, ProfitTold, SizeTold
from patang.settings.changes import DESK_CHAIN
from patang.strategies.explanation import MarketDecisions
from patang.strategies.rules import Rule
from patang.strategies.signal import Signal
from patang.trade_log.fill import new_fill
from tests.unit.api.sample_desk import HOSTILE, NOW, SampleDesk, event, intent, proposal, signal
from tests.unit.desk_view.closed_minutes import bar, closed

__all__ = ["AS_OF", "ENTRY", "EXIT", "HELD", "LEFT", "REFUSED", "TAKEN", "traded"]

AS_OF = NOW.replace(minute=21, second=0)
TAKEN, REFUSED = "S202608181021-RELIANCE-equity", "S202608181021-INFY-equity"
ORDER, ENTRY, EXIT = "o20260818-1021-77", "N260818ENTRY", "X260818EXIT"
HELD, LEFT = "p1", "p3"
# What the exchanges name things may hold anything.
_SENT = AS_OF + timedelta(seconds=26)
_INPUTS = {"rsi_14": (61.2, 0.41, 0.62), "volume_ratio": (1.83, 0.22, 0.35), "iv_rank": (0.31, -0.12, -0.2)}


def traded(desk: SampleDesk) -> SampleDesk:
    """On a desk of `busy`: RELIANCE was bought and is held, TCS was bought and has hit its stop, INFY was
    refused; the minutes from 09:15 on are kept, unless the desk has others already."""
    taken, refused = _signal(TAKEN, "RELIANCE"), _signal(REFUSED, "INFY", refused=("COOLDOWN",))
    desk.keep(taken, refused, *_orders(taken))
    for position_id, entry, left in ((HELD, ENTRY, None), (LEFT, "N260818ENTRY3", EXIT)):
        key = position_key("main", position_id)
        of_desk = Position.model_validate(dict(desk.store.items[key]))
        linked = of_desk.evolve(entry_intent_id=entry, exit_intent_id=left)
        if left:
            linked = linked.evolve(entry_time=NOW - timedelta(minutes=72), exit_slippage=Decimal("-0.10"))
        desk.store.items.pop(key)
        desk.keep(linked)
    _decided(desk, (taken, refused))
    if not desk.objects.list("minutes/"):
        _watched(desk)
    return desk


def _watched(desk: SampleDesk) -> None:
    opening = NOW.replace(hour=9, minute=15, second=0)
    for number in range(int((NOW.replace(second=0) - opening) / timedelta(minutes=1))):
        minute = opening + timedelta(minutes=number)
        wave = 12 * math.sin(number / 11) + number / 6
        spots = [
            bar(name, minute, round(start + wave, 2), 900 + number * 37 % 800) for name, start in _STARTS
        ]
        closed(desk.objects, minute, *spots)


_STARTS = (("RELIANCE", 990.0), ("TCS", 995.0))


def _signal(signal_id: str, symbol: str, refused: tuple[str, ...] = ()) -> Signal:
    return signal(signal_id, as_of=AS_OF, refused=refused, symbol=symbol).evolve(
        strategy="equity",
        signal_type="BUY",
        exchange="NSE",
        underlying=symbol,
        lot_size=1,
        expiry=None,
        entry_price=Decimal("1002.20"),
        stop_loss_price=Decimal("988.10"),
        target_price=Decimal("1031.40"),
        bid=Decimal("1002.10"),
        ask=Decimal("1002.20"),
        expected_return_pct=1.67,
        reason=f"above its averages on 5 and 15 minutes {HOSTILE}",
        features={name: value for name, (value, _, _) in _INPUTS.items()} | {"adx_14": 27.4},
        undefined={"oi_trend": "NO_OPEN_INTEREST"},
        rules=(
            Rule("rsi_14", ">", 55.0, passed=True, value=61.2),
            Rule("volume_ratio", ">=", 1.5, passed=True, value=1.83),
            Rule("minutes_since_the_last", ">=", 30.0, passed=not refused, value=12.0 if refused else None),
        ),
        contributions=Explained(
            p_win_log_odds=Contributions(
                base=1.0756, inputs={name: odds for name, (_, odds, _) in _INPUTS.items()}
            ),
            expected_return_pct=Contributions(
                base=0.9, inputs={name: part for name, (_, _, part) in _INPUTS.items()}
            ),
        ),
    )


def _orders(taken: Signal) -> list:
    asked = proposal("main", ORDER, expires=AS_OF + timedelta(seconds=125), state="CONCLUDED").evolve(
        signal=taken,
        as_of=AS_OF,
        asked_at=AS_OF + timedelta(seconds=5),
        decided_by="person:asha",
        decided_at=AS_OF + timedelta(seconds=24),
        intent_id=ENTRY,
        outcome="FILLED",
    )
    wanted = intent("main", ENTRY, "NEW").evolve(
        order_id=ORDER,
        position_id=HELD,
        expected_price=Decimal("1002.20"),
        written_at=_SENT - timedelta(milliseconds=140),
        as_of=AS_OF,
        status_message="",
    )
    sent = wanted.evolve(state="ACKED", sending_at=_SENT, latency_ms=41.5)
    part = sent.evolve(filled_quantity=5, average_price=Decimal("1002.20"))
    done = part.evolve(state="COMPLETE", filled_quantity=20, average_price=Decimal("1002.50"))
    sale = intent("main", EXIT, "NEW").evolve(
        kind="EXIT",
        position_id=LEFT,
        expected_price=Decimal("988.10"),
        terms=done.terms.model_copy(update={"tradingsymbol": "TCS", "transaction_type": "SELL"}),
        as_of=NOW - timedelta(minutes=40),
        written_at=NOW - timedelta(minutes=40),
        reason="STOP",
    )
    sold = sale.evolve(state="COMPLETE", filled_quantity=20, average_price=Decimal("988.00"))
    heard = _SENT + timedelta(seconds=2)
    return [
        asked,
        done,
        sold,
        new_fill(sent, part, heard, heard, "frame"),
        new_fill(part, done, heard + timedelta(seconds=1), heard + timedelta(seconds=1), "postback"),
        new_fill(sale, sold, sale.as_of, sale.as_of + timedelta(seconds=1), "frame"),
        event("main", 1, "X", "patang", AS_OF, {"message": HOSTILE}).evolve(
            event_id=f"order_sending#{ENTRY}", kind="ORDER_SENDING", written_at=_SENT
        ),
        Reconciliation(account="main", mode="paper", as_of=NOW, looked_at=NOW, differences=(), clean=True),
    ]


def _decided(desk: SampleDesk, signals: tuple[Signal, ...]) -> None:
    run_id = run_id_of(AS_OF)
    market = MarketDecisions(run_id=run_id, as_of=AS_OF, reason="", signals=signals, left_alone=())
    sizing = SizeTold(
        quantity=20,
        lot_size=1,
        binding="risk_per_trade",
        bounds={"risk_per_trade": 20.4, "exposure": 61.0, "depth": 950.0},
        risk_amount=282.0,
        exposure=20044.0,
    )
    profit = ProfitTold(
        gross=403.0,
        charges={"brokerage": 12.02, "stt": 5.15, "gst": 2.31, "total": 19.48},
        spread=2.0,
        slippage=4.1,
        net=377.42,
        break_even_pct=0.13,
    )
    answers = AccountDecisions(
        account="main",
        run_id=run_id,
        as_of=AS_OF,
        refusals={"COOLDOWN": 1},
        decisions=(
            AccountDecision(
                signal_id=TAKEN, outcome="PROPOSED", order_id=ORDER, sizing=sizing, profit=profit
            ),
        ),
    )
    for account, kind, who, kept in (
        (DESK_CHAIN, "decided", "signals", market),
        ("main", "assessed", "main", answers),
    ):
        sealed = keep(desk.objects, AS_OF, who, kept)
        told = event(account, 1, kind.upper(), "patang", AS_OF, {"decisions": sealed.model_dump()})
        desk.audited(told.evolve(event_id=f"{kind}#{run_id}"))
