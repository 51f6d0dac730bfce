"""What the price of a fill changes that is told after the fill: whatever was booked at a presumed price."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from patang.approvals.proposal import Proposal
from patang.errors import StopTrading
from patang.execution.following.consequences import Notice, Settlement, fill_of, name_of, position_id_of
from patang.execution.intent import OrderIntent
from patang.execution.journal import journal
from patang.keys import day_key, position_key, proposal_key, risk_key
from patang.market.sessions import IST
from patang.portfolio.account_state import AccountDay, RiskState
from patang.portfolio.ledger import entry_priced, exit_priced
from patang.portfolio.position import Position
from patang.ports import StateStore
from patang.records import create, load, replace

__all__ = ["is_priced", "settle_price"]


def is_priced(old: OrderIntent, new: OrderIntent) -> bool:
    """Whether the news is the price of what had been filled without one, and nothing else."""
    return new.filled_quantity == old.filled_quantity and new.priced_quantity > old.priced_quantity


def settle_price(
    store: StateStore,
    done: Settlement,
    old: OrderIntent,
    new: OrderIntent,
    as_of: datetime,
    now: datetime,
    source: str,
) -> None:
    """The position at the price that was told, the result of one that was closed meanwhile, and an event that
    is told once for each price."""
    position = _position(store, new)
    told: dict[str, Any] = {}
    if position is not None:
        changed = _priced(store, position, old, new, as_of)
        if changed.state == "CLOSED":
            _correct_result(store, done, position, changed)
            booked = changed.entry_charges + (changed.exit_charges or Decimal(0))
            changed = changed.evolve(booked_charges=booked)
        done.writes.append(replace(changed))
        told = {
            "position_id": changed.position_id,
            "entry_price": changed.entry_price,
            "exit_price": changed.exit_price,
            "stop_loss_price": changed.stop_loss_price,
            "target_price": changed.target_price,
            "realised_pnl": changed.realised_pnl,
        }
    booked_at = fill_of(old, as_of) if position is not None else None
    done.writes.append(
        journal(
            new.account,
            "FILL_PRICED",
            f"{new.intent_id}#{new.priced_quantity}",
            as_of,
            now,
            intent_id=new.intent_id,
            order_kind=new.kind,
            symbol=new.terms.tradingsymbol,
            filled_quantity=new.filled_quantity,
            average_price=new.average_price,
            booked_at=None if booked_at is None else booked_at.price,
            source=source,
            **told,
        )
    )
    if booked_at is not None and booked_at.price != new.average_price:
        text = f"{name_of(new)} was filled at {new.average_price}, and had been booked at {booked_at.price}."
        done.notices.append(Notice("Price of a fill told", text))


def _position(store: StateStore, intent: OrderIntent) -> Position | None:
    """The position that the order has opened or sold; None for orders of people."""
    if intent.kind not in ("ENTRY", "EXIT", "PROTECT"):
        return None
    position_id = position_id_of(intent) if intent.kind == "ENTRY" else intent.position_id or ""
    position = load(store, Position, position_key(intent.account, position_id))
    if position is None:
        raise StopTrading(f"{intent.intent_id} has filled for position {position_id!r}, which is not stored")
    return position


def _priced(
    store: StateStore, position: Position, old: OrderIntent, new: OrderIntent, as_of: datetime
) -> Position:
    before, fill = fill_of(old, as_of), fill_of(new, as_of)
    if before is None or fill is None or position.price_break is not None:
        # Its units are of other shares by now than the price that is told.
        return position
    if new.kind != "ENTRY":
        return exit_priced(position, before, fill)
    proposal = load(store, Proposal, proposal_key(new.account, new.order_id or ""))
    if proposal is None:
        raise StopTrading(f"entry {new.intent_id} belongs to proposal {new.order_id!r}, which is not stored")
    return entry_priced(position, proposal.signal, new.expected_price or fill.price, fill)


def _correct_result(store: StateStore, done: Settlement, before: Position, closed: Position) -> None:
    """The day on which the position was closed, and the account's standing, by the difference."""
    if closed.exit_time is None:
        return
    pnl = (closed.realised_pnl or Decimal(0)) - (before.realised_pnl or Decimal(0))
    charges = closed.entry_charges + (closed.exit_charges or Decimal(0)) - before.booked_charges
    day = closed.exit_time.astimezone(IST).date()
    stored = load(store, AccountDay, day_key(closed.account, day))
    risk = load(store, RiskState, risk_key(closed.account))
    result = stored or AccountDay(account=closed.account, day=day)
    made = result.by_mode.get(closed.mode, Decimal(0)) + pnl
    corrected = result.evolve(
        realised_pnl=result.realised_pnl + pnl,
        by_mode=result.by_mode | {closed.mode: made},
        charges=result.charges + charges,
    )
    standing = (risk or RiskState(account=closed.account)).with_result(closed, pnl)
    done.writes += [
        create(corrected) if stored is None else replace(corrected),
        create(standing) if risk is None else replace(standing),
    ]
