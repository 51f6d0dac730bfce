"""What the desk is asked to do: entries in all products, some of which rest, with stops and targets near
enough to be met within minutes."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from patang.approvals.proposal import OrderTerms, Proposal
from patang.execution.prices import buy_limit, tick_ceiling, tick_floor
from patang.keys import risk_key
from patang.portfolio.account_state import Reservation, RiskState
from patang.ports import StateStore, Write
from patang.records import change, create, load, replace
from patang.strategies.signal import Signal
from patang_workbench.exchange.lines import Line

__all__ = ["BY_HAND", "PRODUCTS", "Traded", "approve", "proposal", "traded_lines"]

type Traded = tuple[str, Line]
"""A product and what is bought with it."""

BY_HAND = ("ITC", "LT")
"""Shares that the desk leaves to the owner's own trades."""
PRODUCTS = ("MIS", "MIS", "CNC", "NRML")


def traded_lines(lines: list[Line], product: str) -> list[Line]:
    """What may be bought with a product: shares, or options near the money of the later expiry."""
    if product != "NRML":
        shares = [line for line in lines if line.instrument.expiry is None and not line.instrument.is_index]
        return [line for line in shares if line.instrument.tradingsymbol not in BY_HAND]
    options = [line for line in lines if line.instrument.is_option and line.instrument.expiry is not None]
    latest = max(line.instrument.expiry for line in options if line.instrument.expiry is not None)
    return [
        line
        for line in options
        if line.instrument.expiry == latest and 60_00 <= line.last <= 400_00 and line.bid and line.ask
    ]


@dataclass(frozen=True, slots=True)
class _Levels:
    """How far stop and target are from the price, in percent."""

    stop: float
    target: float


def proposal(
    chance: random.Random,
    account: str,
    number: int,
    product: str,
    line: Line,
    as_of: datetime,
    now: datetime,
    resting: float = 0.25,
) -> Proposal:
    """An entry that its owner has said yes to; it rests below the market with the chance `resting`."""
    row = line.instrument
    tick = Decimal(row.tick) / 100
    bid, ask = Decimal(line.bid) / 100, Decimal(line.ask) / 100
    wild = 10.0 if row.is_option else 1.0
    levels = _Levels(chance.uniform(0.04, 0.25) * wild, chance.uniform(0.04, 0.25) * wild)
    option = row.is_option
    signal = Signal(
        signal_id=f"s-{account}-{number}",
        as_of=as_of,
        strategy="long_options" if option else "equity",
        signal_type="CALL" if option else "BUY",
        symbol=row.tradingsymbol,
        underlying=row.name if option else row.tradingsymbol,
        exchange=row.exchange,
        instrument_token=row.token,
        lot_size=row.lot,
        tick_size=tick,
        expiry=row.expiry,
        entry_price=ask,
        stop_loss_price=tick_floor(ask * Decimal(1 - levels.stop / 100), tick),
        target_price=tick_ceiling(ask * Decimal(1 + levels.target / 100), tick),
        bid=bid,
        ask=ask,
        expected_return_pct=1.0,
        confidence=0.8,
        holding_period="intraday" if product == "MIS" else "swing",
        exit_by=as_of + timedelta(seconds=chance.randint(20, 200)) if chance.random() < 0.4 else None,
        reason="asked for by the chaos campaign",
        model_version="none",
        features={},
    )
    quantity = row.lot * chance.randint(1, 3) if option else chance.randint(1, 40)
    rests = chance.random() < resting
    price = tick_floor(bid * Decimal("0.999"), tick) if rests else buy_limit(ask, tick, ask * 2)
    terms = OrderTerms(
        account=account,
        mode="simulator",
        exchange=row.exchange,
        tradingsymbol=row.tradingsymbol,
        transaction_type="BUY",
        quantity=quantity,
        order_type="LIMIT",
        product=signal.product,
        price=price,
    )
    return Proposal(
        account=account,
        order_id=f"o-{account}-{number}",
        run_id="chaos",
        as_of=as_of,
        state="APPROVED",
        signal=signal,
        quantity=quantity,
        expected_net_profit=Decimal(100),
        expected_charges=Decimal(50),
        risk_amount=Decimal(100),
        terms=terms,
        terms_digest=terms.digest(),
        asked_at=now,
        decided_by="owner",
        decided_at=now,
    )


def approve(store: StateStore, wanted: Proposal) -> None:
    """Writes an approved proposal with its reservation, as the risk manager and the owner have left it."""

    def decide() -> tuple[None, list[Write]]:
        stored = load(store, RiskState, risk_key(wanted.account))
        risk = stored or RiskState(account=wanted.account)
        held = Reservation(
            symbol=wanted.signal.underlying,
            strategy=wanted.signal.strategy,
            option=wanted.signal.is_option,
            exposure=wanted.signal.entry_price * wanted.quantity,
            risk_amount=wanted.risk_amount,
            as_of=wanted.as_of,
        )
        risk = risk.evolve(reservations=risk.reservations | {wanted.order_id: held})
        return None, [create(wanted), create(risk) if stored is None else replace(risk)]

    change(store, decide)
